"""Middleware of a client: around its calls, around what the server asks and tells, around its answers."""

import attrs
import pytest
from tests.client.told import Told

from sansmcp import (
    Accepted,
    Context,
    LocalProtocolError,
    NotConnected,
    RequestFailed,
    RequestLost,
    Server,
    schema,
)
from sansmcp.client import accept, call_tool
from sansmcp.schema import LEGACY_REVISIONS, REVISIONS
from sansmcp.server import CacheHint
from sansmcp.session import (
    Delay,
    IncomingNotification,
    IncomingRequest,
    OutgoingError,
    OutgoingNotification,
    OutgoingRequest,
    OutgoingResult,
    ProgressReceived,
    Restart,
    Severity,
)
from sansmcp.testing import Pause, WorkCancelled, connect

every_revision = pytest.mark.parametrize("revision", REVISIONS)
asking_revisions = pytest.mark.parametrize("revision", [name for name in REVISIONS if name >= "2025-06-18"])


@attrs.frozen
class Name:
    """Who somebody is."""

    name: str


def served():
    server = Server("test", version="1")
    server.add_notification("notifications/acme/told", lambda: None)

    @server.tool
    def add(a: int, b: int) -> int:
        return a + b

    @server.tool
    async def wait(seconds: float, ctx: Context) -> str:
        ctx.log("info", "waiting")
        ctx.progress(1)
        await Pause(seconds)
        return "waited"

    @server.tool
    def ask(ctx: Context) -> str:
        match ctx.elicit("name", "Who?", Name):
            case Accepted(value=found):
                return found.name
            case other:
                return type(other).__name__

    @server.tool
    def roots(ctx: Context) -> list[str]:
        return [root.uri for root in ctx.roots("roots")]

    return server


def text(result):
    return result.content[0].text


class Taped:
    """Middleware that lets everything pass and remembers it."""

    def __init__(self):
        self.messages = []
        self.outcomes = []

    def __call__(self, message, proceed):
        self.messages.append(message)
        try:
            outcome = yield from proceed(message)
        except BaseException as error:
            self.outcomes.append(error)
            raise
        self.outcomes.append(outcome)
        return outcome

    def kinds(self):
        return [(type(message), message.method) for message in self.messages]


def errors(client):
    """Return what the client reports; what the server does is told in the same place."""
    told = [report.text for report in client.reports if report.severity is Severity.ERROR]
    return [text for text in told if not text.startswith("tools/call")]


# Calls


@every_revision
def test_every_call_passes_with_its_typed_params_and_gets_its_typed_result(revision):
    taped = Taped()
    with connect(served(), revisions=[revision], sending_middleware=[taped]) as client:
        assert text(client.call_tool("add", {"a": 1, "b": 2})) == "3"
        assert len(client.list_tools().tools) == 4
        with pytest.raises(RequestFailed):
            client.call_tool("none")
    assert taped.kinds()[:3] == [
        (OutgoingRequest, "tools/call"),
        (OutgoingRequest, "tools/list"),
        (OutgoingRequest, "tools/call"),
    ]
    assert [message.name for message in taped.messages] == ["add", None, "none"]
    assert [type(outcome) for outcome in taped.outcomes] == [
        schema.CallToolResult,
        schema.ListToolsResult,
        RequestFailed,
    ]


@every_revision
def test_a_call_may_be_changed_answered_or_made_again(revision):
    def change(message, proceed):
        if message.name == "none":
            return schema.CallToolResult(content=(schema.TextContent(text="answered"),))
        arguments = {name: value * 10 for name, value in message.params.arguments.items()}
        changed = message.with_params(attrs.evolve(message.params, arguments=arguments))
        first = yield from proceed(changed)
        yield Delay(3)
        second = yield from proceed(message)
        return attrs.evolve(second, content=(*first.content, *second.content))

    with connect(served(), revisions=[revision], sending_middleware=[change]) as client:
        began = client.now
        assert [block.text for block in client.call_tool("add", {"a": 1, "b": 2}).content] == ["30", "3"]
        assert client.now - began == 3
        assert text(client.call_tool("none")) == "answered"


