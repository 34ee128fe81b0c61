"""The classifier that guesses by the wording."""

from __future__ import annotations

from dagogy.api.errors import ProviderError
from dagogy.api.failures import Classifier, Diagnosis, Failure, FailureEvidence, Rank

from dagogy_incident_guess.features import own_words
from dagogy_incident_guess.model import model

#: So many of the last lines are shown as evidence.
_SHOWN = 3
#: What any service says in the same words.
_OF_A_SERVICE = (
    "provider_auth_",
    "provider_rate_",
    "provider_quota_",
    "provider_overloaded",
    "openai_api_key_",
)
#: What is known of a failure where its cause is left to the text: nothing, or that a provider failed.
_WITHOUT_CAUSE = frozenset({"", ProviderError.code})


class Guesser(Classifier):
    """A linear model that was trained on labelled failures of other programs. It is asked where no other
    classifier answers, and says nothing where the command ended with exit status 0, where the program, the
    package or the host that speaks is none whose failures it has learned, or where it is not sure enough.
    """

    def classify(self, failure: Failure) -> Diagnosis | None:
        evidence = FailureEvidence.of(failure, self.dialects)
        if evidence.exit_status == 0 or failure.code not in _WITHOUT_CAUSE:
            return None
        text = own_words(evidence) or failure.message
        found = model().answer(text)
        if found is None or (found.label.startswith(_OF_A_SERVICE) and evidence.another_speaker):
            return None
        lines = [line for line in text.splitlines() if line.strip()]
        return Diagnosis(
            incident_id=found.label,
            rank=Rank.GENERIC,
            confidence=round(found.probability, 2),
            evidence=tuple(lines[-_SHOWN:]),
        )

    def disowns(self, failure: Failure) -> str:
        if failure.code:
            return ""
        other = model().disowns(own_words(FailureEvidence.of(failure, self.dialects)))
        return "who speaks is no service or program that a provider asks" if other else ""
