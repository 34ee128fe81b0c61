"""The provider `remote_llm`: one question over the network, with the one retry loop there is."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from dagogy.api.errors import ConfigError, ProviderError
from dagogy.api.llm import Answer, LanguageModelProvider, Question
from dagogy.api.providers import Readiness
from dagogy.api.services import Url

from dagogy_provider_remote_llm.access import Access, PlainHttp, checked, host_of, without_key
from dagogy_provider_remote_llm.waits import LONGEST_WAIT, backoff

if TYPE_CHECKING:
    from dagogy_provider_remote_llm.calls import Api, Written
    from dagogy_provider_remote_llm.faults import Fault

_DEFAULT_HOST, _DEFAULT_MODEL = "api.openai.com", "gpt-5.4-mini"
_READY_SECONDS = 5.0
#: What a service may do without: nothing of it changes what is asked.
_OPTIONAL = frozenset({"store", "stream", "stream_options", "text", "response_format"})
_UNSUPPORTED = frozenset(
    {"unsupported_parameter", "unsupported_value", "unknown_parameter", "unrecognized_parameter"}
)


@dataclass
class _Manner:
    """How a service wants to be asked, as far as it has shown: over which interface,
    and without which parameters.
    """

    api: Api
    fixed: bool
    without: set[str] = field(default_factory=set)
    switched: bool = False


class RemoteLlm(LanguageModelProvider):
    """Asks a model behind an OpenAI-style API."""

    #: For tests: nobody has to sit through a wait.
    sleep = staticmethod(time.sleep)
    draw: ClassVar[random.Random] = random.Random()  # noqa: S311 (it spreads retries, nothing hangs on it)
    _only_model = ""

    @property
    def endpoint(self) -> str:
        return Url(self.settings.values.get("OPENAI_BASE_URL", "")).endpoint

    @property
    def api(self) -> str:
        return (
            f"{self.settings.values.get('AGENT_API', 'auto')} "
            f"{self.settings.values.get('OPENAI_BASE_URL', '')}"
        )

    def prepare(self) -> None:
        """The SDK takes a second or more to import, and imports the interface that is
        used only when it is used.
        """
        from dagogy_provider_remote_llm.calls import load

        load()

    def ready(self) -> Readiness:
        """Key and address by their shape, then `GET /models`, which costs nothing."""
        try:
            access = checked(self.settings.values)
        except PlainHttp:
            raise
        except ConfigError as error:
            return Readiness(ready=False, message=error.message, hint=error.hint)
        from dagogy_provider_remote_llm.faults import Fault

        self.prepare()
        models = _models(access, _READY_SECONDS)
        if isinstance(models, Fault):
            if models.status in (404, 405, 501):
                return Readiness(
                    ready=True,
                    message=f"{access.host} is there, and does not list its models (status {models.status})",
                )
            return Readiness(
                ready=False,
                message=without_key(models.message, access.key),
                hint="check OPENAI_BASE_URL and OPENAI_API_KEY",
            )
        wanted = self.settings.model
        if wanted and models and wanted not in models:
            return Readiness(
                ready=False,
                message=f"{access.host} does not list the model {wanted}",
                hint=f"AGENT_MODEL may be: {', '.join(models[:8])}",
            )
        return Readiness(
            ready=True,
            message=f"{access.host} answered 200 and lists {len(models)} model{'s' * (len(models) != 1)}",
        )

    def complete(self, question: Question) -> Answer:
        access = checked(self.settings.values)
        from dagogy_provider_remote_llm.faults import Fault

        model = self._model(access)
        manner = _remembered(question, self._place(access, model), access.api)
        calls, tries = 0, 0
        tokens: dict[str, float] = {}
        while True:
            calls += 1
            written = _once(access, model, question, manner)
            if not isinstance(written, Fault):
                break
            fault = written
            for name, value in fault.facts.get("usage", {}).items():
                tokens[name] = tokens.get(name, 0) + value
            spent = question.calls_left is not None and calls >= question.calls_left
            adapted = not spent and _adapted(manner, fault)
            wait = 0.0 if adapted else self._wait(fault, tries, question)
            if spent or wait is None:
                usage = {"calls": calls, **tokens, "seconds": round(time.monotonic() - question.started, 3)}
                raise self._error(fault, access, model, usage) from _origin(fault, access.key)
            tries += not adapted
            if wait:
                if fault.facts.get("retry_after_seconds"):
                    question.hold(wait)
                question.progress(f"{without_key(fault.message, access.key)}; next try in {wait:.1f} seconds")
                self.sleep(wait)
        for name, value in written.usage.items():
            tokens[name] = tokens.get(name, 0) + value
        notes = self._learned(question, self._place(access, model), manner, written)
        usage = {"calls": calls, **tokens, "seconds": round(time.monotonic() - question.started, 3)}
        return Answer(
            text=without_key(written.text, access.key),
            model=written.model or model,
            request_id=written.request_id,
            usage=usage,
            notes=notes,
        )

    def _model(self, access: Access) -> str:
        """The model that is asked: `AGENT_MODEL`, or the default of OpenAI, or the
        only one that the service has.
        """
        if self.settings.model or access.host == _DEFAULT_HOST:
            return self.settings.model or _DEFAULT_MODEL
        if self._only_model:
            return self._only_model
        from dagogy_provider_remote_llm.faults import Fault

        models = _models(access, _READY_SECONDS)
        if isinstance(models, Fault):
            raise self._error(models, access, "", {}) from _origin(models, access.key)
        if len(models) != 1:
            named = f"; {access.host} has {', '.join(models[:8])}" if models else ""
            raise ConfigError(
                f"AGENT_MODEL is required: {access.host} has no model of its own choice{named}",
                hint="export AGENT_MODEL=… or give --model",
                details={"setting": "AGENT_MODEL", "endpoint": access.endpoint},
            )
        self._only_model = models[0]
        return self._only_model

    def _place(self, access: Access, model: str) -> str:
        """Under what name things are remembered of a service: they hold for one endpoint and model."""
        return f"{self.info.id} {access.endpoint} {model}"

    def _wait(self, fault: Fault, tries: int, question: Question) -> float | None:
        """Seconds to the next try, or None when there is to be none."""
        if not fault.retry or tries >= self.settings.retry_budget:
            return None
        retry_after = fault.facts.get("retry_after_seconds")
        wait = backoff(tries, retry_after, self.draw)
        return wait if (retry_after or 0) <= LONGEST_WAIT and wait < question.seconds_left else None

    def _learned(self, question: Question, place: str, manner: _Manner, written: Written) -> tuple[str, ...]:
        """Remembers how the service wants to be asked; what was found out now is said in the notes."""
        notes = []
        if manner.api == "responses" and not manner.fixed and not _follows(written.text, question):
            manner.api, manner.switched = "chat", True
            notes.append(
                f"{host_of(self.endpoint)} does not keep to text.format; it is asked over chat completions "
                "from now on"
            )
        elif manner.switched:
            notes.append(f"{host_of(self.endpoint)} is asked over {manner.api} from now on")
        learned = json.dumps({"api": manner.api, "without": sorted(manner.without)})
        known = json.dumps({"api": "responses", "without": []})
        if question.memory.get(place, known) != learned:
            question.memory[place] = learned
        return tuple(notes)

    def _error(self, fault: Fault, access: Access, model: str, usage: dict[str, Any]) -> ProviderError:
        facts = {
            "model": model,
            **fault.facts,
            "provider": self.info.id,
            "endpoint": access.endpoint,
            "usage": usage,
        }
        message = f"{self.info.id}: {fault.message}"
        return ProviderError(
            without_key(message, access.key),
            hint=without_key(fault.hint, access.key),
            details=without_key(facts, access.key),
        )


def _remembered(question: Question, place: str, api: str) -> _Manner:
    try:
        known = json.loads(question.memory.get(place, "{}"))
        without = {name for name in known.get("without", ()) if name in _OPTIONAL}
    except (ValueError, TypeError, AttributeError):
        known, without = {}, set()
    if api == "auto":
        return _Manner("chat" if known.get("api") == "chat" else "responses", False, without)
    return _Manner("chat" if api == "chat" else "responses", True, without)


def _adapted(manner: _Manner, fault: Fault) -> bool:
    """Whether the same question can be asked in another manner that the service did not refuse yet."""
    param = fault.param.split(".")[0]
    missing = fault.status in (405, 501) or (fault.status == 404 and "model" not in fault.code)
    refused = fault.status in (400, 422) and fault.code in _UNSUPPORTED and param in _OPTIONAL
    if (
        (missing or (refused and param in ("text", "response_format")))
        and not manner.fixed
        and not manner.switched
    ):
        manner.api, manner.switched = "chat" if manner.api == "responses" else "responses", True
        return True
    if refused and param not in manner.without:
        manner.without.add(param)
        if param == "stream":
            manner.without.add("stream_options")
        return True
    return False


def _follows(text: str, question: Question) -> bool:
    """Whether the answer has the keys that strict mode would have forced on it."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and set(question.schema["required"]) <= set(document)


