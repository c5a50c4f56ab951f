"""The tables of connections: every state can be reached and left, and every input is of use."""

import pytest
from tests.bindings.h11.serving import Serving, call

from sansmcp.session import outcome_of
from sansmcp_h11 import (
    CLIENT_CONNECTION,
    SERVER_CONNECTION,
    ClientInput,
    ClientPlace,
    ServerInput,
    ServerPlace,
)


@pytest.mark.parametrize(
    ("table", "states", "inputs", "first", "last"),
    [
        (SERVER_CONNECTION, ServerPlace, ServerInput, ServerPlace.HEAD, ServerPlace.CLOSED),
        (CLIENT_CONNECTION, ClientPlace, ClientInput, ClientPlace.IDLE, ClientPlace.CLOSED),
    ],
)
def test_every_state_is_reached_and_every_input_used(table, states, inputs, first, last):
    assert set(table) == set(states)
    assert {happened for row in table.values() for happened in row} == set(inputs)
    reached = {first}
    for _ in states:
        reached |= {following for state in reached for _, following in table[state].values()}
    assert reached == set(states)
    # What is over does nothing any more.
    assert all(following is last for _, following in table[last].values())
    assert all(any(following is last for _, following in row.values()) for row in table.values() if row)


def test_bytes_that_were_read_before_an_answer_was_given_get_no_more_time_than_others():
    serving = Serving(responses="json")
    data = call()
    connection = serving.open().send(call(name="slow", tag="long") + data[:5])
    serving.at(10)
    ((work, finish),) = serving.held
    finish(outcome_of(work), serving.now)
    serving.settle()
    assert connection.response().status == 200
    # A reader on another thread asked its clock before.
    connection.link.receive_data(data[5:10], 9.9)
    serving.at(19.8)
    assert not connection.closed
    serving.at(20)
    assert connection.closed
    assert connection.response().status == 408
