"""The operators' runbook, followed word for word: `python3.11 scripts/orchestration.py COMMAND …` from a
Python without dagogy.

The second half follows each flow twice, once typed and once by `triage`, `recover`, `escalate` and
`postmortem`: both end in the same state.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from dagogy.workspace.stages import TRACE
from support import (
    HANGS,
    ROOT,
    VALID_SPEC,
    Outcome,
    SitePackages,
    clean_environment,
    dagogy,
    failed,
    put,
    some_fast,
    valid_curriculum,
)

CURRICULUM = "outputs/curriculum/curriculum.json"
BREAD = ROOT / "examples" / "sourdough-baking.md"


def other_python() -> str:
    """The Python that a `python3.11` on the PATH outside this environment starts, or ""."""
    own = os.path.realpath(os.path.dirname(sys.executable))
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        found = (
            shutil.which("python3.11", path=folder) if folder and os.path.realpath(folder) != own else None
        )
        done = (
            subprocess.run(
                [found, "-c", "import sys; print(sys.executable)"],
                capture_output=True,
                text=True,
                check=False,
            )
            if found
            else None
        )
        if done and done.returncode == 0:  # a shim would be started each time, which takes longer than Python
            return done.stdout.strip()
    return ""


PYTHON = other_python()
needs_python = pytest.mark.skipif(
    not PYTHON, reason="no python3.11 on the PATH other than the one that runs the tests"
)


class Project:
    """A clone of the project as far as the door can see: its script, and an environment whose Python is the
    one of these tests.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: Environment variables of whoever types, and where their plugins are.
        self.variables: dict[str, str] = {}
        self.path: list[Path] = []
        (folder / "scripts").mkdir(parents=True)
        shutil.copy(ROOT / "scripts/orchestration.py", folder / "scripts")

    def environment(self, script: str = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n') -> Project:
        python = self.folder / ".venv/bin/python"
        python.parent.mkdir(parents=True)
        python.write_text(script)
        python.chmod(0o755)
        return self

    def __call__(self, line: str, *python: str) -> Outcome:
        """One line of the runbook, with the project as the current folder."""
        words = shlex.split(line)
        assert words[:2] == ["python3.11", "scripts/orchestration.py"]
        command = [*(python or (PYTHON,)), *words[1:]]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=clean_environment(self.path, **self.variables),
            capture_output=True,
            text=True,
            timeout=HANGS,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def ok(self, line: str) -> Outcome:
        done = self(line)
        assert done.status == 0, f"{line}: {done.status}\n{done.err}"
        return done

    def init(self, name: str = "course") -> Path:
        """A run to begin with; made, as its stage is read, without the door, which
        takes two starts of Python.
        """
        return Path(
            json.loads(
                dagogy("init", name, "--json", cwd=self.folder, path=self.path, **self.variables).stdout
            )["path"]
        )

    def stage(self, run: Path) -> Any:
        return json.loads(
            dagogy("status", run.name, "--json", cwd=self.folder, path=self.path, **self.variables).stdout
        )["stage"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "my project").environment()


def filled(project: Project, curriculum: Any) -> Path:
    """A run whose topic spec and curriculum are written by hand."""
    run = project.init()
    put(run / "inputs/topic_spec.json", VALID_SPEC)
    put(run / CURRICULUM, curriculum)
    return run


def broken() -> dict[str, Any]:
    document = valid_curriculum()
    document["nodes"][0]["prerequisites"] = ["gamma"]
    return document


@needs_python
@pytest.mark.slow
def test_section_1_triage_of_a_sound_run_ends_resolved(project: Project) -> None:
    run = filled(project, valid_curriculum())
    door = "python3.11 scripts/orchestration.py"
    assert run.name in project.ok(f"{door} status {run.name}").out
    assert "passed" in project.ok(f"{door} validate {run.name}").out
    project.ok(f"{door} plan {run.name}")
    project.ok(f"{door} iterate {run.name}")
    assert project.stage(run) == "iterated"


@needs_python
@pytest.mark.slow
def test_section_1_triage_of_a_failing_run_leads_over_the_report_and_a_fix(project: Project) -> None:
    run = filled(project, broken())
    door = "python3.11 scripts/orchestration.py"
    assert "[validation_failed]" in failed(project(f"{door} validate {run.name}"), "validation_failed").err
    report = (run / "outputs/reviews/validation_report.md").read_text()
    assert "graph.acyclic" in report
    assert f"dagogy validate {run.name}" in report
    put(run / CURRICULUM, valid_curriculum())
    for command in ("validate", "plan", "iterate"):
        project.ok(f"{door} {command} {run.name}")
    assert project.stage(run) == "iterated"


@needs_python
@pytest.mark.slow
def test_section_3a_stage_conflict_is_resolved_with_a_scope_file(project: Project) -> None:
    run = project.init()
    shown = failed(project(f"python3.11 scripts/orchestration.py run {run.name}"), "stage_conflict")
    assert "topic spec not ready" in shown.err.splitlines()[0]
    assert "--scope-file" in shown.err
    assert project.stage(run) == "initialized"
    project.ok(f"python3.11 scripts/orchestration.py run {run.name} --scope-file {shlex.quote(str(BREAD))}")
    assert project.stage(run) == "iterated"


@needs_python
@pytest.mark.slow
def test_section_3a_stage_conflict_is_resolved_by_filling_in_the_topic_spec(project: Project) -> None:
    run = project.init()
    failed(project(f"python3.11 scripts/orchestration.py run {run.name}"), "stage_conflict")
    put(run / "inputs/topic_spec.json", VALID_SPEC)
    assert project.stage(run) == "spec_ready"
    shown = project(f"python3.11 scripts/orchestration.py run {run.name}")
    assert "topic spec not ready" not in shown.err
    assert shown.status == 0, shown.err
    assert project.stage(run) == "iterated"


@needs_python
def test_section_3b_a_validation_failure_is_resolved_by_the_report_and_the_commands_it_names(
    project: Project,
) -> None:
    run = filled(project, broken())
    door = "python3.11 scripts/orchestration.py"
    shown = failed(project(f"{door} validate {run.name}"), "validation_failed")
    assert "outputs/reviews/validation_report.md" in shown.err
    failed(project(f"{door} plan {run.name}"), "stage_conflict")
    put(run / CURRICULUM, valid_curriculum())
    project.ok(f"{door} validate {run.name}")
    project.ok(f"{door} plan {run.name}")
    project.ok(f"{door} iterate {run.name}")


@needs_python
@pytest.mark.parametrize(
    "content", some_fast(["{", '{"schema_version": 99}'], "{"), ids=["corrupted", "of another version"]
)
@pytest.mark.slow
def test_section_3f_invalid_run_metadata_is_resolved_by_an_archive_and_a_fresh_run(
    project: Project, content: str
) -> None:
    door = "python3.11 scripts/orchestration.py"
    run = project.init()
    scope = project.folder / "scope.md"
    shutil.copy(BREAD, scope)
    (run / "run.json").write_text(content)
    for command in ("status", "run"):
        shown = failed(project(f"{door} {command} {run.name}"), "io_error")
        assert "invalid run metadata" in shown.err.splitlines()[0]
        assert f"archive {run.name}" in shown.err
    archive = Path(project.ok(f"{door} archive {run.name} --json").json["archive"])
    assert archive.is_file()
    assert (run / "run.json").read_text() == content
    fresh = project.init()
    assert fresh != run
    project.ok(f"{door} run {fresh.name} --scope-file scope.md")
    assert project.stage(fresh) == "iterated"


@needs_python
@pytest.mark.slow
def test_section_4_stale_artifacts_are_resolved_by_validate_plan_and_iterate_in_sequence(
    project: Project,
) -> None:
    door = "python3.11 scripts/orchestration.py"
    run = filled(project, valid_curriculum())
    for command in ("validate", "plan", "iterate"):
        project.ok(f"{door} {command} {run.name}")
    edited = valid_curriculum()
    edited["nodes"][0]["estimate_minutes"] = 90
    put(run / CURRICULUM, edited)
    assert project.stage(run) == "generated"
    assert "validate" in project.ok(f"{door} next {run.name}").out
    for command in ("validate", "plan", "iterate"):
        project.ok(f"{door} {command} {run.name}")
    status = project.ok(f"{door} status {run.name} --json").json
    assert status["stage"] == "iterated"
    assert all(artifact["current"] for artifact in status["artifacts"])
    assert json.loads((run / "outputs/plan/plan.json").read_bytes())["total_estimated_minutes"] == 210


BARE = (sys.executable, "-S", "-E")


def test_a_python_without_dagogy_goes_on_in_the_environment_of_the_project(project: Project) -> None:
    assert project("python3.11 scripts/orchestration.py --version", *BARE).out.startswith("dagogy ")
    failed(project("python3.11 scripts/orchestration.py status missing", *BARE), "not_found")


def test_without_an_environment_the_door_says_which_command_makes_it(tmp_path: Path) -> None:
    project = Project(tmp_path / "clone")
    shown = failed(project("python3.11 scripts/orchestration.py list", *BARE), "config_error")
    assert f"hint: make -C {project.folder} install" in shown.err


NO_PROGRAM = "no program at all"
NO_DAGOGY = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -S -E "$@"\n'


@pytest.mark.parametrize(
    ("script", "expected"),
    [(NO_PROGRAM, "cannot be started"), (NO_DAGOGY, "not finished")],
    ids=["broken", "not finished"],
)
def test_an_environment_that_is_broken_or_was_not_finished_is_named(
    tmp_path: Path, script: str, expected: str
) -> None:
    project = Project(tmp_path / "clone").environment(script)
    shown = failed(project("python3.11 scripts/orchestration.py list", *BARE), "config_error")
    assert expected in shown.err
    assert "install" in shown.err


def test_without_an_environment_a_python_that_has_dagogy_does_the_work(tmp_path: Path) -> None:
    project = Project(tmp_path / "clone")
    assert project("python3.11 scripts/orchestration.py --version", sys.executable).out.startswith("dagogy ")


def test_arguments_reach_the_command_as_they_are(project: Project) -> None:
    shown = failed(
        project("python3.11 scripts/orchestration.py status 'a b*$HOME' --json", *BARE), "not_found"
    )
    assert "'a b*$HOME'" in shown.json["error"]["message"]


# ------------------------------------------------------------------------ typed, and by the incident commands

DOOR = "python3.11 scripts/orchestration.py"
#: A provider that fails in the ways of sections 3C to 3E as long as its settings are wrong, and then answers.
FICKLE = """
    import json
    import re
    from dagogy.api import ProviderInfo, Setting, hookimpl
    from dagogy.api.errors import ConfigError, ProviderError
    from dagogy.api.providers import Proposal, Provider, Readiness

    class Fickle(Provider):
        "Fails until its settings are right."
        def ready(self):
            return Readiness(ready=True, message="yes")
        def read_scope(self, document):
            return None
        def propose(self, request):
            values = self.settings.values
            if values["FICKLE_MOOD"] == "key" and not values["OPENAI_API_KEY"]:
                raise ConfigError("OPENAI_API_KEY is required for this provider")
            if values["FICKLE_MOOD"] == "url" and not re.fullmatch(r"https?://[^\\s/]+(/[^\\s/]+)*", values["OPENAI_BASE_URL"]):
                raise ConfigError(f"invalid OPENAI_BASE_URL '{values['OPENAI_BASE_URL']}'")
            if values["FICKLE_MOOD"] == "codex" and self.settings.model:
                raise ProviderError("codex_exec mode failed to return valid structured JSON")
            if values["FICKLE_MOOD"] == "never":
                raise ProviderError("codex_exec mode failed to return valid structured JSON")
            return Proposal(curriculum=json.loads(ANSWER))

    @hookimpl
    def dagogy_providers():
        yield ProviderInfo(
            id="fickle", summary="Fails.", api_version=1, impl="fickle:Fickle",
            settings=(
                Setting(name="FICKLE_MOOD", summary="how it fails"),
                Setting(name="OPENAI_API_KEY", summary="a key", secret=True),
                Setting(name="OPENAI_BASE_URL", summary="an address"),
            ),
        )

    ANSWER = CURRICULUM
"""  # noqa: E501


class Twins:
    """Two runs in the same trouble: `typed` is for the runbook's commands,
    `walked` for the incident commands.
    """

    def __init__(self, project: Project, curriculum: Any = None, spec: Any = None) -> None:
        self.project = project
        self.typed, self.walked = (self._made(name, curriculum, spec) for name in ("typed", "walked"))

    def _made(self, name: str, curriculum: Any, spec: Any) -> Path:
        run = self.project.init(name)
        for path, content in (("inputs/topic_spec.json", spec), (CURRICULUM, curriculum)):
            if content is not None:
                put(run / path, content)
        return run

    def both(self, change: Any) -> None:
        for run in (self.typed, self.walked):
            change(run)

    def type(self, *commands: str) -> list[int]:
        """Each command on the typed run, as the runbook prints it; their exit statuses."""
        return [
            self.project(f"{DOOR} {command.replace('RUN', self.typed.name)}").status for command in commands
        ]

    def walk(self, *commands: str) -> list[Outcome]:
        return [self.project(f"{DOOR} {command.replace('RUN', self.walked.name)}") for command in commands]

    def same(self, typed: Path | None = None, walked: Path | None = None) -> None:
        """Both are at one stage, with the same files, but for their names and the time."""
        one, other = typed or self.typed, walked or self.walked
        assert self.project.stage(one) == self.project.stage(other)
        assert contents(one) == contents(other)


def contents(run: Path) -> dict[str, str]:
    """The hash of each file of a run but for its logs, where the run's name and the time stand for any, and
    so does who started the command.
    """
    found = {}
    for path in sorted(run.rglob("*")):
        name = path.relative_to(run).as_posix()
        if (
            path.is_file()
            and name != "run.json"
            and (name == "logs/validation.ok" or not name.startswith(("logs/", ".")))
        ):
            text = path.read_text(encoding="utf-8").replace(run.name, "RUN")
            if name == TRACE:
                text = json.dumps({**json.loads(text), "recovery": None}, indent=2)
            found[name] = hashlib.sha256(
                re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text).encode()
            ).hexdigest()
    assert found
    return found