def _once(access: Access, model: str, question: Question, manner: _Manner) -> Written | Fault:
    """One request. A fault is returned, not raised: it holds what the service said, and shall be in no
    exception's context.
    """
    from dagogy_provider_remote_llm.calls import ask, client
    from dagogy_provider_remote_llm.deadline import RequestDeadline
    from dagogy_provider_remote_llm.faults import Fault

    try:
        with (
            RequestDeadline(max(question.seconds_left, 0.001), allowed=question.seconds) as deadline,
            client(access.base_url, access.key, deadline) as sdk,
        ):
            return ask(sdk, deadline, access.host, manner.api, model, question, frozenset(manner.without))
    except Fault as fault:
        return fault


def _models(access: Access, seconds: float) -> list[str] | Fault:
    """The ids of the models that the service lists."""
    from dagogy_provider_remote_llm.calls import client, list_models
    from dagogy_provider_remote_llm.deadline import RequestDeadline
    from dagogy_provider_remote_llm.faults import Fault

    try:
        with RequestDeadline(seconds) as deadline, client(access.base_url, access.key, deadline) as sdk:
            return list_models(sdk, deadline, access.host)
    except Fault as fault:
        return fault


def _origin(fault: Fault, key: str) -> BaseException | None:
    """What the SDK raised, with the key out of it. Of a request that our clock ended it raised what a broken
    connection would: that is no cause.
    """
    if fault.facts.get("killed_by") == "timeout":
        return None
    from dagogy_provider_remote_llm.faults import scrubbed

    return scrubbed(fault.__cause__, key)
