"""The scenarios of the published suite."""

from typing import Final

from sansmcp.errors import NotConnected, RequestFailed, RequestLost, RequestTimedOut
from sansmcp.schema import Revision, Side
from sansmcp.testing.expectations import Answer, GivenUp, Raises, ToolFailed
from sansmcp.testing.feature_scenarios import FEATURES
from sansmcp.testing.steps import (
    Ability,
    Asked,
    Await,
    BeginClose,
    Break,
    Call,
    Cancel,
    Close,
    CloseElsewhere,
    Echo,
    GoOnReading,
    HalfClose,
    Notify,
    Open,
    Peer,
    ProgressWas,
    Reached,
    Scenario,
    Seen,
    Settles,
    Step,
    StopReading,
)

# The revisions whose clients can be asked by `elicitation/create`.
_ASKING: Final[tuple[Revision, ...]] = ("2025-06-18", "2025-11-25", "2026-07-28")

# Below the default limit of a message, and above the buffers of pipes and sockets.
_FLOOD: Final = 2_000_000

# Longer than any test waits: it ends because something ends it.
_FOR_EVER: Final = 3600.0

_LOST: Final = Raises(RequestLost, naming="tools/call")
_TIMED_OUT: Final = Raises(RequestTimedOut, naming="tools/call")


def _add(label: str) -> tuple[Step, ...]:
    """Call and be answered: the connection works."""
    return (Call(label, "add", {"a": 1, "b": 2}), Await(label, Answer("3")))


def _hold(label: str, seconds: float = _FOR_EVER) -> tuple[Step, ...]:
    """Call, and see that the handler has begun."""
    return (Call(label, "hold", {"seconds": seconds}), Reached(label, 1))


def _echoes(labels: str, size: int = _FLOOD) -> tuple[Step, ...]:
    return tuple(Echo(label, size) for label in labels.split())


def _echoed(labels: str) -> tuple[Step, ...]:
    return tuple(Await(label) for label in labels.split())


_PLAIN: Final = (
    Scenario(
        name="a_client_connects_calls_and_closes",
        steps=(
            Open(),
            *_add("first"),
            Call("counting", "count", {"steps": 3}),
            Await("counting", Answer("counted to 3")),
            ProgressWas("counting", 3),
            *_add("last"),
            Close(),
        ),
        traced=True,
    ),
    Scenario(
        name="a_tool_that_fails_costs_its_call_alone",
        steps=(Open(), Call("failing", "fail"), Await("failing", ToolFailed()), *_add("next"), Close()),
        traced=True,
    ),
    Scenario(
        name="a_server_that_changes_tells_its_client",
        steps=(
            Open(hears_changes=True),
            Call("early", "new"),
            Await("early", Raises(RequestFailed, naming="new")),
            Call("growing", "grow"),
            Await("growing", Answer("grown")),
            Seen(Side.CLIENT, "ChangeReceived"),
            Call("new", "new"),
            Await("new", Answer("new")),
            Call("shrinking", "shrink"),
            Await("shrinking", Answer("shrunk")),
            Seen(Side.CLIENT, "ChangeReceived", 2),
            Close(),
        ),
        traced=True,
    ),
    Scenario(
        name="a_question_reaches_the_user_and_its_answer_the_tool",
        steps=(
            Open(),
            Call("asking", "ask", {"city": "Paris"}),
            Await("asking", Answer("Paris in Texas")),
            Close(),
        ),
        revisions=_ASKING,
        traced=True,
    ),
    Scenario(
        name="a_declined_question_reaches_the_tool",
        steps=(
            Open(asked=Asked.DECLINES),
            Call("asking", "ask", {"city": "Paris"}),
            Await("asking", ToolFailed()),
            *_add("next"),
            Close(),
        ),
        revisions=_ASKING,
        traced=True,
    ),
    Scenario(
        name="a_call_that_takes_too_long_times_out_and_the_next_one_works",
        steps=(
            Open(),
            Call("slow", "hold", {"seconds": _FOR_EVER}, timeout=0.2),
            Await("slow", _TIMED_OUT),
            *_add("next"),
            Close(),
        ),
    ),
    Scenario(
        name="a_call_that_is_given_up_is_cancelled_on_the_server",
        steps=(
            Open(),
            *_hold("held"),
            Cancel("held"),
            Await("held", GivenUp()),
            Seen(Side.SERVER, "RequestCancelled"),
            *_add("next"),
            Close(),
        ),
        traced=True,
    ),
    Scenario(
        name="notifications_are_handled_in_the_order_they_were_sent",
        steps=(
            Open(),
            *(Notify(number) for number in range(20)),
            Settles("noted", " ".join(str(number) for number in range(20))),
            Close(),
        ),
    ),
)

_STDIO: Final = (
    Scenario(
        name="what_a_tool_prints_does_not_reach_the_conversation",
        steps=(
            Open(),
            *(Call(label, "shout") for label in ("one", "two", "three")),
            *(Await(label, Answer("shouted")) for label in ("one", "two", "three")),
            *_add("next"),
            Close(),
        ),
        also_needs=frozenset({Ability.SHOUTS}),
    ),
)

