"""Results that may be used again, for as long as the server said and until it says otherwise.

A store may serve several clients. What a server calls private is kept apart for each principal: no other
ever gets it.

Source: 2026-07-28, Caching.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol, TypeAlias

import attrs

from sansmcp import schema
from sansmcp.session import Change, ChangeKind
from sansmcp.values import JSON

# Each tool list of a page and each resource that an agent looks at is one; few agents look at a thousand.
MAX_ENTRIES: Final = 1024
"""How many results a store keeps by default."""

# Four messages at their limit.
MAX_BYTES: Final = 16 * 1024 * 1024
"""How many bytes they may take by default, roughly."""

# A hint is no promise: a day from now nobody remembers it.
MAX_SECONDS: Final = 24 * 60 * 60.0
"""How long a result is fresh at most, whatever the server says."""

Question: TypeAlias = tuple[str, str | None]
"""What a result depends on: the method, and the URI or the cursor."""

Key: TypeAlias = tuple[str, object, Question]
"""The server, who may be shown it, and the question."""

# What each change makes stale.
_STALE: Final[Mapping[ChangeKind, tuple[str, ...]]] = {
    ChangeKind.TOOLS: ("tools/list",),
    ChangeKind.PROMPTS: ("prompts/list",),
    ChangeKind.RESOURCES: ("resources/list", "resources/templates/list"),
    ChangeKind.RESOURCE: ("resources/read",),
}
_LISTS: Final = frozenset(method for methods in _STALE.values() for method in methods) - {"resources/read"}
_PUBLIC: Final = "public"


class _Cacheable(Protocol):
    @property
    def ttl_ms(self) -> int: ...
    @property
    def cache_scope(self) -> schema.CacheScope: ...


@attrs.frozen(kw_only=True, eq=False)
class Entry:
    """One result of a store."""

    result: JSON
    """The result."""
    size: int
    """Roughly the bytes that it takes."""
    fresh_until: float
    """When it is fresh no more."""


class ResponseCache:
    """A store of results; clients that share one get what the others have asked for already.

    Each of them sees it through a view that says which server it talks to, and on whose behalf. Clients that
    share a store share a clock, as those of one runtime do.

    Args:
        entries: how many results it keeps; then what was not used for longest goes.
        size: how many bytes they may take, roughly.
        lock: held while the store is read or changed, where several threads use it.
    """

    def __init__(
        self,
        *,
        entries: int = MAX_ENTRIES,
        size: int = MAX_BYTES,
        lock: AbstractContextManager[JSON] | None = None,
    ) -> None:
        self._max_entries: Final = entries
        self._max_size: Final = size
        self._lock: AbstractContextManager[JSON] = nullcontext() if lock is None else lock
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self._size = 0
        self._changes: dict[tuple[str, ChangeKind], int] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def view(
        self, server: str, *, principal: str | None = None, serve_stale: bool = False
    ) -> "ResponseCacheView":
        """Return the store as the clients of one server see it, on behalf of one principal.

        Args:
            server: names the server; whoever says the same means the same server.
            principal: on whose behalf one asks; None for somebody who is nobody else, so that only
                clients which are given the same view share what is private.
            serve_stale: whether an old result is better than none when the server cannot be asked.
        """
        return ResponseCacheView(self, server, principal=principal, serve_stale=serve_stale)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._size = 0

    # For views

    def look_up(self, keys: tuple[Key, ...]) -> Entry | None:
        """Return what stands under the first of some keys that has anything."""
        with self._lock:
            for key in keys:
                entry = self._entries.get(key)
                if entry is not None:
                    self._entries.move_to_end(key)
                    return entry
        return None

    def enter(self, key: Key, other: Key, entry: Entry) -> None:
        """Put an entry under a key, in the place of what stands there and under another key."""
        with self._lock:
            self._drop(key)
            self._drop(other)
            if entry.size > self._max_size:
                return
            self._entries[key] = entry
            self._size += entry.size
            while len(self._entries) > self._max_entries or self._size > self._max_size:
                self._drop(next(iter(self._entries)))

    def changes_to(self, server: str, kind: ChangeKind) -> int:
        """Count the changes of a kind that a server told so far."""
        return self._changes.get((server, kind), 0)

    def age(
        self,
        server: str,
        kinds: Iterable[ChangeKind],
        is_meant: Callable[[Question], bool],
        *,
        keep: bool,
    ) -> None:
        """End the freshness of results of a server, or forget them, since something has changed."""
        with self._lock:
            for kind in kinds:
                self._changes[server, kind] = self._changes.get((server, kind), 0) + 1
            for key in [key for key in self._entries if key[0] == server and is_meant(key[2])]:
                if keep:
                    self._entries[key] = attrs.evolve(self._entries[key], fresh_until=float("-inf"))
                else:
                    self._drop(key)

    def _drop(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._size -= entry.size


class ResponseCacheView:
    """What the clients of one server may use again, for one principal; `ResponseCache.view` makes it.

    Args:
        store: where the results are.
        server: names the server.
        principal: on whose behalf one asks.
        serve_stale: whether an old result is better than none.
    """

    def __init__(
        self, store: ResponseCache, server: str, *, principal: str | None, serve_stale: bool
    ) -> None:
        self.serve_stale: Final = serve_stale
        """Whether an old result is better than none when the server cannot be asked."""
        self._store: Final = store
        self._server: Final = server
        # Who is not named is nobody but oneself. A name is never equal to the word for everybody.
        self._owner: Final[object] = object() if principal is None else (principal,)

    def get(self, question: Question, now: float, *, stale: bool = False) -> JSON:
        """Return the result that may be used, or None.

        Args:
            question: what is asked.
            now: the time.
            stale: whether an old one will do.
        """
        entry = self._store.look_up(self._keys(question))
        return None if entry is None or not (stale or now < entry.fresh_until) else entry.result

    def changes_to(self, question: Question) -> int:
        """Count the changes so far that concern a question: take it when asking, and give it to `keep`."""
        return self._store.changes_to(self._server, _kind_of(question))

    def keep(self, question: Question, result: JSON, now: float, *, changes: int) -> None:
        """Keep a result if the server allows it, unless something has changed since it was asked for.

        Args:
            question: what was asked.
            result: what came.
            now: when it came.
            changes: what `changes_to` said when it was asked for.
        """
        hints: _Cacheable = result
        if hints.ttl_ms <= 0 or changes != self.changes_to(question):
            return
        seconds = min(hints.ttl_ms / 1000, MAX_SECONDS)
        public, private = self._keys(question)
        key, other = (public, private) if hints.cache_scope == "public" else (private, public)
        entry = Entry(result=result, size=_size_of(result), fresh_until=now + seconds)
        # Under one of the two keys only: what has become private is public no more.
        self._store.enter(key, other, entry)

    def changed(self, change: Change) -> None:
        """End the freshness of what a change concerns, for everybody who talks to this server."""
        methods = _STALE[change.kind]

        def is_meant(question: Question) -> bool:
            method, uri = question
            is_other = change.kind is ChangeKind.RESOURCE and not _is_part(change.uri or "", uri or "")
            return method in methods and not is_other

        self._store.age(self._server, (change.kind,), is_meant, keep=self.serve_stale)

    def missed(self) -> None:
        """Take in that changes may have been missed: nothing of this server is fresh any more."""
        self._store.age(self._server, ChangeKind, lambda _: True, keep=self.serve_stale)

    def refused(self, question: Question) -> None:
        """Take in that a server refused a question: a cursor that is gone takes all pages with it."""
        if question[0] in _LISTS and question[1] is not None:
            self._store.age(
                self._server, (_kind_of(question),), lambda other: other[0] == question[0], keep=False
            )

    def clear(self) -> None:
        """Forget everything of this server, so that the next calls ask it."""
        self._store.age(self._server, ChangeKind, lambda _: True, keep=False)

    def _keys(self, question: Question) -> tuple[Key, Key]:
        return (self._server, _PUBLIC, question), (self._server, self._owner, question)


def own_view() -> ResponseCacheView:
    """Return a view of a store that one client has for itself."""
    return ResponseCache().view("the server of this client")


def question_of(method: str, params: JSON) -> Question | None:
    """Return what a result of a call depends on; None if it is never kept.

    What travels in `_meta` may be anything, so such calls are never kept.

    Args:
        method: the method.
        params: its params, as they were given to the call.
    """
    if isinstance(params, schema.PaginatedRequestParams) and method in _LISTS:
        return None if params.meta or params.extra else (method, params.cursor)
    if isinstance(params, schema.ReadResourceRequestParams) and method == "resources/read":
        is_retry = params.input_responses is not None or params.request_state is not None
        return None if params.meta or params.extra or is_retry else (method, params.uri)
    return None


def _kind_of(question: Question) -> ChangeKind:
    return next(kind for kind, methods in _STALE.items() if question[0] in methods)


def _is_part(changed: str, kept: str) -> bool:
    """Say whether a change of one resource concerns another, which may be the whole or a part of it."""
    return changed.startswith(kept) or kept.startswith(changed)


def _size_of(value: JSON) -> int:
    """Guess how many bytes a result takes."""
    if isinstance(value, str | bytes):
        return 64 + len(value)
    if isinstance(value, Mapping):
        return 64 + sum(_size_of(name) + _size_of(item) for name, item in value.items())
    if isinstance(value, tuple | list):
        return 64 + sum(_size_of(item) for item in value)
    if attrs.has(type(value)):
        return 64 + sum(_size_of(getattr(value, field.name)) for field in attrs.fields(type(value)))
    return 32
