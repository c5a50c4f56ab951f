"""The few plain types that every floor uses: JSON values, ids, and the mark of an absent member."""

import enum
from typing import Any, Final, Literal, TypeAlias

import attrs

JSON: TypeAlias = Any
"""Any value of a JSON document: None, bool, int, float, str, list or dict of such with str keys."""

RequestId: TypeAlias = str | int
"""A JSON-RPC id. 7 and "7" are different; null, booleans and fractions are no ids."""

ProgressToken: TypeAlias = str | int
"""What a requestor puts in `_meta` to be told of progress."""


class Word(enum.Enum):
    """A closed list of words whose members hash by identity: they are keys of tables on every message."""

    __hash__ = object.__hash__


class Value:
    """What frozen attrs classes share: they are equal when they hold the same, and show what they hold.

    attrs would write and compile these three methods for each of two hundred classes, which is a fifth of
    what it costs to import them. Its settings for a single field hold here too.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        names = _compared(self.__class__)
        return all(getattr(self, name) == getattr(other, name) for name in names)

    def __hash__(self) -> int:
        names = _compared(self.__class__)
        return hash((self.__class__, *(getattr(self, name) for name in names)))

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in _shown(self.__class__))
        return f"{self.__class__.__qualname__.rpartition('.')[2]}({', '.join(shown)})"


_COMPARED: Final[dict[type[JSON], tuple[str, ...]]] = {}


def _compared(kind: type[JSON]) -> tuple[str, ...]:
    names = _COMPARED.get(kind)
    if names is None:
        names = _COMPARED[kind] = tuple(field.name for field in attrs.fields(kind) if field.eq)
    return names


def _shown(kind: type[JSON]) -> tuple[str, ...]:
    return tuple(field.name for field in attrs.fields(kind) if field.repr)


class Absent(enum.Enum):
    """The type of `ABSENT`: the member is not there, which is not the same as null."""

    ABSENT = "absent"

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent.ABSENT
"""A member that is not there."""
