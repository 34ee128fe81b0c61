"""The test kit for plugin authors: rule cases from YAML, run the way the host runs rules."""

from dagogy.testing.cases import Case, complete_node, load_cases, run_case

__all__ = ["Case", "complete_node", "load_cases", "run_case"]
