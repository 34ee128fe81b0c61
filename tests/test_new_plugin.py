"""`dagogy plugins new` and `dagogy plugins check`: a stranger's first plugin, from
the template to its own tests.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dagogy.api import RuleInfo
from dagogy.api.errors import InvalidArgument
from dagogy.api.rules import Measure, Rule
from dagogy.host.discovery import KINDS
from dagogy.host.manager import Host, Selection
from dagogy.kit import new
from dagogy.kit.cases import Case, run_case
from dagogy.kit.kinds import promises
from dagogy.testing import check_plugin
from support import IMPORT_ALL, ROOT, SitePackages, clean_environment, some_fast

every_kind = pytest.mark.parametrize("kind", KINDS)


@every_kind
def test_a_template_is_python_and_leaves_no_placeholder(kind: str) -> None:
    texts = new.render(new.answers(kind, f"acme.first-{kind}"))
    assert {"pyproject.toml", "README.md", f"src/acme_first_{kind}/__init__.py"} <= set(texts)
    for name, text in texts.items():
        assert "{{" not in text, name
        assert all(len(line) <= 140 for line in text.splitlines()), name
        if name.endswith(".py"):
            ast.parse(text)


@pytest.mark.parametrize("plugin_id", ["", "Upper", "../up", "a b", "a/b", "dagogy..x", "é"])
def test_an_id_that_is_no_name_is_refused(plugin_id: str) -> None:
    with pytest.raises(InvalidArgument, match="is not of the form"):
        new.answers("rule", plugin_id)


def test_names_of_our_own_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="dagogy's own"):
        new.answers("rule", "dagogy.titles", prefix="dagogy")


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InvalidArgument, match="is there already"):
        new.write(tmp_path, new.answers("rule", "acme.titles"))
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_an_update_rewrites_what_nobody_touched(tmp_path: Path) -> None:
    folder = tmp_path / "titles"
    new.write(folder, new.answers("rule", "acme.titles"))
    record = json.loads((folder / new.ANSWERS).read_text())
    # As an older template had left it: other text, whose hash is on record.
    (folder / "README.md").write_text("# An older template\n")
    record["files"]["README.md"] = new._hash(b"# An older template\n")
    (folder / new.ANSWERS).write_text(json.dumps(record))
    (folder / "src/acme_titles/rule.py").write_text("# my own\n")
    assert new.update(folder) == (["README.md"], ["src/acme_titles/rule.py"])
    assert "dagogy plugins check" in (folder / "README.md").read_text()
    assert (folder / "src/acme_titles/rule.py").read_text() == "# my own\n"
    with pytest.raises(InvalidArgument, match="was not made by"):
        new.update(tmp_path)


@pytest.mark.slow
@every_kind
def test_a_new_plugin_installs_is_found_and_passes_its_own_tests(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    site = tmp_path / "site"
    environment = clean_environment(PYTHONPATH=str(site))

    def run(*words: str, cwd: Path = tmp_path) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *words], cwd=cwd, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("dagogy", "plugins", "new", kind, f"acme.first-{kind}", "--into", str(folder))
    options = ("-q", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    run("pip", "install", *options, "--target", str(site), str(folder))
    shown = json.loads(run("dagogy", "plugins", "show", f"acme.first-{kind}", "--json"))
    assert shown["plugins"][0]["state"] == "ready"
    assert json.loads(run("dagogy", "plugins", "check", str(folder), "--json"))["passed"]
    assert " passed" in run("pytest", "-q", "--rootdir", str(folder), "-p", "no:cacheprovider", cwd=folder)


def test_what_is_wrong_with_a_distribution_is_said_check_by_check(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "dagogy-mine"\nversion = "1"\n[project.entry-points."dagogy.rule"]\na = "a"\n'
        '[project.entry-points."dagogy.rules"]\nb = "b"\n'
    )
    words = [sys.executable, "-m", "dagogy", "plugins", "check", str(tmp_path), "--json"]
    done = subprocess.run(words, cwd=ROOT, env=clean_environment(), capture_output=True, text=True)
    assert done.returncode == 11
    wrong = {c["what"]: c["reason"] for c in json.loads(done.stdout)["checks"] if c["reason"]}
    assert set(wrong) == {"[build-system]", "name", "dependencies", "entry points 'dagogy.rule'", "rule 'b'"}
    assert "dagogy.rules" in wrong["entry points 'dagogy.rule'"]
    assert "pip install -e" in wrong["rule 'b'"]


# the cases of the rules are collected beside them
@pytest.mark.parametrize("kind", some_fast(sorted(set(KINDS) - {"rule"}), "exporter", "provider"))
def test_our_own_plugins_keep_the_promises_of_their_kind(kind: str) -> None:
    host = Host(Selection())
    for plugin in host.load(kind):
        if plugin.ours:
            assert [p for p in promises(host, plugin, host.implementation(plugin)) if p[1]] == [], plugin.name


INFOS = {
    "provider": "ProviderInfo({}, needs_network=False)",
    "rule": "RuleInfo({}, severity='error')",
    "classifier": "ClassifierInfo({}, incidents=('a',))",
    "reader": "ReaderInfo({}, suffixes=('.LST',))",
    "dialect": "DialectInfo({})",
    "recovery": "RecoveryInfo({}, incidents=(), safety='unsafe')",
    "probe": "ProbeInfo({}, incidents=('a',), seconds=20)",
    "exporter": "ExporterInfo({}, subject='plan')",
    "command": "CommandInfo({})",
}
HOOKS = {**{kind: f"dagogy_{kind}s" for kind in KINDS}, "recovery": "dagogy_recoveries"}


@pytest.mark.parametrize(
    ("kind", "source", "wrong"),
    [
        (
            "rule",
            "class Mine(Rule):\n    'Why.'",
            {
                "its docstring": "lacks Bad:, Good:, How to fix:",
                "its cases.yaml": "'acme_x' is not a package",
            },
        ),
        (
            "provider",
            "class Mine(Provider):\n    def ready(self): return True",
            {"ready()": "returns bool, not a Readiness"},
        ),
        (
            "provider",
            (
                "class Mine(Provider):\n    def ready(self): return Readiness(ready=True, message='m')\n"
                "    def propose(self, request): return {}"
            ),
            {"propose()": "returns dict, not a Proposal"},
        ),
        (
            "classifier",
            (
                "class Mine(Classifier):\n    '''Mine.\n\n    a:\n        What: It broke.\n    '''\n"
                "    def classify(self, failure): return 1"
            ),
            {
                "the page of 'a' in its docstring": "lacks Recognised by:, What to do:, Retry:",
                "says nothing of an empty failure": "it answers 1",
            },
        ),
        (
            "reader",
            "class Mine(Reader):\n    def read(self, source): return source.data.decode()",
            {"suffixes": "in lower case", "reads b''": "returns str, not a ScopeDocument"},
        ),
        (
            "reader",
            (
                "class Mine(Reader):\n    def read(self, source): return ScopeDocument('n', 'n', 'a', "
                "(Block('paragraph', 'a', (1, 2)),))"
            ),
            {"suffixes": "in lower case", "reads b''": "block 0 has lines (1, 2) of 1"},
        ),
        (
            "dialect",
            "class Mine(LogDialect):\n    packages = '('",
            {"reads what a program may print": "its packages is no pattern"},
        ),
        (
            "dialect",
            "class Mine(LogDialect):\n    def kinds(self, raw, kinds): return ['nonsense' for _ in raw]",
            {"reads what a program may print": "other than one kind for each line"},
        ),
        (
            "recovery",
            "class Mine(RecoveryAction): pass",
            {"its incidents": "declares none", "safety": "gives no reason"},
        ),
        (
            "probe",
            "class Mine(Probe):\n    def look(self, failure, context): raise OSError('boom')",
            {"looks and comes to its end": "it raised OSError: boom"},
        ),
        (
            "exporter",
            "class Mine(Exporter):\n    def export(self, context): return context.document['nodes']",
            {"exports a plan of two nodes": "KeyError: 'nodes'"},
        ),
        (
            "exporter",
            "class Mine(Exporter):\n    def export(self, context): return 'x'",
            {"exports a plan of two nodes": "no text that ends in a newline"},
        ),
        (
            "exporter",
            (
                "from dagogy.api.options import Options as Base\nclass Mine(Exporter):\n"
                "    class Options(Base):\n        size: int\n"
                "    def export(self, context): return b''"
            ),
            {
                "its options": "its option 'size' has no default",
                "exports a plan of two nodes": "Field required",
            },
        ),
        (
            "exporter",
            "class Mine(Exporter):\n    def export(self, context): return b''",
            {"exports a plan of two nodes": "it returns no bytes"},
        ),
        (
            "command",
            "import click\nMine = click.Command('mine')",
            {"its --help": "give the function a docstring", "an example in its --help": "epilog"},
        ),
    ],
)
def test_the_kit_says_of_each_kind_what_is_not_as_it_should_be(
    site: SitePackages, kind: str, source: str, wrong: dict[str, str]
) -> None:
    info = INFOS[kind].format("id='x', summary='S.', api_version=1, impl='acme_impl:Mine'")
    described = f"from dagogy.api import *\n@hookimpl\ndef {HOOKS[kind]}():\n    yield {info}\n"
    site.plugin(
        "acme",
        entry_points={kind: {"x": "acme_x"}},
        modules={"acme_x": described, "acme_impl": f"{IMPORT_ALL}\n{source}\n"},
    )
    host = site.host()
    (plugin,) = host.load(kind)
    found = {what: reason for what, reason in promises(host, plugin, host.implementation(plugin)) if reason}
    assert set(found) == set(wrong)
    for what, reason in wrong.items():
        assert reason in found[what]


def test_check_plugin_passes_what_is_as_it_should_be_and_names_what_is_not_there() -> None:
    check_plugin("exporter", "junit")
    with pytest.raises(AssertionError, match="no exporter 'nonsense' is installed here"):
        check_plugin("exporter", "nonsense")


ONE_NODE: dict[str, Any] = {"curriculum": {"nodes": [{"id": "a"}]}}


@pytest.mark.parametrize(
    ("measures", "wanted", "wrong"),
    [
        (
            [Measure("m", {"a": True})],
            [{"name": "m", "value": 1.0, "met": {"a": True}, "total": None, "protected": False}],
            "",
        ),
        ([Measure("m", {"a": True})], None, ""),
        ([Measure("m", {"a": True})], [], "0 measures wanted, got ['m']"),
        ([], [{"name": "m"}], "1 measures wanted, got []"),
        (
            [Measure("m", {"a": True}, protected=True)],
            [{"name": "m", "protected": False}],
            "protected of measure 'm' is True, wanted False",
        ),
        ([Measure("m", {"a": 0.5}, 4)], [{"value": 0.25}], "value of measure 'm' is 0.125, wanted 0.25"),
        ([Measure("m", {"a": True}), Measure("m", {"b": True})], None, "its measure 'm' was yielded twice"),
        ([Measure("m", {"a": 2})], None, "its measure 'm' has something else in `met`"),
        ([Measure("m", {"a": True}, rule_id="x")], None, "the rule id is filled in by the host"),
    ],
)
def test_a_case_states_the_measures_of_a_rule(
    measures: list[Measure], wanted: Any, wrong: str, tmp_path: Path
) -> None:
    class Measuring(Rule):
        def check(self, context: Any, options: Any) -> list[Measure]:
            return measures

    case = Case("x", "one node", "pass", ONE_NODE if wanted is None else {**ONE_NODE, "measures": wanted})
    rule = Measuring(RuleInfo(id="x", summary="S.", severity="error", api_version=1, impl="x:X"))
    if wrong:
        with pytest.raises(AssertionError, match=re.escape(wrong)):
            run_case(rule, case, tmp_path)
    else:
        assert run_case(rule, case, tmp_path) == []
