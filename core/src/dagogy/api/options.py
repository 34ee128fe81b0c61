"""Options of a rule or an exporter: typed, closed, with a default for each."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Field", "Options"]


class Options(BaseModel):
    """Base of the options of a rule or an exporter: a pydantic model. Annotate each field with
    `Annotated[type, Field(description=…, ge=…)]` and a default.

    A value of another type, one out of range and an unknown name are configuration errors. The defaults are
    taken as they stand. Of a rule, the names `enabled` and `severity` belong to the host and cannot be
    options.
    """

    # A validation imports every rule, and hardly any has its options set: what checks
    # them is built only for those.
    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)
