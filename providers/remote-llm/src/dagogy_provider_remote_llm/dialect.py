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
    names = (
        r"generation_config|open_?ai|chat-?gpt|\bgpt[-_\d]|anthropic|claude|gemini"
        r"|generative_?language|generate_?content|aistudio|vertex_? ?ai|aiplatform|google\.genai"
        r"|mistral|cohere|\bgroq|openrouter|\btogether|deepseek|ollama|vllm|llama|litellm"
        r"|lang(?:chain|graph|smith|fuse)|hugging_? ?face|bedrock|cognitiveservices|\bx\.ai\b|\bgrok\b"
        r"|qwen|dashscope|moonshot|\bkimi\b|perplexity|copilot|llms?\b|\bcompletions?\b"
        r"|\bprompts?\b|\bembeddings?\b|max_\w{0,20}tokens|\btokens per\b|\btpm\b"
        r"|\bcontext[_ ](?:length|window|size)|(?<![.\w/])models?(?![.\w/])|\bai(?:_|\b)|\bsk-\w"
        r"|/v1/(?:responses|messages|models)|finish_reason|tool_use|\breasoning\b|instructor|crewai"
        r"|autogen|\baider\b|tiktoken|\binference\b|/v1/?['\"\s]"
        r"|(?:input|output|prompt|total|many) tokens|response_format|json_?schema|structured output"
        r"|\bdeployment"
    )

    def reply(self, text: str, lines: Sequence[Line]) -> str | None:
        quoted = _OUTPUT_TEXT.search(text)
        return quoted["quoted"][1:-1].replace("\\n", "\n").replace("\\'", "'") if quoted else None
