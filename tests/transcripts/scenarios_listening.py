"""Subscriptions: what is honoured, who is told what, and how they end, in both eras."""

from tests.transcripts.registry import LEGACY, MODERN, scenario
from tests.transcripts.scenarios_plain import NOTE

from sansmcp import schema
from sansmcp.session import Change, ChangeKind, SessionLimits

TOOLS = Change(kind=ChangeKind.TOOLS)
PROMPTS = Change(kind=ChangeKind.PROMPTS)
RESOURCES = Change(kind=ChangeKind.RESOURCES)
GREETING = Change(kind=ChangeKind.RESOURCE, uri=NOTE)
OTHER = Change(kind=ChangeKind.RESOURCE, uri="note://other")


@scenario(MODERN, http=True)
def several_subscriptions(r):
    """Subscriptions share the channel; each hears what it asked for, under its own id."""
    r.start()
    tools = r.listen(tools_list_changed=True)
    r.listen(tools_list_changed=True, resource_subscriptions=(NOTE, NOTE))
    for change in (TOOLS, PROMPTS, GREETING, OTHER):
        r.publish(change)
    r.client.cancel(tools, r.now)
    r.settle()
    r.publish(TOOLS)


@scenario(MODERN)
def changes_coalesce(r):
    """Changes of the same kind that were not yet written are told once."""
    r.start()
    r.listen(tools_list_changed=True, resource_subscriptions=(NOTE,))
    for change in (TOOLS, GREETING, TOOLS, GREETING):
        r.server.publish(change, r.now)
    r.settle()


@scenario(MODERN)
def a_part_is_honoured(r):
    """The acknowledgement says what of the wishes the server can keep."""
    tools = schema.ToolsCapability(list_changed=True)
    r.start(server={"capabilities": schema.ServerCapabilities(tools=tools)})
    r.listen(
        tools_list_changed=True,
        prompts_list_changed=True,
        resources_list_changed=True,
        resource_subscriptions=(NOTE,),
    )
    for change in (TOOLS, PROMPTS, RESOURCES, GREETING):
        r.publish(change)


@scenario(MODERN, http=True)
def the_server_ends_a_subscription(r):
    """The server ends one subscription; another one goes on."""
    r.start()
    r.listen(tools_list_changed=True)
    r.listen(prompts_list_changed=True)
    first = r.opened()
    r.server.end_subscription(first.subscription_id, r.now)
    r.settle()
    r.publish(TOOLS)
    r.publish(PROMPTS)


@scenario(MODERN)
def the_server_closes_with_subscriptions(r):
    """A server that closes ends every subscription with its result."""
    r.start()
    r.listen(tools_list_changed=True)
    r.listen(prompts_list_changed=True)
    r.server.close(r.now)
    r.settle()


@scenario(MODERN)
def too_many_subscriptions(r):
    """Past the limit a subscription is refused before it begins."""
    r.start(server={"limits": SessionLimits(subscriptions=1)})
    r.listen(tools_list_changed=True)
    r.listen(prompts_list_changed=True)


@scenario(MODERN)
def a_subscription_without_acknowledgement(r):
    """A subscription that is not acknowledged in time is given up."""
    r.start()
    r.server.hold()
    r.client.listen(schema.SubscriptionFilter(tools_list_changed=True), r.now, timeout=5.0)
    r.advance(6.0)
    r.note("the server reads the request and the cancellation together")
    r.release(r.server)


@scenario(MODERN)
def subscriptions_by_hand(r):
    """A change before the acknowledgement, without a subscription, or after its end has no place."""
    r.start()
    r.server.hold()
    r.client.listen(schema.SubscriptionFilter(tools_list_changed=True), r.now)
    r.settle()
    r.by_hand("S", changed(2), "a change before the acknowledgement", legal=True)
    r.release(r.server)
    r.by_hand("S", changed(None), "a change of no subscription")
    r.by_hand("S", changed("2"), "the same number as a text", legal=True)
    r.by_hand("S", cancelled(2), "the server ends it without a result", legal=True)
    r.by_hand("S", changed(2), "a change after the end", legal=True)
    meta = {"io.modelcontextprotocol/subscriptionId": 2}
    result = {"resultType": "complete", "_meta": meta}
    r.by_hand("S", {"jsonrpc": "2.0", "id": 2, "result": result}, "its result comes later", legal=True)


@scenario(LEGACY)
def listening_to_what_is_not_there(r):
    """What a legacy server cannot tell of is not asked for, and does not stand in the acknowledgement."""
    tools = schema.ToolsCapability(list_changed=True)
    r.start(server={"capabilities": schema.ServerCapabilities(tools=tools)})
    r.listen(tools_list_changed=True, prompts_list_changed=True, resource_subscriptions=(NOTE,))
    for change in (TOOLS, PROMPTS, GREETING):
        r.publish(change)


@scenario(LEGACY)
def two_listeners_to_one_resource(r):
    """A resource is subscribed to once, however many listen, and given up with the last of them."""
    r.start()
    first = r.listen(resource_subscriptions=(NOTE,))
    second = r.listen(resource_subscriptions=(NOTE, "note://other"))
    r.publish(GREETING)
    r.client.cancel(first, r.now)
    r.settle()
    r.publish(GREETING)
    r.client.cancel(second, r.now)
    r.settle()
    r.publish(GREETING)


@scenario(LEGACY)
def too_many_resources(r):
    """Past the limit a subscription to a resource is refused; the rest is honoured."""
    r.start(server={"limits": SessionLimits(subscriptions=1)})
    r.listen(resource_subscriptions=(NOTE, "note://other"))
    r.publish(GREETING)
    r.publish(OTHER)


def changed(subscription):
    """Write that the tools changed."""
    params = (
        {} if subscription is None else {"_meta": {"io.modelcontextprotocol/subscriptionId": subscription}}
    )
    return {"jsonrpc": "2.0", "method": "notifications/tools/list_changed", "params": params}


def cancelled(request_id):
    """Write that a request is given up."""
    return {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": request_id}}
