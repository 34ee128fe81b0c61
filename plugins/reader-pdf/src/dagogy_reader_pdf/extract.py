"""Run as a program: reads a PDF from standard input and writes its lines of text as JSON.

A process of its own, since a PDF can keep its parser busy for ever; whoever starts
it bounds its time and memory.
"""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

#: Pages that are read at most.
MAX_PAGES = 2000


def lines_of(data: bytes) -> Iterator[dict[str, Any]]:
    """Each line: `page` (from 1), `box` (its number on the page), `text`, `size` of its type in points,
    whether it is `bold`, `top` as a part of the page's height, and `left` in points."""
    from pdfminer.high_level import extract_pages
    from pdfminer.layout import LAParams, LTTextContainer, LTTextLine

    for number, page in enumerate(
        extract_pages(io.BytesIO(data), laparams=LAParams(), maxpages=MAX_PAGES), start=1
    ):
        boxes = [box for box in page if isinstance(box, LTTextContainer)]
        for index, box in enumerate(boxes):
            for line in box:
                if isinstance(line, LTTextLine) and line.get_text().strip():
                    yield {
                        "page": number,
                        "box": index,
                        "text": line.get_text(),
                        **_type_of(line),
                        "top": 1 - line.y1 / page.height if page.height else 0.0,
                        "left": line.x0,
                    }


def _type_of(line: Any) -> dict[str, Any]:
    """The `size` of most of a line's letters, and whether most are `bold`."""
    from pdfminer.layout import LTChar

    letters = [c for c in line if isinstance(c, LTChar) and c.get_text().strip()]
    sizes = sorted(c.size for c in letters)
    bold = sum("bold" in c.fontname.lower() or "black" in c.fontname.lower() for c in letters)
    return {
        "size": round(sizes[len(sizes) // 2], 1) if sizes else 0.0,
        "bold": bool(letters) and bold * 2 > len(letters),
    }


def main() -> int:
    """Writes the lines, or a reason why there are none; returns the exit status."""
    logging.disable(logging.CRITICAL)
    try:
        found = list(lines_of(sys.stdin.buffer.read()))
    except Exception as error:  # whatever a damaged file makes the parser raise
        name = type(error).__name__
        print(
            json.dumps(
                {"error": "it is protected by a password" if "Password" in name else f"{name}: {error}"[:300]}
            )
        )
        return 1
    print(json.dumps({"lines": found}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
