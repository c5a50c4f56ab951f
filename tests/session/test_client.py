"""What a client's own side asks of its session: calls, batches, cancellation, answers, notifications."""

import math

import pytest
from tests.session.ends import (
    MODERN,
    all_revisions,
    error,
    events,
    kinds,
    last_id,
    notification,
    open_client,
    response,
    result_of,
    take,
    tell,
    unchanged,
)

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LEGACY_REVISIONS, METHODS, REVISIONS, Kind, Method, Side
from sansmcp.session import (
    CallHandle,
    CallRequest,
    MissingCapability,
    RequestTimedOut,
    ResponseReceived,
    SubscriptionAcknowledged,
)
from sansmcp.values import JSON

NO_CAPABILITIES = schema.ClientCapabilities()


def answer(client, revision, id_, method="tools/call", now=0.0):
    tell(client, response(id_, result_of(method, revision)), now)


# Calls


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_call_is_sent_under_a_new_id_and_ends_with_its_typed_result(revision):
    client = open_client(revision)
    handle = client.send_request("tools/call", {"name": "x", "arguments": {"a": 1}}, 0.0)
    (sent,) = take(client)
    assert (sent["method"], sent["params"]["name"], sent["params"]["arguments"]) == (
        "tools/call",
        "x",
        {"a": 1},
    )
    assert ("_meta" in sent["params"]) is (revision == MODERN)
    answer(client, revision, sent["id"])
    assert events(client) == [
        ResponseReceived(handle=handle, method="tools/call", result=schema.CallToolResult(content=()))
    ]
    assert (client.next_deadline(), client.stats().calls_in_flight) == (None, 0)


@pytest.mark.parametrize("revision", REVISIONS)
def test_no_id_and_no_handle_is_used_twice(revision):
    client = open_client(revision)
    handles, ids = [], []
    for number in range(50):
        handles.append(client.send_request("tools/call", {"name": "x"}, 0.0))
        ids.append(last_id(client))
        if number % 3 == 0:
            answer(client, revision, ids[-1])
        elif number % 3 == 1:
            client.cancel(handles[-1], 0.0)
    assert len(set(ids)) == len(set(handles)) == 50


def test_params_are_a_typed_value_a_json_object_or_nothing():
    client = open_client("2025-11-25")
    client.send_request("tools/call", schema.CallToolRequestParams(name="x", meta={"traceparent": "00"}), 0.0)
    client.send_request("tools/list", None, 0.0)
    client.send_request("tools/list", {}, 0.0)
    client.send_request("tools/list", {"cursor": "", "acme/new": [1]}, 0.0)
    assert [message.get("params") for message in take(client)] == [
        {"name": "x", "_meta": {"traceparent": "00"}},
        None,
        None,
        {"cursor": "", "acme/new": [1]},
    ]


def test_trace_keys_travel_beside_what_a_modern_request_says_of_itself():
    client = open_client(MODERN)
    trace = {"traceparent": "00-1-2-01", "tracestate": "a=b", "baggage": "k=v"}
    client.send_request("tools/call", {"name": "x", "_meta": trace}, 0.0, progress=True)
    meta = take(client)[0]["params"]["_meta"]
    assert {key: meta[key] for key in trace} == trace
    assert "progressToken" in meta
    assert meta["io.modelcontextprotocol/protocolVersion"] == MODERN


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_call_that_cannot_be_said_raises_and_changes_nothing_not_even_the_next_id(revision):
    client = open_client(revision)
    bad = [
        ("tools/call", {"name": 7}),
        ("tools/call", {}),
        ("tools/call", None),
        ("tools/call", 7),
        ("tools/call", [("name", "x")]),
        ("tools/call", schema.PaginatedRequestParams()),
        ("tools/call", {"name": "\ud800"}),
        ("tools/call", {"name": "x", "arguments": {"a": math.nan}}),
        ("tools/call", schema.CallToolRequestParams(name="x", arguments={"a": object()})),
        ("tools/call", {"name": "x", "_meta": {"progressToken": 1}}),
        ("no/such", {}),
        ("initialize", {}),
        ("subscriptions/listen", {}),
    ]
    for method, params in bad:
        unchanged(client, lambda method=method, params=params: client.send_request(method, params, 0.0))
        batch = [CallRequest(method="tools/list"), CallRequest(method=method, params=params)]
        unchanged(client, lambda batch=batch: client.send_batch(batch, 0.0))
    if revision == MODERN:
        odd = schema.SubscriptionFilter(resource_subscriptions=(7,))
        unchanged(client, lambda: client.listen(odd, 0.0))
    client.send_request("tools/list", None, 0.0)
    assert last_id(client) == 2


