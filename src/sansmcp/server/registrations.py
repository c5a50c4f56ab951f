"""How functions and values become what a server offers: decorators, and the same as calls."""

from sansmcp.server.completer_registrations import CompleterRegistrations
from sansmcp.server.method_registrations import MethodRegistrations
from sansmcp.server.prompt_registrations import PromptRegistrations
from sansmcp.server.resource_registrations import ResourceRegistrations
from sansmcp.server.tool_registrations import ToolRegistrations


class Registrations(
    ToolRegistrations,
    PromptRegistrations,
    ResourceRegistrations,
    CompleterRegistrations,
    MethodRegistrations,
):
    """The half of a `Server` that is told what to offer.

    What is offered is one immutable value that each registration replaces.

    Args:
        revisions: in which revisions it must be possible to say what is registered.
        cache: how long the contents of a resource may be kept that does not say so itself.
        inference: how schemas are made of types.
    """
