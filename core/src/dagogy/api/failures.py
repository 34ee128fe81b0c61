"""Failures and their causes: what a classifier is given and answers, the evidence in a failure, and tables of
signatures.
"""

from __future__ import annotations

from dagogy.api.failure_evidence import FailureEvidence
from dagogy.api.incidents import Classifier, Diagnosis, Failure, Rank, advice_for
from dagogy.api.remedies import Advice, Remedy
from dagogy.api.signatures import Signature, SignatureClassifier

__all__ = [
    "Advice",
    "Classifier",
    "Diagnosis",
    "Failure",
    "FailureEvidence",
    "Rank",
    "Remedy",
    "Signature",
    "SignatureClassifier",
    "advice_for",
]
