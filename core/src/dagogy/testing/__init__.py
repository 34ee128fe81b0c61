"""The test kit for plugin authors: rule cases from YAML, failures for classifiers, what recovery actions and
probes promise, incidents replayed, and for a plugin of any kind what `dagogy plugins check` asks of it."""

from dagogy.kit.cases import Case, complete_node, load_cases, run_case
from dagogy.kit.check import check_plugin
from dagogy.testing.incidents import (
    FakeProbeContext,
    FakeRecoveryContext,
    check_action,
    check_probe,
    diagnosis_of,
    failure_of,
)
from dagogy.testing.replay import Replay, replay

__all__ = [
    "Case",
    "FakeProbeContext",
    "FakeRecoveryContext",
    "Replay",
    "check_action",
    "check_plugin",
    "check_probe",
    "complete_node",
    "diagnosis_of",
    "failure_of",
    "load_cases",
    "replay",
    "run_case",
]
