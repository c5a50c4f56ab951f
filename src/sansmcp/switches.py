"""Switches for behaviour that has changed: how to go on with the old one for a while, and until when.

A change that programs may rely on gets a row here. Each switch is an argument of a constructor, so that it
is seen where it is used; nothing is read from the environment.
"""

from typing import Final

import attrs

from sansmcp.values import Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Switch(Value):
    """One switch for behaviour that has changed."""

    owner: str
    """The class whose constructor takes it, by its full name, such as `sansmcp.server.Server`."""
    argument: str
    """The name of the argument; its default is the new behaviour."""
    since: str
    """The version that changed the behaviour."""
    removed_in: str
    """The version that will take the switch away, and the old behaviour with it."""
    meaning: str
    """What the old behaviour is, in one sentence."""


SWITCHES: Final[tuple[Switch, ...]] = ()
"""The switches that there are, oldest first; none, since no behaviour has changed since the first version."""
