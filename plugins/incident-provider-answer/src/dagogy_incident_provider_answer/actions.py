"""What helps when the provider refuses, cuts off or misshapes its answer, or does
not take the request's form.
"""

from __future__ import annotations

import json
import re
import shlex

from dagogy.api.failures import Diagnosis, Failure
from dagogy.api.recoveries import RecoveryAction, RecoveryContext, RecoveryOutcome

_NAME = "AGENT_SCOPE_TEXT_MAX_CHARS"
_DEFAULT_CHARS, _LEAST_CHARS = 12_000, 1_000
_SPEC, _SCOPE = "inputs/topic_spec.json", "inputs/scope.md"
_MOST_RETRIES = 3
_PARAM = re.compile(
    r"(?:Unsupported|Unknown|Unrecognized) (?:parameter|value|request argument\w*(?: supplied)?):? ['\"]?"
    r"(?P<a>[\w.\[\]]+)|['\"]param['\"]: ?['\"](?P<b>[\w.]+)"
)


class LessScopeText(RecoveryAction):
    """Halves `AGENT_SCOPE_TEXT_MAX_CHARS` for one attempt, down to 1,000 characters. What is left out is told
    in the prompt, and no input changes.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        given = context.setting(_NAME).strip()
        now = (int(given) if given.isdecimal() else _DEFAULT_CHARS) // 2**context.attempt
        wanted = max(now // 2, _LEAST_CHARS)
        if wanted >= now:
            return RecoveryOutcome(changed=False, message=f"{_NAME} is {now} already")
        return RecoveryOutcome(
            changed=True, message=f"{_NAME} {now} -> {wanted}", environment={_NAME: str(wanted)}
        )


class NarrowScope(RecoveryAction):
    """The command that compiles one section of the scope, and the two settings that
    decide how much is asked at once.
    """

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        scope = context.run / _SCOPE
        file = shlex.quote(str(scope)) if scope.is_file() else "FILE"
        long = (
            "the input is longer than the model takes"
            if diagnosis.incident_id == "context_window_exceeded"
            else "the answer was cut off at the limit of output"
        )
        return RecoveryOutcome(
            changed=False,
            message=f"{long}: compile a section at a time, or take a model with more room",
            commands=(
                f"dagogy run {context.run_id} --scope-file {file} --scope-section '<HEADING>'",
                "export AGENT_MODEL='<model with a larger window>'",
                f"dagogy recover {context.run_id}",
            ),
        )


class AskAgain(RecoveryAction):
    """Raises `AGENT_RETRY_BUDGET` by one for one attempt, up to 3: the provider asks once more, with what was
    wrong, before it gives up.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        given = context.setting("AGENT_RETRY_BUDGET").strip() or "1"
        now = int(given) if given.isdecimal() else 1
        if now >= _MOST_RETRIES:
            return RecoveryOutcome(
                changed=False, message=f"AGENT_RETRY_BUDGET is {now} already, and the answers are no better"
            )
        return RecoveryOutcome(
            changed=True,
            message=f"AGENT_RETRY_BUDGET {now} -> {now + 1}",
            environment={"AGENT_RETRY_BUDGET": str(now + 1)},
        )


class Reword(RecoveryAction):
    """The provider's own words, and the files that the prompt is made from. What was refused is not sent to
    another provider by itself.
    """

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        refusal = failure.message or " ".join(diagnosis.evidence)
        files = [context.run / name for name in (_SCOPE, _SPEC) if (context.run / name).is_file()]
        edit = tuple(f'"${{EDITOR:-vi}}" {shlex.quote(str(path))}' for path in files)
        return RecoveryOutcome(
            changed=False,
            message=(
                f"refused: {refusal[:400]}; rephrase what is to be taught, or deliberately choose another "
                "provider"
            ),
            commands=(*edit, f"dagogy run {context.run_id}"),
        )


class ReportSchema(RecoveryAction):
    """A schema that the provider refuses is a defect of whoever sends it; the bundle
    has what is needed to fix it.
    """

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        return RecoveryOutcome(
            changed=False,
            message=(
                "the provider does not take our output schema: report it; until it is fixed another provider "
                "or model may take it"
            ),
            commands=(
                f"dagogy escalate {context.run_id}",
                f"dagogy postmortem {context.run_id}",
                f"AGENT_PROVIDER=internal dagogy recover {context.run_id}",
            ),
        )


class ChangeRequest(RecoveryAction):
    """The parameter by its name, and the settings by which another model or gateway gets the request."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        found = _PARAM.search("\n".join([*diagnosis.evidence, failure.message]))
        name = str(failure.details.get("param") or (found and (found["a"] or found["b"])) or "")
        model = failure.model or context.setting("AGENT_MODEL").strip() or "the model"
        message = (
            f"{model} does not take {name}" if name else f"{model} does not take a parameter of the request"
        )
        commands = ("export AGENT_MODEL='<model that takes it>'", f"dagogy recover {context.run_id}")
        return RecoveryOutcome(
            changed=False, message=f"{message}; another model may, or another gateway", commands=commands
        )


class StrongerModel(RecoveryAction):
    """The setting that lets a stronger model answer, and the command that uses it."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        model = failure.model or context.setting("AGENT_MODEL").strip()
        who = f"{model} does" if model else "the model does"
        return RecoveryOutcome(
            changed=False,
            message=f"{who} not keep to the form that was asked for; a stronger one may",
            commands=("export AGENT_MODEL='<stronger model>'", f"dagogy recover {context.run_id}"),
        )


class SeeRejection(RecoveryAction):
    """The smallest request to the same endpoint, which shows whether key, address and model are sound."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        base = (context.setting("OPENAI_BASE_URL").strip() or "https://api.openai.com/v1").rstrip("/")
        model = failure.model or context.setting("AGENT_MODEL").strip() or "<model>"
        question = json.dumps({"model": model, "messages": [{"role": "user", "content": "Say yes."}]})
        ask = (
            f"curl -sS -i -m 30 {shlex.quote(base + '/chat/completions')} "
            '-H "Authorization: Bearer $OPENAI_API_KEY" -H "Content-Type: application/json" '
            f"-d {shlex.quote(question)}"
        )
        return RecoveryOutcome(
            changed=False,
            message=(
                "the request is rejected and no reason given: where the smallest one passes, a parameter, "
                "the schema or the length of ours is not taken"
            ),
            commands=(ask, "export AGENT_SCOPE_TEXT_MAX_CHARS=3000", f"dagogy recover {context.run_id}"),
        )


class ReportConversation(RecoveryAction):
    """A conversation that is rejected for its form is a defect of whoever built it."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        shown = " ".join(diagnosis.evidence)[:300]
        return RecoveryOutcome(
            changed=False,
            message=f"the messages do not form a conversation for this model: {shown}; report it as a defect",
            commands=(
                f"dagogy escalate {context.run_id}",
                f"AGENT_PROVIDER=internal dagogy recover {context.run_id}",
            ),
        )
