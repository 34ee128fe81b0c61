"""The host: eight kinds of plugins, what each kind of trouble becomes, who gets an id, and what is left out
before it is imported.
"""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path

import pytest
from dagogy.api.errors import ConfigError, NotFound, PluginError
from dagogy.host.discovery import KINDS
from dagogy.host.manager import Selection
from dagogy.pipeline.judge import Judge
from support import IMPORT_ALL, PLUGINS, SitePackages, curriculum_of, dagogy, make_run, python

INFO = {
    "provider": ("ProviderInfo", "", "Provider"),
    "reader": ("ReaderInfo", "", "Reader"),
    "rule": ("RuleInfo", ', severity="error"', "Rule"),
    "classifier": ("ClassifierInfo", ', incidents=("x",)', "Classifier"),
    "dialect": ("DialectInfo", "", "LogDialect"),
    "recovery": ("RecoveryInfo", ', incidents=("x",), safety="safe"', "RecoveryAction"),
    "probe": ("ProbeInfo", ', incidents=("x",)', "Probe"),
    "exporter": ("ExporterInfo", ', subject="report"', "Exporter"),
    "command": ("CommandInfo", "", None),
}
HOOK = {
    "provider": "dagogy_providers",
    "reader": "dagogy_readers",
    "rule": "dagogy_rules",
    "classifier": "dagogy_classifiers",
    "dialect": "dagogy_dialects",
    "recovery": "dagogy_recoveries",
    "probe": "dagogy_probes",
    "exporter": "dagogy_exporters",
    "command": "dagogy_commands",
}


def described(
    kind: str, plugin_id: str, impl: str, *, api: int = 1, cls: str = "", more: str | None = None
) -> str:
    name, rest, _ = INFO[kind]
    return (
        f'{cls or name}(id="{plugin_id}", summary="Does it.", api_version={api}, '
        f'impl="{impl}"{rest if more is None else more})'
    )


def hook(kind: str, body: str, *, name: str = "") -> str:
    return f"from dagogy.api import *\n\n@hookimpl\ndef {name or HOOK[kind]}():\n    {body}\n"


def implementation(kind: str) -> str:
    base = INFO[kind][2]
    if base is None:
        return "import click\n\n@click.command()\ndef Thing():\n    click.echo('done')\n"
    return f"{IMPORT_ALL}\n\nclass Thing({base}):\n    pass\n"


def healthy(
    site: SitePackages, kind: str, plugin_id: str, distribution: str, version: str = "1.0", head: str = ""
) -> None:
    module = distribution.replace("-", "_")
    source = head + "\n" + hook(kind, "yield " + described(kind, plugin_id, f"{module}_impl:Thing"))
    site.plugin(
        distribution,
        version,
        entry_points={kind: {plugin_id: module}},
        modules={module: source, f"{module}_impl": implementation(kind)},
    )


# --------------------------------------------------------------------------------------- what a plugin can be


@pytest.mark.parametrize("kind", KINDS)
def test_a_healthy_plugin_of_each_kind_is_ready_and_its_implementation_is_imported_only_when_asked_for(
    site: SitePackages, kind: str
) -> None:
    healthy(site, kind, "my.thing", "third-party", "3.2")
    host = site.host()
    (plugin,) = host.load(kind)
    assert (plugin.state, plugin.reason, plugin.origin) == ("ready", "", "third-party 3.2")
    assert plugin.as_dict()["summary"] == "Does it."
    import sys

    assert "third_party_impl" not in sys.modules
    assert host.implementation(plugin) is sys.modules["third_party_impl"].Thing
    assert host.get(kind, "my.thing") is plugin


