"""What dagogy asks of an implementation, kind by kind: it is tried out on small documents
and failures of the kit's own.
"""

from __future__ import annotations

import inspect
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dagogy.api.errors import DagogyError
from dagogy.host.manager import Host
from dagogy.host.plugin import Plugin
from dagogy.kit.cases import Case, context_of, load_cases, run_case

#: What was looked at, and what is wrong with it; an empty reason where nothing is.
Promise = tuple[str, str]
_RULE_PARTS = ("Bad:", "Good:", "How to fix:")
_TWO_NODES = Case(
    "kit", "two nodes", "pass", {"curriculum": {"nodes": [{"id": "a"}, {"id": "b", "prerequisites": ["a"]}]}}
)


def promises(host: Host, plugin: Plugin, implementation: Any) -> Iterator[Promise]:
    """What is asked of `implementation`, which is that of `plugin`."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _BY_KIND[plugin.entry.kind](host, plugin, implementation, Path(folder))


def _tried(call: Callable[[], str]) -> str:
    """What `call` says is wrong, or what it raised."""
    try:
        return call()
    except Exception as error:
        return f"it raised {type(error).__name__}: {error}"


def _rule(host: Host, plugin: Plugin, implementation: Any, folder: Path) -> Iterator[Promise]:
    text = inspect.getdoc(implementation) or ""
    missing = [part for part in _RULE_PARTS if part not in text]
    yield "its docstring", f"it lacks {', '.join(missing)}" if missing else ""
    yield "its options", _wrong_options(implementation.Options)
    if plugin.info.aliases:
        yield (
            "its aliases",
            "; ".join(line for line in host.aliases.conflicts if f" of {plugin.name} does not count" in line),
        )
    try:
        cases = load_cases(plugin.id, plugin.entry.module)
    except (
        OSError,
        ValueError,
        ImportError,
        TypeError,
    ) as error:  # the last: a module, which has no files beside it
        yield "its cases.yaml", str(error)
        return
    for number, case in enumerate(cases):
        own = folder / str(number)
        own.mkdir()
        try:
            run_case(implementation(plugin.info), case, own)
        except (AssertionError, DagogyError) as error:
            yield f"case '{case.name}'", str(error)
        else:
            yield f"case '{case.name}'", ""


def _wrong_options(options: Any) -> str:
    """What is wrong with the options of a rule or exporter, their defaults among them: a validation in which
    nobody sets one builds and checks none of it.
    """
    from dagogy.pipeline.rule_options import require_options

    if options is not None:
        try:
            require_options(options)
            options.model_rebuild()
            options.model_validate(dict(options.model_construct()))
        except Exception as error:
            return " ".join(str(error).split())
    return ""


def _classifier(host: Host, plugin: Plugin, implementation: Any, folder: Path) -> Iterator[Promise]:
    from dagogy.api.incidents import Failure
    from dagogy.incidents.help import page

    yield "its incidents", "" if plugin.info.incidents else "it declares none, so it can answer nothing"
    for incident in plugin.info.incidents:
        missing = [f"{part}:" for part, text in page(host, plugin, incident).parts.items() if not text]
        yield (
            f"the page of '{incident}' in its docstring",
            f"it lacks {', '.join(missing)}" if missing else "",
        )

    def silent() -> str:
        found = implementation(plugin.info).classify(Failure())
        return "" if found is None else f"it answers {found!r:.100}; without evidence it must return None"

    yield "says nothing of an empty failure", _tried(silent)


#: What the program may have printed: nothing, an error, a banner with a prompt, and a traceback.
_PRINTED = (
    "",
    "ERROR: unexpected status 503 Service Unavailable: overloaded",
    "tool v1.0\n--------\nuser\nWrite a plan.\nERROR: the stream ended\n",
    'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\nhouse.Refused: no seat left\n',
)


def _dialect(host: Host, plugin: Plugin, implementation: Any, folder: Path) -> Iterator[Promise]:
    from dagogy.api.failure_evidence import FailureEvidence
    from dagogy.api.incidents import Failure
    from dagogy.incidents.dialects import guarded

    try:
        dialect = guarded(plugin, implementation)
        for text in _PRINTED:
            evidence = FailureEvidence(Failure(text=text, exit_status=1), (dialect,))
            _ = evidence.clues, evidence.reply
    except DagogyError as error:  # its patterns; everything else counts as if it were not there
        yield "reads what a program may print", error.message
        return
    yield "reads what a program may print", plugin.error().message if plugin.state == "failed" else ""


def _recovery(host: Host, plugin: Plugin, implementation: Any, folder: Path) -> Iterator[Promise]:
    info = plugin.info
    yield "its incidents", "" if info.incidents else "it declares none, so it is never offered"
    yield "safety", "it is unsafe and gives no reason" if info.safety == "unsafe" and not info.reason else ""


def _probe(host: Host, plugin: Plugin, implementation: Any, folder: Path) -> Iterator[Promise]:
    from dagogy.api.incidents import Failure
    from dagogy.incidents.probing import ask
    from dagogy.workspace.settings import load_settings

    yield "its incidents", "" if plugin.info.incidents else "it declares none, so it is never asked"
    settings = load_settings({**os.environ, "ORCHESTRATION_BASE_DIR": str(folder)})
    observations = ask(host, settings, Failure(), only=plugin.id)
    broken = [
        seen.result.message
        for seen in observations
        if seen.result.message.startswith(f"probe {plugin.id} of ")
    ]
    yield "looks and comes to its end", "; ".join(broken)


def _exporter(host: Host, plugin: Plugin, implementation: Any, folder: Path) -> Iterator[Promise]:
    from dagogy.api.exporters import ExportContext
    from dagogy.api.rules import Finding
    from dagogy.pipeline.judge import Outcome, ValidationResult
    from dagogy.pipeline.plan import make_plan
    from dagogy.pipeline.report import report_document

    context = context_of(_TWO_NODES, folder)
    finding = Finding("a finding of the kit", "/nodes/0/title", "a", rule_id="kit.rule", severity="error")
    result = ValidationResult([finding], [Outcome("kit.rule", "error", "findings", findings=1)], 80.0, 2, "")
    documents: dict[str, Callable[[], Any]] = {
        "curriculum": lambda: context.document,
        "plan": lambda: make_plan(context.curriculum, context.spec),
        "report": lambda: report_document("20260101-000000-kit", result),
    }

    subject = plugin.info.subject

    def exported() -> str:
        whole: dict[str, Any] = {}
        if subject == "run":
            whole = {
                "spec": json.loads(context.topic_spec_bytes),
                "plan": documents["plan"](),
                "report": documents["report"](),
                "run_id": "20260101-000000-kit",
                "made_at_utc": "2026-01-01T00:00:00Z",
            }
        options = implementation.Options and implementation.Options()
        document = documents["curriculum" if subject == "run" else subject]()
        titles = {node["id"]: node["title"] for node in context.document["nodes"]}
        made = implementation(plugin.info).export(
            ExportContext(document=document, options=options, titles=titles, **whole)
        )
        if isinstance(made, bytes) and subject != "report":
            return "" if made else "it returns no bytes"
        return (
            ""
            if isinstance(made, str) and (not made or made.endswith("\n"))
            else "it returns no text that ends in a newline"
        )

    yield "its options", _wrong_options(implementation.Options)
    yield f"exports a {plugin.info.subject} of two nodes", _tried(exported)


def _provider(host: Host, plugin: Plugin, implementation: Any, folder: Path) -> Iterator[Promise]:
    from dagogy.api.providers import Proposal, ProposeRequest, ProviderSettings, Readiness

    context = context_of(_TWO_NODES, folder)
    try:
        provider = implementation(
            plugin.info, ProviderSettings(values={s.name: s.default for s in plugin.info.settings})
        )
        found = provider.ready()
    except DagogyError:
        return  # a typed answer without its settings is one
    except Exception as error:
        yield "ready()", f"it raised {type(error).__name__}: {error}"
        return
    yield (
        "ready()",
        "" if isinstance(found, Readiness) else f"it returns {type(found).__name__}, not a Readiness",
    )
    if plugin.info.needs_network or not getattr(found, "ready", False):
        return  # an answer could cost something

    def proposed() -> str:
        try:
            answer = provider.propose(ProposeRequest(spec=context.spec, seed_draft=lambda: context.document))
        except DagogyError:
            return ""
        return "" if isinstance(answer, Proposal) else f"it returns {type(answer).__name__}, not a Proposal"

    yield "propose()", _tried(proposed)


#: What a reader may be given: nothing, no text, half a file, and what a parser could choke on.
_STRANGE = (
    b"",
    b"\n",
    b"\x00\xff\xfe" * 50,
    b"PK\x03\x04" + b"\x00" * 50,
    b"<" * 2000,
    b"[{(\n" * 500,
    "\u202e\u0301\ud7ff".encode() * 100,
)


def _reader(host: Host, plugin: Plugin, implementation: Any, folder: Path) -> Iterator[Promise]:
    """Whatever the bytes, a reader gives a document whose blocks lie in its text, or
    refuses them with a typed error.
    """
    from dagogy.api.readers import Source
    from dagogy.api.scope import ScopeDocument
    from dagogy.pipeline.documents import misplaced

    info = plugin.info
    yield (
        "suffixes",
        ""
        if all(s.startswith(".") and s == s.lower() for s in info.suffixes)
        else "a suffix begins with a dot and is in lower case",
    )
    yield (
        "what it reads",
        ""
        if info.suffixes or info.names or info.signatures
        else "it names no suffix, name or signature, so it is never chosen",
    )
    name = f"strange{info.suffixes[0] if info.suffixes else ''}"

    def read(data: bytes) -> str:
        try:
            document = implementation(info).read(Source(name, data))
        except DagogyError:
            return ""
        except Exception as error:
            return f"it raised {type(error).__name__}: {error}; raise InvalidArgument for what cannot be read"
        return (
            misplaced(document)
            if isinstance(document, ScopeDocument)
            else f"it returns {type(document).__name__}, not a ScopeDocument"
        )

    for data in _STRANGE:
        if wrong := read(data):
            yield f"reads {data[:8]!r}", wrong
            return
    yield "reads or refuses strange bytes", ""


def _command(host: Host, plugin: Plugin, implementation: Any, folder: Path) -> Iterator[Promise]:
    import click

    text = _help(implementation, click.Context(implementation, info_name=plugin.id))
    yield "its --help", "" if text else "it says nothing: give the function a docstring"
    yield (
        "an example in its --help",
        "" if "xample" in (implementation.epilog or text) else "give one in the epilog",
    )


def _help(command: Any, context: Any) -> str:
    command.get_help(context)  # raises where an option cannot be shown
    return str(command.help or "").strip()


_BY_KIND: dict[str, Callable[[Host, Plugin, Any, Path], Iterator[Promise]]] = {
    "rule": _rule,
    "provider": _provider,
    "reader": _reader,
    "classifier": _classifier,
    "dialect": _dialect,
    "recovery": _recovery,
    "probe": _probe,
    "exporter": _exporter,
    "command": _command,
}