def fickle(project: Project, tmp_path: Path, mood: str, **variables: str) -> None:
    """From now on the project's provider is the fickle one."""
    site = SitePackages(tmp_path / "site")
    source = FICKLE.replace("CURRICULUM", repr(json.dumps(valid_curriculum())))
    site.plugin("acme-fickle", entry_points={"provider": {"fickle": "fickle"}}, modules={"fickle": source})
    project.path = [site.folder]
    project.variables = {"AGENT_PROVIDER": "fickle", "FICKLE_MOOD": mood, **variables}


@pytest.mark.slow
@needs_python
def test_flow_1_of_a_sound_run_is_what_triage_walks(project: Project) -> None:
    twins = Twins(project, valid_curriculum(), VALID_SPEC)
    assert twins.type("status RUN", "validate RUN", "plan RUN", "iterate RUN") == [0, 0, 0, 0]
    (walked,) = twins.walk("triage RUN --json")
    assert walked.status == 0
    assert [step["command"][1] for step in walked.json["steps"]] == ["status", "validate", "plan", "iterate"]
    twins.same()


@pytest.mark.slow
@needs_python
def test_flow_1_of_a_failing_run_goes_over_the_same_report_and_ends_alike(project: Project) -> None:
    twins = Twins(project, broken(), VALID_SPEC)
    assert twins.type("status RUN", "validate RUN") == [0, 4]
    (walked,) = twins.walk("triage RUN --json")
    assert walked.status == 4
    assert Path(walked.json["report"]).read_text().replace("walked", "typed").count("graph.acyclic") >= 1
    twins.same()
    twins.both(lambda run: put(run / CURRICULUM, valid_curriculum()))
    assert twins.type("validate RUN", "plan RUN", "iterate RUN") == [0, 0, 0]
    assert twins.walk("triage RUN")[0].status == 0
    twins.same()


