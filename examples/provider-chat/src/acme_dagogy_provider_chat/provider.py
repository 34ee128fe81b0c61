"""The provider: one request for one question. It sends once; waiting and trying again
are left to `dagogy recover`.
"""

import http.client
import json
import urllib.error
import urllib.request
from typing import Any

from dagogy.api.errors import ConfigError, ProviderError
from dagogy.api.llm import Answer, LanguageModelProvider, Question
from dagogy.api.providers import Readiness
from dagogy.api.services import ApiRoot, Url, read_body

_ROOT = ApiRoot(default="http://localhost:11434/v1", endpoints=("chat/completions", "models"))
#: How a choice ends that holds no whole answer, as a cause.
_ENDS = {"length": "incomplete", "content_filter": "content_filter"}


class AcmeChat(LanguageModelProvider):
    """Asks a model behind a server that speaks chat completions: Ollama, vLLM, llama.cpp, a gateway."""

    @property
    def endpoint(self) -> str:
        return Url(self.settings.values["ACME_CHAT_URL"]).endpoint

    def ready(self) -> Readiness:
        """Asks for the list of models, which costs nothing."""
        try:
            models = [
                str(model["id"])
                for model in self._sent(
                    "models", None, Question(instructions="", text="", schema={}, seconds=5)
                )["data"]
            ]
        except (ProviderError, ConfigError) as error:
            return Readiness(
                ready=False, message=error.message, hint=error.hint or "check ACME_CHAT_URL and ACME_CHAT_KEY"
            )
        except (KeyError, TypeError):
            return Readiness(
                ready=False, message=f"{self.endpoint} does not list its models", hint="check ACME_CHAT_URL"
            )
        return Readiness(ready=True, message=f"{self.endpoint} has {', '.join(models) or 'no model'}")

    def complete(self, question: Question) -> Answer:
        if not self.settings.model:
            raise ConfigError(
                "AGENT_MODEL is required: acme_chat has no model of its own choice",
                hint="export AGENT_MODEL=… or give --model",
            )
        wanted = {"name": question.schema_name, "strict": True, "schema": question.schema}
        document = self._sent(
            "chat/completions",
            {
                "model": self.settings.model,
                "messages": [
                    {"role": "system", "content": question.instructions},
                    {"role": "user", "content": question.text},
                ],
                "response_format": {"type": "json_schema", "json_schema": wanted},
            },
            question,
        )
        try:
            (choice,) = document["choices"]
            message, spent = choice["message"], document.get("usage") or {}
            text, refusal, end = (
                message.get("content") or "",
                message.get("refusal"),
                choice.get("finish_reason"),
            )
        except (KeyError, TypeError, ValueError):
            raise self._error(
                "answered 200 with something that is no completion",
                cause="error_body",
                output=json.dumps(document)[-2000:],
            ) from None
        usage = {
            "calls": 1,
            "input_tokens": spent.get("prompt_tokens", 0),
            "output_tokens": spent.get("completion_tokens", 0),
        }
        cause = "refusal" if refusal else _ENDS.get(end, "" if text.strip() else "empty")
        if cause:
            raise self._error(
                f"gave no whole answer: {refusal or end or 'nothing'}",
                cause=cause,
                last_message=text,
                usage=usage,
            )
        return Answer(text=text, model=str(document.get("model", "")), usage=usage)

    def _sent(self, path: str, body: Any, question: Question) -> Any:
        """The JSON that the server answers with. Raises `ProviderError`, or
        `ConfigError` where the URL is none.
        """
        root, key = self.settings.values["ACME_CHAT_URL"].rstrip("/"), self.settings.values["ACME_CHAT_KEY"]
        if problem := _ROOT.problem(root):
            raise ConfigError(
                f"ACME_CHAT_URL {problem}",
                hint="set it to http(s)://host[:port]/v1",
                details={"cause": "base_url_malformed"},
            )
        if key and (hop := Url(root).plain_http_hop):
            raise ConfigError(
                f"the key would go over plain http to {hop}",
                hint="set ACME_CHAT_URL to an https:// address",
                details={"endpoint": self.endpoint},
            )
        try:
            content = None if body is None else json.dumps(body).encode()
            request = urllib.request.Request(f"{root}/{path}", content, {"Content-Type": "application/json"})  # noqa: S310
            if key:
                # a redirect may lead to anybody
                request.add_unredirected_header("Authorization", f"Bearer {key}")
            with urllib.request.urlopen(request, timeout=max(question.seconds_left, 0.1)) as response:  # noqa: S310
                data = self._read(response, question)
        except urllib.error.HTTPError as error:
            raise self._refused(error) from None
        except TimeoutError:
            raise self._late(question) from None
        except (OSError, http.client.HTTPException) as error:
            raise self._error(f"cannot be reached: {getattr(error, 'reason', error)}") from error
        except ValueError:
            raise ConfigError(
                "ACME_CHAT_KEY cannot stand in a header",
                hint="copy the key once more",
                details={"cause": "key_malformed"},
            ) from None
        try:
            return json.loads(data)
        except ValueError:
            cause = "html" if data.lstrip().startswith(b"<") else "error_body"
            raise self._error(
                "answered 200 and no JSON", cause=cause, output=data[-2000:].decode(errors="replace")
            ) from None

    def _read(self, response: http.client.HTTPResponse, question: Question) -> bytes:
        """The whole body. The socket's timeout bounds one read; a server that sends a byte now and then would
        never be late for it.
        """
        parts = []
        while part := response.read1():
            parts.append(part)
            if question.seconds_left <= 0:
                raise self._late(question)
        return b"".join(parts)

    def _refused(self, error: urllib.error.HTTPError) -> ProviderError:
        """The error for an HTTP status that says failure, with what the body says of it."""
        text = error.read(65536).decode(errors="replace")
        try:
            body = read_body(json.loads(text))
        except ValueError:
            body = None
        after = error.headers.get("Retry-After") or ""
        facts: dict[str, Any] = {"machine_code": body.code, "request_id": body.request_id} if body else {}
        if after.isdecimal():
            facts["retry_after_seconds"] = int(after)
        return self._error(
            f"answered {error.code}: {body.message if body else error.reason}",
            http_status=error.code,
            output=text[-2000:],
            **facts,
        )

    def _late(self, question: Question) -> ProviderError:
        return self._error(
            f"did not answer within {question.seconds:g} s", cause="timeout", killed_by="timeout"
        )

    def _error(self, what: str, **details: Any) -> ProviderError:
        return ProviderError(f"acme_chat: {self.endpoint} {what}", details={"usage": {"calls": 1}, **details})
