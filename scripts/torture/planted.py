"""Control characters and secrets, planted wherever text comes from; every byte that is printed or written is
searched for them.
"""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import tarfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any
from urllib.parse import quote

from torture.harness import Harness, Ran
from torture.hooks import quiet
from torture.inputs import ON_RUN
from torture.kinds import TEA, Case, build_failed, build_initialized, build_iterated, the_run
from torture.oracle import Loss, clean, ended, files_of, printed

CONTROLS = (
    "\x1b[31m", "\x1b[2J\x1b[H", "\x1b]0;PWN\x07", "\x1b]8;;http://x\x07link\x1b]8;;\x07", "\x1bc", "\x07",
    "\x08\x08", "\x0b", "\x0c", "\x7f", "\x9b31m", "\x9d0;PWN\x9c",
    "\x85", "\u202e", "\u2066", "\u2069", "\u200f", "\u061c", "\r", "\rFAKE", "\n::error::PLANTED",
    "\r\n::warning file=x::PLANTED", "\n##[error]PLANTED",
    "\n##vso[task.setvariable]PLANTED", "\u2028::error::PLANTED", "\x0b::error::PLANTED",
    "\x1b[31mred\x1b[0m", "\x1bP1$q\x1b\\", "\x1b[?1049h", "\x00",
)  # fmt: skip


# --- a service that answers what it is told to

_servers: dict[int, int] = {}


def service(harness: Harness) -> str:
    """The base URL of this worker's service, which answers every request with what
    `scratch/answer.json` says.
    """
    if os.getpid() not in _servers:
        answer_file = harness.scratch / "answer.json"

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def log_message(self, *arguments: Any) -> None:
                """Quiet."""

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("content-length") or 0))
                document = json.loads(answer_file.read_text())
                body = document["body"].encode("utf-8", "surrogatepass")
                self.send_response(document["status"])
                for name, value in document["headers"].items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer  # noqa: N815 (names of the library)

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        parent = os.getpid()
        if os.fork() == 0:
            import ctypes

            ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
            with open(os.devnull, "w") as null:
                os.dup2(null.fileno(), 2)
            if os.getppid() == parent:
                server.serve_forever()
            os._exit(0)
        _servers[os.getpid()] = server.server_address[1]
        server.socket.close()
    return f"http://127.0.0.1:{_servers[os.getpid()]}/v1"


# --- controls


