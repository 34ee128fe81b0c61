"""The test kit for plugin authors: rule cases from YAML, failures for classifiers, and what recovery actions promise."""

from dagogy.testing.cases import Case, complete_node, load_cases, run_case
from dagogy.testing.incidents import BenchContext, check_action, diagnosis_of, failure_of

__all__ = ["BenchContext", "Case", "check_action", "complete_node", "diagnosis_of", "failure_of", "load_cases", "run_case"]
