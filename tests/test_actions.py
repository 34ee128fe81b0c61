"""The recovery actions of every label: what each does, and that it keeps what its safety level promises."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from dagogy.api.failures import Diagnosis, Failure, Rank
from dagogy.api.probes import ProbeResult
from dagogy.api.recoveries import CommandResult, RecoveryOutcome
from dagogy.host.manager import Host
from dagogy.incidents import help as incident_help
from dagogy.testing import FakeRecoveryContext, check_action
from support import put

HOST = Host()
KEY = "sk-canary0123456789abcdef"
RUN = "20260131-120000-bread"
#: Labels whose remedy is not in a plugin of the incident's own: there is none, or
#: the actions are the runbook's.
NO_REMEDY: set[str] = set()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / RUN
    put(folder / "inputs/topic_spec.json", {"goal": "Bake"})
    put(folder / "run.json", {"schema_version": 1})
    return folder


def done(
    action_id: str,
    run: Path,
    failure: Any = None,
    *,
    retry_after: float | None = None,
    evidence: str = "line",
    incident: str = "",
    **options: Any,
) -> RecoveryOutcome:
    """What an action does, twice, checked for its promises. `settings` and the rest are the context's."""
    plugin = HOST.get("recovery", action_id)
    context = options.pop("context", None) or FakeRecoveryContext(run, **options)
    diagnosis = Diagnosis(
        incident_id=incident or plugin.info.incidents[0],
        rank=Rank.PROSE,
        confidence=0.9,
        evidence=tuple(evidence.split("\n")),
        retry_after_seconds=retry_after,
    )
    return check_action(
        HOST.implementation(plugin),
        plugin.info,
        failure or Failure(message="m", run_id=RUN),
        context,
        diagnosis,
    )


def test_every_incident_that_can_be_diagnosed_has_an_action() -> None:
    helped = {incident for plugin in HOST.load("recovery") for incident in plugin.info.incidents}
    assert set(incident_help.incidents(HOST)) - helped == NO_REMEDY


def test_nothing_that_an_action_says_is_against_the_rules() -> None:
    """No mode is opened to everybody, no certificate left unchecked, nothing
    deleted, no sandbox switched off.
    """
    forbidden = (
        r"chmod (?:-R )?(?:0?777|a\+|o\+)|verify ?= ?False"
        r"|CERT_NONE|NODE_TLS_REJECT|curl [^\n]*(?:-k |--insecure)"
    )
    forbidden += r"|\brm -|rmtree|unlink\(|danger-full|--yolo|bypass"
    for plugin in HOST.load("recovery"):
        module = __import__(plugin.info.impl.partition(":")[0], fromlist=["x"])
        source = Path(str(module.__file__)).read_text()
        found = [
            m[0]
            for m in re.finditer(forbidden, source)
            if "os.unlink(name)" not in source[m.start() - 3 : m.end() + 6]
        ]
        assert not found, f"{plugin.id}: {found}"


# --- time ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("retry_after", "attempt", "least", "most"),
    [(20.0, 0, 20, 22.0), (None, 0, 10, 11.0), (None, 2, 40, 44.0), (119.0, 0, 119, 120.0)],
)
def test_a_rate_limit_is_waited_for_as_long_as_the_provider_said(
    run: Path, retry_after: float | None, attempt: int, least: float, most: float
) -> None:
    context = FakeRecoveryContext(run, attempt=attempt)
    assert done("wait-rate-limit", run, retry_after=retry_after, context=context).changed
    assert len(context.waits) == 2, "once for each time that the kit carries it out"
    assert all(least <= waited <= most for waited in context.waits)


def test_a_reset_in_hours_is_not_waited_for(run: Path) -> None:
    context = FakeRecoveryContext(run)
    assert not done("wait-rate-limit", run, retry_after=7200.0, context=context).changed
    assert context.waits == []
    shown = done(
        "await-quota",
        run,
        Failure(provider="remote_llm", at_utc="2026-01-31T12:00:00Z", details={"endpoint": "openrouter.ai"}),
        retry_after=7200.0,
    )
    assert re.search(r"comes back at 2026-(?:01-31|02-01) \d\d:\d\d", shown.message)
    assert "https://openrouter.ai/settings/credits" in shown.message


