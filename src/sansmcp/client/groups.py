"""Several servers behind one client, in each colour: lists are joined, and one may go without the others."""

from collections.abc import Awaitable, Generator, Iterator, Mapping
from contextlib import suppress
from typing import Generic, TypeVar

from sansmcp.client.awaitable import AwaitableCalls
from sansmcp.client.blocking import BlockingCalls
from sansmcp.client.calls import Call
from sansmcp.client.members import LOSSES, Members
from sansmcp.client.pages import AwaitableItems, BlockingItems
from sansmcp.client.waiting import Awaited, at_once
from sansmcp.values import JSON

T = TypeVar("T")
BlockingT = TypeVar("BlockingT", bound=BlockingCalls)
AwaitableT = TypeVar("AwaitableT", bound=AwaitableCalls)
ClientT = TypeVar("ClientT")


class _Group(Generic[ClientT]):
    """What both colours share.

    Args:
        clients: the clients to begin with, by the names of their servers.
        separator: what stands between the name of a server and that of its tool or prompt.
    """

    def __init__(self, clients: Mapping[str, ClientT] | None = None, *, separator: str = "_") -> None:
        self._members: Members[ClientT] = Members(separator)
        for name, client in (clients or {}).items():
            self._members.add(name, client)

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __getitem__(self, name: str) -> ClientT:
        """Return the client of one server.

        Raises:
            LocalProtocolError: there is none of that name.
        """
        return self._members[name]

    @property
    def lost(self) -> Mapping[str, Exception]:
        """Why servers could not be reached when they were last asked, by their names."""
        return self._members.lost

    def lose(self, name: str, error: Exception) -> None:
        """Take note that a server could not be reached."""
        self._members.lose(name, error)

    def add(self, name: str, client: ClientT) -> None:
        """Take the client of one more server in.

        Raises:
            LocalProtocolError: the name is taken, or names of tools would be ambiguous with it.
        """
        self._members.add(name, client)

    def remove(self, name: str) -> ClientT:
        """Take a server out and return its client, which is not closed.

        Raises:
            LocalProtocolError: there is none of that name.
        """
        return self._members.remove(name)


class BlockingGroup(_Group[BlockingT], BlockingCalls):
    """Several servers behind one client that blocks: `group["name"]` is the client of one of them."""

    def call(self, call: Call[T]) -> T:
        """Make a call on the server that it is for.

        Raises:
            LocalProtocolError: it is not clear which server is meant.
            CallEnded: as the outcome says; a list goes on with the next server.
            NotConnected: if that server is gone.
        """
        # It has no items: what the pages say, the members remember.
        next(BlockingItems(self._members.search(call), _nothing, self.call), None)
        name, inner = self._members.route(call)
        if name is None:
            return inner.read(None)
        try:
            return self._members[name].call(inner)
        except LOSSES as error:
            return self._members.instead(name, call, error)


class AwaitableGroup(_Group[AwaitableT], AwaitableCalls):
    """Several servers behind one client that is awaited: `group["name"]` is the client of one of them."""

    def call(self, call: Call[T]) -> Awaitable[T]:
        """Make a call on the server that it is for.

        Raises:
            LocalProtocolError: it is not clear which server is meant.
            CallEnded: as the outcome says; a list goes on with the next server.
            NotConnected: if that server is gone.
        """

        def calling() -> Generator[JSON, JSON, T]:
            # It has no items: what the pages say, the members remember.
            searching: AwaitableItems[JSON] = AwaitableItems(
                self._members.search(call), _nothing, self.call, _at_once
            )
            with suppress(StopAsyncIteration):
                yield from anext(searching).__await__()
            name, inner = self._members.route(call)
            if name is None:
                yield from self._pause().__await__()
                return inner.read(None)
            try:
                return (yield from self._members[name].call(inner).__await__())
            except LOSSES as error:
                return self._members.instead(name, call, error)

        return Awaited(calling)


def _nothing(_page: JSON) -> tuple[()]:
    return ()


def _at_once() -> Awaitable[None]:
    return at_once(None)