#: A failure of each path of section 2, as the product words it, and the incident that the path is.
PATHS = {
    "[stage_conflict] topic spec not ready: audience is empty": "stage_conflict",
    (
        "[validation_failed] validation of RUN failed: graph.acyclic at curriculum/nodes/0: a cycle"
    ): "validation_failure",
    "[provider_error] codex_exec mode failed to return valid structured JSON": "codex_structured_output",
    "[config_error] OPENAI_API_KEY is required": "openai_api_key_missing",
    "[config_error] invalid OPENAI_BASE_URL 'localhost'": "openai_base_url_invalid",
    "[io_error] invalid run metadata: run.json is not valid JSON": "invalid_run_metadata",
}


@needs_python
@pytest.mark.parametrize("line", PATHS)
def test_flow_2_leads_from_the_signature_to_the_path(project: Project, line: str) -> None:
    put(project.folder / "log.txt", line + "\n")
    done = subprocess.run(
        [PYTHON, "scripts/orchestration.py", "diagnose", "-", "--json"],
        cwd=project.folder,
        env=clean_environment(),
        input=line,
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=True,
    )
    assert json.loads(done.stdout)["incident"] == PATHS[line]


@pytest.mark.slow
@needs_python
def test_flow_3a_with_a_scope_file_is_what_recover_does_with_the_one_in_the_run(project: Project) -> None:
    twins = Twins(project)
    twins.both(lambda run: shutil.copy(BREAD, run / "inputs/scope.md"))
    # The flow says both: run with --scope-file, then the run command again.
    assert twins.type(
        "run RUN", f"run RUN --scope-file {shlex.quote(str(twins.typed / 'inputs/scope.md'))}", "run RUN"
    ) == [5, 0, 0]
    first, recovered = twins.walk("run RUN", "recover RUN --json")
    assert first.status == 5
    assert recovered.status == 0, recovered.err
    assert recovered.json["diagnosis"]["incident"] == "stage_conflict"
    twins.same()


