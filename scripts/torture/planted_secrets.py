"""Secrets, planted wherever text comes from; every byte that is printed or written is searched for them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from random import Random
from urllib.parse import quote

from torture.harness import Harness, Ran
from torture.hooks import quiet
from torture.kinds import Case, build_failed, build_initialized, build_iterated, the_run
from torture.oracle import Loss, ended, snapshot, written
from torture.service import failing

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
    for path, data in written(harness, before):
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
        **{**known, **failing(harness, random.choice((400, 401, 403, 422)), message, random)}
    )
    before = snapshot(harness)
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
    before = snapshot(harness)
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
    before = snapshot(harness)
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
    before = snapshot(harness)
    line = random.choice((("run", "latest", "--model", message, "--max-iterations", "x"), ("status", message),
    ("run", "latest", "--scope-file", message),
                          ("escalate", "latest", "--note", message), ("validate", "latest", "--format",
                          message), ("plan", "latest", "--wait", message)))  # fmt: skip
    return before, [
        harness.run(*one, environ=harness.environment(**known), before=quiet)
        for one in (line, ("escalate", "latest"))
    ]
