"""What the client libraries of language models print."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dagogy.api.dialects import Line, LogDialect

_OUTPUT_TEXT = re.compile(
    r"(?m)^[^\S\n]*output_text\s*[=:]\s*(?P<quoted>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\s*$"
)


class ClientDialect(LogDialect):
    """The exceptions of the SDKs of language models, the addresses that they ask, and the text of an answer
    as they print it.
    """

    packages = (
        r"(?:google|botocore|groq|together|cohere|instructor)\."
        r"|[\w.]*(?:openai|anthropic|huggingface|mistral|llama|lang|genai)"
    )
    addresses = r"responses|openai"

    def reply(self, text: str, lines: Sequence[Line]) -> str | None:
        quoted = _OUTPUT_TEXT.search(text)
        return quoted["quoted"][1:-1].replace("\\n", "\n").replace("\\'", "'") if quoted else None
