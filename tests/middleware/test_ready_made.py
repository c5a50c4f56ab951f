"""The middleware that is ready to use, each at its limit, one past it and far past it, on a virtual clock."""

import gc
import weakref

import attrs
import pytest

from sansmcp import (
    Accepted,
    Context,
    LocalProtocolError,
    RequestFailed,
    RequestTimedOut,
    RpcError,
    Server,
    ToolError,
    schema,
)
from sansmcp.client import accept, call_tool
from sansmcp.middleware import (
    Timing,
    Timings,
    cache_results,
    limit_rate,
    limit_results,
    log_messages,
    mask_errors,
    per_principal,
    per_session,
    per_tool,
    retry,
)
from sansmcp.middleware.sizes import size_of
from sansmcp.schema import REVISIONS
from sansmcp.session import Delay, IncomingRequest, OutgoingRequest, RequestReceived, Severity, Timeouts
from sansmcp.testing import Pause, connect
from sansmcp.wire import Request

every_revision = pytest.mark.parametrize("revision", REVISIONS)


@attrs.frozen
class Name:
    """Who somebody is."""

    name: str


class Played:
    """A server that counts, with middleware, and a client of it in one revision."""

    def __init__(self, *layers, sent=(), **settings):
        self.runs = 0
        self.server = Server("test", version="1", middleware=layers, sending_middleware=sent)
        self.server.add_notification("notifications/acme/told", lambda: None)

        @self.server.tool
        def count(size: int = 0) -> str:
            self.runs += 1
            return f"{self.runs}" + "x" * size

        @self.server.tool
        def fail(kind: str = "") -> str:
            self.runs += 1
            if kind == "tool":
                raise ToolError("shown")
            raise ValueError("secret")

        @self.server.tool
        async def slow(seconds: float) -> str:
            self.runs += 1
            await Pause(seconds)
            return "slow"

        @self.server.tool
        def ask(ctx: Context) -> str:
            self.runs += 1
            match ctx.elicit("name", "Who?", Name):
                case Accepted(value=found):
                    return found.name
                case other:
                    return type(other).__name__

        @self.server.resource("count://resource")
        def resource() -> str:
            self.runs += 1
            return str(self.runs)

        settings.setdefault("validate", "off")
        settings.setdefault("cache", None)
        self.settings = settings

    def connect(self, **settings):
        return connect(self.server, **{**self.settings, **settings})


def text(result):
    return result.content[0].text


def let_pass(client, seconds):
    """Let time pass."""
    until = client.now + seconds
    client.call_tool("slow", {"seconds": float(seconds)})
    assert client.now == until


# Logging


@every_revision
def test_each_message_is_one_record_with_its_time_and_what_it_raised(revision):
    received, sent = [], []
    played = Played(log_messages(received.append), sent=[log_messages(sent.append)])
    with played.connect(revisions=[revision]) as client:
        client.call_tool("slow", {"seconds": 2.5})
        client.call_tool("fail")
        client.read_resource("count://resource")
    assert [str(logged) for logged in received] == [
        "IncomingRequest tools/call slow: 2.500 s",
        "IncomingRequest tools/call fail: 0.000 s, raised ValueError",
        "IncomingRequest resources/read count://resource: 0.000 s",
    ]
    assert str(received[1].error) == "secret"
    assert [str(logged) for logged in sent] == [
        "OutgoingResult tools/call: 0.000 s",
        "OutgoingResult tools/call: 0.000 s",
        "OutgoingResult resources/read: 0.000 s",
    ]


def test_what_ends_with_its_session_is_a_record_too():
    logged = []

    def stall(message, proceed):
        yield Delay(60)
        return (yield from proceed(message))

    with Played(log_messages(logged.append), stall).connect() as client:
        client.begin(call_tool("count"))
        client.break_off()
    assert [type(record.error).__name__ for record in logged] == ["GivenUp"]


