"""Control characters, planted wherever text comes from; every byte that is printed or written is searched for
them.
"""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

from torture.harness import Harness, Ran
from torture.hooks import quiet
from torture.inputs import ON_RUN
from torture.kinds import TEA, Case, build_failed, build_initialized, build_iterated, the_run
from torture.oracle import clean, ended, files_of, printed, snapshot, written
from torture.service import failing

CONTROLS = (
    "\x1b[31m", "\x1b[2J\x1b[H", "\x1b]0;PWN\x07", "\x1b]8;;http://x\x07link\x1b]8;;\x07", "\x1bc", "\x07",
    "\x08\x08", "\x0b", "\x0c", "\x7f", "\x9b31m", "\x9d0;PWN\x9c",
    "\x85", "\u202e", "\u2066", "\u2069", "\u200f", "\u061c", "\r", "\rFAKE", "\n::error::PLANTED",
    "\r\n::warning file=x::PLANTED", "\n##[error]PLANTED",
    "\n##vso[task.setvariable]PLANTED", "\u2028::error::PLANTED", "\x0b::error::PLANTED",
    "\x1b[31mred\x1b[0m", "\x1bP1$q\x1b\\", "\x1b[?1049h", "\x00",
)  # fmt: skip


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
    before = snapshot(harness)
    done = []
    for line in lines:
        ran = harness.run(*line, before=quiet, **options)
        case.losses += [*ended(ran, as_json="--json" in line), *printed(ran)]
        done.append(ran)
    for where, data in written(harness, before):
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


def _answer(harness: Harness, control: str, random: Random) -> Case:
    harness.restore("initialized", build_initialized)
    status = random.choice((200, 400, 401, 403, 404, 422))
    case = Case(f"a service answers {status} with {control!r}")
    more = failing(harness, status, f"Incorrect{control} key: {control}denied", random)
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