def test_what_is_raised_comes_out_of_the_call():
    def refuse(message, proceed):
        if message.name == "add":
            raise KeyError("add")
        return (yield from proceed(message))

    with connect(served(), sending_middleware=[refuse]) as client, pytest.raises(KeyError, match="add"):
        client.call_tool("add", {"a": 1, "b": 2})


def test_a_call_that_is_not_legal_raises_inside_and_may_be_made_good():
    def mend(message, proceed):
        try:
            return (yield from proceed(message))
        except LocalProtocolError:
            return schema.ListPromptsResult(prompts=())

    with connect(served(), sending_middleware=[mend]) as client:
        assert client.list_prompts().prompts == ()


def test_a_call_that_needs_no_answer_passes_too():
    taped = Taped()
    with connect(served(), sending_middleware=[taped]) as client:
        client.set_log_level("info")
    assert taped.kinds() == [(OutgoingRequest, "logging/setLevel")]
    assert taped.outcomes == [None]


@every_revision
def test_progress_is_told_of_each_call_that_is_made(revision):
    def twice(message, proceed):
        yield from proceed(message)
        return (yield from proceed(message))

    heard = []
    with connect(served(), revisions=[revision], sending_middleware=[twice]) as client:
        client.call_tool("wait", {"seconds": 1.0}, on_progress=lambda event: heard.append(event.progress))
    assert heard == [1, 1]


@pytest.mark.parametrize("first", [False, True])
def test_a_call_that_is_given_up_closes_its_middleware_and_tells_the_server(first):
    closed = []

    def stall(message, proceed):
        try:
            if first:
                yield Delay(60)
            return (yield from proceed(message))
        finally:
            closed.append(message.method)

    with connect(served(), sending_middleware=[stall]) as client:
        waiting = client.begin(call_tool("wait", {"seconds": 30.0}))
        client.give_up(waiting)
        assert closed == ["tools/call"]
        with pytest.raises(WorkCancelled):
            client.wait(waiting)
        client.run_until(lambda: True)
        assert client.now < 30


def test_a_lost_connection_ends_what_middleware_would_try_again():
    attempts = []

    def stubborn(message, proceed):
        while True:
            attempts.append(message.clock())
            try:
                return (yield from proceed(message))
            except RequestLost:
                yield Delay(1)

    with connect(served(), sending_middleware=[stubborn]) as client:
        waiting = client.begin(call_tool("wait", {"seconds": 30.0}))
        client.break_off()
        with pytest.raises(NotConnected):
            client.wait(waiting)
        with pytest.raises(NotConnected):
            client.call_tool("add", {"a": 1, "b": 2})
    assert len(attempts) == 2


def test_middleware_makes_a_call_again_on_the_next_connection():
    def stubborn(message, proceed):
        try:
            return (yield from proceed(message))
        except RequestLost:
            return (yield from proceed(message))

    settings = {"restart": Restart(), "sending_middleware": [stubborn]}
    with connect(served(), **settings) as client:
        client.call_tool("add", {"a": 1, "b": 2})
        waiting = client.begin(call_tool("wait", {"seconds": 3.0}))
        client.break_off()
        assert text(client.wait(waiting)) == "waited"
        client.notify("notifications/acme/told") if client.revision in LEGACY_REVISIONS else None


def test_what_waits_for_a_connection_that_never_comes_ends_with_the_client():
    client = Told(restart=Restart(), sending_middleware=[Taped()]).connect()
    client.both.lose()
    waiter = client.call(call_tool("x"))
    client.endpoint.close(client.both.now)
    client.both.settle()
    assert type(waiter.exception(timeout=0)) is NotConnected


# Questions


