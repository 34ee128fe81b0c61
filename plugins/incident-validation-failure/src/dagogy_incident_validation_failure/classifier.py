"""The classifier of runbook section 3B."""

from __future__ import annotations

from dagogy.api.failures import Remedy, Signature, SignatureClassifier


class ValidationFailure(SignatureClassifier):
    """Runbook 3B: the validator did its work, and the artifact did not pass.

    validation_failure:
        What: A rule about the schema, the graph, the evidence or the quality found errors in the curriculum
        or the topic spec, or no concept was found in the scope document.
        Recognised by: Our own code `validation_failed`, a line that begins `validation failed`, or the head
        of a validation report that counts failures.
        What to do: Where no concept was found, name each in the scope document by a heading with some text, a
        list item, or a row of a table with a `Topic` column, or run with `--scope-mode seed-list`, which
        takes each line for one. Else read `outputs/reviews/validation_report.md`, mend the spec or the
        settings (or generate again with the findings fed back), then run `dagogy validate RUN`,
        `dagogy plan RUN` and `dagogy iterate RUN`.
        Retry: Only after something changed. The same findings twice are a case for escalation.
    """

    remedies = (
        Remedy(
            incident="validation_failure",
            cause="the prerequisites form a cycle",
            steps="Take out the edge of the cycle that the source does not support.",
            when=r"\bcycles?\b|\bgraph\.acyclic\b",
            prevention=(
                "Correct the order in the scope document: of two concepts that each need the "
                "other, say which comes first."
            ),
        ),
        Remedy(
            incident="validation_failure",
            cause="no concept was found in the document",
            steps=(
                "Name each concept by a heading with some text, a list item, or a row of a table "
                "with a `Topic` column."
            ),
            when=r"\bno concepts?\b",
            prevention="Look at what is read of a document with `dagogy read FILE` before it is compiled.",
        ),
        Remedy(
            incident="validation_failure",
            cause="a rule found an error in the curriculum",
            steps="Read the validation report, and mend the source, the spec or the settings.",
            prevention=(
                "Correct the source and not the curriculum, so that the next generation keeps it;"
                " `dagogy check FILE` finds the same errors before a run."
            ),
        ),
    )
    signatures = (
        Signature(incident="validation_failure", typed="validation_failed"),
        Signature(
            incident="validation_failure",
            message=r"^(?:error: )?validation[ _]failed\b",
            unless=r"remote_llm|codex|response|last message",
        ),
        Signature(incident="validation_failure", where=r"^(?:\w+: )*validation[ _]failed\b", exception=r".+"),
        # A library of graphs that is given what is no DAG.
        Signature(
            incident="validation_failure",
            exception=r"(?:graphlib\.)?CycleError|(?:networkx\.(?:\w+\.)*)?(?:NetworkXUnfeasible|HasACycle)",
            message=r"\bcycle\b",
        ),
        Signature(
            incident="validation_failure",
            message=r"\bvalidation_report\.(?:md|json): \d+ (?:failures?|errors?|findings?)\b",
        ),
        Signature(
            incident="validation_failure",
            message=r"^(?:error: )?(?:validate|run)\b.{0,40}\bexited? (?:non-zero|with \d+)\b.*\breport\b",
        ),
    )
