"""Services that are asked over HTTP: their addresses, and what their answers hold."""

from __future__ import annotations

from dagogy.api._bodies import read_body
from dagogy.api.urls import (
    ApiRoot,
    endpoint_of,
    is_loopback,
    plain_http_hop,
    shown_base_url,
    split_url,
    trimmed_base_url,
)

__all__ = [
    "ApiRoot",
    "endpoint_of",
    "is_loopback",
    "plain_http_hop",
    "read_body",
    "shown_base_url",
    "split_url",
    "trimmed_base_url",
]