@pytest.mark.slow
@needs_python
def test_flow_3a_by_hand_is_typed_from_what_recover_prints(project: Project) -> None:
    twins = Twins(project)
    assert twins.type("run RUN", f"run RUN --scope-file {shlex.quote(str(BREAD))}") == [5, 0]
    _, shown = twins.walk("run RUN", "recover RUN --json")
    assert shown.status == 5
    (printed,) = [c for m in shown.json["manual"] for c in m["commands"] if "--scope-file FILE" in c]
    assert (
        project(f"{DOOR} {printed.removeprefix('dagogy ').replace('FILE', shlex.quote(str(BREAD)))}").status
        == 0
    )
    twins.same()


@needs_python
@pytest.mark.slow
def test_flow_3b_inspect_fix_and_rerun_is_what_recover_does(project: Project) -> None:
    wrong = valid_curriculum()
    wrong["nodes"][1]["prerequisites"] = ["alpha", "alpha"]
    twins = Twins(project, wrong, VALID_SPEC)
    assert twins.type("validate RUN", "validate RUN --fix", "plan RUN", "iterate RUN") == [4, 0, 0, 0]
    first, recovered = twins.walk("validate RUN", "recover RUN --json")
    assert (first.status, recovered.status) == (4, 0)
    assert [step["action"] for step in recovered.json["steps"]] == ["fix-findings"]
    assert [done.status for done in twins.walk("plan RUN", "iterate RUN")] == [0, 0]
    twins.same()


