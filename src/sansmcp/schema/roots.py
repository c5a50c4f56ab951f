"""Roots: the places in the client's file system that a server may work in."""

from collections.abc import Mapping

import attrs

from sansmcp.schema.members import Meta, RequestMeta, member
from sansmcp.values import JSON, Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Root(Value):
    """A place that a server may work in."""

    uri: str
    """Where it is; a file URI for now."""
    name: str | None = None
    """Its name for people."""
    meta: Meta | None = attrs.field(default=None, metadata=member(since="2025-06-18"))
    """What travels beside it."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ListRootsRequestParams(Value):
    """The question where a server may work."""

    meta: RequestMeta | None = None
    """What travels beside the request."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ListRootsResult(Value):
    """The places where a server may work."""

    roots: tuple[Root, ...]
    """The places."""
    meta: Meta | None = attrs.field(default=None, metadata=member(until="2025-11-25"))
    """What travels beside the result."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""