def _titled(text: str, control: str, random: Random) -> str:
    """The text with a control in some of its words."""
    words = re.split(r"(\s+)", text)
    for _ in range(random.choice((1, 3, 12))):
        at = random.randrange(len(words))
        words[at] = words[at][: len(words[at]) // 2] + control + words[at][len(words[at]) // 2 :]
    return "".join(words)


def _in_json(value: Any, control: str, random: Random, chance: float) -> Any:
    if isinstance(value, str) and random.random() < chance:
        return (
            value[: len(value) // 2] + control + value[len(value) // 2 :]
            if random.random() < 0.7
            else control.lstrip("\r\n") + value
        )
    if isinstance(value, list):
        return [_in_json(v, control, random, chance) for v in value]
    if isinstance(value, dict):
        return {
            k + (control if random.random() < chance / 8 else ""): _in_json(v, control, random, chance)
            for k, v in value.items()
        }
    return value


def controls(harness: Harness, number: int, random: Random) -> Case:
    """A document, artifact, record, log or answer with control characters and
    lines that a CI service obeys.
    """
    control = random.choice(CONTROLS)
    return random.choice((_document, _artifact, _artifact, _record, _answer, _words))(
        harness, control, random
    )


def _commands(harness: Harness, case: Case, lines: list[tuple[str, ...]], **options: Any) -> list[Ran]:
    """Runs the commands; what they print and write is searched."""
    before = _snapshot(harness)
    done = []
    for line in lines:
        ran = harness.run(*line, before=quiet, **options)
        case.losses += [*ended(ran, as_json="--json" in line), *printed(ran)]
        done.append(ran)
    for where, data in _written(harness, before):
        # What a person or a service reads as text: reports, logs, bundles. An artifact in
        # JSON is read by programs.
        if "/inputs/" not in where and (where.endswith(".md") or "/logs/" in where or ".escalation" in where):
            case.losses += clean(data, where)
    return done


def _document(harness: Harness, control: str, random: Random) -> Case:
    harness.restore("initialized", build_initialized)
    case = Case(f"document with {control!r}")
    name = random.choice(("tea.md", "te" + control.replace("\x00", "").replace("/", "") + "a.md"))
    (harness.work / name).write_bytes(_titled(TEA, control, random).encode())
    flags = random.choice(((), ("--json",), ("--show-prompt",)))
    _commands(
        harness, case, [("run", "latest", "--scope-file", name, *flags), *random.sample(ON_RUN[:21], 3)]
    )
    return case


def _artifact(harness: Harness, control: str, random: Random) -> Case:
    harness.restore("iterated", build_iterated)
    paths = [p for p in files_of(the_run(harness)) if p.suffix in (".json", ".jsonl")]
    path = random.choice(paths)
    case = Case(f"{path.relative_to(the_run(harness))} with {control!r}")
    chance = random.choice((0.05, 0.3, 1.0))
    parts = [path.read_text()] if path.suffix == ".json" else path.read_text().splitlines()
    documents = [_in_json(json.loads(part), control, random, chance) for part in parts]
    out = [json.dumps(document, ensure_ascii=random.random() < 0.5) for document in documents]
    path.write_bytes("\n".join(out).encode("utf-8", "surrogatepass") + b"\n")
    lines = random.sample(ON_RUN[:24], 5)
    _commands(
        harness,
        case,
        [(*line, "--json") if random.random() < 0.25 and "--format" not in line else line for line in lines],
    )
    return case


def _record(harness: Harness, control: str, random: Random) -> Case:
    harness.restore("failed", build_failed)
    case = Case(f"failure record with {control!r}")
    for path in (the_run(harness) / "logs/failures").glob("*.json"):
        path.write_text(
            json.dumps(_in_json(json.loads(path.read_text()), control, random, random.choice((0.1, 0.5))))
        )
    _commands(harness, case, random.sample(
        [("diagnose", "latest", "--no-probe"), ("recover", "latest", "--dry-run", "--no-probe"),
        ("postmortem", "latest"), ("escalate", "latest"), ("incidents", "list"),
         ("postmortem", "latest", "-o", "post.md"), ("status", "latest"), ("diagnose", "latest", "--no-probe",
         "--json")], 4))  # fmt: skip
    return case


def _planted(harness: Harness, status: int, message: str, random: Random) -> dict[str, str]:
    """The service answers with an error that says `message`; the environment in which it is asked."""
    kind = random.randrange(4)
    body = (
        json.dumps(
            {
                "error": {
                    "message": message,
                    "type": "invalid_request_error",
                    "code": message if kind == 1 else "bad",
                }
            },
            ensure_ascii=random.random() < 0.5,
        )
        if kind < 2
        else message
        if kind == 2
        else json.dumps({"detail": [message], "error": message})
    )
    headers = {
        "content-type": random.choice(("application/json", "text/html", "text/plain")),
        "x-request-id": re.sub(r"[^ -~]", "", message)[:40] or "r",
    }
    (harness.scratch / "answer.json").write_text(
        json.dumps({"status": status, "headers": headers, "body": body})
    )
    return {
        "OPENAI_BASE_URL": service(harness),
        "AGENT_PROVIDER": "remote_llm",
        "AGENT_RETRY_BUDGET": "0",
        "AGENT_TIMEOUT_SECONDS": "20",
    }


def _answer(harness: Harness, control: str, random: Random) -> Case:
    harness.restore("initialized", build_initialized)
    status = random.choice((200, 400, 401, 403, 404, 422))
    case = Case(f"a service answers {status} with {control!r}")
    more = _planted(harness, status, f"Incorrect{control} key: {control}denied", random)
    environ = harness.environment(OPENAI_API_KEY="sk-nothing-worth-hiding", **more)
    _commands(harness, case, [random.choice((("doctor",), ("run", "latest", "--scope-file", "tea.md"), ("run",
    "latest", "--scope-file", "tea.md", "--json"))),
                            random.choice((("diagnose", "latest", "--no-probe"), ("postmortem", "latest"),
                            ("escalate", "latest")))], environ=environ)  # fmt: skip
    return case


def _words(harness: Harness, control: str, random: Random) -> Case:
    """What was typed, or came on standard input."""
    harness.restore("failed", build_failed)
    control = control.replace("\x00", "")
    case = Case(f"typed or read: {control!r}")
    text = f"openai.RateLimitError: Error code: 429{control} quota {control}exceeded"
    line = random.choice((("status", f"no{control}run"), ("escalate", "latest", "--note", text),
    ("postmortem", "latest", "--owner", text), ("explain", text),
                          ("run", "latest", "--scope-file", f"no{control}file"), ("diagnose", "-"),
                          ("diagnose", "-", "--json"), ("why", "latest", f"x{control}"),
                          ("init", f"my{control}course"), ("run", "latest", "--provider", f"x{control}"),
                          ("validate", "latest", "--format", f"x{control}")))  # fmt: skip
    _commands(harness, case, [line, ("status", "latest"), ("list",)], stdin=text.encode())
    return case


# --- secrets

_NAMES = (
    "OPENAI_API_KEY", "GITHUB_TOKEN", "DB_PASSWORD", "DB_PASS", "SSH_PASSPHRASE", "SESSION_COOKIE",
    "AWS_SECRET_ACCESS_KEY", "SLACK_WEBHOOK", "HF_TOKEN", "DEPLOY_PAT",
    "SERVICE_JWT", "STORAGE_CONNECTION_STRING", "APP_PRIVATE_KEY", "MY_SECRET", "PROXY_AUTH", "CI_JOB_TOKEN",
)  # fmt: skip
_B62 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def _some(random: Random, length: int, alphabet: str = _B62) -> str:
    return "".join(random.choice(alphabet) for _ in range(length))


def _shape(random: Random) -> tuple[str, str, str]:
    """A kind of token, the text that a log has of it, and the part that nobody may see."""
    hexes = "0123456789abcdef"
    upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    s = _some(random, 40)
    plain: dict[str, str] = {
        "AWS": "AKIA" + _some(random, 16, upper),
        "GitHub": "ghp_" + _some(random, 36),
        "GitHub, fine": "github_pat_" + _some(random, 22) + "_" + _some(random, 59),
        "GitLab": "glpat-" + _some(random, 20),
        "Slack": (
            f"xoxb-{_some(random, 12, '0123456789')}-{_some(random, 12, '0123456789')}-{_some(random, 24)}"
        ),
        "Stripe": "sk_live_" + _some(random, 24),
        "Google": "AIza" + _some(random, 35),
        "npm": "npm_" + _some(random, 36),
        "Hugging Face": "hf_" + _some(random, 34, _B62[:52]),
        "OpenAI": "sk-proj-" + _some(random, 48),
        "Anthropic": "sk-ant-api03-" + _some(random, 93) + "AA",
        "AGE": "AGE-SECRET-KEY-1" + _some(random, 58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"),
        "JWT": "eyJhbGciOiJIUzI1NiJ9."
        + base64.urlsafe_b64encode(json.dumps({"sub": s}).encode()).decode().rstrip("=")
        + "."
        + _some(random, 43),
    }
    framed: dict[str, tuple[str, str]] = {
        "Bearer": ("Authorization: Bearer {}", s), "Cookie": ("Cookie: session={}; theme=dark", s),
        "URL": ("https://ann:{}@tea.example/x", _some(random, 20)),
        "netrc": ("machine tea.example login ann password {}", _some(random, 18)),
        "Azure": ("AccountName=tea;AccountKey={};EndpointSuffix=x",
        base64.b64encode(random.randbytes(64)).decode()),
        "PEM": ("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----", _some(random, 64)),
        "OpenSSH": ("-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----",
        _some(random, 70)), "assigned": ("api_key = '{}'", _some(random, 32)),
        "Slack URL": ("https://hooks.slack.com/services/T{}",
        f"{_some(random, 8, upper)}/B{_some(random, 8, upper)}/{_some(random, 24)}"),
        "hex": ("client_secret={}", _some(random, 40, hexes)),
    }  # fmt: skip
    if random.random() < 0.5:
        name, token = random.choice(list(plain.items()))
        return name, token, token
    name, (frame, token) = random.choice(list(framed.items()))
    return name, frame.format(token), token


_FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda s: s, "quoted": json.dumps, "URL": lambda s: quote(s, safe=""),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "hex": lambda s: s.encode().hex(), "colours": lambda s: s[:6] + "\x1b[1m" + s[6:12] + "\x1b[0m" + s[12:],
    "zero width": lambda s: "\u200b".join((s[:5], s[5:9], s[9:])),
    "repr": lambda s: repr(s.encode()), "two lines": lambda s: s[: len(s) // 2] + "\n" + s[len(s) // 2 :],
    "upper": str.upper,
}  # fmt: skip
#: What may stand between the letters of a secret that a person reads all the same.
_HIDING = re.compile(
    r"(?:\x1b|\\x1b|\\u001b|\\\\x1b|\\\\u001b)\[[0-9;]*m|[\u200b-\u200d\u2060]|\\{1,2}u200[b-d]|\\{1,2}n|\s"
)


def found(data: bytes, secret: str) -> bool:
    """Whether somebody could read the secret in the data."""
    text = _HIDING.sub("", data.decode("utf-8", "replace"))
    b64 = base64.b64encode(secret.encode()).decode().rstrip("=")[:-1]
    forms = (secret, secret.encode().hex(), b64, quote(secret, safe=""), json.dumps(secret)[1:-1])
    return any(form.casefold() in text.casefold() for form in {_HIDING.sub("", f) for f in forms})


def secrets(harness: Harness, number: int, random: Random) -> Case:
    """Secrets of the environment, and texts that have a token in them, in what a provider says, in logs, in
    records, in what was typed.
    """
    known = {name: "Zq8" + _some(random, random.choice((13, 20, 40))) for name in random.sample(_NAMES, 4)}
    known["OPENAI_API_KEY"] = "sk-proj-" + _some(random, 40)
    kind, text, token = _shape(random)
    form = random.choice(list(_FORMS))
    own = random.choice(list(known))
    hidden = {own: known[own]} if random.random() < 0.5 else {kind: token}
    text_of_it = _FORMS[form](known[own]) if own in hidden else text
    message = random.choice(
        (
            "Incorrect API key provided: {}.",
            "auth failed with {} at once",
            "{}",
            "env: X={} Y=1",
            "request was\n{}\nand failed",
        )
    ).format(text_of_it)
    where = random.choice(
        (_planted_by_service, _planted_by_service, _planted_on_stdin, _planted_in_record, _typed)
    )
    case = Case(
        f"{'the value of ' + own + ', ' + form if own in hidden else 'a token: ' + kind}; "
        f"{where.__name__.strip('_')}"
    )
    before, done = where(harness, case, message, known, random)
    for ran in done:
        case.losses += ended(ran)
        for name, secret in hidden.items():
            if found(ran.out + b"\n" + ran.err, secret):
                case.losses.append(
                    Loss(
                        "secret",
                        (
                            f"{name} ({form if own in hidden else kind}) printed by dagogy "
                            f"{' '.join(ran.argv[:2])}"
                        ),
                    )
                )
    for path, data in _written(harness, before):
        for name, secret in hidden.items():
            if found(data, secret):
                case.losses.append(Loss("secret", f"{name} ({form if own in hidden else kind}) in {path}"))
    return case


Planted = tuple[dict[str, bytes], list[Ran]]


def _planted_by_service(
    harness: Harness, case: Case, message: str, known: dict[str, str], random: Random
) -> Planted:
    harness.restore("initialized", build_initialized)
    environ = harness.environment(
        **{**known, **_planted(harness, random.choice((400, 401, 403, 422)), message, random)}
    )
    before = _snapshot(harness)
    lines = [
        ("run", "latest", "--scope-file", "tea.md"),
        random.choice((("diagnose", "latest", "--no-probe"), ("postmortem", "latest"))),
        ("escalate", "latest"),
    ]
    return before, [harness.run(*line, environ=environ, before=quiet) for line in lines]


def _planted_on_stdin(
    harness: Harness, case: Case, message: str, known: dict[str, str], random: Random
) -> Planted:
    harness.restore("initialized", build_initialized)
    before = _snapshot(harness)
    more = random.choice(([], ["--json"]))
    return before, [
        harness.run(
            "diagnose",
            "-",
            *more,
            environ=harness.environment(**known),
            stdin=f"HTTP 401\n{message}\n".encode("utf-8", "replace"),
            before=quiet,
        )
    ]


def _planted_in_record(
    harness: Harness, case: Case, message: str, known: dict[str, str], random: Random
) -> Planted:
    harness.restore("failed", build_failed)
    for path in (the_run(harness) / "logs/failures").glob("*.json"):
        document = json.loads(path.read_text())
        document["message"] = message
        document["details"] = {"stderr": message, "last_message": message}
        path.write_text(json.dumps(document))
    before = _snapshot(harness)
    lines = [
        ("diagnose", "latest", "--no-probe"),
        ("postmortem", "latest"),
        ("escalate", "latest"),
        ("recover", "latest", "--dry-run", "--no-probe"),
        ("incidents", "list"),
    ]
    return before, [
        harness.run(*line, environ=harness.environment(**known), before=quiet)
        for line in random.sample(lines, 3)
    ]


def _typed(harness: Harness, case: Case, message: str, known: dict[str, str], random: Random) -> Planted:
    harness.restore("iterated", build_iterated)
    before = _snapshot(harness)
    line = random.choice((("run", "latest", "--model", message, "--max-iterations", "x"), ("status", message),
    ("run", "latest", "--scope-file", message),
                          ("escalate", "latest", "--note", message), ("validate", "latest", "--format",
                          message), ("plan", "latest", "--wait", message)))  # fmt: skip
    return before, [
        harness.run(*one, environ=harness.environment(**known), before=quiet)
        for one in (line, ("escalate", "latest"))
    ]


def _snapshot(harness: Harness) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in files_of(harness.work)}


def _written(harness: Harness, before: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """What is in the workspace now and was not before: new and changed files, what was appended to a log, and
    what archives hold.
    """
    for path in files_of(harness.work):
        data, old = path.read_bytes(), before.get(str(path))
        if data == old:
            continue
        if path.name.endswith(".tar.gz"):
            with tarfile.open(path) as tar:
                for member in tar:
                    file = tar.extractfile(member)
                    # An archive of the run holds the run as it is; a bundle is what is sent to others.
                    if file is not None and "escalation" in path.name and "/inputs/" not in member.name:
                        yield f"{path.name}/{member.name}", file.read()
        elif old is not None and data.startswith(old):
            yield str(path), data[len(old) :]
        else:
            yield str(path), data