def trouble(kind: str) -> dict[str, tuple[str, str]]:
    """By name of the trouble: the source of a plugin module in it, and a part of the reason."""
    good = described(kind, "sick", "well_impl:Thing")
    other = "command" if kind != "command" else "rule"
    name = INFO[kind][0]
    return {
        "raises at import": ("raise RuntimeError('no such luck')", "RuntimeError: no such luck"),
        "is not Python": ("def (:", "SyntaxError"),
        "imports what is not there": ("import not_there_at_all", "No module named 'not_there_at_all'"),
        "leaves at import": ("import sys\nsys.exit(0)", "SystemExit"),
        "raises a BaseException at import": (
            "class Odd(BaseException): pass\nraise Odd('gone')",
            "Odd: gone",
        ),
        "raises in the hook": (
            hook(kind, "raise ValueError('not today')\n    yield"),
            f"{HOOK[kind]} raised ValueError: not today",
        ),
        "raises in the hook after a description": (hook(kind, f"yield {good}; 1 / 0"), "ZeroDivisionError"),
        "leaves in the hook": (
            hook(kind, "raise SystemExit(3)\n    yield"),
            f"{HOOK[kind]} raised SystemExit: 3",
        ),
        "raises a kind of KeyboardInterrupt in the hook": (
            "class Stop(KeyboardInterrupt): pass\n" + hook(kind, "raise Stop('me')\n    yield"),
            f"{HOOK[kind]} raised Stop: me",
        ),
        "has no hook": ("x = 1", f"does not implement {HOOK[kind]}"),
        "misspells the hook": (hook(kind, f"yield {good}", name=HOOK[kind] + "z"), f"{HOOK[kind]}z"),
        "gives the hook an argument": (hook(kind, f"yield {good}").replace("():", "(host):"), "host"),
        "yields nothing": (hook(kind, "return iter(())"), "describes nothing, not 'sick'"),
        "returns None": (hook(kind, "return None"), f"{HOOK[kind]} returned None; it must yield {name}s"),
        "is async": (
            hook(kind, "return []").replace("def ", "async def "),
            "is async and returned coroutine",
        ),
        "describes another id": (
            hook(kind, "yield " + described(kind, "healthy", "well_impl:Thing")),
            "describes healthy, not 'sick'",
        ),
        "describes another kind": (
            hook(kind, "yield " + described(other, "sick", "well_impl:Thing")),
            f"is a {INFO[other][0]}, not a {name}",
        ),
        "describes with a class of its own": (
            "from types import SimpleNamespace\n" + hook(kind, "yield SimpleNamespace(id='sick')"),
            f"is a SimpleNamespace, not a {name}",
        ),
        "yields a text": (hook(kind, "yield 'sick'"), "describes sick, not 'sick'"),
        "speaks a later API": (
            hook(kind, "yield " + described(kind, "sick", "well_impl:Thing", api=99)),
            "API version 99; this dagogy speaks 1",
        ),
        "speaks no API": (
            hook(
                kind,
                "yield "
                + described(kind, "sick", "well_impl:Thing").replace("api_version=1", "api_version=[]"),
            ),
            "API version []",
        ),
        "names no attribute": (
            hook(kind, "yield " + described(kind, "sick", "well_impl")),
            "impl='well_impl' is not of the form",
        ),
        "has an impl that is no text": (
            hook(kind, "yield " + described(kind, "sick", "x").replace('impl="x"', "impl=7")),
            "impl=7 is not of the form",
        ),
        "has no summary": (
            hook(kind, "yield " + described(kind, "sick", "well_impl:Thing").replace('"Does it."', '""')),
            "summary='' is not a line",
        ),
    }


@pytest.mark.parametrize("name", trouble("rule"))
@pytest.mark.parametrize("kind", KINDS)
def test_a_plugin_in_failure_fails_alone_and_is_named_with_distribution_version_and_reason(
    site: SitePackages, kind: str, name: str
) -> None:
    source, reason = trouble(kind)[name]
    healthy(site, kind, "healthy", "a-well")
    healthy(site, kind, "sound", "z-well")
    site.plugin(
        "sick-one",
        "2.5",
        entry_points={kind: {"sick": "sick_one"}},
        modules={"sick_one": source, "well_impl": implementation(kind)},
    )
    host = site.host()
    host.load(kind)
    states = {p.id: p.state for p in host.all(kind)}
    assert states == {"healthy": "ready", "sick": "failed", "sound": "ready"}
    with pytest.raises(PluginError) as caught:
        host.get(kind, "sick")
    assert reason in caught.value.message
    assert f"{kind} 'sick' of sick-one 2.5 cannot be used: " in caught.value.message
    assert caught.value.details == {
        "plugin": "sick",
        "kind": kind,
        "distribution": "sick-one",
        "version": "2.5",
    }
    for well in ("healthy", "sound"):
        assert host.implementation(host.get(kind, well)).__module__.endswith("well_impl") or kind == "command"


