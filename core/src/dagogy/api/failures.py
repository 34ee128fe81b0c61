"""Failures and their causes: what a classifier is given and answers, the evidence in a failure, tables of
signatures, and log dialects.
"""

from __future__ import annotations

from dagogy.api._lines import Kind, Line, Unit
from dagogy.api.dialects import LogDialect
from dagogy.api.failure_evidence import FailureEvidence
from dagogy.api.incidents import Classifier, Diagnosis, Failure, Rank
from dagogy.api.signatures import Signature, SignatureClassifier

__all__ = [
    "Classifier",
    "Diagnosis",
    "Failure",
    "FailureEvidence",
    "Kind",
    "Line",
    "LogDialect",
    "Rank",
    "Signature",
    "SignatureClassifier",
    "Unit",
]
