"""The exporter `github`: workflow commands, which a job of GitHub Actions turns into annotations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dagogy.api.exporters import ExportContext, Exporter

_COMMANDS: Mapping[str, str] = {"error": "error", "warning": "warning", "info": "notice"}


class GitHub(Exporter):
    """One command a finding, in the report's order; then what could not be judged; where there is neither, a
    notice that all is well.
    """

    def export(self, context: ExportContext) -> str:
        lines = list(_commands(context))
        if not lines:
            lines = [
                _command(
                    "notice",
                    f"{context.document['run_id']}: every rule is satisfied",
                    title="dagogy",
                    file="",
                    line="",
                )
            ]
        return "".join(line + "\n" for line in lines)


def _commands(context: ExportContext) -> Iterator[str]:
    files = {"curriculum": context.artifact, **context.files}
    for finding in context.document["findings"]:
        place = finding["pointer"] and f" (at {finding['pointer']})"
        yield _command(
            _COMMANDS[finding["severity"]],
            finding["message"] + place,
            title=finding["rule_id"],
            file=files.get(finding["document"], ""),
            # The lines that are known are those of the curriculum.
            line=str(context.lines.get(finding["pointer"], ""))
            if finding["document"] == "curriculum"
            else "",
        )
    for outcome in context.document["rules"]:
        if outcome["status"] in ("skipped", "failed"):
            name = "error" if outcome["status"] == "failed" else "notice"
            yield _command(
                name,
                f"{outcome['rule_id']} was not checked: {outcome['reason']}",
                title=outcome["rule_id"],
                file="",
                line="",
            )


def _command(name: str, message: str, *, title: str, file: str, line: str) -> str:
    properties = ",".join(
        f"{key}={_escaped(value, ':,')}"
        for key, value in (("file", file), ("line", line), ("title", title))
        if value
    )
    return f"::{name} {properties}::{_escaped(message)}"


def _escaped(text: str, more: str = "") -> str:
    """By the runner's own rules, `%` first, so that no escape is escaped again. It shows its
    log as it is: nothing hidden.
    """
    text = Exporter.visible(text)
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text
