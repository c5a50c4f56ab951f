"""A server as a value that many sessions share, and what its sessions tell of it."""

import itertools

import pytest
from tests.server.conversation import MODERN, Conversation, environment

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LATEST_LEGACY, LEGACY_REVISIONS, REVISIONS
from sansmcp.server import Context, Server
from sansmcp.session import KeepAlive, RequestStateRefused, SessionLimits, Timeouts

INVALID_STATE = {"code": -32602, "message": "requestState is not valid for this request"}


def named(**options):
    return Server("server", version="2", **options)


def asking(**options):
    server = named(**options)

    @server.tool
    def transfer(amount: int, ctx: Context) -> str:
        sure = ctx.elicit("sure", f"Transfer {amount}?", bool)
        return f"{amount} {sure.value}"

    @server.tool
    def refund(amount: int, ctx: Context) -> str:
        return f"{amount} {ctx.elicit('sure', f'Transfer {amount}?', bool).value}"

    @server.tool
    def add(a: int, b: int) -> int:
        return a + b

    return server


# Who it is


def test_a_server_says_who_it_is_in_both_eras():
    server = named(
        title="Title",
        description="Description",
        instructions="Use it well.",
        website_url="https://example.com",
        icons=[schema.Icon(src="https://example.com/a.png")],
    )
    identity = {
        "name": "server",
        "version": "2",
        "title": "Title",
        "description": "Description",
        "websiteUrl": "https://example.com",
        "icons": [{"src": "https://example.com/a.png"}],
    }
    initialized = Conversation(server, LATEST_LEGACY).initialized["result"]
    assert initialized["serverInfo"] == identity
    assert initialized["instructions"] == "Use it well."
    discovered = Conversation(server).result("server/discover")
    assert discovered["instructions"] == "Use it well."
    assert discovered["_meta"]["io.modelcontextprotocol/serverInfo"] == identity
    assert server.info.title == "Title"


def test_a_server_speaks_the_revisions_it_was_told():
    server = named(revisions=["2026-07-28", "2025-06-18"])
    assert server.revisions == ("2025-06-18", "2026-07-28")
    assert Conversation(server, "2025-06-18").session.revision == "2025-06-18"
    assert Conversation(server).result("server/discover")["supportedVersions"] == ["2026-07-28", "2025-06-18"]


@pytest.mark.parametrize("revisions", [[], ["2023-01-01"], ["2025-06-18", "soon"]])
def test_a_server_speaks_known_revisions_only(revisions):
    with pytest.raises(LocalProtocolError, match="revisions: expected some of"):
        named(revisions=revisions)


def test_a_server_of_the_first_revision_may_have_what_later_ones_know():
    server = named(revisions=["2024-11-05"])
    server.add_tool(lambda: 1, name="tool", title="Title")
    assert Conversation(server, "2024-11-05").text("tool") == "1"


# What it can do


def capabilities(server, revision=MODERN):
    if revision == MODERN:
        return Conversation(server).result("server/discover")["capabilities"]
    return Conversation(server, revision).initialized["result"]["capabilities"]


@pytest.mark.parametrize("revision", REVISIONS)
def test_capabilities_follow_from_what_is_registered(revision):
    server = named()
    assert capabilities(server, revision) == {}
    server.add_tool(lambda: 1, name="tool")
    assert capabilities(server, revision) == {"tools": {"listChanged": True}}
    server.add_prompt(lambda: "", name="prompt")
    server.add_resource("a:b", "x")
    items = {
        "tools": {"listChanged": True},
        "prompts": {"listChanged": True},
        "resources": {"listChanged": True, "subscribe": True},
    }
    assert capabilities(server, revision) == items

    @server.prompt
    def logging(ctx: Context) -> str:
        return ctx.client.revision

    assert capabilities(server, revision) == {"logging": {}, **items}


@pytest.mark.parametrize("revision", REVISIONS)
def test_capabilities_may_be_said_explicitly(revision):
    declared = schema.ServerCapabilities(
        tools=schema.ToolsCapability(list_changed=True), experimental={"x": {}}
    )
    server = named(capabilities=declared)
    server.add_prompt(lambda: "", name="prompt")
    assert server.capabilities == declared
    assert capabilities(server, revision) == {"experimental": {"x": {}}, "tools": {"listChanged": True}}


