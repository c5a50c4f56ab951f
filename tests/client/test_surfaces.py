"""The two surfaces of a client are one: the same methods with the same arguments, each a call of `calls`."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import get_args, get_origin, get_overloads

import pytest
from tests.client.toys import TEXT, AwaitedClient, PairClient, run

from sansmcp import schema
from sansmcp.client import (
    AwaitableCalls,
    AwaitableChanges,
    AwaitableClient,
    AwaitableGroup,
    AwaitableRunning,
    BlockingCalls,
    BlockingChanges,
    BlockingClient,
    BlockingGroup,
    BlockingRunning,
    calls,
)

METHODS = sorted(
    name for name, _ in inspect.getmembers(BlockingCalls, inspect.isfunction) if not name.startswith("_")
)
CALLS = [name for name in METHODS if hasattr(calls, name)]


def parameters_of(function):
    parameters = list(inspect.signature(function).parameters.values())
    return [parameter for parameter in parameters if parameter.name != "self"]


def test_both_surfaces_have_the_same_methods():
    awaitable = inspect.getmembers(AwaitableCalls, inspect.isfunction)
    assert sorted(name for name, _ in awaitable if not name.startswith("_")) == METHODS


@pytest.mark.parametrize("name", METHODS)
def test_both_surfaces_take_the_same_arguments_and_say_the_same(name):
    blocking, awaitable = getattr(BlockingCalls, name), getattr(AwaitableCalls, name)
    assert parameters_of(blocking) == parameters_of(awaitable)
    assert name == "call" or blocking.__doc__ == awaitable.__doc__


@pytest.mark.parametrize("name", [name for name in METHODS if name != "call"])
def test_what_one_surface_returns_the_other_returns_to_be_awaited(name):
    blocking = inspect.signature(getattr(BlockingCalls, name)).return_annotation
    awaitable = inspect.signature(getattr(AwaitableCalls, name)).return_annotation
    if get_origin(blocking) is Iterator:
        assert (get_origin(awaitable), get_args(awaitable)) == (AsyncIterator, get_args(blocking))
    else:
        assert awaitable == Awaitable[blocking]


def test_the_overloads_of_both_surfaces_take_the_same_arguments():
    blocking, awaitable = get_overloads(BlockingCalls.request), get_overloads(AwaitableCalls.request)
    assert [parameters_of(one) for one in blocking] == [parameters_of(one) for one in awaitable]
    assert [parameters_of(one) for one in get_overloads(calls.request)] == [
        parameters_of(one) for one in blocking
    ]


@pytest.mark.parametrize("name", CALLS)
def test_each_method_takes_the_arguments_of_its_call(name):
    assert parameters_of(getattr(BlockingCalls, name)) == parameters_of(getattr(calls, name))


def arguments_for(name):
    given = {
        "name": "x",
        "uri": "config://app",
        "ref": schema.PromptReference(name="x"),
        "argument": "who",
        "value": "y",
        "level": "error",
        "method": "tools/call",
        "params": {"name": "x"},
        "arguments": {"a": "b"},
        "cursor": "c",
        "context": {"a": "b"},
        "meta": {"traceparent": "00-1"},
        "timeout": 7.0,
        "maximum": 70.0,
        "on_progress": print,
        "validate": "report",
        "result_type": schema.CallToolResult,
    }
    parameters = parameters_of(getattr(calls, name))
    return {parameter.name: given[parameter.name] for parameter in parameters}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("surface", [BlockingCalls, AwaitableCalls])
def test_each_method_passes_every_argument_on_to_its_call(name, surface):
    class Recorder(surface):
        def call(self, call):
            return call

    arguments = arguments_for(name)
    made, expected = getattr(Recorder(), name)(**arguments), getattr(calls, name)(**arguments)
    assert (made.method, made.params, made.timeout, made.maximum, made.on_progress) == (
        expected.method,
        expected.params,
        expected.timeout,
        expected.maximum,
        expected.on_progress,
    )


def test_the_same_call_gives_the_same_in_both_colours():
    client = PairClient({"tools/call": lambda _: schema.CallToolResult(content=(TEXT,))})
    assert run(awaiting(AwaitedClient(client).call_tool("add"))) == client.call_tool("add")


async def awaiting(awaitable):
    return await awaitable


def test_progress_is_told_to_the_caller_of_the_call_in_order_and_before_the_result():
    def work(event):
        for done in (1, 2):
            progress = schema.ProgressNotificationParams(
                progress_token=event.progress_token, progress=done, total=2
            )
            client.pair.server.notify(
                "notifications/progress", progress, client.pair.now, related=event.request_id
            )
            client.pair.settle()
        return schema.CallToolResult(content=(TEXT,))

    client = PairClient({})
    client.answers = {"tools/call": work}
    told = []
    result = client.call_tool("add", on_progress=lambda event: told.append((event.progress, event.total)))
    assert (told, result.content) == ([(1, 2), (2, 2)], (TEXT,))


CLIENT_METHODS = sorted(
    name
    for name, _ in inspect.getmembers(BlockingClient, inspect.isfunction)
    if not name.startswith("_") and not hasattr(BlockingCalls, name)
)


def test_both_whole_clients_have_the_same_methods():
    awaitable = inspect.getmembers(AwaitableClient, inspect.isfunction)
    found = [name for name, _ in awaitable if not name.startswith("_") and not hasattr(AwaitableCalls, name)]
    assert sorted(found) == CLIENT_METHODS


@pytest.mark.parametrize("name", CLIENT_METHODS)
def test_both_whole_clients_take_the_same_arguments_say_the_same_and_return_the_same(name):
    blocking, awaitable = getattr(BlockingClient, name), getattr(AwaitableClient, name)
    assert parameters_of(blocking) == parameters_of(awaitable)
    assert blocking.__doc__ == awaitable.__doc__
    returned = {
        BlockingRunning: AwaitableRunning,
        BlockingChanges: AwaitableChanges,
    }
    one = inspect.signature(blocking).return_annotation
    other = inspect.signature(awaitable).return_annotation
    if get_origin(one) in returned:
        assert (get_origin(other), get_args(other)) == (returned[get_origin(one)], get_args(one))
    else:
        assert other in (one, Awaitable[one])


@pytest.mark.parametrize(
    ("blocking", "awaitable"),
    [
        (BlockingRunning, AwaitableRunning),
        (BlockingChanges, AwaitableChanges),
        (BlockingGroup, AwaitableGroup),
    ],
)
def test_what_they_return_has_the_same_methods_in_both_colours(blocking, awaitable):
    def methods(of):
        return sorted(name for name, _ in inspect.getmembers(of) if not name.startswith("_"))

    assert methods(blocking) == methods(awaitable)


@pytest.mark.parametrize("name", ["call_tool", "request"])
def test_each_overload_of_both_surfaces_is_one_of_its_call(name):
    overloads = [
        [parameters_of(one) for one in get_overloads(getattr(of, name))]
        for of in (BlockingCalls, AwaitableCalls, calls)
    ]
    assert overloads[0] == overloads[1] == overloads[2] != []


def test_starting_a_tool_takes_what_calling_it_takes_but_a_listener():
    names = [parameter.name for parameter in parameters_of(BlockingCalls.call_tool)]
    started = [parameter.name for parameter in parameters_of(BlockingClient.start_tool)]
    assert started == [name for name in names if name != "on_progress"]
