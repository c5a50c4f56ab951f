"""The tables of Streamable HTTP: every state can be reached and left, and every input is of use."""

import enum

import pytest

from sansmcp.http import (
    EXCHANGE,
    FOLLOWING,
    RESPONSE,
    SESSION,
    STREAM,
    ExchangeInput,
    ExchangeState,
    FollowingInput,
    FollowingState,
    ResponseInput,
    ResponseState,
    SessionInput,
    SessionState,
    StreamInput,
    StreamState,
)

TABLES = [
    (EXCHANGE, ExchangeState, ExchangeInput, ExchangeState.RECEIVING, ExchangeState.DONE),
    (STREAM, StreamState, StreamInput, StreamState.DETACHED, StreamState.OVER),
    (SESSION, SessionState, SessionInput, SessionState.IDLE, SessionState.ENDED),
    (RESPONSE, ResponseState, ResponseInput, ResponseState.WAITING, ResponseState.OVER),
    (FOLLOWING, FollowingState, FollowingInput, FollowingState.OPEN, FollowingState.OVER),
]


@pytest.mark.parametrize(("table", "states", "inputs", "first", "last"), TABLES)
def test_every_state_is_reached_and_every_input_used(
    table: dict, states: type[enum.Enum], inputs: type[enum.Enum], first: enum.Enum, last: enum.Enum
) -> None:
    assert set(table) == set(states)
    assert {happened for row in table.values() for happened in row} == set(inputs)
    reached = {first}
    for _ in states:
        reached |= {following for state in reached for _, following in table[state].values()}
    assert reached == set(states)
    # What is over does nothing any more.
    assert all(following is last for _, following in table[last].values())