def test_a_session_keeps_the_capabilities_it_was_opened_with():
    server = named()
    peer = Conversation(server, LATEST_LEGACY)
    server.add_tool(lambda: 1, name="tool")
    assert peer.error("tools/call", name="tool")["code"] == -32601
    assert Conversation(server, LATEST_LEGACY).text("tool") == "1"


def test_a_session_finds_what_was_registered_after_it_was_opened():
    server = named()
    server.add_tool(lambda: 1, name="early")
    peer = Conversation(server)
    server.add_tool(lambda: 2, name="late")
    assert peer.text("late") == "2"


# One server, many sessions


def test_a_hundred_sessions_with_equal_ids_get_their_own_answers():
    server = asking()
    revisions = itertools.cycle(REVISIONS)
    peers = [Conversation(server, next(revisions)) for _ in range(100)]
    started = [
        peer.start("tools/call", request_id=7, name="add", arguments={"a": number, "b": 0})
        for number, peer in enumerate(peers)
    ]
    values = [invocation.call() for invocation in reversed(started)]
    for invocation, value in zip(reversed(started), values, strict=True):
        invocation.succeed(value, 0.0)
    for number, peer in enumerate(peers):
        (reply,) = peer.sent()
        assert (reply["id"], reply["result"]["content"][0]["text"]) == (7, str(number))


def test_a_session_is_opened_with_the_numbers_it_is_given():
    peer = Conversation(
        asking(),
        LATEST_LEGACY,
        timeouts=Timeouts(close=1.0),
        limits=SessionLimits(requests_in_flight=1),
        keep_alive=KeepAlive(interval=3.0),
    )
    assert peer.session.next_deadline() == 3.0
    peer.start("tools/call", request_id=1, name="add", arguments={"a": 1, "b": 2})
    peer.receive(peer.message("tools/call", 2, None, {"name": "add"}))
    assert peer.session.stats().requests_waiting == 1
    peer.session.close(0.0)
    assert peer.session.next_deadline() == 1.0


def test_methods_may_be_kept_in_order():
    server = named(ordered=["tools/call"])
    server.add_tool(lambda: 1, name="tool")
    peer = Conversation(server)
    first = peer.start("tools/call", request_id=1, name="tool")
    peer.receive(peer.message("tools/call", 2, None, {"name": "tool"}))
    assert peer.session.next_event() is None
    first.succeed(1, 0.0)
    assert peer.session.next_event().request_id == 2


# Request state (2026-07-28, Multi Round-Trip Requests)