@pytest.mark.parametrize(
    ("revision", "method", "text"),
    [
        (
            MODERN,
            "ping",
            "2026-07-28 has no such method; the last revision that has it is 2025-11-25",
        ),
        (
            "2025-11-25",
            "server/discover",
            "2025-11-25 has no such method; the last revision that has it is 2026-07-28",
        ),
        (
            "2025-11-25",
            "no/such",
            "2025-11-25 has no such method; no revision has it",
        ),
        ("2025-11-25", "initialize", "use connect()"),
        (MODERN, "subscriptions/listen", "use listen()"),
    ],
)
def test_a_method_that_the_revision_does_not_have_is_not_sent_and_the_error_helps(revision, method, text):
    client = open_client(revision)
    said = unchanged(client, lambda: client.send_request(method, None, 0.0))
    assert said == f"send_request({method!r}): {text}"


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize(
    ("method", "params", "needed"),
    [
        ("tools/list", None, "tools"),
        ("prompts/list", None, "prompts"),
        ("resources/read", {"uri": "r:1"}, "resources"),
        (
            "completion/complete",
            {"ref": {"type": "ref/prompt", "name": "p"}, "argument": {"name": "a", "value": ""}},
            "completions",
        ),
    ],
)
def test_what_the_server_did_not_declare_is_refused_before_a_byte_is_written(
    revision, method, params, needed
):
    client = open_client(revision, server_capabilities={})
    if (revision, needed) == ("2024-11-05", "completions"):
        client.send_request(method, params, 0.0)
        assert len(take(client)) == 1
        return
    with pytest.raises(MissingCapability, match=f"{needed!r}") as caught:
        client.send_request(method, params, 0.0)
    assert caught.value.required == {needed: {}}
    assert (take(client), client.stats().calls_in_flight) == ([], 0)


def test_a_legacy_server_without_logging_or_subscriptions_is_not_asked_for_them():
    client = open_client("2025-11-25", server_capabilities={"resources": {}})
    for command, needed in (
        (lambda: client.set_log_level("info", 0.0), "logging"),
        (lambda: client.send_request("resources/subscribe", {"uri": "r:1"}, 0.0), "resources.subscribe"),
    ):
        assert f"did not declare the capability {needed!r}" in unchanged(client, command)


# Batches


def test_several_calls_are_one_array_in_the_one_revision_that_has_them():
    client = open_client("2025-03-26")
    first, second = client.send_batch(
        [CallRequest(method="tools/list"), CallRequest(method="tools/call", params={"name": "x"})], 0.0
    )
    (sent,) = take(client)
    assert [message["method"] for message in sent] == ["tools/list", "tools/call"]
    one, two = (message["id"] for message in sent)
    tell(
        client,
        [
            response(two, {"content": []}),
            response(one, {"tools": []}),
            notification("notifications/tools/list_changed"),
        ],
    )
    assert [event.handle for event in events(client)[:2]] == [second, first]


@pytest.mark.parametrize("revision", all_revisions(without=["2025-03-26"]))
def test_several_calls_are_single_messages_elsewhere_with_equal_results(revision):
    client = open_client(revision)
    handles = client.send_batch(
        [CallRequest(method="tools/list"), CallRequest(method="tools/call", params={"name": "x"})], 0.0
    )
    sent = take(client)
    assert [message["method"] for message in sent] == ["tools/list", "tools/call"]
    for message in sent:
        result = {**result_of(message["method"], revision), "ttlMs": 0, "cacheScope": "private"}
        tell(client, response(message["id"], result))
    assert tuple(event.handle for event in events(client)) == handles


def test_no_calls_are_nothing():
    for revision in REVISIONS:
        client = open_client(revision)
        assert (client.send_batch([], 0.0), take(client)) == ((), [])


# Cancellation


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_cancellation_is_queued_at_once_in_its_place_and_no_event_comes_any_more(revision):
    client = open_client(revision)
    first = client.send_request("tools/call", {"name": "x"}, 0.0)
    client.cancel(first, 0.0, reason="enough")
    client.send_request("tools/list", None, 0.0)
    call, cancel, later = take(client)
    assert cancel == ("cancel", call["id"], "enough")
    assert later["method"] == "tools/list"
    answer(client, revision, call["id"])
    assert kinds(client) == ["MessageDropped"]
    client.cancel(first, 0.0)
    client.cancel(CallHandle(99), 0.0)
    assert (events(client), take(client)) == ([], [])


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_call_that_was_answered_cannot_be_cancelled_any_more(revision):
    client = open_client(revision)
    handle = client.send_request("tools/call", {"name": "x"}, 0.0)
    answer(client, revision, last_id(client))
    client.cancel(handle, 0.0)
    assert (kinds(client), take(client)) == (["ResponseReceived"], [])


