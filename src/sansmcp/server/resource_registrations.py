"""How functions and values become resources."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from sansmcp import schema
from sansmcp.server.handles import Handles, ResourceHandle
from sansmcp.server.offering import Offering
from sansmcp.server.offers import resource_offer
from sansmcp.server.resources import ResourceOptions
from sansmcp.values import JSON

F = TypeVar("F", bound=Callable[..., object])


class ResourceRegistrations(Offering):
    """The part of a `Server` that is told of resources."""

    @property
    def resources(self) -> Mapping[str, ResourceHandle]:
        """The handles of the resources by URI, in order; it is always as it is now."""
        return Handles(self._ledger, "resources", ResourceHandle)

    def resource(
        self,
        uri: str,
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        mime_type: str | None = None,
        size: int | None = None,
        icons: Sequence[schema.Icon] = (),
        annotations: schema.Annotations | None = None,
        meta: Mapping[str, JSON] | None = None,
        blocks: bool = True,
    ) -> Callable[[F], F]:
        """Register a function as what is read under a URI, as a decorator; see `add_resource`."""

        def register(function: F) -> F:
            self.add_resource(
                uri,
                function,
                name=name,
                title=title,
                description=description,
                mime_type=mime_type,
                size=size,
                icons=icons,
                annotations=annotations,
                meta=meta,
                blocks=blocks,
            )
            return function

        return register

    def add_resource(
        self,
        uri: str,
        source: Callable[..., object] | str | bytes,
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        mime_type: str | None = None,
        size: int | None = None,
        icons: Sequence[schema.Icon] = (),
        annotations: schema.Annotations | None = None,
        meta: Mapping[str, JSON] | None = None,
        blocks: bool = True,
    ) -> ResourceHandle:
        """Register a value, or a function that returns one, as what is read under a URI.

        A function takes nothing, or a `Context`. It returns text, bytes, contents, a list of such, a
        `ReadResourceResult`, or any other value, which is read as JSON.

        Args:
            uri: where it is, exactly.
            source: the contents, or a function that returns them.
            name: its name for programs; by default the function's, or the URI.
            title: its name for people.
            description: what it holds; by default the function's docstring.
            mime_type: its media type.
            size: its size in bytes; that of a value is known.
            icons: pictures that stand for it.
            annotations: hints about how to use it.
            meta: what travels beside it in lists.
            blocks: whether a `def` may block.

        Returns:
            What changes and removes it.

        Raises:
            LocalProtocolError: the URI is taken or has no scheme, or the function takes arguments.
        """
        options = ResourceOptions(
            name=name,
            title=title,
            description=description,
            mime_type=mime_type,
            size=size,
            icons=tuple(icons),
            annotations=annotations,
            meta=meta,
            blocks=blocks,
        )
        offer = resource_offer(uri, source, options, self._ledger.revisions)
        return ResourceHandle(self._ledger, "resources", self._ledger.add("resources", offer))
