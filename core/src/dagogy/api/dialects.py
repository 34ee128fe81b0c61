"""Log dialects: how one program prints, or the client libraries of one service. Whoever brings a provider, or
knows how it fails, contributes one.

`FailureEvidence` reads every text by the forms that programs have in common. A dialect adds what only it
knows: which lines are a banner, an echoed prompt or a reply, what the model said last, which errors are the
last word, and the names of the packages whose exceptions speak of the service.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from dagogy.api._lines import Kind, Line, Unit
from dagogy.api.plugins import DialectInfo

__all__ = ["Kind", "Line", "LogDialect", "Unit"]


class LogDialect:
    """Base of all dialects. One that overrides nothing changes nothing.

    `packages`: a pattern for the beginning of the dotted name of an exception that the service's clients
    raise; any other package that is neither Python's nor an HTTP client's speaks of another service.
    `addresses`: a pattern for what stands in the addresses that its clients ask. None may have an endless
    repetition that meets another one. `names`: a pattern for words, in any case, by which a text speaks of
    the service, such as its name, its products, and what only it deals in.
    """

    packages: ClassVar[str] = ""
    addresses: ClassVar[str] = ""
    names: ClassVar[str] = ""

    def __init__(self, info: DialectInfo) -> None:
        self.info = info

    def kinds(self, raw: Sequence[str], kinds: Sequence[Kind]) -> Sequence[Kind]:
        """The kinds of the lines of a text: given are the lines as they were printed, and for each the kind
        that it has by its form.
        """
        return kinds

    def wrote(self, text: str, lines: Sequence[Line]) -> bool:
        """Whether the text is a transcript of the program's work: its errors are marked, and what was echoed
        or replied is none.
        """
        return False

    def reply(self, text: str, lines: Sequence[Line]) -> str | None:
        """The last message of the model, if the text has it; "" when the text says that there was none."""
        return None

    def last_words(self, units: Sequence[Unit]) -> Sequence[Unit] | None:
        """Of a transcript that it wrote, the units that say why the program ended; None for all errors."""
        return None
