"""The test kit for plugin authors: rule cases from YAML, failures for classifiers, and what recovery actions and probes promise."""

from dagogy.testing.cases import Case, complete_node, load_cases, run_case
from dagogy.testing.incidents import BenchContext, BenchProbeContext, check_action, check_probe, diagnosis_of, failure_of

__all__ = ["BenchContext", "BenchProbeContext", "Case", "check_action", "check_probe", "complete_node", "diagnosis_of", "failure_of", "load_cases", "run_case"]
