"""The client of each runtime against a server in the same process."""

import pytest
from tests.bindings.looking import text
from tests.bindings.runtimes import ASYNCIO, THREADS, TRIO, Runtime, each_awaiting_runtime, each_runtime

from sansmcp import LocalProtocolError, RequestFailed, RequestTimedOut, Server
from sansmcp.client import accept, decline
from sansmcp.schema import METHODS, REVISIONS, Kind, Method, Revision, Side

ADD = ("add", {"a": 1, "b": 2})
MODERN = "2026-07-28"
MOVED = Method(
    name="notifications/acme/moved", kind=Kind.NOTIFICATION, sender=Side.CLIENT, params=dict[str, int]
)

every_revision = pytest.mark.parametrize("revision", REVISIONS)


@each_runtime
@every_revision
def test_a_client_in_memory_lists_and_calls_tools_in_every_revision(
    runtime: Runtime, revision: Revision
) -> None:
    def scenario(client):
        assert client.revision == revision
        assert client.instructions == "For tests."
        assert client.server_info is not None
        assert client.server_info.name == "fixture"
        assert client.server_capabilities.tools is not None
        names = [tool.name for tool in (yield client.tools())]
        assert names[:2] == ["add", "thread_name"]
        assert runtime.quick in names
        assert text((yield client.call_tool(*ADD))) == "3"
        assert text((yield client.call_tool(runtime.quick, {"a": 1, "b": 2}))) == "3"

    runtime.use(runtime.server, scenario, revisions=[revision])


@each_awaiting_runtime
def test_a_def_handler_runs_on_a_thread_of_the_binding(runtime: Runtime) -> None:
    def scenario(client):
        assert text((yield client.call_tool("thread_name"))) == "sansmcp handler"

    runtime.use(runtime.server, scenario)


@pytest.mark.parametrize(
    ("runtime", "tool"),
    [
        pytest.param(runtime, tool, id=f"{runtime.name}-{tool}")
        for runtime, tools in (
            (ASYNCIO, ("count", "count_on_thread")),
            (TRIO, ("count", "count_on_thread")),
            (THREADS, ("count_at_once", "count_on_thread")),
        )
        for tool in tools
    ],
)
@every_revision
def test_progress_rises_and_comes_before_the_result(runtime: Runtime, tool: str, revision: Revision) -> None:
    seen: list[float] = []
    at_the_result: list[float] = []

    def scenario(client):
        result = yield client.call_tool(
            tool, {"steps": 5}, on_progress=lambda event: seen.append(event.progress)
        )
        at_the_result.extend(seen)
        assert text(result) == "done"

    runtime.use(runtime.server, scenario, revisions=[revision])
    # Progress that was not written yet may be overtaken by newer progress, never by the result.
    assert at_the_result == sorted(set(at_the_result))
    assert at_the_result[-1] == 5
    assert seen == at_the_result


@each_runtime
@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25", MODERN])
def test_a_question_reaches_the_user_and_its_answer_the_tool(runtime: Runtime, revision: Revision) -> None:
    @runtime.handler
    def answer(request):
        assert request.message == "Which Paris?"
        return accept({"country": "Texas"})

    def scenario(client):
        result = yield client.call_tool("forecast", {"city": "Paris"})
        assert text(result) == "Paris in Texas: sunny"

    runtime.use(runtime.server, scenario, revisions=[revision], elicitation=answer)


@pytest.mark.parametrize(
    ("runtime", "settings"),
    [(ASYNCIO, {}), (TRIO, {}), (THREADS, {}), (THREADS, {"handlers_block": False})],
    ids=["asyncio", "trio", "threads", "threads-at-once"],
)
def test_a_declined_question_makes_the_tool_say_why_it_failed(
    runtime: Runtime, settings: dict[str, bool]
) -> None:
    def scenario(client):
        result = yield client.call_tool("forecast", {"city": "Paris"})
        assert result.is_error
        assert result.content[0].text == "no country, no forecast"

    runtime.use(runtime.server, scenario, elicitation=lambda _request: decline(), **settings)


