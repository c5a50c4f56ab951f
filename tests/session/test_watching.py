"""An owner of a session is told of whatever there may be to take, so that nobody need look for it."""

import contextlib
import gc
import weakref

import pytest
from hypothesis import given
from tests.session.ends import events, open_client, open_server, take, tell
from tests.session.test_laws import CLIENT_COMMANDS, SERVER_COMMANDS, make_either, scripts, starts

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS
from sansmcp.session import LinkState


class Owner:
    """Takes note that it was told, and never looks by itself."""

    def __init__(self, session):
        self.told = 0
        session.watch(self._tell)

    def _tell(self):
        self.told += 1


def happen(end, commands, what, said, moment):
    match what:
        case "say":
            tell(end, said, moment)
        case "eof":
            end.receive_eof(moment)
        case "close":
            end.close(moment)
        case "time":
            end.handle_timeout(moment)
        case "command":
            with contextlib.suppress(LocalProtocolError):
                commands[said % len(commands)](end, moment)


@pytest.mark.parametrize("role", ["client", "server"])
@given(start=starts, script=scripts)
def test_after_every_input_and_command_the_owner_was_told_of_what_there_is_to_take(role, start, script):
    end = make_either(role, start)
    commands = SERVER_COMMANDS if role == "server" else CLIENT_COMMANDS
    owner = Owner(end)
    for (what, said), moment in script:
        owner.told, before = 0, (end.next_deadline(), end.link is LinkState.CLOSED)
        happen(end, commands, what, said, moment)
        after = (end.next_deadline(), end.link is LinkState.CLOSED)
        found, actions = events(end), end.actions()
        assert owner.told or (found, actions, after) == ([], [], before)


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_owner_is_told_of_a_call_of_its_answer_and_of_the_end(revision):
    client = open_client(revision)
    owner = Owner(client)
    client.send_request("tools/list", None, 0.0)
    wire_id = take(client)[0]["id"]
    assert owner.told
    owner.told = 0
    tell(client, {"jsonrpc": "2.0", "id": wire_id, "error": {"code": -1, "message": "no"}})
    assert owner.told
    assert events(client)
    owner.told = 0
    client.close(0.0)
    assert owner.told


def test_an_owner_takes_the_place_of_the_one_before():
    server = open_server("2025-11-25")
    first, second = Owner(server), Owner(server)
    server.close(0.0)
    assert (first.told, bool(second.told)) == (0, True)


def test_a_session_says_the_latest_time_that_it_was_told():
    server = open_server("2026-07-28")
    assert server.now == float("-inf")
    server.handle_timeout(3.0)
    server.handle_timeout(1.0)
    assert server.now == 3.0


@pytest.mark.parametrize("make", [open_client, open_server])
def test_how_the_input_ended_is_told_in_words(make):
    end = make("2026-07-28")
    end.receive_eof(0.0, "the cable was cut")
    assert events(end)[-1].reason == "the cable was cut"


def test_a_session_that_was_let_go_is_freed_with_its_last_user():
    server = open_server(REVISIONS[-1])
    Owner(server)
    server.let_go()
    seen = weakref.ref(server)
    gc.disable()
    try:
        del server
        assert seen() is None
    finally:
        gc.enable()


def test_a_session_that_was_let_go_tells_nobody_what_runs_out():
    client = open_client(REVISIONS[-1])
    owner = Owner(client)
    client.send_request("tools/list", None, 0.0)
    events(client)
    owner.told = 0
    client.let_go()
    client.handle_timeout(1e6)
    assert owner.told == 0
    assert not events(client)
