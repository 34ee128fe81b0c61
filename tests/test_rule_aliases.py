"""A rule that was renamed is found by its former id wherever a rule is named; a name that two claim is
reported with whose it is.
"""

from __future__ import annotations

import json

import pytest
from dagogy.kit.kinds import promises
from support import CommandRunner, SitePackages, failed, run_with, valid_curriculum

MODULE = """
    from dagogy.api import RuleInfo, hookimpl

    @hookimpl
    def dagogy_rules():
        yield RuleInfo(
            id={id!r}, summary="S.", severity="error", api_version=1, impl="{module}:Titles", aliases={aliases!r}, requires={requires!r}
        )

    from dagogy.api.rules import Finding, Options, Rule

    class Titles(Rule):
        class Options(Options):
            most: int = 1

        def check(self, context, options):
            for i, node in enumerate(context.nodes):
                if len(node.title) > options.most:
                    yield Finding(message="too long", pointer=f"/nodes/{{i}}/title")
"""  # noqa: E501


def rule(
    site: SitePackages,
    rule_id: str,
    *aliases: str,
    distribution: str = "house",
    requires: tuple[str, ...] = (),
) -> None:
    module = f"{distribution.replace('-', '_')}_{rule_id.replace('.', '_')}"
    source = MODULE.format(id=rule_id, module=module, aliases=aliases, requires=requires)
    site.plugin(
        f"{distribution}-{rule_id.replace('.', '-')}",
        entry_points={"rule": {rule_id: module}},
        modules={module: source},
    )


def findings_of(runner: CommandRunner, rule_id: str) -> list[str]:
    return [
        f["severity"]
        for f in runner("validate", "latest", "--json").json["findings"]
        if f["rule_id"] == rule_id
    ]


def test_the_configuration_of_a_former_id_holds_and_a_note_says_the_new_one(
    site: SitePackages, runner: CommandRunner
) -> None:
    rule(site, "house.short", "house.titles")
    run_with(runner)
    assert findings_of(runner, "house.short") == ["error"] * 3
    (runner.folder / "dagogy.toml").write_text('[rules."house.titles"]\nseverity = "warning"\nmost = 4\n')
    done = runner.ok("validate", "latest", "--json")
    assert [
        (f["rule_id"], f["severity"]) for f in done.json["findings"] if f["rule_id"].startswith("house")
    ] == [("house.short", "warning")] * 2
    assert (
        "the configuration names rule 'house.titles', which is called 'house.short' now "
        "(house-house-short 1.0)"
    ) in done.err
    assert done.err.count("which is called") == 1
    # The validation is current for the commands that import no rule otherwise, too.
    assert runner.stage() == "validated"
    (runner.folder / "dagogy.toml").write_text('[rules."house.titles"]\nenabled = false\n')
    assert findings_of(runner, "house.short") == []


def test_a_rule_cannot_be_configured_under_both_names(site: SitePackages, runner: CommandRunner) -> None:
    rule(site, "house.short", "house.titles")
    (runner.folder / "dagogy.toml").write_text(
        '[rules."house.titles"]\nmost = 4\n[rules."house.short"]\nmost = 5\n'
    )
    error = failed(runner("init", "x"), "config_error").err
    assert 'rules."house.short" alone' in error or 'rules."house.titles"' in error


@pytest.mark.parametrize(("variable", "state"), [("DAGOGY_DISABLE", "disabled"), ("DAGOGY_PLUGINS", "ready")])
def test_the_lists_of_plugins_take_a_former_id(site: SitePackages, variable: str, state: str) -> None:
    # On the list of those that may be used, a former id counts for rules of ours alone: no other one is
    # imported to find out its former ids.
    rule(site, "zz.short", "zz.titles", distribution="dagogy-rule")
    rule(site, "zz.other", distribution="dagogy-rule")
    done = site.run("plugins", "list", "--kind", "rule", "--json", **{variable: "zz.titles"})
    assert done.returncode == 0, done.stderr
    states = {p["id"]: p["state"] for p in json.loads(done.stdout)["plugins"]}
    assert states["zz.short"] == state
    assert states["zz.other"] == {"disabled": "ready", "ready": "disabled"}[state]
    assert f"{variable} names rule 'zz.titles', which is called 'zz.short' now" in done.stderr