def test_a_client_logs_its_calls_in_the_same_words():
    logged = []
    with Played().connect(sending_middleware=[log_messages(logged.append)]) as client:
        client.call_tool("slow", {"seconds": 1.0})
    assert [str(record) for record in logged] == ["OutgoingRequest tools/call slow: 1.000 s"]


# Timing


@every_revision
def test_the_times_of_each_name_add_up(revision):
    timings = Timings()
    with Played(timings).connect(revisions=[revision]) as client:
        client.call_tool("slow", {"seconds": 1.0})
        client.call_tool("slow", {"seconds": 3.0})
        client.call_tool("fail")
        client.list_tools()
    assert timings.by_name == {
        "tools/call slow": Timing(count=2, total=4.0, longest=3.0),
        "tools/call fail": Timing(count=1, failures=1),
        "tools/list": Timing(count=1),
    }


@pytest.mark.parametrize("names", [3, 4, 300])
def test_names_past_the_limit_are_counted_together(names):
    timings = Timings(most_names=3)
    with Played(timings).connect() as client:
        for number in range(names):
            with pytest.raises(RequestFailed):
                client.call_tool(f"none {number}")
    assert len(timings.by_name) == min(names, 4)
    assert sum(timing.count for timing in timings.by_name.values()) == names
    assert timings.by_name.get("others", Timing()).count == max(0, names - 3)


# Retry


@every_revision
@pytest.mark.parametrize(("attempts", "seconds"), [(1, 0.0), (2, 0.5), (3, 1.5), (10, 121.5)])
def test_what_fails_is_tried_so_often_with_delays_that_grow_up_to_a_bound(revision, attempts, seconds):
    again = retry(ValueError, attempts=attempts, methods=["tools/call"])
    played = Played(again)
    with played.connect(revisions=[revision], timeouts=Timeouts(request=600)) as client:
        began = client.now
        assert client.call_tool("fail").is_error
        assert (played.runs, client.now - began) == (attempts, seconds)


def test_what_passes_in_time_is_no_failure():
    played = Played(retry(ValueError, methods=["tools/call"], attempts=3))
    runs = []

    @played.server.tool
    def flaky() -> str:
        runs.append(1)
        if len(runs) < 3:
            raise ValueError
        return "well"

    with played.connect() as client:
        assert text(client.call_tool("flaky")) == "well"
        assert [report for report in client.reports if report.severity is Severity.ERROR] == []


def test_calls_of_tools_and_other_errors_and_notifications_are_not_tried_again():
    played = Played(retry(ValueError), retry(KeyError, methods=["tools/call"]))
    with played.connect(revisions=["2025-11-25"]) as client:
        client.call_tool("fail")
        client.list_tools()
    assert played.runs == 1


def test_a_client_tries_a_call_again_that_timed_out():
    played = Played()
    again = retry(RequestTimedOut, methods=["tools/call"], attempts=2, delay=1)
    with played.connect(sending_middleware=[again], timeouts=Timeouts(request=5)) as client:
        began = client.now
        with pytest.raises(RequestTimedOut):
            client.call_tool("slow", {"seconds": 100.0})
        assert (played.runs, client.now - began) == (2, 11.0)


@pytest.mark.parametrize(("on", "attempts"), [((), 3), ((ValueError,), 0)])
def test_retrying_nothing_or_never_is_refused(on, attempts):
    with pytest.raises(LocalProtocolError, match="expected exceptions and 1 attempt or more"):
        retry(*on, attempts=attempts)


# Cache


@every_revision
def test_a_result_is_kept_up_to_its_instant_and_not_longer(revision):
    played = Played(cache_results(10, methods=["tools/call", "resources/read"]))
    with played.connect(revisions=[revision]) as client:
        began = client.now
        assert text(client.call_tool("count")) == "1"
        assert text(client.call_tool("count")) == "1"
        assert text(client.call_tool("count", {"size": 1})) == "2x"
        client.call_tool("slow", {"seconds": 9.75})
        assert text(client.call_tool("count")) == "1"
        client.call_tool("slow", {"seconds": 0.25})
        assert client.now - began == 10
        assert text(client.call_tool("count")) == "5"
        assert client.read_resource("count://resource").contents[0].text == "6"
        assert client.read_resource("count://resource").contents[0].text == "6"