@pytest.mark.parametrize(
    ("impl", "source", "reason"),
    [
        ("nowhere_at_all:Thing", "", "No module named 'nowhere_at_all'"),
        ("sick_impl:Missing", "x = 1", "has no attribute 'Missing'"),
        ("sick_impl:Thing", "raise OSError('disk')", "OSError: disk"),
        ("sick_impl:Thing", "def Thing(", "SyntaxError"),
        ("sick_impl:Thing", "import sys; sys.exit('bye')", "SystemExit: bye"),
        ("sick_impl:Thing", "class Thing: pass", "sick_impl:Thing is not a "),
        ("sick_impl:Thing", "Thing = None", "sick_impl:Thing is not a "),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_an_implementation_that_cannot_be_had_is_a_plugin_error_that_names_it(
    site: SitePackages, kind: str, impl: str, source: str, reason: str
) -> None:
    modules = {"sick_one": hook(kind, "yield " + described(kind, "sick", impl)), "sick_impl": source}
    site.plugin("sick-one", "2.5", entry_points={kind: {"sick": "sick_one"}}, modules=modules)
    healthy(site, kind, "sound", "z-well")
    host = site.host()
    plugin = host.get(kind, "sick")
    for _ in range(2):
        with pytest.raises(PluginError) as caught:
            host.implementation(plugin)
        assert reason in caught.value.message
        assert "sick-one 2.5" in caught.value.message
    assert plugin.state == "failed"
    assert host.implementation(host.get(kind, "sound")) is not None


def test_a_plugin_whose_files_are_gone_is_to_be_installed_again(site: SitePackages) -> None:
    site.plugin("half-one", "1.0", entry_points={"rule": {"half": "half_gone.plugin"}}, modules={})
    site.plugin(
        "torn-one", "1.0", entry_points={"rule": {"torn": "torn"}}, modules={"torn": "import not_there"}
    )
    host = site.host()
    for plugin_id, remedy in (
        ("half", "install half-one again, its files are missing"),
        ("torn", "update or remove torn-one"),
    ):
        with pytest.raises(PluginError) as caught:
            host.implementation(host.get("rule", plugin_id))
        assert caught.value.hint == f"{remedy}, or leave it out with DAGOGY_DISABLE={plugin_id}"


@pytest.mark.parametrize(
    ("kind", "more", "reason"),
    [
        ("rule", ', severity="fatal"', "severity='fatal' is not one of error, warning, info"),
        (
            "rule",
            ', severity="error", requires=("schema.curriculum")',
            "requires='schema.curriculum' is not a tuple",
        ),
        ("rule", ', severity="error", groups=(1,)', "groups=(1,) is not a tuple of texts"),
        ("recovery", ', incidents=(), safety="maybe"', "safety='maybe' is not one of safe, unsafe, manual"),
        ("recovery", ', incidents=("x",), safety="safe", times=0', "times=0 is no whole number"),
        ("probe", ', incidents=("x",), seconds=0', "seconds=0 is no number above 0"),
        ("probe", ', incidents="x"', "incidents='x' is not a tuple"),
        ("classifier", ', incidents=("x",), circuits=(("y", 1.0),)', "which is not one of its incidents"),
        ("recovery", ', incidents="x", safety="safe"', "incidents='x' is not a tuple"),
        ("exporter", ', subject="everything"', "subject='everything' is not one of report, curriculum, plan"),
    ],
)
def test_a_description_with_a_value_that_cannot_be_meant_is_refused(
    site: SitePackages, kind: str, more: str, reason: str
) -> None:
    site.plugin(
        "sick-one",
        entry_points={kind: {"sick": "sick_one"}},
        modules={"sick_one": hook(kind, "yield " + described(kind, "sick", "x:Y", more=more))},
    )
    (plugin,) = site.host().load(kind)
    assert plugin.state == "failed"
    assert reason in plugin.reason


@pytest.mark.parametrize("where", ["import", "hook", "implementation"])
def test_ctrl_c_inside_a_plugin_stops_the_command_and_blames_nobody(site: SitePackages, where: str) -> None:
    stop = "raise KeyboardInterrupt\n"
    sources = {
        "import": (stop, "Thing = 1"),
        "hook": (hook("rule", stop + "    yield"), "Thing = 1"),
        "implementation": (hook("rule", "yield " + described("rule", "x", "slow_impl:Thing")), stop),
    }
    one, two = sources[where]
    site.plugin("slow", entry_points={"rule": {"x": "slow"}}, modules={"slow": one, "slow_impl": two})
    host = site.host()
    with pytest.raises(KeyboardInterrupt):
        host.implementation(host.load("rule")[0])
    assert host.all("rule")[0].state != "failed"


def test_one_distribution_may_bring_plugins_of_several_kinds_from_one_module(site: SitePackages) -> None:
    source = hook("classifier", "yield " + described("classifier", "net", "m_impl:Thing")) + hook(
        "recovery", "yield " + described("recovery", "net.wait", "m_impl:Thing")
    )
    site.plugin(
        "m",
        entry_points={"classifier": {"net": "m"}, "recovery": {"net.wait": "m:plugin"}},
        modules={"m": source},
    )
    host = site.host()
    assert [p.state for kind in ("classifier", "recovery") for p in host.load(kind)] == ["ready", "ready"]


def test_a_misspelt_hook_fails_every_plugin_of_its_module_and_no_other(site: SitePackages) -> None:
    source = hook("rule", "yield " + described("rule", "a", "x:Y")) + hook(
        "exporter", "yield 1", name="dagogy_exporterz"
    )
    site.plugin("m", entry_points={"rule": {"a": "m"}}, modules={"m": source})
    healthy(site, "rule", "b", "n")
    states = {p.id: (p.state, p.reason) for p in site.host().load("rule")}
    assert states["a"][0] == "failed"
    assert "dagogy_exporterz" in states["a"][1]
    assert states["b"] == ("ready", "")


# --------------------------------------------------------------------------------------------- who gets an id


def test_of_two_third_parties_the_first_by_name_gets_the_id_and_the_other_is_named(
    site: SitePackages,
) -> None:
    healthy(site, "rule", "shared", "bee", "1.1")
    healthy(site, "rule", "shared", "ant", "2.2")
    found = site.loaded("rule")
    assert found["shared@ant"].state == "ready"
    loser = found["shared@bee"]
    assert (loser.state, loser.origin, loser.reason) == (
        "failed",
        "bee 1.1",
        "the id 'shared' is taken by ant 2.2",
    )
    assert [e.distribution for e in site.host().entries("rule")] == ["ant"]


@pytest.mark.parametrize("ours_first", [True, False], ids=["ours first on the path", "ours last on the path"])
@pytest.mark.parametrize(
    "names", [("aaa",), ("zzz",), ("Aaa",), ("aaa", "zzz"), ("aaa", "bbb", "zzz")], ids="+".join
)
def test_ours_keeps_its_id_whatever_the_third_parties_are_called_and_wherever_they_stand(
    site: SitePackages,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    names: tuple[str, ...],
    ours_first: bool,
) -> None:
    ours = SitePackages(tmp_path / "ours")
    monkeypatch.syspath_prepend(str(ours.folder))
    healthy(ours, "rule", "graph.acyclic", "dagogy-rule-graph-acyclic", "0.1.0")
    for name in names:
        healthy(site, "rule", "graph.acyclic", name, "9.9")
    path = [str(ours.folder), str(site.folder)]
    found = site.loaded("rule", path=path if ours_first else path[::-1])
    assert found.pop("graph.acyclic@dagogy-rule-graph-acyclic").state == "ready"
    assert len(found) == len(names)
    for plugin in found.values():
        assert (plugin.state, plugin.reason) == (
            "failed",
            "the id 'graph.acyclic' is taken by dagogy-rule-graph-acyclic 0.1.0",
        )


def test_the_same_id_in_two_kinds_is_no_conflict(site: SitePackages) -> None:
    healthy(site, "rule", "both", "one")
    healthy(site, "exporter", "both", "two")
    host = site.host()
    assert [p.state for kind in ("rule", "exporter") for p in host.load(kind)] == ["ready", "ready"]


def test_a_plugin_that_is_left_out_gives_its_id_to_the_next(site: SitePackages) -> None:
    healthy(site, "rule", "shared", "ant")
    healthy(site, "rule", "shared", "bee")
    found = site.loaded("rule", deny={"ant"})
    assert (found["shared@ant"].state, found["shared@bee"].state) == ("disabled", "ready")


def test_an_id_that_dagogy_has_itself_cannot_be_taken_and_a_left_out_claimant_is_just_left_out(
    site: SitePackages,
) -> None:
    healthy(site, "command", "status", "impostor", "6.6")
    found = site.loaded("command", command={"status"})
    assert found["status@impostor"].reason == "the id 'status' is taken by dagogy itself"
    assert (
        site.loaded("command", command={"status"}, deny={"impostor"})["status@impostor"].state == "disabled"
    )


# ----------------------------------------------------------------------- left out before anything is imported


def test_a_list_names_plugins_by_id_or_by_distribution(site: SitePackages) -> None:
    healthy(site, "rule", "one", "ant_hill")
    healthy(site, "rule", "two", "bee")
    assert [p.id for p in site.host(deny={"one"}).load("rule")] == ["two"]
    assert [p.id for p in site.host(deny={"ant-hill"}).load("rule")] == ["two"]
    assert [p.id for p in site.host(allow={"bee"}).load("rule")] == ["two"]
    assert site.host(third_party=False).load("rule") == []


@pytest.mark.parametrize("variable", ["DAGOGY_DISABLE", "DAGOGY_PLUGINS"])
def test_an_unknown_name_on_a_list_is_a_config_error_with_the_nearest(
    site: SitePackages, variable: str
) -> None:
    healthy(site, "rule", "house.titles", "ant")
    with pytest.raises(ConfigError) as caught:
        site.host(**{"deny" if variable == "DAGOGY_DISABLE" else "allow": {"house.tittles"}})
    assert f"{variable} names 'house.tittles'" in caught.value.message
    assert caught.value.hint == "did you mean 'house.titles'?"


def test_lists_in_the_environment_are_split_at_commas_and_an_empty_one_is_none() -> None:
    made = Selection.from_environment({"DAGOGY_DISABLE": " a, b ,,", "DAGOGY_PLUGINS": " , "})
    assert (made.deny, made.allow) == (frozenset({"a", "b"}), None)


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        ((), {"DAGOGY_DISABLE": "marked"}),
        ((), {"DAGOGY_DISABLE": "ant"}),
        ((), {"DAGOGY_PLUGINS": "graph.acyclic"}),
        (("--no-third-party",), {}),
    ],
    ids=["denied by id", "denied by distribution", "not allowed", "no third party"],
)
def test_a_plugin_that_is_left_out_is_never_imported(
    site: SitePackages, tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str]
) -> None:
    marker = tmp_path / "imported"
    healthy(site, "rule", "marked", "ant", head=f"open({str(marker)!r}, 'w').close()")
    done = site.run("plugins", "list", "--json", *arguments, **environment)
    assert done.returncode == 0, done.stderr
    (row,) = [p for p in json.loads(done.stdout)["plugins"] if p["id"] == "marked"]
    assert row["state"] == "disabled"
    assert row["reason"]
    assert not marker.exists()
    # The same command without that leaves the marker, so that the test could fail.
    assert site.run("plugins", "list").returncode == 0
    assert marker.exists()


