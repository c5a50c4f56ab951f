"""How functions and values become resources and templates of such."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.server.caching import CacheHint
from sansmcp.server.completions import Source
from sansmcp.server.handles import Handles, ResourceHandle, ResourceTemplateHandle
from sansmcp.server.offering import Offering
from sansmcp.server.offers import resource_offer, template_offer
from sansmcp.server.resources import ResourceOptions
from sansmcp.server.templates import TemplateOptions
from sansmcp.values import JSON

F = TypeVar("F", bound=Callable[..., object])


class ResourceRegistrations(Offering):
    """The part of a `Server` that is told of resources and of templates of such."""

    @property
    def resources(self) -> Mapping[str, ResourceHandle]:
        """The handles of the resources by URI, in order; it is always as it is now."""
        return Handles(self._ledger, "resources", ResourceHandle)

    @property
    def resource_templates(self) -> Mapping[str, ResourceTemplateHandle]:
        """The handles of the resource templates by their text, in order; it is always as it is now."""
        return Handles(self._ledger, "resource_templates", ResourceTemplateHandle)

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
        guards_paths: bool = True,
        completers: Mapping[str, Source] | None = None,
        cache: CacheHint | None = None,
        blocks: bool = True,
    ) -> Callable[[F], F]:
        """Register a function as what is read under a URI, or under all URIs of a template; as a decorator.

        What has braces is a template, for a URI has none; see `add_resource` and `add_resource_template`.
        """
        is_template = _is_template(uri, size, completers)

        def register(function: F) -> F:
            if is_template:
                self.add_resource_template(
                    uri,
                    function,
                    name=name,
                    title=title,
                    description=description,
                    mime_type=mime_type,
                    icons=icons,
                    annotations=annotations,
                    meta=meta,
                    guards_paths=guards_paths,
                    completers=completers,
                    cache=cache,
                    blocks=blocks,
                )
            else:
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
                    cache=cache,
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
        cache: CacheHint | None = None,
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
            cache: how long contents may be kept, and whom they may be shown to; by default what the server
                says. A `ReadResourceResult` of the function's says it itself.
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
            cache=cache or self._cache,
            blocks=blocks,
            vocabulary=self._inference.vocabulary,
        )
        offer = resource_offer(uri, source, options, self._ledger.revisions)
        return ResourceHandle(self._ledger, "resources", self._ledger.add("resources", offer))

    def add_resource_template(
        self,
        template: str,
        function: Callable[..., object],
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        mime_type: str | None = None,
        icons: Sequence[schema.Icon] = (),
        annotations: schema.Annotations | None = None,
        meta: Mapping[str, JSON] | None = None,
        guards_paths: bool = True,
        completers: Mapping[str, Source] | None = None,
        cache: CacheHint | None = None,
        blocks: bool = True,
    ) -> ResourceTemplateHandle:
        """Register a function as what is read under every URI that a template expands to (RFC 6570).

        The function takes the variables by name, and a `Context` if it likes. A parameter that is annotated
        as something else than text is read as JSON, or as a list where the template says so; a URI whose
        values do not fit is not found. A parameter with a default may be left out of the URI, and of the
        template. What the function returns is what a resource returns; see `add_resource`.

        Args:
            template: the template, such as `notes://{folder}/{id}`. It must be such that no URI can be read
                in two ways.
            function: a `def` or an `async def`.
            name: its name for programs; by default the function's.
            title: its name for people.
            description: what the resources hold; by default the function's docstring.
            mime_type: their media type.
            icons: pictures that stand for them.
            annotations: hints about how to use them.
            meta: what travels beside it in lists.
            guards_paths: whether a URI is not found if one of its values, as a path, leads out of a folder:
                `..`, absolute paths, drives, backslashes, NUL, and what a second decoding makes of a value.
            completers: what proposes values for variables, by variable.
            cache: how long contents may be kept, and whom they may be shown to; by default what the server
                says. A `ReadResourceResult` of the function's says it itself.
            blocks: whether a `def` may block.

        Returns:
            What changes and removes it.

        Raises:
            LocalProtocolError: the template is taken or none, some URI could be read in two ways, or the
                variables are not the parameters.
        """
        options = TemplateOptions(
            name=name,
            title=title,
            description=description,
            mime_type=mime_type,
            icons=tuple(icons),
            annotations=annotations,
            meta=meta,
            guards_paths=guards_paths,
            completers=dict(completers or {}),
            cache=cache or self._cache,
            blocks=blocks,
            vocabulary=self._inference.vocabulary,
        )
        offer = template_offer(template, function, options, self._ledger.revisions)
        position = self._ledger.add("resource_templates", offer)
        return ResourceTemplateHandle(self._ledger, "resource_templates", position)


def _is_template(uri: JSON, size: int | None, completers: Mapping[str, Source] | None) -> bool:
    """Say whether a text is a template, and refuse what goes with the other kind alone."""
    if not isinstance(uri, str):
        raise LocalProtocolError(
            f"resource: expected a URI, as in @server.resource('config://app'), found {uri!r:.80}"
        )
    is_template = "{" in uri
    if is_template and size is not None:
        raise LocalProtocolError(f"template {uri!r:.80}: its resources have no one size; leave size out")
    if completers and not is_template:
        raise LocalProtocolError(
            f"resource {uri!r:.80}: it has no variables to complete; leave completers out"
        )
    return is_template