@pytest.mark.slow
@needs_python
def test_flow_3c_without_the_model_is_what_recover_does_with_consent(
    project: Project, tmp_path: Path
) -> None:
    twins = Twins(project, spec=VALID_SPEC)
    fickle(project, tmp_path, "codex", AGENT_MODEL="gpt-unknown")
    assert twins.type("run RUN") == [8]
    first, recovered = twins.walk("run RUN", "recover RUN --unsafe --json")
    assert (first.status, recovered.status) == (8, 0)
    assert "without-model" in [step["action"] for step in recovered.json["steps"]]
    assert "unset AGENT_MODEL" in recovered.json["permanent"]
    del project.variables["AGENT_MODEL"]
    assert twins.type("run RUN") == [0]
    twins.same()


@pytest.mark.slow
@needs_python
def test_flow_3d_another_provider_is_what_recover_does_with_consent(project: Project, tmp_path: Path) -> None:
    twins = Twins(project)
    scope = "--scope-file inputs.md"
    shutil.copy(BREAD, project.folder / "inputs.md")
    fickle(project, tmp_path, "key")
    assert twins.type(f"run RUN {scope}") == [7]
    first, recovered = twins.walk(f"run RUN {scope}", "recover RUN --unsafe --only switch-provider --json")
    assert (first.status, recovered.status) == (7, 0), recovered.err
    project.variables["AGENT_PROVIDER"] = "internal"
    assert twins.type(f"run RUN {scope}") == [0]
    twins.same()


@pytest.mark.slow
@needs_python
def test_flow_3e_a_repaired_address_is_what_recover_tries(project: Project, tmp_path: Path) -> None:
    twins = Twins(project, spec=VALID_SPEC)
    fickle(project, tmp_path, "url", OPENAI_BASE_URL=" https://models.example/v1/ ")
    assert twins.type("run RUN") == [7]
    first, recovered = twins.walk("run RUN", "recover RUN --json")
    assert (first.status, recovered.status) == (7, 0), recovered.err
    (permanent,) = recovered.json["permanent"]
    assert permanent == "export OPENAI_BASE_URL=https://models.example/v1"
    project.variables["OPENAI_BASE_URL"] = "https://models.example/v1"
    assert twins.type("run RUN") == [0]
    twins.same()