def test_a_call_after_the_end_waits_for_no_delay():
    def hold(message, proceed):
        yield Delay(60)
        return (yield from proceed(message))

    client = connect(served(), sending_middleware=[hold])
    client.close()
    with pytest.raises(NotConnected, match="closed"):
        client.wait(client.begin(call_tool("add", {"a": 1, "b": 2})))
    assert client.now == 0


@pytest.mark.parametrize("wrap", ["drop", "hold"])
def test_what_is_kept_is_old_as_soon_as_the_server_says_so_whatever_becomes_of_the_news(wrap):
    def drop(message, proceed):
        if isinstance(message, IncomingNotification):
            if wrap == "drop":
                return None
            yield Delay(60)
        return (yield from proceed(message))

    server = Server("test", version="1", cache=CacheHint(ttl_ms=60_000))
    server.add_resource("data://a", "a")
    with connect(server, middleware=[drop], on_change=lambda _: None) as client:
        assert len(client.list_resources().resources) == 1
        server.add_resource("data://b", "b")
        client.run_until(lambda: client.now >= 0.01)
        assert len(client.list_resources().resources) == 2


@asking_revisions
def test_questions_pass_on_their_way_in_and_answers_on_their_way_out(revision):
    received, sent = Taped(), Taped()
    answers = {"elicitation": lambda _request: accept({"name": "Ada"})}
    with connect(
        served(), revisions=[revision], middleware=[received], sending_middleware=[sent], **answers
    ) as client:
        assert text(client.call_tool("ask")) == "Ada"
    assert received.kinds() == [(IncomingRequest, "elicitation/create")]
    assert received.messages[0].params.message == "Who?"
    assert type(received.outcomes[0]) is schema.ElicitResult
    assert sent.kinds() == [(OutgoingRequest, "tools/call"), (OutgoingResult, "elicitation/create")]


@asking_revisions
def test_questions_and_answers_may_be_changed(revision):
    asked = []

    def rephrase(message, proceed):
        changed = message.with_params(attrs.evolve(message.params, message="Your name?"))
        answer = yield from proceed(changed)
        return attrs.evolve(answer, content={"name": answer.content["name"].upper()})

    def decorate(message, proceed):
        if isinstance(message, OutgoingResult):
            content = {"name": f"<{message.result.content['name']}>"}
            message = message.with_result(attrs.evolve(message.result, content=content))
        return (yield from proceed(message))

    def answer(request):
        asked.append(request.message)
        return accept({"name": "Ada"})

    with connect(
        served(),
        revisions=[revision],
        middleware=[rephrase],
        sending_middleware=[decorate],
        elicitation=answer,
    ) as client:
        assert text(client.call_tool("ask")) == "<ADA>"
    assert asked == ["Your name?"]


@asking_revisions
def test_middleware_may_answer_for_the_user(revision):
    def refuse(message, proceed):
        return schema.ElicitResult(action="decline")
        yield from proceed(message)

    with connect(
        served(), revisions=[revision], middleware=[refuse], elicitation=lambda _request: accept({})
    ) as client:
        assert text(client.call_tool("ask")) == "Declined"