# Subscriptions


def tagged(id_, **params):
    return {**params, "_meta": {"io.modelcontextprotocol/subscriptionId": id_}}


def acknowledge(client, id_, **granted):
    tell(client, notification("notifications/subscriptions/acknowledged", tagged(id_, notifications=granted)))


def test_a_subscription_is_sent_with_what_a_modern_request_says_and_waits_for_its_acknowledgement():
    client = open_client(MODERN)
    handle = client.listen(schema.SubscriptionFilter(tools_list_changed=True), 0.0, timeout=5.0)
    (sent,) = take(client)
    assert (sent["method"], sent["params"]["notifications"]) == (
        "subscriptions/listen",
        {"toolsListChanged": True},
    )
    assert sent["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] == MODERN
    assert client.next_deadline() == 5.0
    acknowledge(client, sent["id"])
    assert events(client) == [SubscriptionAcknowledged(handle=handle, filter=schema.SubscriptionFilter())]
    assert (client.next_deadline(), client.stats().subscriptions) == (None, 1)
    client.cancel(handle, 0.0)
    assert (take(client), client.stats().subscriptions) == ([("cancel", sent["id"], None)], 0)


def test_a_subscription_that_is_not_acknowledged_in_time_is_given_up():
    client = open_client(MODERN)
    handle = client.listen(schema.SubscriptionFilter(), 0.0)
    id_ = last_id(client)
    client.handle_timeout(60.0)
    (timed_out,) = events(client)
    assert (type(timed_out), timed_out.handle) == (RequestTimedOut, handle)
    assert take(client) == [("cancel", id_, "timed out")]


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_a_legacy_subscription_asks_for_each_resource_once_and_is_acknowledged_in_the_end(revision):
    client = open_client(revision)
    wanted = schema.SubscriptionFilter(tools_list_changed=True, resource_subscriptions=("r:1", "r:2"))
    first = client.listen(wanted, 0.0)
    second = client.listen(schema.SubscriptionFilter(resource_subscriptions=("r:1",)), 0.0)
    one, two = take(client)
    assert [(message["method"], message["params"]["uri"]) for message in (one, two)] == [
        ("resources/subscribe", uri) for uri in ("r:1", "r:2")
    ]
    tell(client, error(two["id"], -32002))
    assert events(client) == []
    tell(client, response(one["id"], {}))
    assert events(client) == [
        SubscriptionAcknowledged(
            handle=first,
            filter=schema.SubscriptionFilter(tools_list_changed=True, resource_subscriptions=("r:1",)),
        ),
        SubscriptionAcknowledged(
            handle=second, filter=schema.SubscriptionFilter(resource_subscriptions=("r:1",))
        ),
    ]
    assert client.stats().subscriptions == 2
    client.cancel(first, 0.0)
    assert take(client) == []
    client.cancel(second, 0.0)
    (unsubscribe,) = take(client)
    assert (unsubscribe["method"], unsubscribe["params"]) == ("resources/unsubscribe", {"uri": "r:1"})
    tell(client, error(unsubscribe["id"], -32603))
    assert (events(client), client.stats().subscriptions) == ([], 0)


def test_a_legacy_subscription_of_lists_alone_is_acknowledged_at_once():
    client = open_client("2025-11-25")
    handle = client.listen(schema.SubscriptionFilter(tools_list_changed=True), 0.0)
    assert take(client) == []
    assert events(client) == [
        SubscriptionAcknowledged(handle=handle, filter=schema.SubscriptionFilter(tools_list_changed=True))
    ]


def test_a_resource_that_nobody_wants_any_more_is_unsubscribed_from_when_the_answer_comes():
    client = open_client("2025-11-25")
    handle = client.listen(schema.SubscriptionFilter(resource_subscriptions=("r:1",)), 0.0)
    id_ = last_id(client)
    client.cancel(handle, 0.0)
    assert take(client) == []
    tell(client, response(id_, {}))
    assert [message["method"] for message in take(client)] == ["resources/unsubscribe"]
    assert events(client) == []


# Notifications and settings


def test_a_client_tells_that_its_roots_changed_if_it_declared_to():
    for revision in LEGACY_REVISIONS:
        client = open_client(revision)
        client.notify("notifications/roots/list_changed", None, 0.0)
        assert take(client) == [notification("notifications/roots/list_changed")]
        silent = open_client(revision, capabilities=schema.ClientCapabilities(roots=schema.RootsCapability()))
        assert "'roots.listChanged'" in unchanged(
            silent, lambda silent=silent: silent.notify("notifications/roots/list_changed", None, 0.0)
        )
    modern = open_client(MODERN)
    assert "no such notification" in unchanged(
        modern, lambda: modern.notify("notifications/roots/list_changed", None, 0.0)
    )


@pytest.mark.parametrize(
    "method", ["notifications/cancelled", "notifications/initialized", "no/such", "notifications/message"]
)
@pytest.mark.parametrize("revision", REVISIONS)
def test_what_the_session_sends_by_itself_or_nobody_sends_is_not_sent_by_hand(revision, method):
    client = open_client(revision)
    assert "to send by hand" in unchanged(client, lambda: client.notify(method, {"requestId": 1}, 0.0))


ACME = METHODS.extended(
    Method(name="acme/note", kind=Kind.NOTIFICATION, sender=Side.CLIENT, params=schema.NotificationParams),
    Method(
        name="acme/sum",
        kind=Kind.REQUEST,
        sender=Side.CLIENT,
        params=schema.RequestParams,
        result=schema.Result,
    ),
    Method(name="acme/raw", kind=Kind.REQUEST, sender=Side.CLIENT, params=schema.RequestParams),
)


@pytest.mark.parametrize("revision", REVISIONS)
def test_methods_and_notifications_of_ones_own_are_sent_in_every_revision(revision):
    client = open_client(revision, methods=ACME)
    client.notify("acme/note", {"text": "hi"}, 0.0)
    summed = client.send_request("acme/sum", {"numbers": [1, 2]}, 0.0)
    raw = client.send_request("acme/raw", None, 0.0)
    note, one, two = take(client)
    assert note == notification("acme/note", {"text": "hi"})
    assert one["params"]["numbers"] == [1, 2]
    extra = {} if revision != MODERN else {"resultType": "complete"}
    tell(client, response(one["id"], {"sum": 3, **extra}))
    tell(client, response(two["id"], {"as": "it is", **extra}))
    first, second = events(client)
    assert (first.handle, first.result.extra) == (summed, {"sum": 3})
    assert (second.handle, second.result) == (raw, {"as": "it is", **extra})


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_params_of_a_method_of_ones_own_may_be_any_object(revision):
    anything = Method(
        name="acme/any", kind=Kind.REQUEST, sender=Side.CLIENT, params=dict[str, JSON], result=dict[str, JSON]
    )
    client = open_client(revision, methods=METHODS.extended(anything))
    client.send_request("acme/any", {"words": ["a", 1]}, 0.0)
    (sent,) = take(client)
    assert sent["params"]["words"] == ["a", 1]
    assert ("_meta" in sent["params"]) == (revision == MODERN)


def test_the_level_of_log_messages_is_set_once_in_a_legacy_session():
    client = open_client("2025-06-18")
    handle = client.set_log_level("error", 0.0)
    (sent,) = take(client)
    assert (sent["method"], sent["params"]) == ("logging/setLevel", {"level": "error"})
    tell(client, response(sent["id"], {}))
    assert events(client)[0].handle == handle


def test_the_level_of_log_messages_goes_with_every_request_in_the_modern_era():
    client = open_client(MODERN, log_level="info")
    assert client.set_log_level("error", 0.0) is None
    client.send_request("tools/list", None, 0.0)
    assert take(client)[0]["params"]["_meta"]["io.modelcontextprotocol/logLevel"] == "error"


@pytest.mark.parametrize("revision", [MODERN, "2025-11-25"])
def test_a_level_that_does_not_exist_is_not_set(revision):
    client = open_client(revision)
    for level in ("loud", "", None, 7, []):
        assert "expected a log level" in unchanged(
            client, lambda level=level: client.set_log_level(level, 0.0)
        )


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_a_ping_to_a_legacy_server_has_one_outcome_and_a_timeout_of_its_own(revision):
    client = open_client(revision)
    handle = client.ping(0.0, timeout=0.5)
    (sent,) = take(client)
    assert sent == {"jsonrpc": "2.0", "id": 2, "method": "ping"}
    assert client.next_deadline() == 0.5
    tell(client, response(2, {}))
    assert events(client)[0].handle == handle
    client.ping(0.0)
    assert client.next_deadline() == 60.0


def test_a_modern_server_is_not_pinged():
    client = open_client(MODERN)
    assert "only a legacy session" in unchanged(client, lambda: client.ping(0.0))


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_owner_of_a_session_may_refuse_what_its_transport_cannot_carry(revision):
    client = open_client(revision)

    def check(message):
        if message.method == "tools/list":
            raise LocalProtocolError("too plain for this transport")

    client.check_requests(check)
    unchanged(client, lambda: client.send_request("tools/list", None, 0.0))
    client.send_request("tools/call", {"name": "x"}, 0.0)
    assert last_id(client) == 2
