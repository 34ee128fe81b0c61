"""Options of a rule: typed, closed, with a default for each.

Options are `msgspec` structs, not pydantic models, for speed alone: a validation imports some thirty rules, and thirty pydantic
classes cost more than all the rest of the command (docs/architecture.md has the numbers). Unknown keys and values out of
range are configuration errors, as with `extra="forbid"`.
"""

from __future__ import annotations

import msgspec
from msgspec import Meta

__all__ = ["Meta", "Options"]


class Options(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Base of a rule's options. Annotate each field with `Annotated[type, Meta(description=…, ge=…)]` and a default.

    The names `enabled` and `severity` belong to the host and cannot be options.
    """
