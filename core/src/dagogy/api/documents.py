"""Curriculum and topic spec as they are decoded, and their JSON values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagogy.api._lazy import lazily

if TYPE_CHECKING:
    from dagogy.contracts.documents import json_values
    from dagogy.contracts.types import Curriculum, Gap, Node, OpenQuestion, Resource, TopicSpec
else:
    __getattr__ = lazily(
        __name__,
        {
            "dagogy.contracts.types": "Curriculum Gap Node OpenQuestion Resource TopicSpec",
            "dagogy.contracts.documents": "json_values",
        },
    )

__all__ = ["Curriculum", "Gap", "Node", "OpenQuestion", "Resource", "TopicSpec", "json_values"]