def test_an_overloaded_provider_gets_three_growing_pauses(run: Path) -> None:
    assert HOST.get("recovery", "back-off").info.times == 3
    pauses = []
    for attempt in range(3):
        context = FakeRecoveryContext(run, attempt=attempt)
        assert done("back-off", run, context=context).changed
        pauses.append(context.waits[0])
    assert pauses == sorted(pauses)
    assert [int(pause // 5) for pause in pauses] == [1, 2, 4]


def probes_in_turn(*states: str, incident: str, subject: str = "s") -> Any:
    """A probe that finds these states one after the other, the last one for good."""
    left = list(states)

    def look(probe_id: str, environment: Mapping[str, str]) -> Sequence[ProbeResult]:
        state = left.pop(0) if len(left) > 1 else left[0]
        return [
            ProbeResult(
                subject=subject,
                state="bad" if state == "bad" else "ok",
                message="m",
                confirms=(incident,) if state == "bad" else (),
            )
        ]

    return look


def test_the_network_is_waited_for_while_the_probe_says_that_it_is_away(run: Path) -> None:
    context = FakeRecoveryContext(
        run, look=probes_in_turn("bad", "bad", "ok", incident="network_unreachable")
    )
    assert done("wait-for-network", run, context=context).changed
    assert context.waits == [5.0, 5.0]
    assert {name for name, _ in context.looks} == {"network.connection"}


def test_a_network_that_stays_away_is_given_up_after_a_minute(run: Path) -> None:
    context = FakeRecoveryContext(run, look=probes_in_turn("bad", incident="network_unreachable"))
    assert not done("wait-for-network", run, context=context).changed
    assert sum(context.waits) == 2 * 60.0


def test_a_lock_is_waited_for_until_it_is_free(run: Path) -> None:
    context = FakeRecoveryContext(run, look=probes_in_turn("bad", "ok", incident="workspace_locked"))
    assert done("wait-for-lock", run, context=context).changed
    assert context.waits == [2.0]
    held = FakeRecoveryContext(run, look=probes_in_turn("bad", incident="workspace_locked"))
    assert not done("wait-for-lock", run, context=held).changed
    assert not done("wait-for-lock", run).changed, "without a probe nobody knows whether it is free"


# --- settings for the attempt -------------------------------------------------------------------------------


def test_the_own_model_of_the_provider_answers_where_another_was_named(run: Path) -> None:
    assert done("default-model", run, settings={"AGENT_MODEL": "gpt-9"}).environment == {"AGENT_MODEL": ""}
    assert not done("default-model", run).changed
    assert not done("default-model", run, file={"AGENT_MODEL": "gpt-9"}).changed
    assert not done(
        "default-model",
        run,
        Failure(command=("dagogy", "run", RUN, "--model", "x")),
        settings={"AGENT_MODEL": "x"},
    ).changed


@pytest.mark.parametrize(
    ("given", "attempt", "wanted"),
    [("", 0, "6000"), ("", 1, "3000"), ("3000", 0, "1500"), ("1500", 0, "1000"), ("1000", 0, "")],
)
def test_the_scope_text_in_the_prompt_is_halved_each_time_down_to_a_floor(
    run: Path, given: str, attempt: int, wanted: str
) -> None:
    context = FakeRecoveryContext(run, settings={"AGENT_SCOPE_TEXT_MAX_CHARS": given}, attempt=attempt)
    outcome = done("less-scope-text", run, context=context)
    assert outcome.environment.get("AGENT_SCOPE_TEXT_MAX_CHARS", "") == wanted
    assert outcome.changed == bool(wanted)


def test_another_question_is_granted_up_to_three(run: Path) -> None:
    assert done("ask-again", run).environment == {"AGENT_RETRY_BUDGET": "2"}
    assert not done("ask-again", run, settings={"AGENT_RETRY_BUDGET": "3"}).changed


def test_utf8_mode_is_for_encodings_alone(run: Path) -> None:
    assert done(
        "utf8-mode", run, evidence="UnicodeEncodeError: 'charmap' codec can't encode character"
    ).environment == {"PYTHONUTF8": "1"}
    assert not done("utf8-mode", run, evidence="ModuleNotFoundError: No module named 'x'").changed


def test_only_an_expired_session_token_is_tried_again(run: Path) -> None:
    assert done("renew-session", run, evidence="Your access token could not be refreshed").changed
    assert not done("renew-session", run, evidence="Incorrect API key provided").changed


def test_an_interrupted_command_goes_on_and_a_broken_pipe_is_let_be(run: Path) -> None:
    assert done("resume", run).changed
    assert not done(
        "resume", run, Failure(exception_chain=(("builtins.BrokenPipeError", "[Errno 32]"),))
    ).changed


# --- the address of the API ---------------------------------------------------------------------------------


def answering(state: Any, message: str) -> Any:
    return lambda probe_id, environment: [
        ProbeResult(subject=f"GET {environment['OPENAI_BASE_URL']}/models", state=state, message=message)
    ]


def test_a_repaired_address_is_tested_with_the_key_on_the_host_that_was_set(run: Path) -> None:
    context = FakeRecoveryContext(
        run,
        settings={"OPENAI_BASE_URL": "https://api.x.test/v1/chat/completions"},
        look=answering("ok", "status 200"),
    )
    assert done("use-tested-base-url", run, context=context).environment == {
        "OPENAI_BASE_URL": "https://api.x.test/v1"
    }
    assert context.looks[0] == ("remote-llm.models", {"OPENAI_BASE_URL": "https://api.x.test/v1"})


def test_another_host_than_the_one_that_was_set_is_tested_without_the_key(run: Path) -> None:
    context = FakeRecoveryContext(
        run,
        settings={"OPENAI_BASE_URL": "ftp://nowhere"},
        look=answering("unknown", "status 401, application/json, asked without a key"),
    )
    assert done("use-tested-base-url", run, context=context).environment == {
        "OPENAI_BASE_URL": "https://api.openai.com/v1"
    }
    assert context.looks[0][1] == {"OPENAI_BASE_URL": "https://api.openai.com/v1", "OPENAI_API_KEY": ""}


def test_an_address_at_which_no_api_answers_is_not_used_but_told(run: Path) -> None:
    settings = {"OPENAI_BASE_URL": f"api.x.test/v1?u={KEY}@y"}
    look = answering("bad", "status 200, text/html: a web page, no API")
    assert not done("use-tested-base-url", run, settings=settings, look=look).changed
    retry_after = done(
        "repair-base-url", run, settings={"OPENAI_BASE_URL": "https://me:pw123456@api.x.test"}, look=look
    )
    assert "tested: status 200, text/html" in retry_after.message
    assert "pw123456" not in retry_after.message + "".join(retry_after.commands)
    assert "it was not tested" in done("repair-base-url", run, settings=settings).message


@pytest.mark.parametrize("given", ["https://gateway.test/v1", "https://Gateway.test:443/v1/", ""])
def test_the_address_that_failed_is_no_advice(run: Path, given: str) -> None:
    retry_after = done("repair-base-url", run, Failure(), settings={"OPENAI_BASE_URL": given})
    assert "is well formed, but no API answers there" in retry_after.message
    assert retry_after.commands[1] == "export OPENAI_BASE_URL='<root of the API>'"


@pytest.mark.parametrize(
    ("known", "setting", "advice"),
    [({}, "", 60), ({"timeout_seconds": 300.0}, "", 600), ({"timeout_seconds": 30}, "1200", 2400)],
)
def test_the_time_to_give_is_computed_from_the_limit_in_effect(
    run: Path, known: dict[str, Any], setting: str, advice: int
) -> None:
    retry_after = done("split-work", run, Failure(details=known), settings={"AGENT_TIMEOUT_SECONDS": setting})
    assert retry_after.commands[0] == f"export AGENT_TIMEOUT_SECONDS={advice}"
    assert not any(
        "export" in c
        for c in done("split-work", run, Failure(), settings={"AGENT_TIMEOUT_SECONDS": "86400"}).commands
    )


def test_the_repair_that_the_provider_told_is_the_one_offered(run: Path) -> None:
    failure = Failure(details={"repaired": "https://gateway.test/v1"})
    assert (
        "https://gateway.test/v1"
        in done("repair-base-url", run, failure, settings={"OPENAI_BASE_URL": "x"}).commands[1]
    )


# --- files --------------------------------------------------------------------------------------------------


def test_a_byte_order_mark_goes_and_a_copy_stays(run: Path) -> None:
    path = run / "inputs/topic_spec.json"
    put(path, b'\xef\xbb\xbf{"goal": "Bake"}')
    outcome = done("strip-bom", run, Failure(details={"path": str(path)}))
    assert path.read_bytes() == b'{"goal": "Bake"}'
    assert [p.read_bytes()[:3] for p in (run / "logs/kept").iterdir()] == [b"\xef\xbb\xbf"]
    assert outcome.changed


@pytest.mark.parametrize(
    "content",
    [b'{"goal": "Bake"}', b"\xef\xbb\xbf{", b"\xef\xbb\xbf\xff\xfe"],
    ids=["none", "not sound without it", "not UTF-8"],
)
def test_a_file_that_would_not_be_sound_without_a_mark_is_left(run: Path, content: bytes) -> None:
    path = run / "inputs/topic_spec.json"
    put(path, content)
    assert not done("strip-bom", run, Failure(details={"artifact": "inputs/topic_spec.json"})).changed
    assert path.read_bytes() == content


def test_a_file_outside_the_run_is_never_touched(run: Path, tmp_path: Path) -> None:
    put(tmp_path / "other.json", b"\xef\xbb\xbf{}")
    for path in (str(tmp_path / "other.json"), "../../other.json"):
        assert not done("strip-bom", run, Failure(details={"path": path})).changed
    assert (tmp_path / "other.json").read_bytes() == b"\xef\xbb\xbf{}"


def test_what_is_made_from_other_artifacts_is_made_again_and_no_input(run: Path) -> None:
    context = FakeRecoveryContext(run)
    assert done(
        "remake-artifact", run, Failure(details={"artifact": "outputs/plan/plan.json"}), context=context
    ).changed
    assert set(context.commands) == {("plan", RUN)}
    for name in ("inputs/topic_spec.json", "run.json"):
        untouched = FakeRecoveryContext(run)
        assert not done(
            "remake-artifact", run, Failure(details={"artifact": name}), context=untouched
        ).changed
        assert untouched.commands == []
    assert done(
        "remake-reports", run, Failure(details={"artifact": "outputs/reviews/diff_report.json"})
    ).changed
    assert not done(
        "remake-reports", run, Failure(details={"artifact": "outputs/curriculum/curriculum.json"})
    ).changed


@pytest.mark.parametrize(
    ("content", "line", "retry_after"),
    [
        (b"{\n<<<<<<< ours\n", "+2", "conflict marks"),
        (b'{\n"a": 1,\n}', "+3", "property name"),
        (b"{\n\0", "+2", "NUL"),
        (b"{\n\n\xff", "+3", "not UTF-8"),
    ],
)
def test_the_place_of_the_damage_is_named_in_an_editor_s_command(
    run: Path, content: bytes, line: str, retry_after: str
) -> None:
    path = run / "inputs/topic_spec.json"
    put(path, content)
    outcome = done("mend-input", run, Failure(details={"path": str(path)}))
    assert any(f"{line} {path}" in command for command in outcome.commands), outcome
    assert retry_after in outcome.message


def test_metadata_is_rebuilt_from_the_run_with_a_copy_kept(run: Path) -> None:
    put(run / "run.json", "{")

    def answer(arguments: Sequence[str]) -> CommandResult:
        try:
            sound = json.loads((run / "run.json").read_bytes())["schema_version"] == 1
        except ValueError:
            sound = False
        return CommandResult(exit_status=0 if sound else 6)

    assert done("rebuild-metadata", run, answer=answer).changed
    assert [p.read_text() for p in (run / "logs/kept").iterdir()] == ["{"]
    assert json.loads((run / "run.json").read_bytes())["created_at_utc"] == "2026-01-31T12:00:00.000000Z"


# --- what is left to people, with everything filled in ------------------------------------------------------


def by_hand(action_id: str, run: Path, failure: Failure, **options: Any) -> str:
    outcome = done(action_id, run, failure, **options)
    return "\n".join([outcome.message, *outcome.commands])


@pytest.mark.parametrize(
    ("action", "failure", "options", "wanted"),
    [
        (
            "renew-credentials",
            Failure(provider="codex_exec"),
            {"incident": "provider_auth_failed"},
            ["codex logout && codex login", "codex login status"],
        ),
        (
            "renew-credentials",
            Failure(
                provider="remote_llm", message="HOUSE_API_KEY is wrong", details={"endpoint": "openrouter.ai"}
            ),
            {},
            ["export HOUSE_API_KEY=", "https://openrouter.ai/settings/keys"],
        ),
        (
            "renew-credentials",
            Failure(machine_code="unsupported_country_region_territory"),
            {},
            ["use another network route"],
        ),
        (
            "choose-model",
            Failure(provider="remote_llm", model="openai/gpt-5:high"),
            {},
            ["https://api.openai.com/v1/models", "one of a gateway", "effort"],
        ),
        (
            "choose-model",
            Failure(message="verify at https://platform.openai.com/settings/organization/general."),
            {},
            ["/organization/general"],
        ),
        (
            "wait-out-outage",
            Failure(request_id="req_1", details={"endpoint": "api.openai.com"}),
            {},
            ["https://status.openai.com", "req_1"],
        ),
        (
            "reach-host",
            Failure(details={"endpoint": "api.x.test"}),
            {},
            ["getent hosts api.x.test", "curl -sS -m 5"],
        ),
        (
            "reach-host",
            Failure(),
            {"settings": {"OPENAI_BASE_URL": "http://localhost:4000/v1"}},
            ["start your gateway", "sport = :4000"],
        ),
        (
            "mend-proxy",
            Failure(),
            {"settings": {"HTTPS_PROXY": f"http://u:{KEY}@p:1"}, "evidence": "Using SOCKS proxy, but"},
            ["unset HTTPS_PROXY", "httpx[socks]"],
        ),
        (
            "trust-authority",
            Failure(provider="codex_exec"),
            {},
            ["NODE_EXTRA_CA_CERTS", "openssl s_client -connect api.openai.com:443", "date -u"],
        ),
        (
            "change-request",
            Failure(message="Unsupported parameter: 'temperature' is not supported"),
            {},
            ["does not take temperature"],
        ),
        (
            "change-request",
            Failure(details={"param": "reasoning.effort"}, model="m1"),
            {},
            ["m1 does not take reasoning.effort"],
        ),
        (
            "reword",
            Failure(message="I cannot help with that."),
            {},
            ["I cannot help with that.", "inputs/topic_spec.json"],
        ),
        (
            "mend-agent-config",
            Failure(),
            {"evidence": "Error loading config.toml: /home/u/.codex/config.toml:3:7: bad"},
            ["+3 /home/u/.codex/config.toml"],
        ),
        (
            "mend-agent-config",
            Failure(),
            {"evidence": "error: unexpected argument '--frob' found"},
            ["does not know --frob", "codex exec --help"],
        ),
        (
            "allow-sandbox",
            Failure(),
            {"evidence": "bwrap: No permissions to create a new namespace"},
            ["codex sandbox true", "bubblewrap", "AGENT_PROVIDER=remote_llm"],
        ),
        ("raise-limit", Failure(message="OSError: [Errno 24] Too many open files"), {}, ["ulimit -n 4096"]),
        ("raise-limit", Failure(message="[Errno 36] File name too long"), {}, ["dagogy init short-name"]),
        ("raise-limit", Failure(message="[Errno 7] Argument list too long"), {}, [f"dagogy escalate {RUN}"]),
        ("mend-environment", Failure(message="No module named 'yaml'"), {}, ["-m pip install PyYAML"]),
        (
            "mend-environment",
            Failure(message="No module named 'dagogy_rule_x'"),
            {},
            ["-m pip install dagogy-standard"],
        ),
        ("more-memory", Failure(), {}, ["memory.events", "dmesg"]),
        (
            "nearest-command",
            Failure(
                command=("dagogy", "plna", "x"),
                message="there is no command 'plna'",
                hint="did you mean 'plan'?",
            ),
            {},
            ["dagogy plan x"],
        ),
        (
            "nearest-command",
            Failure(command=("dagogy", "plan", "--frob"), message="No such option '--frob'."),
            {},
            ["dagogy plan --help"],
        ),
        (
            "who-holds-lock",
            Failure(command=("dagogy", "plan", RUN), details={"holder": {"pid": 4711}}),
            {},
            ["-p 4711", f"dagogy plan {RUN} --wait 60"],
        ),
        ("make-room", Failure(), {"settings": {"TMPDIR": "/tmp"}}, ["MiB", "df -h", "df -i", "TMPDIR"]),
        (
            "find-artifact",
            Failure(command=("dagogy", "plan", "20260131-120000-braed")),
            {},
            [f"dagogy plan {RUN}"],
        ),
        ("narrow-scope", Failure(), {}, ["--scope-section"]),
        ("split-work", Failure(), {}, ["AGENT_TIMEOUT_SECONDS=60"]),
        ("stronger-model", Failure(model="tiny"), {}, ["tiny does not keep", "AGENT_MODEL"]),
        ("report-schema", Failure(), {}, [f"dagogy escalate {RUN}"]),
        ("slow-down", Failure(), {}, ["by itself"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_person_gets_commands_with_everything_filled_in(
    run: Path, action: str, failure: Failure, options: dict[str, Any], wanted: list[str]
) -> None:
    retry_after = by_hand(action, run, failure, **options)
    assert [part for part in wanted if part not in retry_after] == [], retry_after
    assert KEY not in retry_after


def test_the_files_of_another_user_are_given_back_by_the_exact_command(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    path = run / "inputs/topic_spec.json"
    own = by_hand("give-back", run, Failure(details={"path": str(path)}))
    assert f"chmod u+rw {path}" in own
    monkeypatch.setattr(os, "geteuid", lambda: 65_534)
    foreign = by_hand("give-back", run, Failure(message=f"cannot write '{path}': Permission denied"))
    assert f"sudo chown -R nobody: {run}" in foreign
    assert "we are nobody" in foreign


def test_what_probes_saw_stands_in_what_people_are_reported(run: Path) -> None:
    seen = [
        ProbeResult(
            subject="OPENAI_API_KEY",
            state="bad",
            message="set, 3 characters: too short",
            confirms=("provider_auth_failed",),
        )
    ]
    assert "set, 3 characters" in by_hand(
        "renew-credentials", run, Failure(provider="remote_llm"), probes=seen
    )


# ----------------------------------------------------------------------------------------------- plugin_error

RULE_FAILED = Failure(
    code="validation_failed",
    message=(
        "validation of r failed: rule house.rule could not run: rule of house-dist 4.2 raised LookupError: "
        "lost (house.py:3)"
    ),
    command=("dagogy", "validate", "latest"),
    run_id=RUN,
    details={"plugin": "house.rule", "kind": "rule", "distribution": "house-dist"},
)


def of_plugin(**details: str) -> Failure:
    return Failure(
        code="plugin_error",
        message="it raised LookupError: lost",
        command=("dagogy", "export", RUN, "--format", "fax"),
        details=details,
        run_id=RUN,
    )


def test_a_rule_that_could_not_run_is_left_out_beside_those_that_are_already(run: Path) -> None:
    outcome = done("leave-out-plugin", run, RULE_FAILED, settings={"DAGOGY_DISABLE": "other, house.rule"})
    assert (outcome.changed, outcome.environment) == (True, {"DAGOGY_DISABLE": "other,house.rule"})
    assert done("leave-out-plugin", run, RULE_FAILED).environment == {"DAGOGY_DISABLE": "house.rule"}
    failure = of_plugin(plugin="house.rule", kind="rule", distribution="house")
    assert done("leave-out-plugin", run, failure).environment == {"DAGOGY_DISABLE": "house.rule"}


@pytest.mark.parametrize("kind", ["provider", "exporter", "command", ""])
def test_what_the_command_needs_is_not_left_out(run: Path, kind: str) -> None:
    outcome = done("leave-out-plugin", run, of_plugin(plugin="fax", kind=kind, distribution="fax 2.0"))
    assert (outcome.changed, outcome.environment) == (False, {})


def test_the_plugin_is_named_with_the_commands_that_update_it_or_leave_it_out(run: Path) -> None:
    outcome = done("update-plugin", run, RULE_FAILED)
    shown, updated, without = outcome.commands
    assert shown == "dagogy plugins show house.rule"
    assert updated.endswith(" -m pip install --upgrade house-dist")
    assert without == "DAGOGY_DISABLE=house.rule dagogy validate latest"
    assert outcome.message.endswith("report it to its author")
    shown, updated = done(
        "update-plugin", run, of_plugin(plugin="fax", kind="exporter", distribution="dagogy-exporter-fax")
    ).commands
    assert (shown, updated.split()[-1]) == ("dagogy plugins show fax", "dagogy-exporter-fax")


def test_what_is_no_name_of_a_plugin_stands_in_no_command(run: Path) -> None:
    odd = of_plugin(plugin="fax;reboot", kind="rule", distribution="--index-url=http://x/ fax")
    assert done("update-plugin", run, odd).commands == ("dagogy doctor",)
    assert not done("leave-out-plugin", run, odd).changed
