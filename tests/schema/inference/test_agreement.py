"""Whatever the types and values: what a schema accepts is what is read, and what is written fits again."""

import enum
from typing import Annotated, Any, Literal, Union

import attrs
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry

from sansmcp.schema import SchemaError, validator_of
from sansmcp.schema.inference.constraints import Ge, Le, MaxLength, MinLength, MultipleOf, Pattern
from sansmcp.schema.inference.json_schemas import schema_of
from sansmcp.schema.inference.reading import reader_of
from sansmcp.schema.inference.shapes import shape_of
from sansmcp.schema.inference.writing import writer_of
from sansmcp.schema.inlining import inlined


class Colour(enum.Enum):
    RED = "red"
    ONE = 1


TEXTS = st.sampled_from(["", "a", "b", "ab", "red", "1"])
INTEGERS = st.integers(-3, 12)
NUMBERS = INTEGERS | st.sampled_from([0.5, 1.0, 2.5, -0.0])
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)

# A type, and documents that are likely to fit it.
SCALARS = st.sampled_from(
    [
        (int, INTEGERS),
        (float, NUMBERS),
        (str, TEXTS),
        (bool, st.booleans()),
        (None, st.none()),
        (Any, ANYTHING),
        (Literal["a", 1] | None, st.sampled_from(["a", 1, None, 1.0, True])),
        (Literal[True, 0], st.sampled_from([True, 0, 1, False, 0.0])),
        (Colour, st.sampled_from(["red", 1, "RED"])),
        (Annotated[int, Ge(0), Le(5)], INTEGERS),
        (Annotated[int | str, MultipleOf(2)], INTEGERS | TEXTS),
        (Annotated[str, MinLength(1), Pattern("^[ab]+$")], TEXTS),
        (Annotated[str | None, MaxLength(1)], TEXTS | st.none()),
    ]
)
HASHABLE = st.sampled_from(
    [(int, INTEGERS), (str, TEXTS), (Literal["a", "b"], TEXTS), (Colour, st.just("red"))]
)
NAMES = st.sampled_from(
    [(str, TEXTS), (Literal["a", "b"], st.sampled_from("ab")), (Annotated[str, MinLength(1)], TEXTS)]
)


def lists_of(one):
    kind, documents = one
    return list[kind], st.lists(documents, max_size=3)


def sets_of(one):
    kind, documents = one
    return set[kind], st.lists(documents, max_size=3)


def tuples_of(members):
    return tuple[tuple(kind for kind, _ in members)], st.tuples(*(documents for _, documents in members)).map(
        list
    )


def mappings_of(name, one):
    return dict[name[0], one[0]], st.dictionaries(name[1], one[1], max_size=3)


def unions_of(members):
    return Union[tuple(kind for kind, _ in members)], st.one_of([documents for _, documents in members])  # noqa: UP007


def records_of(members, optional):
    needed = len(members) - optional
    # A default that is no value of its type could be read and not be written.
    fields = {
        f"f{number}": attrs.field(type=kind)
        if number < needed
        else attrs.field(type=Union[kind, None], default=None)  # noqa: UP007
        for number, (kind, _) in enumerate(members)
    }
    documents = {f"f{number}": strategy for number, (_, strategy) in enumerate(members)}
    return (
        attrs.make_class("Made", fields, frozen=True),
        st.fixed_dictionaries(
            {name: documents[name] for name in list(documents)[:needed]},
            optional={name: documents[name] for name in list(documents)[needed:]},
        ),
    )


def composed(inner):
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        inner.map(lists_of),
        HASHABLE.map(sets_of),
        several.map(tuples_of),
        st.builds(mappings_of, NAMES, inner),
        several.map(unions_of),
        several.map(unions_of),
        several.flatmap(
            lambda members: st.integers(0, len(members)).map(lambda last: records_of(members, last))
        ),
    )


TYPES = st.recursive(SCALARS, composed, max_leaves=5)
CASES = TYPES.flatmap(lambda drawn: st.tuples(st.just(drawn[0]), drawn[1] | drawn[1] | ANYTHING))


@given(case=CASES)
def test_a_schema_accepts_exactly_what_is_read(case):
    annotation, document = case
    shape = shape_of(annotation)
    schema = schema_of(shape)
    Draft202012Validator.check_schema(schema)
    try:
        reader_of(shape)(document, None)
    except SchemaError:
        fits = False
    else:
        fits = True
    assert Draft202012Validator(schema, registry=Registry()).is_valid(document) is fits
    for same in (schema, inlined(schema)):
        assert accepts(same, document) is fits


@given(case=CASES)
def test_what_was_read_is_written_as_what_fits_and_is_read_again(case):
    annotation, document = case
    shape = shape_of(annotation)
    try:
        value = reader_of(shape)(document, None)
    except SchemaError:
        return
    written = writer_of(shape)(value)
    assert accepts(schema_of(shape), written)
    assert reader_of(shape)(written, None) == value


def accepts(schema, document):
    try:
        validator_of(schema).validate(document)
    except SchemaError:
        return False
    return True
