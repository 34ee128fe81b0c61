"""The classifier of runbook section 3F."""

from __future__ import annotations

from dagogy.api.failures import Remedy, Signature, SignatureClassifier

_RUN_JSON = r"(?:^|[/\\\s'\"])run\.json\b"
_PARSING = (
    r"JSONDecodeError|UnicodeDecodeError|ValidationError|KeyError"
    r"|TypeError|ValueError|DecodeError|JSONDecodeException"
)


class RunMetadata(SignatureClassifier):
    """Runbook 3F: the run's own metadata cannot be trusted.

    invalid_run_metadata:
        What: `run.json` is empty, cut off, not JSON, of another `schema_version`, or names an unknown stage:
        another version of dagogy wrote it, someone edited it, or a write was interrupted.
        Recognised by: Our message `invalid run metadata`; or a parsing error whose file is `run.json`.
        What to do: Keep what is there with `dagogy archive RUN`, make a fresh run with `dagogy init`, put the
        inputs of the old one back and run the pipeline again. Never delete the old run before.
        Retry: Only after the metadata is replaced.
    """

    remedies = (
        Remedy(
            incident="invalid_run_metadata",
            cause="`run.json` cannot be read",
            steps="See the page of the incident.",
            prevention=(
                "Leave `run.json` to dagogy; copy and move a run only as a whole folder, or with "
                "`dagogy archive`."
            ),
        ),
    )
    signatures = (
        Signature(
            incident="invalid_run_metadata",
            typed="io_error config_error internal_error",
            message=r"\binvalid run metadata\b",
        ),
        Signature(
            incident="invalid_run_metadata", message=r"^(?:error\b[^:]*: )?(?:\w+: )?invalid run metadata\b"
        ),
        Signature(incident="invalid_run_metadata", exception=_PARSING, where=_RUN_JSON),
        Signature(incident="invalid_run_metadata", exception=_PARSING, path=_RUN_JSON),
        Signature(
            incident="invalid_run_metadata",
            message=(
                rf"{_RUN_JSON}.{{0,60}}\b(?:schema_version\b.{{0,40}}\bnot supported"
                r"|incompatible|unknown stage|is not valid JSON"
                r"|cannot be parsed|is corrupt)"
            ),
        ),
        Signature(
            incident="invalid_run_metadata",
            message=(
                r"\b(?:unsupported|incompatible|unknown) (?:run )?schema_version\b.*\brun\.json"
                r"|\bunknown stage\b.*\brun\.json"
            ),
        ),
    )
