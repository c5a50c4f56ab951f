"""Where scenarios of the suite go differently by the nature of what carries them: the whole list."""

from collections.abc import Sequence
from typing import Final

import attrs

from sansmcp.schema import MODERN_REVISIONS, REVISIONS, Revision
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
    """What they need."""
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


def missing_lines(differences: Sequence[Difference], revision: Revision) -> frozenset[str]:
    """Return the lines of a trace that do not come in a revision.

    Args:
        differences: where the scenario is played, such as `OVER_HTTP`.
        revision: what is spoken.
    """
    found = (one.line for one in differences if revision in one.revisions)
    return frozenset(line for line in found if line is not None)