@pytest.mark.slow
@needs_python
@pytest.mark.parametrize("content", ["{", '{"schema_version": 99}'], ids=["corrupted", "of another version"])
def test_flow_3f_archive_init_inputs_and_run_is_what_recover_does_with_consent(
    project: Project, content: str
) -> None:
    twins = Twins(project)
    twins.both(lambda run: shutil.copy(BREAD, run / "inputs/scope.md"))
    twins.both(lambda run: put(run / "run.json", content))
    before = contents(twins.walked)
    assert twins.type("status RUN", "archive RUN") == [6, 0]
    fresh = project.init("typed")
    shutil.copy(twins.typed / "inputs/topic_spec.json", fresh / "inputs/topic_spec.json")
    (first,) = twins.walk("status RUN")
    assert first.status == 6
    (recovered,) = twins.walk("recover RUN --unsafe --json")
    taken = project.folder / "runs" / recovered.json["run_id"]
    assert taken != twins.walked
    typed = project(
        f"{DOOR} run {fresh.name} --scope-file {shlex.quote(str(twins.typed / 'inputs/scope.md'))}"
    )
    assert typed.status == recovered.status, recovered.err
    twins.same(fresh, taken)
    assert contents(twins.walked) == before
    assert (twins.walked / "run.json").read_text() == content
    assert (
        sum(
            path.name.startswith(twins.walked.name)
            for path in (project.folder / "runs/archives").glob("*.tar.gz")
        )
        == 1
    )


@pytest.mark.slow
@needs_python
@pytest.mark.parametrize("command", ["triage", "recover"])
def test_flow_4_in_sequence_is_what_triage_and_recover_do(project: Project, command: str) -> None:
    twins = Twins(project, valid_curriculum(), VALID_SPEC)
    for run in (twins.typed, twins.walked):
        assert project(f"{DOOR} triage {run.name}").status == 0
    edited = valid_curriculum()
    edited["nodes"][0]["estimate_minutes"] = 90
    twins.both(lambda run: put(run / CURRICULUM, edited))
    assert twins.type("status RUN", "validate RUN", "plan RUN", "iterate RUN") == [0, 0, 0, 0]
    assert twins.walk(f"{command} RUN")[0].status == 0
    assert project.stage(twins.walked) == "iterated"
    twins.same()


@pytest.mark.slow
@needs_python
def test_flows_5_and_6_pack_the_evidence_and_end_in_the_list_of_the_runbook(
    project: Project, tmp_path: Path
) -> None:
    twins = Twins(project, spec=VALID_SPEC)
    fickle(project, tmp_path, "never")
    assert twins.type("run RUN", "run RUN") == [8, 8]
    first, unresolved, packed = twins.walk("run RUN", "recover RUN", "escalate RUN --json")
    assert (first.status, unresolved.status, packed.status) == (8, 8, 0)
    assert any(
        "repeated structured-output failures" in criterion
        for criterion in packed.json["manifest"]["criteria"]
    )
    with tarfile.open(packed.json["bundle"]) as tar:
        (name,) = [n for n in tar.getnames() if n.endswith("/report.md")]
        report = tar.extractfile(name).read().decode()  # type: ignore[union-attr]
    for asked_for in (
        f"dagogy run {twins.walked.name}",
        twins.walked.name,
        "fickle",
        "| AGENT_MODEL | unset |",
        "codex_exec mode failed",
        "inputs/topic_spec.json",
    ):
        assert asked_for in report, asked_for
    project.variables["FICKLE_MOOD"] = "good"
    assert twins.type("run RUN") == [0]
    assert twins.walk("recover RUN")[0].status == 0
    twins.same()
    (learned,) = twins.walk("postmortem RUN --json")
    assert learned.json["resolved"]
    assert not learned.json["code_defect_suspected"]
    assert learned.json["actions"] == [
        "record the operational root cause",
        "update the docs if behaviour or procedure changed",
        "run make gate",
        "summarize root cause and prevention in the PR notes",
    ]