@every_revision
def test_roots_pass_as_the_result_that_is_sent(revision):
    taped = Taped()
    with connect(served(), revisions=[revision], middleware=[taped], roots=["file:///a"]) as client:
        assert client.call_tool("roots").is_error in {None, False}
    assert taped.outcomes == [schema.ListRootsResult(roots=(schema.Root(uri="file:///a"),))]


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25"])
@pytest.mark.parametrize(
    ("raised", "words"), [("handler", "the handler of elicitation/create"), ("middleware", "middleware ")]
)
def test_what_fails_on_the_way_in_is_answered_with_an_error_and_told(revision, raised, words):
    def careless(message, proceed):
        outcome = yield from proceed(message)
        raise KeyError(outcome)

    def answer(_request):
        if raised == "handler":
            raise ValueError("no")
        return accept({"name": "Ada"})

    with connect(served(), revisions=[revision], middleware=[careless], elicitation=answer) as client:
        assert client.call_tool("ask").is_error
        (told,) = errors(client)
    assert told.startswith(words)
    assert told.endswith("failed; elicitation/create is answered with an error")


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25"])
def test_middleware_that_makes_what_is_no_answer_is_named(revision):
    def spoils(message, proceed):
        outcome = yield from proceed(message)
        return 5 if message.method == "elicitation/create" else outcome

    with connect(
        served(), revisions=[revision], middleware=[spoils], elicitation=lambda _: accept({"name": "Ada"})
    ) as client:
        assert client.call_tool("ask").is_error
        assert errors(client) == [
            f"middleware {spoils.__qualname__} failed; elicitation/create is answered with an error"
        ]


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25"])
def test_what_fails_on_the_way_out_is_answered_with_an_error_and_told(revision):
    def careless(message, proceed):
        if isinstance(message, OutgoingResult):
            raise KeyError("lost")
        return (yield from proceed(message))

    with connect(
        served(),
        revisions=[revision],
        sending_middleware=[careless],
        elicitation=lambda _request: accept({"name": "Ada"}),
    ) as client:
        assert client.call_tool("ask").is_error
        name = careless.__qualname__
        assert errors(client) == [f"middleware {name} failed; elicitation/create is answered with an error"]


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25"])
def test_an_answer_that_is_an_error_passes_too(revision):
    def reword(message, proceed):
        if isinstance(message, OutgoingError):
            message = attrs.evolve(message, message="another")
        taped.append(type(message))
        return (yield from proceed(message))

    taped = []

    def answer(_request):
        raise ValueError("no")

    with connect(served(), revisions=[revision], sending_middleware=[reword], elicitation=answer) as client:
        assert client.call_tool("ask").is_error
    assert taped == [OutgoingRequest, OutgoingError]


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
@pytest.mark.parametrize("first", [False, True])
def test_a_question_that_is_withdrawn_stops_its_handler_and_closes_its_middleware(revision, first):
    closed = []

    def stall(message, proceed):
        try:
            if first:
                yield Delay(60)
            return (yield from proceed(message))
        finally:
            closed.append(message.method)

    async def answer(_request):
        await Pause(60.0)

    with connect(served(), revisions=[revision], middleware=[stall], elicitation=answer) as client:
        waiting = client.begin(call_tool("ask"))
        client.give_up(waiting)
        assert closed == ["elicitation/create"]
        assert errors(client) == []


# What the server tells


@every_revision
def test_logs_progress_changes_and_other_notifications_pass_in_order(revision):
    taped, heard = Taped(), []
    server = served()
    with connect(
        server, revisions=[revision], middleware=[taped], log_level="info", on_log=heard.append
    ) as client:
        client.call_tool("wait", {"seconds": 1.0}, on_progress=heard.append)
        if revision == "2026-07-28":
            client.session.listen(schema.SubscriptionFilter(tools_list_changed=True), client.now)
            client.settle()
        server.add_tool(lambda: "", name="late", description="a tool")
        client.call_tool("wait", {"seconds": 1.0})
    assert [type(event).__name__ for event in heard][:2] == ["LogReceived", "ProgressReceived"]
    assert {kind for kind, _ in taped.kinds()} == {IncomingNotification}
    assert [method for _, method in taped.kinds()][:2] == ["notifications/message", "notifications/progress"]
    assert "notifications/tools/list_changed" in [method for _, method in taped.kinds()]
    assert [message.params for message in taped.messages][:2] == heard[:2]


