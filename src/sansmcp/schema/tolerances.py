"""What is overlooked in a peer's results. It is never overlooked in requests, nor in anything we send."""

import enum
from collections.abc import Mapping
from typing import Final


class Tolerance(enum.Enum):
    """A kind of fault that a reader of results may overlook."""

    NULL_MEMBER = "null member"
    """An optional member is null."""
    MISSING_MEMBER = "missing member"
    """A required member with a safe default is missing: resultType, ttlMs, cacheScope."""
    NEGATIVE_TIME = "negative time"
    """ttlMs is negative."""
    UNFIT_ITEM = "unfit item"
    """An item of a list is an object, but not one of the list's type."""


TOLERANCES: Final[Mapping[Tolerance, str]] = {
    # Many peers serialise optional members that they have no value for.
    Tolerance.NULL_MEMBER: "the member is taken for absent",
    # 2026-07-28, schema, Result: without resultType it is complete. The other two come with the same age
    # of peer; not to keep what it said, and to show it to nobody else, is always right.
    Tolerance.MISSING_MEMBER: "the default is taken: complete, 0 and private",
    # 2026-07-28, Caching: not fresh, which is what 0 says.
    Tolerance.NEGATIVE_TIME: "0 is taken",
    # One bad tool is no reason to lose the others. What is no object at all is a peer that does not know
    # what a list is.
    Tolerance.UNFIT_ITEM: "the item is left out and reported",
}
"""How each fault is read by a codec that is not strict."""

# More than a page of a list usually has; a list that is wrong throughout is no list with a slip in it, and
# each error costs more than the item did.
MAX_DROPPED: Final = 100
"""How many items may be left out of one result."""

NO_TOLERANCES: Final[Mapping[Tolerance, str]] = {}
"""What a strict codec overlooks."""