@pytest.mark.slow
def test_the_command_line_names_the_nearest_plugin_for_an_unknown_one_on_a_list(site: SitePackages) -> None:
    for variable in ("DAGOGY_DISABLE", "DAGOGY_PLUGINS"):
        done = site.run("plugins", "list", **{variable: "graph.acyclik"})
        assert done.returncode == 7
        assert done.stderr.startswith(f"[config_error] {variable} names 'graph.acyclik'")
        assert "did you mean 'graph.acyclic'?" in done.stderr


def test_listing_entry_points_imports_no_plugin_and_none_of_the_heavy_libraries(site: SitePackages) -> None:
    healthy(site, "rule", "marked", "ant")
    code = """
        import sys
        from dagogy.host.manager import Host
        host = Host()
        ids = [e.id for kind in ("provider", "rule", "classifier", "recovery", "exporter", "command") for e in host.entries(kind)]
        assert "marked" in ids and "graph.acyclic" in ids, ids
        heavy = ("ant", "dagogy_", "pluggy", "pydantic", "networkx", "jsonschema", "click", "zipfile")
        print([m for m in sys.modules if m.startswith(heavy)])
    """  # noqa: E501
    done = python(code, path=[site.folder])
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_asking_for_one_plugin_imports_that_one_alone(site: SitePackages) -> None:
    import sys

    healthy(site, "provider", "one", "ant")
    healthy(site, "provider", "two", "bee")
    site.host().get("provider", "one")
    assert "ant" in sys.modules
    assert "bee" not in sys.modules


