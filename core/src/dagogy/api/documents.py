"""Curriculum and topic spec as they are decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagogy.api._lazy import lazily

if TYPE_CHECKING:
    from dagogy.api.gaps import gap_question
    from dagogy.contracts.types import Curriculum, Gap, Node, OpenQuestion, Resource, TopicSpec
else:
    __getattr__ = lazily(
        __name__,
        {
            "dagogy.api.gaps": "gap_question",
            "dagogy.contracts.types": "Curriculum Gap Node OpenQuestion Resource TopicSpec",
        },
    )

__all__ = ["Curriculum", "Gap", "Node", "OpenQuestion", "Resource", "TopicSpec", "gap_question"]
