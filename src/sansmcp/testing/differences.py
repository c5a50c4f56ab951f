"""Where scenarios of the suite go differently by the nature of what carries them: the whole list."""

from collections.abc import Sequence
from typing import Final

import attrs

from sansmcp.schema import LEGACY_REVISIONS, MODERN_REVISIONS, REVISIONS, Revision
from sansmcp.testing.scenarios import SCENARIOS
from sansmcp.testing.steps import Ability
from sansmcp.values import Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Difference(Value):
    """One thing that goes differently: scenarios that cannot be played, or an event that does not come."""

    reason: str
    """Why nothing can be done about it."""
    scenarios: tuple[str, ...] = ()
    """The scenarios that cannot be played; none where an event does not come."""
    ability: Ability | None = None
    """What they need that nobody has here; None where it depends on what they do."""
    line: str | None = None
    """The event that does not come, as a line of a trace."""
    revisions: tuple[Revision, ...] = REVISIONS
    """The revisions that it is so in."""


OVER_HTTP: Final[tuple[Difference, ...]] = (
    Difference(
        reason="a request of HTTP ends by itself, and there is no input beside it that could end before",
        scenarios=(
            "what_was_read_before_the_end_of_input_is_answered_within_the_grace",
            "what_is_not_answered_within_the_grace_is_lost",
        ),
        ability=Ability.HALF_CLOSE,
    ),
    Difference(
        reason="between two requests no connection counts, so neither side hears that one has broken",
        scenarios=(
            "a_connection_that_breaks_while_idle_is_told_and_ends",
            "a_break_while_a_question_is_open_loses_the_call",
        ),
        ability=Ability.CONNECTED,
    ),
    Difference(
        reason="a modern client keeps nothing open and says no goodbye, so a server cannot tell when it left",
        line="server: Disconnected",
        revisions=MODERN_REVISIONS,
    ),
)
"""What goes differently over HTTP than over a connection, on whatever runtime and in whatever application."""

OVER_WSGI_WITHOUT_THREADS: Final[tuple[Difference, ...]] = (
    *OVER_HTTP,
    Difference(
        reason="HTTP+SSE answers on a stream, and no response goes on while another request is served",
        scenarios=tuple(scenario.name for scenario in SCENARIOS if Ability.PEERS not in scenario.needs),
        revisions=("2024-11-05",),
    ),
    Difference(
        reason="nothing but answers reaches a client, so it hears of no progress, no record and no change",
        scenarios=(
            "a_break_loses_each_call_in_flight_once",
            "a_break_while_closing_ends_the_same",
            "a_call_that_is_given_up_is_cancelled_on_the_server",
            "a_call_that_times_out_is_cancelled_though_its_client_has_stopped_reading",
            "a_change_at_run_time_is_told_to_clients_that_want_to_know",
            "a_client_connects_calls_and_closes",
            "a_client_may_be_closed_from_elsewhere_and_again",
            "a_client_that_stops_reading_can_still_cancel",
            "a_server_that_changes_tells_its_client",
            "a_server_that_stops_reading_is_still_read_from",
            "a_tool_that_drains_loses_none_of_what_it_says",
            "an_update_of_a_resource_reaches_who_listens",
            "closing_loses_each_call_in_flight_once",
            "what_was_read_is_used_again_while_it_is_fresh",
        ),
    ),
    Difference(
        reason="nothing but answers reaches a client, and a legacy client is not asked by an answer",
        scenarios=(
            "a_declared_input_is_asked_for_before_the_tool_runs_once",
            "a_declined_question_reaches_the_tool",
            "a_model_calls_a_tool_of_the_servers_choice",
            "a_question_reaches_the_user_and_its_answer_the_tool",
            "a_tool_is_told_the_roots",
            "a_user_is_sent_to_a_page",
            "closing_while_a_question_is_open_withdraws_it",
            "middleware_of_a_client_changes_what_its_user_says",
        ),
        revisions=LEGACY_REVISIONS,
    ),
    Difference(
        reason="a handler has the only thread, and the next request waits until it ends",
        scenarios=("a_call_that_takes_too_long_times_out_and_the_next_one_works",),
    ),
)
"""What goes differently in an application of WSGI whose server has one thread: by that, and over HTTP."""


def left_out(differences: Sequence[Difference], revision: Revision) -> frozenset[str]:
    """Return the names of the scenarios that cannot be played in a revision.

    Args:
        differences: where the scenarios would be played, such as `OVER_WSGI_WITHOUT_THREADS`.
        revision: what would be spoken.
    """
    return frozenset(name for one in differences if revision in one.revisions for name in one.scenarios)


def missing_lines(differences: Sequence[Difference], revision: Revision) -> frozenset[str]:
    """Return the lines of a trace that do not come in a revision.

    Args:
        differences: where the scenario is played, such as `OVER_HTTP`.
        revision: what is spoken.
    """
    found = (one.line for one in differences if revision in one.revisions)
    return frozenset(line for line in found if line is not None)