def test_an_unknown_or_left_out_plugin_is_not_found_with_the_way_out(site: SitePackages) -> None:
    healthy(site, "provider", "echo", "ant")
    with pytest.raises(NotFound) as caught:
        site.host().get("provider", "ecko")
    assert caught.value.hint == "did you mean 'echo'?"
    with pytest.raises(NotFound, match="left out by DAGOGY_DISABLE"):
        site.host(deny={"echo"}).get("provider", "echo")


# ---------------------------------------------------------------------------------------- on the command line


@pytest.fixture(scope="module")
def made_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    make_run(
        folder,
        curriculum_of(
            {"id": "a", "title": "Bread"},
            {"id": "b", "title": "Everything that can be known of bread", "prerequisites": ["a"]},
        ),
    )
    return folder


@pytest.fixture
def workspace(made_run: Path, tmp_path: Path) -> Path:
    """A folder with one run of two nodes, the second of which has a title of 37 characters."""
    shutil.copytree(made_run / "runs", tmp_path / "work" / "runs")
    return tmp_path / "work"


OURS = "schema.curriculum,graph.acyclic,schema.unique_ids"


def rule_plugin(site: SitePackages, body: str, *, head: str = "", requires: str = "") -> None:
    """The rule `house.rule` of house 4.2; `body` is that of its class."""
    source = hook(
        "rule",
        "yield "
        + described(
            "rule", "house.rule", "house_impl:House", more=f', severity="error", requires=({requires})'
        ),
    )
    implementing = f"{IMPORT_ALL}\nfrom typing import Annotated\n{head}\nclass House(Rule):\n    {body}\n"
    site.plugin(
        "house",
        "4.2",
        entry_points={"rule": {"house.rule": "house"}},
        modules={"house": source, "house_impl": implementing},
    )


def report_of(workspace: Path) -> dict[str, dict[str, str]]:
    (path,) = (workspace / "runs").glob("*/outputs/reviews/validation_report.json")
    return {r["rule_id"]: r for r in json.loads(path.read_text())["rules"]}


def test_a_third_party_s_rule_imports_our_api_alone() -> None:
    seen = set()
    for path in (PLUGINS / "house_titles").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                seen |= {a.name for a in node.names}
            elif isinstance(node, ast.ImportFrom):
                seen.add("." * node.level + (node.module or ""))
    assert seen == {"dagogy.api", "dagogy.api.rules", "typing"}


def test_a_third_party_s_rule_takes_part_in_a_validation(site: SitePackages, workspace: Path) -> None:
    site.copy("house-titles", "1.2.3", "house_titles", rule={"house.titles": "house_titles"})
    done = site.run("validate", "latest", "--json", cwd=workspace, DAGOGY_PLUGINS=f"{OURS},house.titles")
    assert done.returncode == 4, done.stderr
    report = json.loads(done.stdout)
    (finding,) = report["findings"]
    assert (finding["rule_id"], finding["pointer"], finding["node_id"]) == (
        "house.titles",
        "/nodes/1/title",
        "b",
    )
    assert (finding["severity"], finding["fix"]["safety"]) == ("error", "unsafe")
    assert {r["rule_id"]: r["status"] for r in report["rules"]} == {
        **dict.fromkeys(OURS.split(","), "clean"),
        "house.titles": "findings",
    }
    assert "house.titles" in done.stderr.splitlines()[0]
    fixed = site.run(
        "validate", "latest", "--unsafe-fixes", cwd=workspace, DAGOGY_PLUGINS=f"{OURS},house.titles"
    )
    assert fixed.returncode == 0, fixed.stderr


