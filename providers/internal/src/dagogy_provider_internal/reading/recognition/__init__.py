"""Which parts of a document name what is to be taught, as a model judges that was trained on documents with a
teacher's reading.

`units` cuts the blocks of a document into texts that may name concepts, and each text into the titles that it
may stand for; `features` describes a title by what a person can see of it; `trees` weighs the description;
`choice` takes the titles that are worth more together than apart.
"""

from dagogy_provider_internal.reading.recognition.choice import Recognition, recognise
from dagogy_provider_internal.reading.recognition.course import is_course

__all__ = ["Recognition", "is_course", "recognise"]
