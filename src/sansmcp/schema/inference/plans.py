"""What is made of types once and used by every server of a process: schemas, readers and writers.

All is found by what the types mean and how they are inferred, so that a server that is made anew for each
request infers nothing again. What is kept is bounded, and may be asked for from any thread.
"""

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Literal, TypeAlias

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.schema.inference.json_schemas import fields_schema, schema_of
from sansmcp.schema.inference.reading import ObjectReader, reader_of
from sansmcp.schema.inference.records import RecordField
from sansmcp.schema.inference.shapes import AnyShape, Shape, field_shape, shape_of
from sansmcp.schema.inference.vocabulary import PLAIN, Vocabulary
from sansmcp.schema.inference.writing import Hook, plain, writer_of
from sansmcp.schema.inlining import inlined
from sansmcp.schema.mismatch import SchemaError
from sansmcp.schema.validators import validator_of
from sansmcp.values import ABSENT, JSON, Value

Direction: TypeAlias = Literal["input", "output"]
"""Whether a schema is that of arguments or that of results."""

EditSchema: TypeAlias = Callable[[dict[str, JSON], Direction], Mapping[str, JSON]]
"""Returns what is to be used in place of an inferred schema, which it may change."""

# As many as tools have types on the largest servers; one takes some kilobytes.
_MAX_PLANS = 512


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Inference(Value):
    """How schemas are made of types."""

    vocabulary: Vocabulary = PLAIN
    """The types with a schema of their own."""
    edits: tuple[EditSchema, ...] = ()
    """What changes each schema, first to last."""
    inline_refs: bool = False
    """Whether definitions stand where they are used, for hosts that read no references."""

    def __attrs_post_init__(self) -> None:
        for edit in self.edits:
            if not callable(edit):
                raise LocalProtocolError(
                    f"edit_schema: expected a function of a schema and its direction, found {edit!r:.80}"
                )

    def finished(self, written: dict[str, JSON], direction: Direction) -> dict[str, JSON]:
        """Return a schema as it is used, edited and inlined."""
        for edit in self.edits:
            written = dict(edit(written, direction))
        return inlined(written, self.vocabulary.limits) if self.inline_refs else written


DEFAULT = Inference()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class InputPlan(Value):
    """How arguments are taken."""

    schema: Mapping[str, JSON]
    """Their schema."""
    read: Callable[[Mapping[str, JSON]], dict[str, JSON]]
    """Checks them and makes them values, or raises SchemaError."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class OutputPlan(Value):
    """How results are given."""

    schema: Mapping[str, JSON]
    """Their schema."""
    write: Hook
    """Makes JSON of a result and checks it, or raises SchemaError."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _Row(Value):
    """One argument, equal to every other that means the same."""

    name: str
    shape: Shape
    required: bool
    default: str
    field: RecordField = attrs.field(eq=False)


def input_plan(fields: Iterable[RecordField], inference: Inference, *, validates: bool = True) -> InputPlan:
    """Return how the arguments of a function are taken.

    Args:
        fields: its parameters.
        inference: how schemas are made.
        validates: whether values are checked and made what the types say; else they stay as they came.

    Raises:
        LocalProtocolError: JSON has nothing for a type, or what an edit made is no schema.
    """
    rows = (
        _Row(
            name=field.name,
            shape=field_shape(field),
            required=field.required,
            default=_default_text(field),
            field=field,
        )
        for field in fields
    )
    return _input_plan(tuple(rows), inference, validates)


def output_plan(annotation: JSON, inference: Inference, *, validates: bool = True) -> OutputPlan:
    """Return how results of a type are given.

    Args:
        annotation: the type.
        inference: how schemas are made.
        validates: whether they are checked; else whatever JSON can say is given.

    Raises:
        LocalProtocolError: JSON has nothing for the type, or what an edit made is no schema.
    """
    return _output_plan(shape_of(annotation, inference.vocabulary), inference, validates)


@lru_cache(maxsize=_MAX_PLANS)
def _input_plan(rows: tuple[_Row, ...], inference: Inference, validates: bool) -> InputPlan:  # noqa: FBT001 - lru_cache
    for row in rows:
        _check_default(row)
    inferred = fields_schema((row.field, row.shape) for row in rows)
    shapes = [row.shape if validates else AnyShape() for row in rows]
    read = ObjectReader((row.field for row in rows), shapes).read
    used = inference.finished(inferred, "input")
    if not (validates and inference.edits):
        return InputPlan(schema=used, read=read)
    validator = validator_of(used, limits=inference.vocabulary.limits)

    def check_and_read(value: Mapping[str, JSON]) -> dict[str, JSON]:
        # Where both refuse, ours says it better.
        made = read(value)
        validator.validate(value)
        return made

    return InputPlan(schema=used, read=check_and_read)


@lru_cache(maxsize=_MAX_PLANS)
def _output_plan(shape: Shape, inference: Inference, validates: bool) -> OutputPlan:  # noqa: FBT001 - lru_cache
    write = writer_of(shape) if validates else plain
    used = inference.finished(schema_of(shape), "output")
    if not (validates and inference.edits):
        return OutputPlan(schema=used, write=write)
    validator = validator_of(used, limits=inference.vocabulary.limits)

    def write_and_check(value: JSON) -> JSON:
        written = write(value)
        validator.validate(written)
        return written

    return OutputPlan(schema=used, write=write_and_check)


def _check_default(row: _Row) -> None:
    """Refuse a default that the schema would announce, and that is no value of the type."""
    if row.field.default is ABSENT:
        return
    try:
        said = plain(row.field.default)
    except LocalProtocolError:
        # A sentinel of the user's: the schema does not speak of it either.
        return
    try:
        reader_of(row.shape)(said, None)
    except SchemaError as error:
        try:
            # What only a writer of the user's can say.
            writer_of(row.shape)(row.field.default)
        except (SchemaError, LocalProtocolError):
            kind = inspect.formatannotation(row.field.annotation)
            advice = f"write {row.name}: {kind} | None = None" if said is None else "change it or the type"
            raise LocalProtocolError(
                f"the default of {row.name}: {error}, as {kind:.80} says; {advice}"
            ) from error


def _default_text(field: RecordField) -> str:
    """Return a text that is equal for equal defaults."""
    if field.default is ABSENT:
        return ""
    try:
        return json.dumps(plain(field.default))
    except (LocalProtocolError, ValueError):
        # The schema does not speak of it either.
        return "?"