def test_options_and_severity_of_a_third_party_s_rule_come_from_the_configuration(
    site: SitePackages, workspace: Path
) -> None:
    site.copy("house-titles", "1.2.3", "house_titles", rule={"house.titles": "house_titles"})
    allow = {"DAGOGY_PLUGINS": f"{OURS},house.titles"}
    (workspace / "dagogy.toml").write_text('[rules."house.titles"]\nmost = 37\n')
    assert site.run("validate", "latest", cwd=workspace, **allow).returncode == 0
    (workspace / "dagogy.toml").write_text('[rules."house.titles"]\nmost = 36\nseverity = "warning"\n')
    done = site.run("validate", "latest", cwd=workspace, **allow)
    assert done.returncode == 0
    assert "warning house.titles /nodes/1/title: a title of 37 characters" in done.stdout


@pytest.mark.parametrize(
    ("setting", "message", "hint"),
    [
        ("mots = 3", "has no option 'mots'", "did you mean 'most'?"),
        ("enabeld = false", "has no option 'enabeld'", "did you mean 'enabled'?"),
        ("most = 0", "most = 0: input should be greater than or equal to 1", "dagogy explain house.titles"),
        ('most = "many"', 'most = "many": input should be a valid integer', "dagogy explain house.titles"),
        ('severity = "eror"', "severity is 'eror'; accepted: error, warning, info", "did you mean 'error'?"),
        ('enabled = "no"', "enabled is 'no'; accepted: true, false", ""),
    ],
)
def test_a_wrong_option_of_a_rule_is_a_config_error_that_names_rule_and_option(
    site: SitePackages, workspace: Path, setting: str, message: str, hint: str
) -> None:
    site.copy("house-titles", "1.2.3", "house_titles", rule={"house.titles": "house_titles"})
    (workspace / "dagogy.toml").write_text(f'[rules."house.titles"]\n{setting}\n')
    done = site.run("validate", "latest", cwd=workspace, DAGOGY_PLUGINS=f"{OURS},house.titles")
    assert done.returncode == 7, done.stderr
    first, *rest = done.stderr.splitlines()
    assert first.startswith('[config_error] rules."house.titles"')
    assert message in first
    assert hint in "\n".join(rest)


def test_a_rule_without_options_says_so_and_an_unknown_rule_is_named_with_the_nearest(
    site: SitePackages, workspace: Path
) -> None:
    (workspace / "dagogy.toml").write_text('[rules."graph.acyclic"]\ndepth = 3\n')
    done = site.run("validate", "latest", cwd=workspace, DAGOGY_PLUGINS=OURS)
    assert (done.returncode, "has no options" in done.stderr) == (7, True)
    (workspace / "dagogy.toml").write_text('[rules."graph.acyclik"]\nenabled = false\n')
    done = site.run("validate", "latest", cwd=workspace, DAGOGY_PLUGINS=OURS)
    assert (done.returncode, "did you mean 'graph.acyclic'?" in done.stderr) == (7, True)


CHECK = "def check(self, context, options):\n        "


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (CHECK + "raise LookupError('lost')", "LookupError: lost"),
        pytest.param(
            CHECK + "yield Finding(message='first')\n        raise LookupError('lost')",
            "LookupError: lost",
            marks=pytest.mark.slow,
        ),
        (CHECK + "return None", "its check returned None; it must yield findings"),
        pytest.param(CHECK + "yield 'a text'", "neither a Measure nor a Finding", marks=pytest.mark.slow),
        pytest.param(
            CHECK + "raise ProviderError('none of my business')",
            "none of my business",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            CHECK + "def again(): again()\n        again()", "RecursionError", marks=pytest.mark.slow
        ),
        (CHECK + "import sys; sys.exit(0)", "SystemExit"),
        pytest.param(
            CHECK + "class Odd(BaseException): pass\n        raise Odd('gone')",
            "Odd: gone",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            CHECK + "class Stop(KeyboardInterrupt): pass\n        raise Stop('me')",
            "Stop: me",
            marks=pytest.mark.slow,
        ),
        ("def __init__(self, info):\n        raise LookupError('lost')", "lost"),
        pytest.param(
            "def __init__(self, info):\n        import sys; sys.exit(0)", "cannot be", marks=pytest.mark.slow
        ),
        pytest.param("def __init__(self):\n        pass", "cannot be created", marks=pytest.mark.slow),
        pytest.param("class Options(Options):\n        most: int", "most", marks=pytest.mark.slow),
        pytest.param("Options = dict", "Options", marks=pytest.mark.slow),
    ],
)
def test_a_rule_that_cannot_run_fails_the_validation_and_all_others_still_judge(
    site: SitePackages, workspace: Path, body: str, reason: str
) -> None:
    rule_plugin(site, body)
    if body == "Options = dict":
        (workspace / "dagogy.toml").write_text('[rules."house.rule"]\nmost = 37\n')
    done = site.run("validate", "latest", cwd=workspace, DAGOGY_PLUGINS=f"{OURS},house.rule")
    assert done.returncode == 4, (done.returncode, done.stdout, done.stderr)
    assert done.stderr.startswith("[validation_failed] ")
    rules = report_of(workspace)
    assert {name: r["status"] for name, r in rules.items()} == {
        **dict.fromkeys(OURS.split(","), "clean"),
        "house.rule": "failed",
    }
    assert reason in rules["house.rule"]["reason"]
    assert "house 4.2" in rules["house.rule"]["reason"]
    output = done.stdout + done.stderr
    assert "house.rule" in output
    assert "house 4.2" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    "name",
    [
        "raises at import",
        "leaves at import",
        "misspells the hook",
        "speaks a later API",
        "raises in the hook",
    ],
)
def test_a_rule_that_could_not_be_loaded_fails_the_validation(
    site: SitePackages, workspace: Path, name: str
) -> None:
    source, reason = trouble("rule")[name]
    site.plugin("sick-one", "2.5", entry_points={"rule": {"sick": "sick_one"}}, modules={"sick_one": source})
    done = site.run("validate", "latest", cwd=workspace, DAGOGY_PLUGINS=f"{OURS},sick")
    assert done.returncode == 4, done.stderr
    assert "rule 'sick' of sick-one 2.5 cannot be used" in done.stderr
    assert reason in report_of(workspace)["sick"]["reason"]
    # It fails only those who use it.
    assert (
        site.run("validate", "latest", cwd=workspace, DAGOGY_PLUGINS=OURS, DAGOGY_DISABLE="sick").returncode
        == 0
    )


