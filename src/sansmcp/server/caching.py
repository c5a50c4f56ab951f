"""How long clients may keep what they were told, and whom they may show it to."""

from collections.abc import Mapping
from typing import Final

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import METHODS, CacheScope
from sansmcp.values import Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CacheHint(Value):
    """What a result of 2026-07-28 says about being kept; by default nothing is to be kept.

    Source: 2026-07-28, Caching.
    """

    ttl_ms: int = 0
    """How long it is fresh, in milliseconds."""
    scope: CacheScope = "private"
    """Whom a kept copy may be shown to: "private", the one who asked; "public", everybody."""

    def __attrs_post_init__(self) -> None:
        if type(self.ttl_ms) is not int or self.ttl_ms < 0:
            raise LocalProtocolError(f"ttl_ms: expected a whole number from 0, found {self.ttl_ms!r:.80}")
        if self.scope not in ("private", "public"):
            raise LocalProtocolError(f"scope: expected 'private' or 'public', found {self.scope!r:.80}")


NOT_KEPT: Final = CacheHint()
"""Nothing is to be kept."""

CACHEABLE: Final = tuple(method.name for method in METHODS.methods if method.cacheable)
"""The methods whose results carry a hint."""


class CacheHints:
    """The hints of a server.

    Args:
        default: for every result.
        by_method: for the results of some methods, in place of the default.

    Raises:
        LocalProtocolError: one of the methods has no hint in its results.
    """

    def __init__(self, default: CacheHint, by_method: Mapping[str, CacheHint]) -> None:
        unknown = [name for name in by_method if name not in CACHEABLE]
        if unknown:
            raise LocalProtocolError(
                f"cache_of: expected some of {', '.join(CACHEABLE)}, found {unknown[0]!r:.80}"
            )
        for name, hint in {"cache": default, **by_method}.items():
            if not isinstance(hint, CacheHint):
                raise LocalProtocolError(f"{name}: expected a CacheHint, found {hint!r:.80}")
        self._default = default
        self._by_method = dict(by_method)

    def of(self, method: str) -> CacheHint:
        """Return the hint for the results of a method."""
        return self._by_method.get(method, self._default)
