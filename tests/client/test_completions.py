"""Which of the pages that a user was sent to are done.

Source: 2025-11-25, Elicitation, Completion Notifications for URL Mode Elicitation.
"""

import pytest
from tests.client.answering import Answering, Awaited, awaiting

from sansmcp import Server, errors
from sansmcp.client.completions import Completions
from sansmcp.client.pending import NOBODY
from sansmcp.session import NotificationReceived, SessionLimits
from sansmcp.session.deadlines import Deadlines
from sansmcp.testing import connect
from sansmcp.wire import Notification


def client(**settings):
    return Answering("2025-11-25", **settings).connect()


def done(told, *ids):
    for one in ids:
        params = {"elicitationId": one}
        told.server.notify("notifications/elicitation/complete", params, told.both.now)
    told.settle()


def test_whoever_waits_for_a_page_goes_on_when_it_is_done():
    told = client()
    waiting = [awaiting(Awaited(told).elicitation_completed(one)) for one in ("7", "7", "8")]
    done(told, "7")
    assert [task.go_on().is_over if not task.is_over else True for task in waiting] == [True, True, False]
    done(told, "8")
    assert waiting[2].result() is None


def test_a_page_may_be_done_before_anybody_waits():
    told = client()
    done(told, "7")
    assert awaiting(Awaited(told).elicitation_completed("7")).result() is None


def test_a_wait_may_have_an_end_and_costs_the_others_nothing():
    told = client()
    patient = awaiting(Awaited(told).elicitation_completed("7"))
    hasty = awaiting(Awaited(told).elicitation_completed("7", timeout=5.0))
    alone = awaiting(Awaited(told).elicitation_completed("8", timeout=5.0))
    told.advance(5.0)
    for task, name in ((hasty, "7"), (alone, "8")):
        with pytest.raises(errors.RequestTimedOut, match=f"the page '{name}' is not done within 5.0 s"):
            task.result()
    done(told, "7")
    assert patient.result() is None


def test_the_end_of_the_connection_ends_every_wait_and_those_that_come_later():
    told = client()
    waiting = [awaiting(Awaited(told).elicitation_completed("7", timeout=timeout)) for timeout in (None, 9.0)]
    told.both.lose()
    waiting.append(awaiting(Awaited(told).elicitation_completed("8")))
    for task in waiting:
        with pytest.raises(errors.NotConnected, match="the server died"):
            task.result()


def test_what_is_remembered_is_bounded():
    told = client(limits=SessionLimits(notification_burst=5000))
    done(told, *(str(number) for number in range(1025)))
    assert awaiting(Awaited(told).elicitation_completed("1")).result() is None
    forgotten = awaiting(Awaited(told).elicitation_completed("0"))
    assert not forgotten.is_over
    forgotten.stop()


def test_it_is_waited_for_in_the_colour_that_blocks():
    server = Server("pages", version="1")
    with connect(server, revisions=["2025-11-25"]) as found, pytest.raises(errors.RequestTimedOut):
        found.elicitation_completed("7", timeout=1.0)


def test_a_notification_of_something_else_is_no_completion():
    completions = Completions(Deadlines())
    message = Notification(method="acme/x", params={"elicitationId": "7"})
    completions.hear(NotificationReceived(method="acme/x", params=message.params, message=message))
    assert completions.wait("7", 0.0, timeout=None).next() is None


def test_for_a_call_of_the_clients_own_nobody_waits():
    assert NOBODY.done()
