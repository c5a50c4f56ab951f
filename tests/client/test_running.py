"""A call that was started: its progress as an iterator, its result, its end; in both colours."""

import pytest
from tests.client.answering import NO_ANSWER, Answering, Awaited, Task, awaiting

from sansmcp import Context, Server, errors
from sansmcp.client import call_tool, set_log_level
from sansmcp.schema import REVISIONS, CallToolResult
from sansmcp.testing import connect

DONE = CallToolResult(content=())
every_revision = pytest.mark.parametrize("revision", REVISIONS)


def climbing():
    server = Server("hills", version="1")

    @server.tool(blocks=False)
    def climb(steps: int, ctx: Context) -> str:
        for step in range(steps):
            ctx.progress(step + 1, total=steps)
        return "up"

    return server


def progress_of(told, *numbers):
    (event,) = told.asked("tools/call")[-1:]
    for number in numbers:
        params = {"progressToken": event.progress_token, "progress": number}
        told.server.notify("notifications/progress", params, told.both.now, related=event.request_id)
    told.settle()


@every_revision
def test_progress_is_iterated_over_and_the_result_is_there_after_it(revision):
    with connect(climbing(), revisions=[revision]) as client, client.start_tool("climb", {"steps": 3}) as run:
        seen = [(event.progress, event.total) for event in run]
        assert seen[-1] == (3, 3)
        assert seen == sorted(seen)
        assert run.done()
        assert run.result().content[0].text == "up"
        assert run.result() == run.result()
        assert list(run) == []


def test_the_result_may_be_asked_for_without_looking_at_progress():
    with connect(climbing()) as client:
        assert client.start_tool("climb", {"steps": 2}, result_type=str).result() == "up"


def test_a_listener_of_the_call_is_told_of_progress_too():
    told = []
    with connect(climbing()) as client:
        call = call_tool("climb", {"steps": 1}, on_progress=lambda event: told.append(event.progress))
        with client.start(call) as run:
            assert [event.progress for event in run] == told == [1]


def test_a_call_that_needs_no_answer_is_over_at_once_and_giving_it_up_changes_nothing():
    with connect(climbing(), revisions=["2026-07-28"]) as client:
        run = client.start(set_log_level("info"))
        assert (run.done(), run.result()) == (True, None)
        run.cancel()
        assert run.result() is None


@every_revision
def test_a_call_that_is_given_up_is_cancelled_on_the_server_and_its_result_says_so(revision):
    told = Answering(revision, answers={"tools/call": NO_ANSWER}).connect()
    client = Awaited(told)
    run = client.start_tool("x")
    waiting = awaiting(run.result())
    assert not run.done()
    run.cancel()
    told.settle()
    with pytest.raises(errors.CallCancelled, match="this side gave the call up"):
        waiting.result()
    kinds = [type(event).__name__ for event in told.both.server_events]
    assert kinds[-1] == "RequestCancelled"
    run.cancel()
    assert [type(event).__name__ for event in told.both.server_events] == kinds


def test_leaving_the_block_gives_up_what_still_goes_on():
    with connect(climbing()) as client:
        with client.start_tool("climb", {"steps": 1}) as over:
            over.result()
        assert over.result().content[0].text == "up"
    told = Answering().connect()
    client = Awaited(told)

    async def leave():
        async with client.start_tool("x") as run:
            pass
        return run

    run = Task(leave()).value
    told.settle()
    with pytest.raises(errors.CallCancelled):
        awaiting(run.result()).result()


@every_revision
def test_progress_is_awaited_one_by_one_and_nothing_is_lost_when_a_wait_is_interrupted(revision):
    told = Answering(revision).connect()
    run = Awaited(told).start_tool("x")

    async def next_one():
        return (await anext(run)).progress

    first = Task(next_one())
    assert not first.is_over
    progress_of(told, 1)
    assert first.result() == 1
    interrupted = Task(next_one())
    progress_of(told, 2)
    interrupted.stop()
    assert Task(next_one()).value == 2
    over = Task(next_one())
    told.server.respond(told.asked("tools/call")[-1].request_id, DONE, told.both.now)
    told.settle()
    with pytest.raises(StopAsyncIteration):
        over.result()
    assert awaiting(run.result()).result().content == ()


def test_a_call_that_fails_ends_the_iteration_and_its_result_raises():
    told = Answering(answers={"tools/call": ValueError("no")}).connect()
    run = Awaited(told).start_tool("x")

    async def every():
        return [event async for event in run]

    assert Task(every()).result() == []
    with pytest.raises(errors.RequestFailed, match="no"):
        awaiting(run.result()).result()


def test_a_call_on_a_closed_client_is_refused_where_it_is_started():
    client = connect(climbing())
    client.close()
    with pytest.raises(errors.NotConnected):
        client.start_tool("climb")


def test_a_call_that_needs_no_answer_is_over_at_once_for_those_who_await_too():
    told = Answering().connect()
    run = Awaited(told).start(set_log_level("info"))
    run.cancel()
    assert awaiting(run.result()).result() is None