_MANY: Final = (
    Scenario(
        name="a_thousand_calls_in_flight_get_each_its_own_answer",
        steps=(
            Open(),
            *(Echo(f"call {number}", 40) for number in range(1000)),
            *(Await(f"call {number}") for number in range(1000)),
            Close(),
        ),
    ),
    Scenario(
        name="a_flood_in_both_directions_arrives_whole",
        steps=(Open(), *_echoes("a b c d e f"), *_echoed("a b c d e f"), *_add("next"), Close()),
    ),
    Scenario(
        name="a_flood_is_answered_when_slow_readers_go_on",
        steps=(
            Open(),
            *_add("first"),
            StopReading(Side.CLIENT),
            StopReading(Side.SERVER),
            *_echoes("a b c d"),
            GoOnReading(),
            *_echoed("a b c d"),
            Close(),
        ),
    ),
    Scenario(
        name="a_client_that_stops_reading_can_still_cancel",
        steps=(
            Open(),
            *_hold("held"),
            StopReading(Side.CLIENT),
            *_echoes("a b c d"),
            Seen(Side.SERVER, "RequestReceived", 5),
            Cancel("held"),
            Await("held", GivenUp()),
            Seen(Side.SERVER, "RequestCancelled"),
            GoOnReading(),
            *_echoed("a b c d"),
            Close(),
        ),
    ),
    Scenario(
        name="a_call_that_times_out_is_cancelled_though_its_client_has_stopped_reading",
        steps=(
            Open(),
            Call("slow", "hold", {"seconds": _FOR_EVER}, timeout=0.5),
            Reached("slow", 1),
            StopReading(Side.CLIENT),
            *_echoes("a b c d"),
            Await("slow", _TIMED_OUT),
            Seen(Side.SERVER, "RequestCancelled"),
            GoOnReading(),
            *_echoed("a b c d"),
            Close(),
        ),
    ),
    Scenario(
        name="a_server_that_stops_reading_is_still_read_from",
        steps=(
            Open(),
            *_hold("held", 0.3),
            StopReading(Side.SERVER),
            *_echoes("a b c d"),
            Await("held", Answer("held")),
            GoOnReading(),
            *_echoed("a b c d"),
            *_add("next"),
            Close(),
        ),
    ),
)

_ENDS: Final = (
    Scenario(
        name="what_was_read_before_the_end_of_input_is_answered_within_the_grace",
        steps=(
            Open(grace=60.0),
            *_hold("held", 0.3),
            HalfClose(),
            Await("held", Answer("held")),
            Seen(Side.CLIENT, "Disconnected"),
            Close(),
        ),
        traced=True,
    ),
    Scenario(
        name="what_is_not_answered_within_the_grace_is_lost",
        steps=(
            Open(grace=0.1),
            *_hold("held"),
            HalfClose(),
            Await("held", _LOST),
            Close(),
        ),
    ),
    Scenario(
        name="a_peer_that_is_gone_at_once_is_no_connection",
        steps=(Open(peer=Peer.GONE_AT_ONCE, raises=NotConnected),),
    ),
    Scenario(
        name="a_peer_that_is_gone_during_the_handshake_is_no_connection",
        steps=(Open(peer=Peer.GONE_ON_FIRST_BYTES, raises=NotConnected),),
    ),
    Scenario(
        name="a_connection_that_breaks_while_idle_is_told_and_ends",
        steps=(
            Open(),
            *_add("first"),
            Break(),
            Seen(Side.CLIENT, "Disconnected"),
            Call("late", "add", {"a": 1, "b": 2}),
            Await("late", Raises(NotConnected)),
            Close(),
        ),
        also_needs=frozenset({Ability.CONNECTED}),
        traced=True,
    ),
    Scenario(
        name="a_break_loses_each_call_in_flight_once",
        steps=(
            Open(),
            *_hold("one"),
            *_hold("two"),
            *_hold("three"),
            Break(),
            *(Await(label, _LOST) for label in ("one", "two", "three")),
            Close(),
        ),
    ),
    Scenario(
        name="a_break_while_a_question_is_open_loses_the_call",
        steps=(
            Open(asked=Asked.WAITS),
            Call("asking", "ask", {"city": "Paris"}),
            Seen(Side.CLIENT, "InputRequested"),
            Break(),
            Await("asking", _LOST),
            Close(),
        ),
        revisions=_ASKING,
        also_needs=frozenset({Ability.CONNECTED}),
    ),
    Scenario(
        name="a_break_while_closing_ends_the_same",
        steps=(
            Open(),
            *_hold("held"),
            BeginClose(),
            Break(),
            Await("held", _LOST),
            Close(),
        ),
    ),
    Scenario(
        name="closing_loses_each_call_in_flight_once",
        steps=(Open(), *_hold("held"), Close(), Await("held", _LOST), Close()),
        traced=True,
    ),
    Scenario(
        name="a_client_may_be_closed_from_elsewhere_and_again",
        steps=(
            Open(),
            *_hold("held"),
            CloseElsewhere(3),
            Await("held", _LOST),
            CloseElsewhere(1),
            Close(),
            Call("late", "add", {"a": 1, "b": 2}),
            Await("late", Raises(NotConnected)),
        ),
    ),
    Scenario(
        name="closing_while_a_question_is_open_withdraws_it",
        steps=(
            Open(asked=Asked.WAITS),
            Call("asking", "ask", {"city": "Paris"}),
            Seen(Side.CLIENT, "InputRequested"),
            CloseElsewhere(1),
            Await("asking", _LOST),
            Close(),
        ),
        revisions=_ASKING,
    ),
)

SCENARIOS: Final[tuple[Scenario, ...]] = (*_PLAIN, *FEATURES, *_STDIO, *_MANY, *_ENDS)
"""What every binding must get through; those that need what a harness cannot do are left out for it."""


def scenario_named(name: str) -> Scenario:
    """Return a scenario.

    Args:
        name: its name.

    Raises:
        KeyError: there is none of that name.
    """
    return {scenario.name: scenario for scenario in SCENARIOS}[name]
