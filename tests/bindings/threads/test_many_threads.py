"""Many threads share one client: no answer is lost and none is crossed."""

import contextlib
import sys
import threading

import pytest
from tests.bindings.threads.counting import nothing_left
from tests.bindings.threads.servers import server

from sansmcp_threads import connect, listen_tcp, listen_unix

COMMAND = (sys.executable, "-m", "tests.bindings.threads.servers")
THREADS, CALLS = 16, 200


@pytest.fixture(autouse=True)
def _nothing_left_behind():
    with nothing_left():
        yield


@contextlib.contextmanager
def in_memory(_path):
    yield server


@contextlib.contextmanager
def in_a_process(_path):
    yield COMMAND


@contextlib.contextmanager
def over_tcp(_path):
    with listen_tcp(server) as listener:
        yield listener.address


@contextlib.contextmanager
def over_unix(path):
    with listen_unix(server, path / "socket") as listener:
        yield listener.address


every_way = pytest.mark.parametrize("way", [in_memory, in_a_process, over_tcp, over_unix])


@every_way
@pytest.mark.parametrize("tool", ["add", "add_at_once"])
def test_many_threads_that_call_at_once_each_get_their_own_answers(way, tool: str, tmp_path) -> None:
    wrong: list[object] = []
    answered = [0] * THREADS

    def work(client, number: int) -> None:
        for call in range(CALLS):
            result = client.call_tool(tool, {"a": number * CALLS, "b": call})
            if result.structured_content != number * CALLS + call:
                wrong.append((number, call, result))
            answered[number] += 1

    with way(tmp_path) as target, connect(target) as client:
        threads = [threading.Thread(target=work, args=(client, number)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(100)
    assert wrong == []
    assert answered == [CALLS] * THREADS


@every_way
def test_a_thousand_calls_in_flight_are_all_answered(way, tmp_path) -> None:
    found: list[object] = [None] * 1000

    def work(client, number: int) -> None:
        found[number] = client.call_tool("add", {"a": number, "b": 0}).structured_content

    with way(tmp_path) as target, connect(target) as client:
        threads = [threading.Thread(target=work, args=(client, number)) for number in range(len(found))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(100)
    assert found == list(range(len(found)))


@every_way
def test_two_megabytes_both_ways_at_once_do_not_block_each_other(way, tmp_path) -> None:
    given = ["x" * 2_000_000, "y" * 2_000_000, "z" * 2_000_000]
    found: dict[str, bool] = {}

    def work(client, text: str) -> None:
        found[text[0]] = client.call_tool("echo", {"text": text}).content[0].text == text

    with way(tmp_path) as target, connect(target) as client:
        threads = [threading.Thread(target=work, args=(client, text)) for text in given]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(100)
    assert found == {"x": True, "y": True, "z": True}
