"""Seeded secrets: whatever form a key takes and wherever it comes from, it is in nothing that dagogy prints
or writes; ordinary text stays as it is.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import html
import io
import json
import re
import shlex
import tarfile
from collections.abc import Iterable, Iterator
from functools import cache
from urllib.parse import quote, quote_plus

import pytest
from dagogy.api.secrets import redacted, secrets_of
from dagogy.api.secrets._forms import remains
from dagogy.cli.group import run
from support import CommandRunner, SitePackages, put, valid_curriculum
from test_secret_forms import FORMS

#: A secret with everything that an encoding changes: blanks, quotes, a backslash, letters outside ASCII.
SECRET = 'corréct+horse/battery="stàple\\9'
KEY = "sk-proj-Zq81mWv03LxTn5RbYk27HdPc"
PASSWORD = "hunter2-hunter2%21"


def forms(secret: str) -> dict[str, str]:
    """The secret as it may be written, by the name of the form."""
    data = secret.encode()
    b64 = base64.b64encode(b"user:" + data).decode()
    middle = len(secret) // 2
    return {
        "plain": secret,
        "base64": base64.b64encode(data).decode(),
        "base64, in a header": f"Authorization: Basic {b64}",
        "base64, over two lines": base64.b64encode(data).decode()[:20]
        + "\n"
        + base64.b64encode(data).decode()[20:],
        "base64url": base64.urlsafe_b64encode(data).decode().rstrip("="),
        "hex": data.hex(),
        "HEX": data.hex().upper(),
        "hex with colons": data.hex(":"),
        "URL": quote(secret, safe=""),
        "URL, form": quote_plus(secret),
        "URL, lower": re.sub("%[0-9A-F]{2}", lambda m: m[0].lower(), quote(secret)),
        "JSON": json.dumps(secret)[1:-1],
        "JSON in JSON": json.dumps(json.dumps(secret))[3:-3],
        "JSON, whole": json.dumps(secret, ensure_ascii=False)[1:-1],
        "Python": repr(secret)[1:-1],
        "Python bytes": repr(data)[2:-1],
        "shell": shlex.quote(secret),
        "HTML": html.escape(secret),
        "two lines": f"{secret[:middle]}\n{secret[middle:]}",
        "two lines, indented": f"{secret[:middle]}\r\n    {secret[middle:]}",
        "two lines, in JSON": f"{json.dumps(secret[:middle])[1:-1]}\\n{json.dumps(secret[middle:])[1:-1]}",
    }


@cache
def every_form(secret: str) -> dict[str, str]:
    return {name: write(secret) for name, write in FORMS.items()}


def squeezed(text: str) -> str:
    """Without what may stand where a line was broken."""
    return re.sub(r"\\[nrt]|[\s:|>]", "", text)


def leaks(data: bytes, secret: str) -> list[str]:
    """The forms of the secret that are in `data`; independent of what redacts them."""
    text = data.decode("utf-8", "replace")
    tight = squeezed(text)
    found = [name for name, form in forms(secret).items() if form in text or squeezed(form) in tight]
    found += [name for name, form in every_form(secret).items() if form in text]
    for word in re.findall(r"[A-Za-z0-9+/_-]{16,}", text):
        for shift in range(4):
            body = word[shift:].replace("-", "+").replace("_", "/")
            if secret.encode() in base64.b64decode(body[: len(body) // 4 * 4]):
                found.append("base64, inside")
    return found


LOUD = '''
import json, os
from pathlib import Path
from dagogy.api import ProviderInfo, Setting, hookimpl
from dagogy.api.errors import ProviderError
from dagogy.api.providers import Proposal, Provider, Readiness

class Loud(Provider):
    """Tells everything it knows, in every form."""

    def _forms(self):
        return json.loads(Path(os.environ["LOUD_FORMS"]).read_text())

    def ready(self):
        return Readiness(ready=False, message="no answer with " + " ; ".join(self._forms()), hint="try " + self._forms()[0])

    def propose(self, request):
        forms = self._forms()
        for form in forms:
            request.progress("asking with " + form)
        if os.environ.get("LOUD_ANSWERS"):
            document = json.loads(os.environ["LOUD_ANSWERS"])
            document["nodes"][0]["pitfalls"] = ["never tell " + form for form in forms]
            return Proposal(curriculum=document)
        if os.environ.get("LOUD_RAISES"):
            raise RuntimeError("it has " + " and ".join(forms))
        cause = ValueError("sent " + " with ".join(forms))
        url = self.settings.values["LOUD_URL"]
        raise ProviderError("HTTP 401 from " + url + " for " + " or ".join(forms), hint="not " + forms[0] + " at " + url, details={
            "http_status": 401, "request_id": forms[0], "machine_code": forms[0], "stderr": "\\n".join(forms), "last_message": json.dumps(forms),
            "events": [{"text": form} for form in forms], "headers": {"Authorization": "Bearer " + forms[0], "x-api-key": forms[0]}, "url": url,
            forms[0]: "as a key",
        }) from cause

    def repair(self, request):
        return None

@hookimpl
def dagogy_providers():
    yield ProviderInfo(
        id="loud", summary="s", api_version=1, impl="mod_loud:Loud",
        settings=(Setting(name="LOUD_PHRASE", summary="s", secret=True), Setting(name="LOUD_URL", summary="s")),
    )
'''  # noqa: E501
SCOPE = (
    "# Tea\n\n## Leaves\nLeaves are picked and dried.\n\n## Water\n"
    "Water is boiled before it is poured on the leaves.\n"
)
URL = f"https://ann:{PASSWORD}@tea.example/v1?api_key=Qw8zLk20Vb5n&page=2"


class Loudspeaker:
    """A workspace whose provider tells its secrets; `said` has every byte that commands printed."""

    def __init__(self, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch) -> None:
        self.runner, self._patch = runner, monkeypatch
        self.outputs: list[tuple[str, bytes]] = []
        self.plant(form for secret in (SECRET, KEY) for form in forms(secret).values())
        for name, value in (
            ("LOUD_FORMS", str(runner.folder / "forms.json")),
            ("LOUD_PHRASE", SECRET),
            ("OPENAI_API_KEY", KEY),
            ("LOUD_URL", URL),
        ):
            monkeypatch.setenv(name, value)
        (runner.folder / "tea.md").write_text(SCOPE)

    def plant(self, expected: Iterable[str]) -> None:
        """What the provider is to say."""
        put(self.runner.folder / "forms.json", list(expected))

    def __call__(self, *arguments: str, once: bool = False) -> None:
        for more in ([], ["--json"], ["--debug"])[: 1 if once else 3]:
            stream = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
            with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
                run([*arguments, *more])
            self.outputs.append((f"dagogy {' '.join([*arguments, *more])}", stream.buffer.getvalue()))  # type: ignore[attr-defined]

    def everything(self) -> Iterator[tuple[str, bytes]]:
        """What was printed, every file below the runs dir with its name, and what is inside archives."""
        yield from self.outputs
        for path in sorted(self.runner.folder.glob("runs/**/*")):
            if path.is_file():
                yield str(path), path.name.encode() + b"\n" + path.read_bytes()
            if path.suffix == ".gz":
                yield f"{path} unpacked", gzip.decompress(path.read_bytes())
                with tarfile.open(fileobj=io.BytesIO(path.read_bytes())) as tar:
                    yield f"{path} names", "\n".join(tar.getnames()).encode()

    def check(self) -> None:
        found = {}
        for place, data in self.everything():
            message = {*leaks(data, SECRET), *leaks(data, KEY)} | {
                "the password of the URL" for p in (PASSWORD, "hunter2-hunter2!") if p.encode() in data
            }
            message |= {"the key in the query"} if b"Qw8zLk20Vb5n" in data else set()
            if message:
                found[place.replace(str(self.runner.folder), "")] = sorted(message)
        assert not found, json.dumps(found, indent=1)


@pytest.fixture
def loud(runner: CommandRunner, site: SitePackages, monkeypatch: pytest.MonkeyPatch) -> Loudspeaker:
    site.plugin("x-loud", entry_points={"provider": {"loud": "mod_loud"}}, modules={"mod_loud": LOUD})
    monkeypatch.setenv("AGENT_PROVIDER", "loud")
    return Loudspeaker(runner, monkeypatch)


def look_at_it(loud: Loudspeaker, every: bool = True) -> None:
    """Every command that only looks at a failure, or packs it; otherwise those that tell most."""
    for command in (
        "status",
        "next",
        "diagnose",
        "postmortem",
        "escalate",
        "archive",
        "validate",
        "plan",
        "iterate",
        "diff",
    ):
        if every or command in ("diagnose", "escalate"):
            # it packs the same bundle each time
            loud(command, "latest", once=not every and command == "escalate")
    for line in (["list"], ["doctor"], ["incidents", "list"], ["plugins", "list"], ["explain", "loud"]):
        if every or line[0] == "incidents":
            loud(*line)


#: Whether all commands look at what there is to be told: in one test each time, in the
#: others with the slow tests.
looks_closely = pytest.mark.parametrize(
    "every",
    [pytest.param(False, id="few commands"), pytest.param(True, marks=pytest.mark.slow, id="every command")],
)


def test_what_a_failing_provider_tells_is_nowhere(loud: Loudspeaker) -> None:
    loud.runner.init()
    loud("run", "latest", "--scope-file", "tea.md")
    look_at_it(loud)
    loud.check()


@pytest.mark.slow
@pytest.mark.parametrize("way", ["fails", "raises", "answers"])
def test_no_form_of_a_secret_is_in_any_output(
    loud: Loudspeaker, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    loud.plant(
        form for secret in (SECRET, KEY) for form in (*forms(secret).values(), *every_form(secret).values())
    )
    for name, value in {
        "raises": {"LOUD_RAISES": "1"},
        "answers": {"LOUD_ANSWERS": json.dumps(valid_curriculum())},
    }.get(way, {}).items():
        monkeypatch.setenv(name, value)
    loud.runner.init()
    loud("run", "latest", "--scope-file", "tea.md")
    for command in (["triage", "latest"], ["recover", "latest", "--unsafe"]):
        loud(*command)
    look_at_it(loud)
    loud.check()


@looks_closely
def test_a_traceback_of_a_plugin_tells_nothing(
    loud: Loudspeaker, monkeypatch: pytest.MonkeyPatch, every: bool
) -> None:
    monkeypatch.setenv("LOUD_RAISES", "1")
    loud.runner.init()
    loud("run", "latest", "--scope-file", "tea.md")
    look_at_it(loud, every)
    loud.check()


@looks_closely
def test_a_secret_in_the_answer_of_a_provider_does_not_reach_the_run(
    loud: Loudspeaker, monkeypatch: pytest.MonkeyPatch, every: bool
) -> None:
    monkeypatch.setenv("LOUD_ANSWERS", json.dumps(valid_curriculum()))
    folder = loud.runner.init()
    loud("run", "latest", "--scope-file", "tea.md")
    assert "never tell" in (folder / "outputs/curriculum/curriculum.json").read_text()
    look_at_it(loud, every)
    loud.check()


@looks_closely
@pytest.mark.slow
def test_a_secret_in_the_configuration_file_is_kept_like_one_in_the_environment(
    loud: Loudspeaker, monkeypatch: pytest.MonkeyPatch, every: bool
) -> None:
    for name in ("LOUD_PHRASE", "LOUD_URL"):
        monkeypatch.delenv(name)
    put(
        loud.runner.folder / "dagogy.toml",
        f"loud_phrase = {json.dumps(SECRET, ensure_ascii=False)}\nloud_url = {json.dumps(URL)}\n",
    )
    loud.runner.init()
    loud("run", "latest", "--scope-file", "tea.md")
    look_at_it(loud, every)
    for command in (["triage", "latest"], ["recover", "latest"])[not every :]:
        loud(*command)
    loud.check()


@looks_closely
@pytest.mark.slow
def test_the_loops_that_run_commands_tell_nothing_either(loud: Loudspeaker, every: bool) -> None:
    loud.runner.init()
    loud("run", "latest", "--scope-file", "tea.md")
    for line in (
        ["triage", "latest"],
        ["recover", "latest", "--dry-run"],
        ["recover", "latest", "--unsafe"],
        ["run", "latest"],
    ):
        if every or line[-1] != "latest":
            loud(*line)
    look_at_it(loud, every)
    loud.check()


@looks_closely
@pytest.mark.slow
def test_a_secret_on_the_command_line_or_in_a_file_name_is_not_kept(loud: Loudspeaker, every: bool) -> None:
    loud.runner.init()
    named = loud.runner.folder / f"{KEY}.md"
    named.write_text(SCOPE)
    loud("run", "latest", "--scope-file", str(named), "--model", KEY)
    loud("run", "latest", "--model", "sk-live-0Zx9Cv8Bn7Mq6Wp5", "--provider", "internal")
    loud("run", "latest", "--scope-section", SECRET, "--scope-file", "tea.md")
    loud("status", KEY)
    loud("explain", KEY)
    loud(KEY)
    loud("validate", "latest", f"--{KEY}")
    loud("escalate", "latest", "--note", f"it was {SECRET}")
    loud("postmortem", "latest", "--owner", SECRET)
    look_at_it(loud, every)
    loud.check()
    assert not [place for place, data in loud.everything() if b"0Zx9Cv8Bn7Mq6Wp5" in data]


def test_a_log_on_standard_input_is_shown_without_them(
    loud: Loudspeaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOUD_PHRASE", "LOUD_URL"):
        monkeypatch.delenv(name)
    put(
        loud.runner.folder / "dagogy.toml",
        f"loud_phrase = {json.dumps(SECRET, ensure_ascii=False)}\nloud_url = {json.dumps(URL)}\n",
    )
    log = "".join(
        (
            f"openai.AuthenticationError: Error code: 401 - {{'error': {{'code': 'invalid_api_key', "
            f"'message': {form!r}}}}}\n"
        )
        for form in forms(SECRET).values()
    )
    for more in ([], ["--json"]):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(log.encode())))
        done = loud.runner("diagnose", "-", *more)
        assert "provider_auth_failed" in done.out
        loud.outputs.append(("diagnose -", (done.out + done.err).encode()))
    loud.check()


@pytest.mark.slow
def test_a_file_in_the_run_named_after_a_secret_stays_out_of_reports(loud: Loudspeaker) -> None:
    folder = loud.runner.init()
    loud("run", "latest", "--scope-file", "tea.md")
    put(folder / f"outputs/{KEY}.txt", "x")
    loud("escalate", "latest")
    loud("postmortem", "latest")
    (folder / f"outputs/{KEY}.txt").unlink()
    loud.check()


#: What looks long and random and is no secret. One of these mangled is an error text
#: that nobody can search for.
HARMLESS = (
    "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "commit 4c340fd2b6c1d8e0a9f7e6d5c4b3a2918070605f merged into main",
    "run 20261125-184703-api-key-rotation is at stage spec_ready",
    "request id: req_011CRbX9mH2kPq4sT6vWyZaB, cf-ray: 9f9f7da54ac08b5c-ICN",
    "thread 019dadbd-779f-7cb3-800d-6a654f73d9a4",
    "the tokenizer splits 'authorization' into 3 tokens; max_tokens: 4096; total_tokens=12345678",
    "Usage: total_tokens: 17, prompt_tokens: 9, secret_count: 0",
    "Teach API key rotation: why keys expire, how a key is revoked, and what 'api_key=' in a log means.",
    "A password: at least twelve characters, with a passphrase of four words.",
    "Authorization: the second step after authentication. Bearer authentication is explained in week 3.",
    "https://api.openai.com/v1/responses?stream=true&limit=20 answered 404",
    "https://docs.example.org/guide@v2.1/index.html#token-bucket",
    "user@example.org wrote to ann@tea.example",
    "aGVsbG8gd29ybGQsIHRoaXMgaXMgaGFybWxlc3MgdGV4dA==",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
    "sk-learn and sk-image are libraries; risk-management is a topic; task-12345678 is an id",
    "gpt-5.4-mini-2026-03-17 of organization org-AbCdEf0123456789",
    "the session key is derived from the token bucket's key: value pairs, see key=rate in the config",
    "OPENAI_API_KEY is required; set OPENAI_API_KEY or AGENT_PROVIDER=internal",
    "dagogy_rule_graph_acyclic.rule:GraphAcyclic",
    "Password reset: 2 attempts; token: 12 of 64 used",
    (
        '{"nodes": [{"id": "secret-sharing-01", "title": "Secret sharing", "prerequisites": '
        '["public-key-crypto-2"]}]}'
    ),
)


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    secrets = secrets_of(
        {
            "LOUD_PHRASE": SECRET,
            "OPENAI_API_KEY": KEY,
            "AUTHOR": "Ann Author",
            "KEYBOARD": "qwerty",
            "TOKENIZERS_PARALLELISM": "false",
        },
        ["LOUD_PHRASE"],
    )
    assert redacted(text, secrets) == text
    assert redacted({"text": [text]}, secrets) == {"text": [text]}
    assert not remains(text, secrets)


@pytest.mark.parametrize("name", forms(SECRET))
@pytest.mark.parametrize("secret", [SECRET, KEY, "plainlettersonly"])
def test_every_form_is_taken_out_of_the_middle_of_a_text(name: str, secret: str) -> None:
    form = forms(secret)[name]
    secrets = {"MY_KEY": secret}
    clean = str(redacted(f"before {form} after", secrets))
    assert not leaks(clean.encode(), secret), clean
    assert clean.startswith("before ")
    assert clean.endswith(" after")
    assert remains(f"before {form} after", secrets)
