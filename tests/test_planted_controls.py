"""Controls planted in everything that a command reads: none comes out raw, and no line of ours
is a command to a CI runner.
"""

from __future__ import annotations

import json
import shutil
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
from dagogy.api.display import visible
from loopback import send, serving
from support import IMPORT_ALL, ROOT, CommandRunner, SitePackages, put, some_fast

#: Colours, a window title, a bell, backspaces, C1, bidi, zero width, tags, line and paragraph separators, and
#: commands to CI runners on lines of their own.
EVIL = (
    "\x1b[2J\x1b]0;pwned\x07\x08\x08\x9b31m\x7f\u202epwned\u2066\u200b\u2028\u2029\x85\U000e0041"
    "\r::error::pwned\r\n::error::pwned\n\n ::set-env name=x::pwned\n##[error]pwned ##vso[task]pwned \x1b"
)
#: What a file's name can hold.
NAME = EVIL.replace("/", "").replace("\n", "\v")[:80]


def title(text: str = "Alpha") -> str:
    return f"{text} {EVIL}"


def everywhere(value: Any, key: str = "") -> Any:
    """A document with the controls in each text of it that names no node, run, time or place."""
    if isinstance(value, dict):
        return {k: everywhere(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [everywhere(v, key) for v in value]
    fixed = key in (
        "id",
        "prerequisites",
        "nodes",
        "schema_version",
        "spec_version",
        "run_id",
        "kind",
        "role",
        "stage",
        "status",
        "domain_mode",
        "evidence_mode",
    )
    return value if not isinstance(value, str) or fixed or key.endswith(("_utc", "sha256")) else value + EVIL


def planted(path: str, change: Callable[[Any], Any] = everywhere) -> Callable[[Planted], None]:
    """Plants into a JSON document of the run."""

    def plant(at: Planted) -> None:
        put(at.run / path, change(json.loads((at.run / path).read_bytes())))

    return plant


@dataclass
class Planted:
    runner: CommandRunner
    run: Path
    site: SitePackages
    monkeypatch: pytest.MonkeyPatch

    def nodes(self, **parts: Any) -> None:
        path = self.run / "outputs/curriculum/curriculum.json"
        document = json.loads(path.read_bytes())
        document["nodes"][0] |= parts
        put(path, document)


def _events(at: Planted) -> None:
    path = at.run / "logs/events.jsonl"
    lines = [
        json.dumps(everywhere(json.loads(line)), ensure_ascii=False) for line in path.read_text().splitlines()
    ]
    last = json.dumps({"at_utc": "2026-01-01T00:00:00Z", "event": EVIL, "command": EVIL, EVIL: EVIL})
    path.write_text("\n".join([*lines, last, EVIL]) + "\n")


def _records(at: Planted) -> None:
    for path in (at.run / "logs/failures").glob("*.json"):
        document = json.loads(path.read_bytes())
        put(
            path,
            {
                **everywhere(document),
                "code": "provider_error",
                "command": ["dagogy", "run", at.run.name, EVIL],
                "environment": {EVIL: {"set": True}},
            },
        )
    put(at.run / f"logs/failures/{NAME}.json", EVIL)


def _config(at: Planted) -> None:
    quoted = '"' + "".join(f"\\U{ord(c):08x}" for c in EVIL) + '"'
    put(at.runner.folder / "dagogy.toml", f"agent_model = {quoted}\n[rules.{quoted}]\nseverity = {quoted}\n")


def _environment(at: Planted) -> None:
    for name in ("AGENT_MODEL", "AGENT_PROVIDER", "AGENT_TARGET_SCORE", "OPENAI_BASE_URL", "DAGOGY_DISABLE"):
        at.monkeypatch.setenv(name, EVIL)


def _folder(at: Planted) -> None:
    """A runs dir whose name has them, and in it a folder that is no run."""
    base = at.runner.folder / NAME / "runs"
    shutil.copytree(at.run.parent, base)
    (base / NAME).mkdir()
    at.run = base / at.run.name
    at.monkeypatch.setenv("ORCHESTRATION_BASE_DIR", str(base))


def _circuits(at: Planted) -> None:
    now, circuit = time.time(), {"provider": EVIL, "endpoint": EVIL, "model": EVIL}
    known = {"circuit": circuit, "incident": EVIL, "since": now, "until": now + 9e5, "told": True}
    put(at.run.parent / "circuits.json", {"schema_version": 1, "circuits": [known]})


PLUGIN = f"""
    {IMPORT_ALL}
    EVIL = {EVIL!r}

    @hookimpl
    def dagogy_rules():
        yield RuleInfo(id="acme.evil", summary=EVIL, api_version=1, impl="acme_evil:Evil", severity="error")
        yield RuleInfo(id="acme.raises", summary=EVIL, api_version=1, impl="acme_evil:Raises", severity="error")

    @hookimpl
    def dagogy_classifiers():
        yield ClassifierInfo(
            id="acme.evil_incidents", summary=EVIL, api_version=1, impl="acme_evil:Knows", incidents=("acme_evil",),
            escalations=(Escalation(summary=EVIL, incidents=("acme_evil",), times=1),),
        )

    @hookimpl
    def dagogy_recoveries():
        yield RecoveryInfo(
            id="acme.evil_action", summary=EVIL, api_version=1, impl="acme_evil:Acts", incidents=("acme_evil",), safety="unsafe", reason=EVIL, order=1
        )

    class Evil(Rule):
        __doc__ = EVIL
        def check(self, context, options):
            patch = [dict(op="test", path="/topic", value=context.document["topic"]), dict(op="replace", path="/topic", value=EVIL)]
            yield Finding(EVIL, pointer="/nodes/0/title", node_id=EVIL, fix=Fix("unsafe", EVIL, patch))

    class Raises(Rule):
        "Raises."
        def check(self, context, options):
            raise ValueError(EVIL)

    class Knows(Classifier):
        __doc__ = "acme_evil:\\n    What: " + EVIL.replace("\\n", " ").replace("\\r", " ") + "\\n    What to do: `" + EVIL.replace("\\n", " ") + "`\\n"
        def classify(self, failure):
            return Diagnosis("acme_evil", 1.0, [EVIL], Rank.MACHINE_CODE) if failure.code == "validation_failed" else None

    class Acts(RecoveryAction):
        "Acts."
        def recover(self, failure, diagnosis, context):
            return RecoveryOutcome("not_applicable", message=EVIL)
"""  # noqa: E501


def _plugin(at: Planted) -> None:
    ids = {
        "rule": {"acme.evil": "acme_evil", "acme.raises": "acme_evil"},
        "classifier": {"acme.evil_incidents": "acme_evil"},
    }
    at.site.plugin(
        "acme-evil",
        f"1.0{NAME[:6]}",
        entry_points={**ids, "recovery": {"acme.evil_action": "acme_evil"}},
        modules={"acme_evil": PLUGIN},
    )


ARTIFACTS: dict[str, Callable[[Planted], None]] = {
    "titles": planted("outputs/curriculum/curriculum.json"),
    "keys and ids": lambda at: at.nodes(
        **{"id": EVIL, EVIL: EVIL, "prerequisites": [EVIL], "estimate_minutes": EVIL}
    ),
    "no curriculum at all": lambda at: put(at.run / "outputs/curriculum/curriculum.json", {EVIL: EVIL}),
    "previous curriculum": planted("outputs/curriculum/previous_curriculum.json"),
    "topic spec": planted("inputs/topic_spec.json"),
    "keys of the spec": planted("inputs/topic_spec.json", lambda d: {**d, EVIL: EVIL, "domain_mode": EVIL}),
    "prose of the scope": lambda at: put(
        at.run / "inputs/scope.md",
        (at.run / "inputs/scope.md").read_text() + f"\n## {title()}\n\n{title()} needs Mixing.\n",
    ),
    "history": planted(
        "run.json", lambda d: {**d, "history": everywhere(d["history"]), "name": EVIL, "extra": EVIL}
    ),
    "metadata": planted("run.json", lambda d: {**d, "stage": EVIL, "history": EVIL, "run_id": EVIL}),
    "events": _events,
    "failure records": _records,
    "plan": planted("outputs/plan/plan.json"),
    "diff": planted("outputs/reviews/diff_report.json"),
    "evidence": lambda at: (
        [
            planted(name)(at)
            for name in ("outputs/curriculum/evidence.json", "scope_dag.json", "scope_concepts.json")
        ]
        and None
    ),
    "trace": planted("outputs/reviews/optimization_trace.json"),
    "configuration": _config,
    "environment": _environment,
    "names of folders": _folder,
    "circuit breakers": _circuits,
    "messages of a plugin": _plugin,
}
#: RUN, OUT and the nodes are filled in.
COMMANDS = (
    (
        "status RUN | next RUN | list | diff RUN | why RUN NODE | why RUN NODE OTHER | plan RUN | iterate "
        "RUN | validate RUN | doctor | archive RUN | init"
    ),
    (
        "diagnose RUN --no-probe | recover RUN --dry-run --no-probe | incidents list | postmortem RUN | "
        "escalate RUN | explain validation_failure"
    ),
    "run RUN --show-prompt --provider remote_llm",
)
#: Other forms of them, and what is typed: on some artifacts alone.
MORE = (
    (
        "diagnose RUN | postmortem RUN -o OUT/postmortem.md | escalate RUN --note EVIL | validate RUN "
        "--unsafe-fixes --diff"
    ),
    (
        "validate RUN --format junit | validate RUN --format sarif | export RUN --format mermaid | explain "
        "acme.evil | explain acme_evil | plugins list"
    ),
    (
        "plugins show acme.evil | schema EVIL | EVIL | status EVIL | init EVIL | why RUN EVIL | explain "
        "EVIL | export RUN --format EVIL | diagnose EVIL"
    ),
    (
        "run RUN --scope-file EVIL | run RUN --provider EVIL | recover RUN --only EVIL | init --from EVIL | "
        "postmortem RUN --owner EVIL --dry-run"
    ),
)
#: What the commands show most of: a curriculum, a log. The others are looked at with the slow tests.
_QUICK = ("events",)
#: What is compared and checked, and of which no command shows a text.
_SILENT = ("plan", "diff", "previous curriculum")
_ONE_FORMAT = ("--format", "-o")


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs dir of a run that went through all stages twice, and failed once."""
    folder = tmp_path_factory.mktemp("compiled")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("os.fsync", lambda descriptor: None)
        runner = CommandRunner(folder)
        runner.init("bread")
        runner.ok("run", "bread", "--scope-file", str(ROOT / "examples" / "sourdough-baking.md"))
        run = next((folder / "runs").glob("*-bread"))
        path = run / "outputs/curriculum/curriculum.json"
        good = path.read_bytes()
        put(
            run / "outputs/curriculum/previous_curriculum.json",
            {**json.loads(good), "nodes": json.loads(good)["nodes"][1:]},
        )
        put(path, {**json.loads(good), "nodes": []})
        assert runner("validate", "bread").code == "validation_failed"
        path.write_bytes(good)
        for command in ("validate", "plan", "iterate"):
            runner.ok(command, "bread")
    return run.parent


@pytest.fixture
def at(compiled: Path, runner: CommandRunner, site: SitePackages, monkeypatch: pytest.MonkeyPatch) -> Planted:
    shutil.copytree(compiled, runner.runs)
    return Planted(runner, next(runner.runs.glob("*-bread")), site, monkeypatch)


def check(text: str, what: str) -> None:
    """Nothing hidden, and nothing that a runner would obey, in a text that may be shown."""
    assert visible(text) == text, what
    assert "\r" not in text, what
    assert not [line for line in text.splitlines() if line.strip().startswith("::")], what
    assert "##[" not in text, what
    assert "##vso[" not in text, what


def output_of(runner: CommandRunner, *words: str) -> str:
    """What a command prints, as text and as JSON, and that it is safe."""
    printed = ""
    for extra in ([], ["--json"]) if not set(words) & set(_ONE_FORMAT) else ([],):
        done = runner(*words, *extra)
        assert done.status != 10, done.err
        check(done.out, f"stdout of {words} {extra}")
        check(done.err, f"stderr of {words} {extra}")
        if extra:
            json.loads(done.out)
        printed += done.out + done.err
    return printed


def written(folder: Path) -> Iterator[tuple[str, str]]:
    """What we wrote for people, in the run and beside it: reports, records and bundles, by name."""
    for path in folder.rglob("*"):
        if path.name == "validation_report.md" or path.name == "postmortem.md":
            yield str(path), path.read_bytes().decode()
        elif path.name.endswith(".escalation.tar.gz"):
            with tarfile.open(path) as tar:
                for member in tar:
                    file = tar.extractfile(member)
                    assert file is not None
                    yield f"{path.name}: {member.name}", file.read().decode()


def output_of_all(at: Planted, commands: Sequence[str]) -> str:
    out = at.runner.folder / "out"
    out.mkdir(exist_ok=True)
    path = next(at.run.parent.glob("*-bread/outputs/curriculum/previous_curriculum.json"))
    first, second = (n["id"] for n in json.loads(path.read_bytes())["nodes"][:2])
    words = {"RUN": at.run.name, "NODE": first, "OTHER": second, "EVIL": EVIL}
    lists = [command.split() for line in commands for command in line.split(" | ")]
    return "".join(
        output_of(at.runner, *(words.get(word, word.replace("OUT", str(out))) for word in command))
        for command in lists
    )


@pytest.mark.parametrize("artifact", some_fast(ARTIFACTS, *_QUICK))
def test_no_control_comes_out_of_what_was_planted(at: Planted, artifact: str) -> None:
    ARTIFACTS[artifact](at)
    seen = output_of_all(at, COMMANDS)
    if artifact in ("titles", "messages of a plugin"):
        seen += output_of_all(at, MORE)
    for name, text in written(at.runner.folder):
        check(text, name)
        seen += text
    assert "pwned" in seen or artifact in _SILENT, "this artifact is read by no command"


@pytest.mark.slow
def test_no_control_comes_out_of_a_document_that_is_compiled(at: Planted) -> None:
    """Its name and its words, and what the provider says of them."""
    document = at.runner.folder / f"{NAME}.md"
    put(
        document,
        (ROOT / "examples" / "sourdough-baking.md").read_text()
        + f"\n## {title('Rye')}\n\nRye needs {title('Flour')}. {EVIL}\n",
    )
    seen = output_of(at.runner, "run", at.run.name, "--scope-file", str(document), "--no-cache")
    assert "iterated" in seen
    output_of_all(at, COMMANDS)
    for name, text in written(at.runner.folder):
        check(text, name)


@pytest.mark.slow
def test_no_control_comes_out_of_what_a_service_says(at: Planted) -> None:
    pytest.importorskip("openai")
    refusal = {"error": {"message": f"bad key {EVIL}", "type": EVIL, "code": EVIL, "param": EVIL}}
    with serving(send(401, refusal), models=["m"]) as service:
        at.monkeypatch.setenv("OPENAI_BASE_URL", service.url)
        at.monkeypatch.setenv("AGENT_MODEL", "m")
        at.monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789abcdef")
        seen = output_of(at.runner, "run", at.run.name, "--provider", "remote_llm")
        assert "[provider_error]" in seen
        assert "bad key \\x1b[2J" in seen
        output_of_all(at, COMMANDS)
    for name, text in written(at.runner.folder):
        check(text, name)
    check((at.run / "logs/events.jsonl").read_bytes().decode(), "events")
    for path in (at.run / "logs/failures").glob("*.json"):
        check(path.read_bytes().decode(), path.name)


@pytest.mark.slow
def test_no_control_comes_through_the_commands_that_a_recovery_runs(at: Planted) -> None:
    """What a child prints is shown again by its parent."""
    planted("inputs/topic_spec.json", lambda d: {**d, EVIL: EVIL})(at)
    at.runner("plan", at.run.name)
    for words in (
        ["triage", at.run.name, "--no-fix", "--no-probe"],
        ["recover", at.run.name, "--no-probe"],
        ["run", at.run.name, "--self-heal"],
    ):
        done = at.runner(*words)
        assert done.status not in (0, 10)
        assert "pwned" in done.out + done.err, words
        check(done.out, f"stdout of {words}")
        check(done.err, f"stderr of {words}")


def test_no_control_comes_out_of_a_traceback(at: Planted, capsys: pytest.CaptureFixture[str]) -> None:
    from dagogy.cli.group import run

    ARTIFACTS["metadata"](at)
    assert run(["status", at.run.name, "--debug"]) != 0
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert len(err.splitlines()) > 5
    check(err, "traceback")


def test_completion_offers_nothing_that_steers_the_shell(at: Planted) -> None:
    from dagogy.cli.commands.why import complete_nodes

    ARTIFACTS["titles"](at)
    at.nodes(id=f"a\nplain,{EVIL}")
    context = click.Context(click.Command("why"))
    context.params["reference"] = at.run.name
    items = complete_nodes(context, click.Argument(["node"]), "")
    assert items
    assert all("\n" not in f"{item.value}{item.help}" and "pwned" in str(item.help) for item in items)
    check("".join(f"{item.value} {item.help}" for item in items), "completion")
