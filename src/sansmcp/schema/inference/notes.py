"""What stands beside a type in `Annotated`, in our own words and in those that others use.

annotated-types, pydantic's `Field`, `typing_extensions.Doc` and plain texts are understood by their shape;
none of them is ever imported. What is not understood is passed over, as `Annotated` asks.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from sansmcp.schema.inference.constraints import (
    Constraint,
    Description,
    Ge,
    Gt,
    Le,
    Lt,
    MaxLength,
    MinLength,
    MultipleOf,
    Pattern,
)
from sansmcp.values import JSON

_BY_ATTRIBUTE: Final[Mapping[str, JSON]] = {
    "ge": Ge,
    "gt": Gt,
    "le": Le,
    "lt": Lt,
    "min_length": MinLength,
    "max_length": MaxLength,
    "multiple_of": MultipleOf,
    "pattern": Pattern,
}
_HOMES: Final = ("annotated_types", "pydantic")


def notes_of(found: Iterable[JSON]) -> tuple[str | None, tuple[Constraint, ...]]:
    """Return the description, of which the last counts, and the constraints that some notes say."""
    description: str | None = None
    constraints: list[Constraint] = []
    for note in _flat(found):
        if isinstance(note, Description):
            description = note.text
        elif isinstance(note, str):
            description = note
        else:
            constraints.append(note)
    return description, tuple(constraints)


def _flat(notes: Iterable[JSON]) -> Iterator[Description | Constraint | str]:
    for note in notes:
        home = type(note).__module__.partition(".")[0]
        if isinstance(note, Description | Constraint | str):
            yield note
        elif home in _HOMES:
            yield from _foreign(note)
        elif type(note).__name__ == "Doc" and isinstance(getattr(note, "documentation", None), str):
            yield note.documentation


def _foreign(note: JSON) -> Iterator[Description | Constraint | str]:
    text = getattr(note, "description", None)
    if isinstance(text, str):
        yield text
    inner = getattr(note, "metadata", None)
    if isinstance(inner, list):
        # A Field keeps what it was told in there.
        yield from _flat(inner)
        return
    for attribute, constraint in _BY_ATTRIBUTE.items():
        value = getattr(note, attribute, None)
        # Len says 0 where there is no bound.
        bounds = not (attribute == "min_length" and value == 0)
        if bounds and isinstance(value, str if attribute == "pattern" else int | float):
            yield constraint(value)