def test_a_rule_that_requires_one_that_failed_is_skipped_with_the_reason(
    site: SitePackages, workspace: Path
) -> None:
    rule_plugin(site, CHECK + "raise LookupError('lost')")
    source = hook(
        "rule",
        "yield "
        + described("rule", "later", "later_impl:L", more=', severity="error", requires=("house.rule",)'),
    )
    site.plugin(
        "later",
        entry_points={"rule": {"later": "later"}},
        modules={"later": source, "later_impl": "from dagogy.api.rules import Rule\nclass L(Rule): pass\n"},
    )
    assert site.run("validate", "latest", cwd=workspace, DAGOGY_PLUGINS="house.rule,later").returncode == 4
    assert report_of(workspace)["later"] | {"severity": ""} == {
        "rule_id": "later",
        "severity": "",
        "status": "skipped",
        "reason": "house.rule could not run",
        "findings": 0,
    }


def test_rules_run_by_id_behind_what_they_require_and_a_cycle_of_requirements_stops_none(
    site: SitePackages,
) -> None:
    required = {"a": ("d",), "b": (), "c": ("e",), "d": ("b",), "e": ("c",), "f": ("c",), "g": ("missing",)}
    described_ = "\n    ".join(
        "yield " + described("rule", i, "r_impl:R", more=f', severity="info", requires={r!r}')
        for i, r in required.items()
    )
    site.plugin(
        "house",
        entry_points={"rule": dict.fromkeys(required, "house")},
        modules={
            "house": hook("rule", described_),
            "r_impl": (
                "from dagogy.api.rules import Rule\nclass R(Rule):\n    def check(self, s, o): return []\n"
            ),
        },
    )
    judge = Judge(site.host(), {})
    order = [r.rule_id for r in judge.requirements()]
    assert sorted(order) == sorted(required)
    assert [i for i in order if i in "abdg"] == ["b", "g", "d", "a"]
    assert order.index("c") < order.index("f")


def test_a_third_party_s_command_runs_by_its_name_and_stands_in_the_help(site: SitePackages) -> None:
    healthy(site, "command", "publish", "wiki", "7.0")
    done = site.run("publish")
    assert (done.returncode, done.stdout) == (0, "done\n")
    assert "from wiki 7.0" in site.run("--help").stdout
    assert "did you mean 'publish'?" in site.run("publisch").stderr


def test_a_command_that_takes_the_id_of_a_built_in_one_is_listed_as_failed_and_never_runs(
    site: SitePackages,
) -> None:
    healthy(site, "command", "schema", "impostor", "6.6")
    assert "curriculum" in site.run("schema").stdout
    (row,) = [
        p for p in json.loads(site.run("plugins", "list", "--json").stdout)["plugins"] if p["id"] == "schema"
    ]
    assert (row["state"], row["distribution"], row["version"]) == ("failed", "impostor", "6.6")
    assert row["reason"] == "the id 'schema' is taken by dagogy itself"


@pytest.mark.parametrize(
    "source",
    [
        "raise RuntimeError('no')",
        hook("command", "yield " + described("command", "publish", "gone:Thing")),
        "import sys; sys.exit(0)",
    ],
    ids=str.split,
)
def test_a_broken_command_is_a_plugin_error_that_leaves_the_others_alone(
    site: SitePackages, source: str
) -> None:
    site.plugin("wiki", "7.0", entry_points={"command": {"publish": "wiki"}}, modules={"wiki": source})
    done = site.run("publish")
    assert done.returncode == 11, done.stderr
    assert done.stderr.startswith("[plugin_error] command 'publish' of wiki 7.0 cannot be used: ")
    assert site.run("--help").returncode == 0
    assert site.run("schema").returncode == 0