@each_runtime
def test_a_question_to_a_client_that_cannot_answer_ends_the_call_with_an_error(runtime: Runtime) -> None:
    def scenario(client):
        with pytest.raises(RequestFailed) as caught:
            yield client.call_tool("forecast", {"city": "Paris"})
        assert caught.value.code == -32021

    runtime.use(runtime.server, scenario, revisions=[MODERN])


@each_runtime
def test_a_call_that_takes_too_long_times_out_and_the_next_one_works(runtime: Runtime) -> None:
    def scenario(client):
        with pytest.raises(RequestTimedOut):
            yield client.call_tool("wait", timeout=0.01)
        assert text((yield client.call_tool(*ADD))) == "3"

    runtime.use(runtime.server, scenario)


@each_runtime
def test_an_exception_of_a_tool_is_an_error_result_without_its_text(runtime: Runtime, caplog) -> None:
    def scenario(client):
        result = yield client.call_tool("fail", {"message": "hunter2"})
        assert result.is_error
        assert "hunter2" not in str(result)
        assert (yield client.call_tool("leave")).is_error
        assert text((yield client.call_tool(*ADD))) == "3"

    runtime.use(runtime.server, scenario)
    assert "tools/call 'fail' failed" in caplog.text


@each_runtime
def test_a_string_is_an_address_and_no_command(runtime: Runtime) -> None:
    with pytest.raises(LocalProtocolError, match="expected a command as a list of words"):
        runtime.binding.connect("python server.py")


def counting(listener):
    def scenario(client):
        result = yield client.call_tool("count_on_thread", {"steps": 2}, on_progress=listener)
        assert text(result) == "done"

    return scenario


@each_runtime
def test_a_listener_that_fails_disturbs_nobody(runtime: Runtime, caplog) -> None:
    def listener(_event: object) -> None:
        raise ValueError("listener")

    runtime.use(runtime.server, counting(listener))
    assert "a listener failed" in caplog.text


@each_runtime
def test_an_async_listener_is_reported(runtime: Runtime, caplog) -> None:
    async def listener(_event: object) -> None:
        """It would never be awaited."""

    runtime.use(runtime.server, counting(listener))
    assert "a listener is a plain def" in caplog.text


def notifying(heard: list[int], sent: int, expected: int):
    """Send so many notifications, and wait until so many were heard."""

    def scenario(client):
        for number in range(sent):
            client.session.notify("notifications/acme/moved", {"number": number}, client.now())
        client.settle()
        while len(heard) < expected:
            yield client.ping()

    return scenario


NOTIFYING = {"revisions": ["2025-11-25"], "methods": METHODS.extended(MOVED)}


@each_awaiting_runtime
def test_handlers_of_notifications_run_one_after_the_other_in_the_order_they_came(runtime: Runtime) -> None:
    heard: list[int] = []
    listener = Server("listener", version="1")

    @listener.notification("notifications/acme/moved")
    async def moved(number: int) -> None:
        # The first ones take longest: without an order they would come last.
        for _ in range(5 - number % 5):
            await runtime.checkpoint()
        heard.append(number)

    runtime.use(listener, notifying(heard, 100, 100), **NOTIFYING)
    assert heard == list(range(100))


@each_awaiting_runtime
def test_a_notification_handler_that_fails_is_logged_and_the_next_one_runs(runtime: Runtime, caplog) -> None:
    heard: list[int] = []
    listener = Server("listener", version="1")

    @listener.notification("notifications/acme/moved")
    def moved(number: int) -> None:
        if number == 0:
            raise ValueError("not this one")
        heard.append(number)

    runtime.use(listener, notifying(heard, 2, 1), **NOTIFYING)
    assert heard == [1]
    assert "notifications/acme/moved failed" in caplog.text
