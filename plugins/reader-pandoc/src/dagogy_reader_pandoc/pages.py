"""HTML pages without navigation and other boilerplate."""

from __future__ import annotations


def main_content(html: str) -> str:
    return html