@pytest.mark.parametrize(("entries", "runs"), [(2, 2), (3, 2), (1, 4), (1000, 2)])
def test_the_entry_that_was_not_asked_for_longest_goes_first(entries, runs):
    played = Played(cache_results(10, methods=["tools/call"], most_entries=entries))
    with played.connect() as client:
        for size in (1, 2, 1, 2):
            client.call_tool("count", {"size": size})
    assert played.runs == runs


def test_errors_are_not_kept_nor_what_is_not_named_nor_what_was_asked():
    kept = cache_results(10, methods=["tools/call"])
    played = Played(kept)
    answers = {"elicitation": lambda _request: accept({"name": "Ada"})}
    for revision in ("2025-11-25", "2026-07-28"):
        played.runs = 0
        with played.connect(revisions=[revision], **answers) as client:
            for _ in range(2):
                assert client.call_tool("fail").is_error
                client.read_resource("count://resource")
                assert text(client.call_tool("ask")) == "Ada"
        assert played.runs == 2 + 2 + 4


def test_a_failed_call_that_middleware_answers_as_an_error_is_not_kept():
    def answer(message, proceed):
        played.runs += 1
        return schema.CallToolResult(content=(), is_error=True)
        yield from proceed(message)

    played = Played(cache_results(10, methods=["tools/call"]), answer)
    with played.connect() as client:
        client.call_tool("count")
        client.call_tool("count")
    assert played.runs == 2


def test_nobody_is_served_what_another_asked_but_a_principal_what_it_asked_before():
    played = Played(cache_results(10, methods=["tools/call"]))
    said = []
    for principal in (None, None, "ann", "ann", "bob"):
        with played.connect(serving={"principal": principal}) as client:
            said.append(text(client.call_tool("count")))
    assert said == ["1", "2", "3", "3", "4"]


def test_a_client_keeps_what_it_asked():
    played = Played()
    with played.connect(sending_middleware=[cache_results(10, methods=["tools/call"])]) as client:
        assert text(client.call_tool("count")) == "1"
        assert text(client.call_tool("count")) == "1"
        let_pass(client, 10)
        assert text(client.call_tool("count")) == "3"


def test_answers_to_questions_are_never_kept():
    kept = cache_results(10, methods=["elicitation/create"])
    answers = []

    def answer(_request):
        answers.append(1)
        return accept({"name": "Ada"})

    with Played().connect(middleware=[kept], elicitation=answer) as client:
        client.call_tool("ask")
        client.call_tool("ask")
    assert len(answers) == 2


def test_params_that_are_a_json_object_name_an_entry_as_they_are():
    kept = cache_results(10, methods=["acme/echo"])
    runs = []

    def proceed(message):
        runs.append(message.params)
        return {"echo": message.params}
        yield

    for params in ({"a": 1}, {"a": 2}, {"a": 1}, None, None):
        message = OutgoingRequest(session="s", method="acme/echo", params=params, clock=lambda: 0.0)
        assert list(kept(message, proceed)) == []
    assert runs == [{"a": 1}, {"a": 2}, None]


@pytest.mark.parametrize(("seconds", "entries"), [(0, 1), (-1, 1), (1, 0)])
def test_a_cache_without_time_or_room_is_refused(seconds, entries):
    with pytest.raises(LocalProtocolError, match="expected seconds above 0 and 1 entry or more"):
        cache_results(seconds, most_entries=entries)


# Rate


@every_revision
def test_a_burst_passes_and_one_past_it_is_told_when_to_try_again(revision):
    played = Played(limit_rate(2, burst=4))
    with played.connect(revisions=[revision]) as client:
        for _ in range(4):
            client.list_tools()
        for _ in range(400):
            with pytest.raises(RequestFailed) as failed:
                client.list_tools()
        assert failed.value.data == {"retryAfter": 0.5}
        assert "4 at once and 2 a second; try again in 0.500 s" in str(failed.value)