def test_what_is_told_may_be_changed_delayed_dropped_and_lost():
    def choose(message, proceed):
        if message.method == "notifications/message":
            if message.event.data == "drop":
                return None
            if message.event.data == "fail":
                raise KeyError("fail")
            yield Delay(2)
            message = attrs.evolve(message, event=attrs.evolve(message.event, data="changed"))
        return (yield from proceed(message))

    server = Server("test", version="1")

    @server.tool
    async def say(ctx: Context) -> str:
        for word in ("drop", "fail", "say"):
            ctx.log("info", word)
        await Pause(5.0)
        return "said"

    heard = []
    with connect(
        server, middleware=[choose], log_level="info", on_log=lambda event: heard.append(event.data)
    ) as client:
        client.call_tool("say")
        assert errors(client) == [
            f"middleware {choose.__qualname__} failed; notifications/message goes no further"
        ]
    assert heard == ["changed"]


def test_what_waits_to_be_heard_ends_with_the_connection():
    closed = []

    def stall(message, proceed):
        try:
            yield Delay(60)
            return (yield from proceed(message))
        finally:
            closed.append(message.method)

    with connect(served(), middleware=[stall], log_level="info") as client:
        client.call_tool("wait", {"seconds": 1.0})
    assert closed == ["notifications/message"]
    assert client.now < 60


def test_progress_of_a_call_that_is_over_is_told_to_nobody():
    client = Told(middleware=[Taped()]).connect()
    event = ProgressReceived(handle=99, progress=1)
    client.connection.handle(client.endpoint.session, event)
    assert client.texts() == []


# What a client tells


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_notifications_pass_and_may_be_dropped(revision):
    taped = Taped()

    def drop(message, _proceed):
        if isinstance(message, OutgoingNotification):
            return
        yield

    events = []
    with connect(
        served(),
        revisions=[revision],
        roots=["file:///a"],
        roots_change=True,
        sending_middleware=[taped, drop],
        serving={"on_event": lambda _session, event: events.append(type(event).__name__)},
    ) as client:
        client.notify("notifications/roots/list_changed")
    assert taped.kinds() == [(OutgoingNotification, "notifications/roots/list_changed")]
    assert "NotificationReceived" not in events


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_notifications_may_be_changed(revision):
    def change(message, proceed):
        return (yield from proceed(message.with_params({"_meta": {"more": 1}})))

    events = []
    with connect(
        served(),
        revisions=[revision],
        roots=["file:///a"],
        roots_change=True,
        sending_middleware=[change],
        serving={"on_event": lambda _session, event: events.append(event)},
    ) as client:
        client.notify("notifications/roots/list_changed")
    assert "'more': 1" in repr(events)


def test_a_notification_that_is_not_legal_raises_where_it_is_sent():
    with connect(served(), sending_middleware=[Taped()]) as client, pytest.raises(LocalProtocolError):
        client.notify("notifications/none")


def test_what_fails_around_a_notification_is_told():
    def careless(_message, _proceed):
        raise KeyError("lost")
        yield

    def slow(message, proceed):
        yield Delay(1)
        return (yield from proceed(message))

    for layers, told in (
        ([careless], f"middleware {careless.__qualname__} failed; notifications/none is not sent"),
        ([slow], "notifications/none is not sent"),
    ):
        with connect(served(), sending_middleware=layers) as client:
            client.notify("notifications/none")
            client.run_until(lambda client=client: errors(client))
            assert errors(client) == [told]


def test_what_waits_to_go_out_ends_with_the_connection():
    closed = []

    def stall(message, proceed):
        try:
            yield Delay(60)
            return (yield from proceed(message))
        finally:
            closed.append(message.method)

    with connect(served(), sending_middleware=[stall]) as client:
        client.notify("notifications/none")
    assert closed == ["notifications/none"]


@pytest.mark.parametrize("setting", ["middleware", "sending_middleware"])
def test_what_is_no_middleware_is_refused_with_words(setting):
    with pytest.raises(LocalProtocolError, match="expected a generator function"):
        connect(served(), **{setting: [lambda message, proceed: proceed(message)]})