def test_explain_and_plugins_show_find_a_former_id(site: SitePackages, runner: CommandRunner) -> None:
    rule(site, "house.short", "house.titles")
    explained = runner.ok("explain", "house.titles", "--json")
    assert (explained.json["id"], explained.json["aliases"]) == ("house.short", ["house.titles"])
    assert "the command line names rule 'house.titles'" in explained.err
    assert "Formerly: house.titles" in runner.ok("explain", "house.short").out
    assert runner.ok("plugins", "show", "house.titles", "--json").json["plugins"][0]["id"] == "house.short"
    assert site.host().get("rule", "house.titles").id == "house.short"


def test_a_rule_that_requires_a_former_id_waits_for_the_renamed_one(
    site: SitePackages, runner: CommandRunner
) -> None:
    rule(site, "house.short", "house.titles")
    rule(site, "house.after", requires=("house.titles",))
    run_with(runner)
    rows = {r["rule_id"]: r for r in runner("validate", "latest", "--json").json["rules"]}
    assert (rows["house.after"]["status"], rows["house.after"]["reason"]) == (
        "skipped",
        "house.short has findings",
    )
    assert not any(
        "house.titles" in row for row in runner("doctor", "--json").out.splitlines() if "not installed" in row
    )


def test_an_alias_that_is_another_rules_id_does_not_count_and_is_reported_with_whose_it_is(
    site: SitePackages, runner: CommandRunner
) -> None:
    rule(site, "house.short", "graph.acyclic")
    run_with(runner, valid_curriculum())
    line = (
        "alias 'graph.acyclic' of rule 'house.short' of house-house-short 1.0 does not count: it is the id "
        "of rule 'graph.acyclic' of dagogy-rule-graph-acyclic"
    )
    assert line in runner("validate", "latest").err
    rows = {p["id"]: p for p in runner.ok("plugins", "list", "--kind", "rule", "--json").json["plugins"]}
    assert rows["house.short"]["state"] == "ready"
    assert line in rows["house.short"]["reason"]
    assert runner.ok("explain", "graph.acyclic", "--json").json["id"] == "graph.acyclic"


def test_the_kit_says_which_alias_does_not_count(site: SitePackages) -> None:
    rule(site, "house.short", "house.titles", "house.b")
    rule(site, "house.b")
    host = site.host()
    plugin = host.get("rule", "house.short")
    found = dict(promises(host, plugin, host.implementation(plugin)))
    assert found["its aliases"].startswith("alias 'house.b' of rule 'house.short'")
    assert "house.titles" not in found["its aliases"]


def test_of_two_rules_with_one_alias_the_first_has_it(site: SitePackages) -> None:
    rule(site, "house.b", "house.old", distribution="ant")
    rule(site, "house.a", "house.old", distribution="bee")
    host = site.host()
    assert host.get("rule", "house.old").id == "house.a"
    assert host.aliases.conflicts == [
        (
            "alias 'house.old' of rule 'house.b' of ant-house-b 1.0 does not count: it is an alias of rule "
            "'house.a' of bee-house-a 1.0"
        )
    ]


def test_aliases_that_are_no_texts_make_a_rule_unusable(site: SitePackages) -> None:
    site.plugin(
        "house-x",
        entry_points={"rule": {"house.x": "house_x"}},
        modules={"house_x": MODULE.format(id="house.x", module="house_x", aliases="old", requires=())},
    )
    plugin = site.loaded("rule")["house.x@house-x"]
    assert (plugin.state, "aliases='old' is not a tuple of texts" in plugin.reason) == ("failed", True)