def test_whoever_waits_as_long_as_it_was_told_passes_and_whoever_does_not_is_refused():
    clock = Clock()
    ride = clock.rides(limit_rate(10, burst=3))
    for _ in range(3):
        assert ride() is None
    assert ride() == 0.1
    clock.now += 0.099
    assert ride() == 0.001
    clock.now += 0.001
    assert ride() is None
    assert ride() == 0.1
    clock.now += 1000
    assert [ride(), ride(), ride(), ride()] == [None, None, None, 0.1]


class Clock:
    """Plays one request after the other through middleware, without a server."""

    def __init__(self):
        self.now = 0.0

    def rides(self, middleware, key="session", **changes):
        event = RequestReceived(
            request_id=1,
            method="tools/call",
            params=schema.CallToolRequestParams(name=changes.pop("name", "tool")),
            message=Request(id=1, method="tools/call", params={}),
            revision="2026-07-28",
            era=schema.Era.MODERN,
            capabilities=schema.ClientCapabilities(),
            **changes.pop("event", {}),
        )
        message = IncomingRequest(session=key, event=event, clock=lambda: self.now, **changes)

        def proceed(_message):
            return None
            yield

        def ride():
            try:
                for _ in middleware(message, proceed):
                    raise AssertionError("it waits")
            except RpcError as error:
                return error.data["retryAfter"]
            return None

        return ride


def test_each_session_principal_and_tool_has_a_bucket_of_its_own():
    clock = Clock()
    by_session = limit_rate(1, by=per_session)
    assert [clock.rides(by_session, key)() for key in ("a", "b", "a")] == [None, None, 1.0]
    by_principal = limit_rate(1, by=per_principal)
    rides = [("a", "ann"), ("b", "ann"), ("a", None), ("b", None), ("b", None)]
    assert [clock.rides(by_principal, key, principal=who)() for key, who in rides] == [
        None,
        1.0,
        None,
        None,
        1.0,
    ]
    by_tool = limit_rate(1, by=per_tool)
    assert [clock.rides(by_tool, name=name)() for name in ("x", "y", "x")] == [None, None, 1.0]


def test_what_comes_again_with_answers_is_no_second_request():
    clock = Clock()
    limit = limit_rate(1)
    assert [clock.rides(limit)(), clock.rides(limit, event={"round": 1})()] == [None, None]


def test_methods_without_a_bucket_and_notifications_pass():
    played = Played(limit_rate(0.001, by=per_tool))
    with played.connect(revisions=["2025-11-25"], roots=["file:///a"], roots_change=True) as client:
        for _ in range(5):
            client.list_tools()
            client.notify("notifications/roots/list_changed")
        client.call_tool("count")
        with pytest.raises(RequestFailed):
            client.call_tool("count")


@pytest.mark.parametrize(("keys", "is_known"), [(10_000, True), (10_001, False), (100_000, False)])
def test_buckets_are_bounded_and_the_one_not_used_for_longest_goes_first(keys, is_known):
    clock = Clock()
    limit = limit_rate(1, by=lambda _message: clock.key)
    ride = clock.rides(limit)
    for clock.key in range(keys):
        assert ride() is None
    clock.key = keys - 1
    assert ride() == 1.0
    clock.key = 0
    assert ride() == (1.0 if is_known else None)


@pytest.mark.parametrize("layer", [limit_rate(100), cache_results(0.01)])
def test_a_session_that_is_gone_is_not_kept_by_what_is_old(layer):
    seen = []

    def see(message, proceed):
        seen.append(weakref.ref(message.session))
        return (yield from proceed(message))

    server = Server("test", version="1", middleware=[see, layer])
    server.add_resource("data://a", "a")
    for number in range(3):
        with connect(server) as client:
            client.now = 100.0 * number
            client.list_resources()
        del client
    gc.collect()
    assert len(seen) == 3
    assert seen[0]() is seen[1]() is None


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_a_rate_of_nothing_is_refused(rate, burst):
    with pytest.raises(LocalProtocolError, match="expected a rate above 0 and a burst from 1"):
        limit_rate(rate, burst=burst)