class Calendar:
    """A calendar that is set by hand."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def minted(server, calendar=None, **options):
    peer = Conversation(server, around=environment(utc=calendar or Calendar()), **options)
    result = peer.result("tools/call", name="transfer", arguments={"amount": 1})
    return peer, result["requestState"]


YES = {"sure": {"action": "accept", "content": {"value": True}}}


def retried(peer, state, name="transfer", **arguments):
    return peer.request(
        "tools/call",
        name=name,
        arguments=arguments or {"amount": 1},
        requestState=state,
        inputResponses=YES,
    )[0]


def test_a_state_is_good_for_its_own_request_however_often():
    peer, state = minted(asking())
    for _ in range(2):
        assert retried(peer, state)["result"]["content"][0]["text"] == "1 True"


def test_a_state_is_good_in_another_session_of_the_server():
    server = asking()
    _, state = minted(server)
    other, _ = minted(server)
    assert retried(other, state)["result"]["content"][0]["text"] == "1 True"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda state: state[:-1],
        lambda state: state[1:],
        lambda state: "A" + state[1:] if state[0] != "A" else "B" + state[1:],
        lambda _: "",
        lambda state: state + "ä",
    ],
)
def test_a_state_that_was_changed_is_refused_with_one_text(spoil):
    peer, state = minted(asking())
    assert retried(peer, spoil(state))["error"] == INVALID_STATE
    (failed,) = peer.events
    assert isinstance(failed, RequestStateRefused)
    assert "request state" in failed.reason


@pytest.mark.parametrize(("name", "amount"), [("refund", 1), ("transfer", 9)])
def test_a_state_of_another_request_is_refused(name, amount):
    peer, state = minted(asking())
    assert retried(peer, state, name, amount=amount)["error"] == INVALID_STATE


def test_a_state_is_refused_even_by_what_never_asks():
    peer, state = minted(asking())
    assert retried(peer, state, "add", a=1, b=2)["error"] == INVALID_STATE


def test_a_state_ends_with_its_lifetime():
    calendar = Calendar()
    peer, state = minted(asking(state_lifetime=10.0), calendar)
    calendar.now += 9
    assert "result" in retried(peer, state)
    calendar.now += 1
    assert retried(peer, state)["error"] == INVALID_STATE


def test_servers_with_one_key_know_each_others_states_and_others_do_not():
    one, other = b"1" * 16, b"2" * 16
    _, state = minted(asking(state_keys=[one]))
    peer, _ = minted(asking(state_keys=[other, one]))
    assert "result" in retried(peer, state)
    peer, _ = minted(asking(state_keys=[other]))
    assert retried(peer, state)["error"] == INVALID_STATE


def test_the_key_of_a_server_is_made_once():
    keys = iter([b"a" * 32, b"b" * 32])
    server = asking()
    first = Conversation(server, around=environment(random=lambda count: next(keys)[:count]))
    second = Conversation(server, around=environment(random=lambda count: next(keys)[:count]))
    state = first.result("tools/call", name="transfer", arguments={"amount": 1})["requestState"]
    assert "result" in retried(second, state)


def test_a_short_key_is_refused():
    with pytest.raises(LocalProtocolError, match="at least 16 bytes"):
        named(state_keys=[b"1" * 15])


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_a_state_that_a_legacy_client_makes_up_is_no_state(revision):
    peer = Conversation(asking(), revision)
    (reply,) = peer.request("tools/call", name="add", arguments={"a": 1, "b": 2}, requestState="forged")
    assert reply["result"]["content"][0]["text"] == "3"


# Endpoints


def test_an_endpoint_has_a_session_for_each_peer_set_up_as_was_said():
    wrapped = []

    def wrap(link):
        wrapped.append(link)
        return link

    limits = SessionLimits(backlog=3)
    settings = {"limits": limits, "keep_alive": KeepAlive(), "on_event": print, "wrap_link": wrap}
    endpoint = named().endpoint(environment(), settings)
    links = [endpoint.accept(0.0), endpoint.accept(0.0)]
    assert wrapped == links
    assert links[0].session is not links[1].session
    assert [link.session.limits for link in links] == [limits, limits]


def test_an_endpoint_needs_no_settings():
    assert named().endpoint(environment(), {}).accept(0.0).session.limits == SessionLimits()


def test_a_setting_that_does_not_exist_is_refused_by_name():
    with pytest.raises(
        LocalProtocolError, match=r"serve\(timeout=...\): there is no such setting; .*timeouts"
    ):
        named().endpoint(environment(), {"timeout": 3})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"timeouts": 5}, r"serve\(timeouts=...\): expected a Timeouts, found 5"),
        ({"principal": 7}, r"serve\(principal=...\): expected a str, found 7"),
        ({"on_event": []}, r"serve\(on_event=...\): expected a function, found \[\]"),
    ],
)
def test_a_setting_of_the_wrong_kind_is_refused_before_anybody_comes(settings, said):
    with pytest.raises(LocalProtocolError, match=said):
        named().endpoint(environment(), settings)
    named().endpoint(environment(), dict.fromkeys(settings))


# Bindings that await nothing


def test_a_server_of_plain_functions_suits_bindings_that_await_nothing():
    server = asking()
    server.add_notification("notifications/acme/sent")
    assert refusal(server) is None


def refusal(server):
    try:
        server.refuse_async_handlers()
    except LocalProtocolError as error:
        return str(error)
    return None


def test_a_server_with_coroutines_is_refused_and_told_which_they_are():
    server = asking()

    async def wait() -> str:
        return "late"

    server.add_tool(wait, name="tool")
    server.add_prompt(wait, name="prompt")
    server.add_resource("a:b", wait)
    server.add_method("acme/wait", wait)
    server.add_notification("notifications/acme/wait", wait)
    expected = (
        "expected def, found async def for tool 'tool', prompt 'prompt', resource 'a:b', "
        "method 'acme/wait', notification 'notifications/acme/wait'"
    )
    assert expected in refusal(server)
