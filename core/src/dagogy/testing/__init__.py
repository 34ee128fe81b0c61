"""The test kit for plugin authors: rule cases from YAML, failures for classifiers, what recovery actions promise, and incidents replayed."""

from dagogy.testing.cases import Case, complete_node, load_cases, run_case
from dagogy.testing.incidents import BenchContext, check_action, diagnosis_of, failure_of
from dagogy.testing.replay import Replay, replay

__all__ = ["BenchContext", "Case", "Replay", "check_action", "complete_node", "diagnosis_of", "failure_of", "load_cases", "replay", "run_case"]
