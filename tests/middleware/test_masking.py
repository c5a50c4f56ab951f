"""Middleware that hides what handlers raise."""

import pytest
from tests.middleware.played import Played
from tests.middleware.taped import every_revision, text

from sansmcp import (
    LocalProtocolError,
    RequestFailed,
)
from sansmcp.middleware import (
    mask_errors,
)


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
