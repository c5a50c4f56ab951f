"""The few plain types that every floor uses: JSON values, ids, and the mark of an absent member."""

import enum
from typing import Any, Final, Literal, TypeAlias

JSON: TypeAlias = Any
"""Any value of a JSON document: None, bool, int, float, str, list or dict of such with str keys."""

RequestId: TypeAlias = str | int
"""A JSON-RPC id. 7 and "7" are different; null, booleans and fractions are no ids."""

ProgressToken: TypeAlias = str | int
"""What a requestor puts in `_meta` to be told of progress."""


class Word(enum.Enum):
    """A closed list of words whose members hash by identity: they are keys of tables on every message."""

    __hash__ = object.__hash__


class Absent(enum.Enum):
    """The type of `ABSENT`: the member is not there, which is not the same as null."""

    ABSENT = "absent"

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent.ABSENT
"""A member that is not there."""
