"""Where servers may work, as one value that may change; clients tell their servers by themselves."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.values import JSON


class Roots:
    """A list of roots that may change, from any thread; several clients may share it.

    Each change is told to legacy servers, which then ask again; modern servers ask with each call anyway.

    Args:
        roots: the roots to begin with, as roots or as file URIs.
    """

    def __init__(self, roots: Iterable[schema.Root | str] = ()) -> None:
        self._roots: tuple[schema.Root, ...] = ()
        self._wakes: tuple[Callable[[], None], ...] = ()
        self.replace(roots)

    def __iter__(self) -> Iterator[schema.Root]:
        return iter(self._roots)

    def __len__(self) -> int:
        return len(self._roots)

    def add(self, root: schema.Root | str, *, name: str | None = None) -> None:
        """Let servers work in one more place; one that is there already is replaced.

        Args:
            root: the place, as a root or as a file URI.
            name: its name for people, where it is a URI.

        Raises:
            LocalProtocolError: it is no file URI.
        """
        added = root_of(schema.Root(uri=root, name=name) if isinstance(root, str) else root)
        self.replace((*(other for other in self._roots if other.uri != added.uri), added))

    def remove(self, uri: str) -> None:
        """Let servers work in a place no more.

        Args:
            uri: its URI.

        Raises:
            LocalProtocolError: there is no such place.
        """
        left = tuple(root for root in self._roots if root.uri != uri)
        if len(left) == len(self._roots):
            there = ", ".join(root.uri for root in self._roots) or "none"
            raise LocalProtocolError(f"remove({uri!r:.80}): there is no such root; there are: {there:.200}")
        self.replace(left)

    def replace(self, roots: Iterable[schema.Root | str]) -> None:
        """Let servers work in these places from now on, and tell them once.

        Args:
            roots: the places, as roots or as file URIs.

        Raises:
            LocalProtocolError: one is no file URI.
        """
        before, self._roots = self._roots, tuple(root_of(root) for root in roots)
        if before != self._roots:
            for wake in self._wakes:
                wake()

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Have something called at each change, on the thread that makes it.

        Args:
            wake: what to call.

        Returns:
            What ends that.
        """

        # A function of its own, since the same one may be given twice.
        def woken() -> None:
            wake()

        self._wakes = (*self._wakes, woken)

        def stop() -> None:
            self._wakes = tuple(other for other in self._wakes if other is not woken)

        return stop


def root_of(root: JSON) -> schema.Root:
    """Return a root as a value.

    Args:
        root: a root or a file URI.

    Raises:
        LocalProtocolError: it is neither.
    """
    made: Final = schema.Root(uri=root) if isinstance(root, str) else root
    if not isinstance(made, schema.Root) or not made.uri.startswith("file://"):
        raise LocalProtocolError(
            "roots: expected file URIs, such as 'file:///home/me', or roots that have one; "
            f"found {root!r:.80}"
        )
    return made
