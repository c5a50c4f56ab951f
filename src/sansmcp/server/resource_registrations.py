"""How functions and values become resources and templates of such."""

from collections.abc import Callable, Mapping
from typing import TypeVar, Unpack

from sansmcp.errors import LocalProtocolError, refuse_unknown
from sansmcp.server.handles import Handles, ResourceHandle, ResourceTemplateHandle
from sansmcp.server.offer_settings import (
    ResourceOrTemplateSettings,
    ResourceSettings,
    ResourceTemplateSettings,
)
from sansmcp.server.offering import Offering
from sansmcp.server.offers import resource_offer, template_offer
from sansmcp.server.resources import ResourceOptions
from sansmcp.server.templates import TemplateOptions

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

    def resource(self, uri: str, **settings: Unpack[ResourceOrTemplateSettings]) -> Callable[[F], F]:
        """Register a function as what is read under a URI, or under all URIs of a template; as a decorator.

        What has braces is a template, for a URI has none; see `add_resource` and `add_resource_template`.
        """
        if not isinstance(uri, str):
            raise LocalProtocolError(
                f"resource: expected a URI, as in @server.resource('config://app'), found {uri!r:.80}"
            )

        def register(function: F) -> F:
            # Each refuses what only the other kind has.
            if "{" in uri:
                of_template: ResourceTemplateSettings = settings
                self.add_resource_template(uri, function, **of_template)
            else:
                of_resource: ResourceSettings = settings
                self.add_resource(uri, function, **of_resource)
            return function

        return register

    def add_resource(
        self,
        uri: str,
        source: Callable[..., object] | str | bytes,
        **settings: Unpack[ResourceSettings],
    ) -> ResourceHandle:
        """Register a value, or a function that returns one, as what is read under a URI.

        A function takes nothing, or a `Context`. It returns text, bytes, contents, a list of such, a
        `ReadResourceResult`, or any other value, which is read as JSON.

        Args:
            uri: where it is, exactly.
            source: the contents, or a function that returns them.
            settings: what else is said of it; see `ResourceSettings`.

        Returns:
            What changes and removes it.

        Raises:
            LocalProtocolError: there is no such setting, the URI is taken or has no scheme, or the function
                takes arguments.
        """
        refuse_unknown("add_resource", settings, ResourceSettings.__annotations__)
        options = ResourceOptions(
            **settings, default_cache=self._cache, vocabulary=self._inference.vocabulary
        )
        offer = resource_offer(uri, source, options, self._ledger.revisions)
        return ResourceHandle(self._ledger, "resources", self._ledger.add("resources", offer))

    def add_resource_template(
        self,
        template: str,
        function: Callable[..., object],
        **settings: Unpack[ResourceTemplateSettings],
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
            settings: what else is said of it; see `ResourceTemplateSettings`.

        Returns:
            What changes and removes it.

        Raises:
            LocalProtocolError: there is no such setting, the template is taken or none, some URI could be
                read in two ways, or the variables are not the parameters.
        """
        refuse_unknown("add_resource_template", settings, ResourceTemplateSettings.__annotations__)
        options = TemplateOptions(
            **settings, default_cache=self._cache, vocabulary=self._inference.vocabulary
        )
        offer = template_offer(template, function, options, self._ledger.revisions)
        position = self._ledger.add("resource_templates", offer)
        return ResourceTemplateHandle(self._ledger, "resource_templates", position)