# Masking


@every_revision
def test_what_handlers_raise_is_one_sentence_for_the_peer_and_all_for_the_author(revision):
    told = []
    played = Played(
        mask_errors(lambda message, error: told.append((message.method, str(error))), text="Sorry.")
    )
    with played.connect(revisions=[revision]) as client:
        assert text(client.call_tool("fail")) == "Sorry."
        assert text(client.call_tool("fail", {"kind": "tool"})) == "shown"
        with pytest.raises(RequestFailed, match="none"):
            client.call_tool("none")
    assert told == [("tools/call", "secret")]


@every_revision
def test_everything_is_hidden_where_that_was_said(revision):
    told = []
    played = Played(mask_errors(lambda _message, error: told.append(error), text="Sorry.", show=()))
    with played.connect(revisions=[revision]) as client:
        assert text(client.call_tool("fail", {"kind": "tool"})) == "Sorry."
        with pytest.raises(RequestFailed, match=r"Sorry\."):
            client.read_resource("none://here")
    assert len(told) == 2


def test_local_mistakes_are_hidden_and_notifications_are_left_alone():
    told = []
    mask = mask_errors(lambda _message, error: told.append(error), text="Sorry.")

    def careless(message, _proceed):
        if message.method == "notifications/roots/list_changed":
            raise ValueError("dropped")
        raise LocalProtocolError("ours")
        yield

    played = Played(mask, careless)
    with played.connect(revisions=["2025-11-25"], roots=["file:///a"], roots_change=True) as client:
        assert text(client.call_tool("count")) == "Sorry."
        client.notify("notifications/roots/list_changed")
    assert [str(error) for error in told] == ["ours"]


# Size


@every_revision
@pytest.mark.parametrize(("past", "passes"), [(0, True), (1, False), (100_000, False)])
def test_a_result_at_the_limit_passes_and_one_past_it_is_an_error(revision, past, passes):
    result = schema.CallToolResult(content=(schema.TextContent(text="1" + "x" * 10),))
    size = 0

    def measure(message, proceed):
        nonlocal size
        outcome = yield from proceed(message)
        size = size_of(outcome, message.event.revision)
        return outcome

    assert size_of(result, "2024-11-05") == len('{"content":[{"type":"text","text":"1xxxxxxxxxx"}]}')
    with Played(measure).connect(revisions=[revision]) as client:
        client.call_tool("count", {"size": 10})
    with Played(limit_results(size)).connect(revisions=[revision]) as client:
        result = client.call_tool("count", {"size": 10 + past})
        assert (not result.is_error) is passes
        if not passes:
            assert f"more than the {size} that are allowed" in text(result)


def test_other_methods_answer_with_an_error_and_a_client_raises_one():
    with Played(limit_results(20)).connect() as client, pytest.raises(RequestFailed, match="ask for less"):
        client.list_tools()
    with Played().connect(sending_middleware=[limit_results(20)]) as client:
        with pytest.raises(RpcError, match="ask for less"):
            client.list_tools()
        with pytest.raises(ToolError, match="ask for less"):
            client.call_tool("count")


def test_raw_results_and_notifications_are_measured_or_let_pass():
    played = Played(limit_results(30))
    with played.connect(revisions=["2025-11-25"], roots=["file:///a"], roots_change=True) as client:
        client.notify("notifications/roots/list_changed")
    assert size_of({"a": 1}, "2026-07-28") == len('{"a":1}')


def test_a_limit_of_nothing_is_refused():
    with pytest.raises(LocalProtocolError, match="expected 1 byte or more"):
        limit_results(0)