def test_a_command_of_a_plugin_that_raises_is_the_plugin_s_failure_and_not_ours(site: SitePackages) -> None:
    source = hook("command", "yield " + described("command", "publish", "wiki_impl:publish"))
    implementing = "import click\n\n@click.command()\ndef publish():\n    raise LookupError('lost')\n"
    site.plugin(
        "wiki",
        "7.0",
        entry_points={"command": {"publish": "wiki"}},
        modules={"wiki": source, "wiki_impl": implementing},
    )
    done = site.run("publish")
    assert "lost" in done.stderr
    assert "wiki 7.0" in done.stderr
    assert done.returncode == 11


def test_a_broken_provider_or_exporter_that_is_asked_for_is_a_plugin_error(
    site: SitePackages, workspace: Path
) -> None:
    site.plugin(
        "sick",
        "2.5",
        entry_points={"provider": {"oracle": "sick"}, "exporter": {"fax": "sick"}},
        modules={"sick": "raise OSError('down')"},
    )
    done = site.run("run", "latest", cwd=workspace, AGENT_PROVIDER="oracle")
    assert (done.returncode, "provider 'oracle' of sick 2.5" in done.stderr) == (11, True), done.stderr
    done = site.run("validate", "latest", "--format", "fax", cwd=workspace, DAGOGY_PLUGINS=f"{OURS},fax")
    assert (done.returncode, "exporter 'fax' of sick 2.5" in done.stderr) == (11, True), done.stderr
    assert site.run("validate", "latest", cwd=workspace, DAGOGY_PLUGINS=OURS).returncode == 0


# -------------------------------------------------------------------------------------- plugins list and show


def test_the_list_shows_every_state_and_never_fails_because_one_plugin_is_broken(site: SitePackages) -> None:
    for kind in KINDS:
        healthy(site, kind, "fine", f"well-{kind}")
        site.plugin(
            f"sick-{kind}",
            "2.5",
            entry_points={kind: {"sick": f"sick_{kind}"}},
            modules={f"sick_{kind}": "raise SystemExit(1)"},
        )
        healthy(site, kind, "off", f"off-{kind}")
        healthy(site, kind, "fine", f"zz-{kind}")
    done = site.run("plugins", "list", "--json", DAGOGY_DISABLE="off")
    assert (done.returncode, done.stderr) == (0, "")
    rows = json.loads(done.stdout)["plugins"]
    assert all(
        set(r) == {"id", "kind", "distribution", "version", "state", "reason", "summary"} for r in rows
    )
    for kind in KINDS:
        states = {
            (r["id"], r["distribution"]): r["state"]
            for r in rows
            if r["kind"] == kind and r["id"] in ("fine", "sick", "off")
        }
        assert states == {
            ("fine", f"well-{kind}"): "ready",
            ("fine", f"zz-{kind}"): "failed",
            ("sick", f"sick-{kind}"): "failed",
            ("off", f"off-{kind}"): "disabled",
        }
    text = site.run("plugins", "list", "--kind", "rule", DAGOGY_DISABLE="off")
    assert text.returncode == 0
    (line,) = [row for row in text.stdout.splitlines() if " sick " in row]
    assert line.split()[:2] == ["failed", "rule"]
    assert "sick-rule 2.5: importing sick_rule raised SystemExit: 1" in line
    assert "exporter" not in text.stdout.split("\n")[0]


def test_show_tells_what_a_plugin_is_and_why_it_does_not_work(site: SitePackages) -> None:
    site.copy("house-titles", "1.2.3", "house_titles", rule={"house.titles": "house_titles"})
    site.plugin("sick", "2.5", entry_points={"rule": {"sick.rule": "sick"}}, modules={"sick": "1 / 0"})
    (shown,) = json.loads(site.run("plugins", "show", "house.titles", "--json").stdout)["plugins"]
    assert (shown["state"], shown["kind"], shown["distribution"], shown["version"], shown["license"]) == (
        "ready",
        "rule",
        "house-titles",
        "1.2.3",
        "MIT",
    )
    assert (shown["module"], shown["impl"], shown["requires"]) == (
        "house_titles",
        "house_titles_rule:ShortTitles",
        ["schema.curriculum"],
    )
    text = site.run("plugins", "show", "sick.rule")
    assert text.returncode == 0
    assert text.stdout.splitlines()[0] == "sick.rule (rule), failed"
    assert "ZeroDivisionError" in text.stdout
    missing = site.run("plugins", "show", "house.tittles")
    assert (missing.returncode, "did you mean 'house.titles'?" in missing.stderr) == (3, True)


def test_an_environment_without_third_parties_shows_only_ours(tmp_path: Path) -> None:
    rows = json.loads(dagogy("plugins", "list", "--json", cwd=tmp_path).stdout)["plugins"]
    assert rows
    assert {r["state"] for r in rows} == {"ready"}, [r for r in rows if r["state"] != "ready"]
