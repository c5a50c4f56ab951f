"""How the items of each kind are made: what answers, what lists show, and what both were made of."""

from sansmcp.schema import Kind, Revision, Side
from sansmcp.server.methods import (
    MethodOptions,
    MethodTarget,
    NotificationTarget,
    method_of,
    notification_of,
    row_of,
)
from sansmcp.server.prompts import PromptOptions, PromptTarget, prompt_of
from sansmcp.server.resources import ResourceOptions, ResourceTarget, resource_of
from sansmcp.server.shelves import Offer
from sansmcp.server.templates import TemplateOptions, TemplateTarget, template_of
from sansmcp.server.tools import ToolOptions, ToolTarget, tool_of
from sansmcp.values import JSON


def tool_offer(function: JSON, options: ToolOptions, revisions: tuple[Revision, ...]) -> Offer[ToolTarget]:
    """Make a tool; see `tool_of`."""
    target = tool_of(function, options, revisions)
    return Offer(
        key=target.name, target=target, definition=target.definition, source=function, options=options
    )


def prompt_offer(
    function: JSON, options: PromptOptions, revisions: tuple[Revision, ...]
) -> Offer[PromptTarget]:
    """Make a prompt; see `prompt_of`."""
    target = prompt_of(function, options, revisions)
    return Offer(
        key=target.name, target=target, definition=target.definition, source=function, options=options
    )


def resource_offer(
    uri: str, source: JSON, options: ResourceOptions, revisions: tuple[Revision, ...]
) -> Offer[ResourceTarget]:
    """Make a resource; see `resource_of`."""
    target = resource_of(uri, source, options, revisions)
    return Offer(key=uri, target=target, definition=target.definition, source=source, options=options)


def template_offer(
    text: str, function: JSON, options: TemplateOptions, revisions: tuple[Revision, ...]
) -> Offer[TemplateTarget]:
    """Make a resource template; see `template_of`."""
    target = template_of(text, function, options, revisions)
    return Offer(key=text, target=target, definition=target.definition, source=function, options=options)


def method_offer(name: str, function: JSON, options: MethodOptions) -> Offer[MethodTarget]:
    """Make a request of one's own; see `method_of`."""
    row = row_of(name, Kind.REQUEST, Side.CLIENT)
    target = method_of(name, function, options)
    return Offer(key=name, target=target, definition=row, source=function, options=options)


def notification_offer(name: str, function: JSON, options: MethodOptions) -> Offer[NotificationTarget | None]:
    """Make a notification of one's own; see `notification_of`."""
    row = row_of(name, Kind.NOTIFICATION, None)
    target = None if function is None else notification_of(name, function, options)
    return Offer(key=name, target=target, definition=row, source=function, options=options)
