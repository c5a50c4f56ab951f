"""Fields of attrs classes, dataclasses and TypedDicts."""

import dataclasses
from typing import Annotated, Any, NotRequired, Required, TypedDict

import attrs
import pytest
import typing_extensions

from sansmcp.errors import LocalProtocolError
from sansmcp.schema.inference.constraints import Ge
from sansmcp.schema.inference.records import RecordField, fields_of, is_record, is_typed_dict
from sansmcp.values import ABSENT


@attrs.frozen
class Attrs:
    _hidden: int
    plain: str = "a"
    made: list[int] = attrs.field(factory=list)
    derived: int = attrs.field(init=False, default=1)


@dataclasses.dataclass
class Data:
    needed: Annotated[int, Ge(0)]
    plain: str = "a"
    made: list[int] = dataclasses.field(default_factory=list)
    derived: int = dataclasses.field(init=False, default=1)


class Total(TypedDict):
    needed: int
    optional: NotRequired[str]


class Partial(TypedDict, total=False):
    needed: Required[int]
    optional: str


class Strings(TypedDict):
    needed: "Required[int]"
    optional: "NotRequired[str]"


class Backport(typing_extensions.TypedDict):
    needed: typing_extensions.ReadOnly[int]
    optional: typing_extensions.NotRequired[typing_extensions.ReadOnly[str]]


def test_fields_of_an_attrs_class_are_what_its_constructor_takes():
    assert fields_of(Attrs) == (
        RecordField(name="hidden", attribute="_hidden", annotation=int, required=True),
        RecordField(name="plain", attribute="plain", annotation=str, required=False, default="a"),
        RecordField(name="made", attribute="made", annotation=list[int], required=False, default=ABSENT),
    )


def test_fields_of_a_dataclass_are_what_its_constructor_takes():
    assert fields_of(Data) == (
        RecordField(name="needed", attribute="needed", annotation=Annotated[int, Ge(0)], required=True),
        RecordField(name="plain", attribute="plain", annotation=str, required=False, default="a"),
        RecordField(name="made", attribute="made", annotation=list[int], required=False, default=ABSENT),
    )


@pytest.mark.parametrize("cls", [Total, Partial, Strings, Backport])
def test_keys_of_a_typed_dict_may_be_missing_where_it_says_so(cls):
    assert fields_of(cls) == (
        RecordField(name="needed", attribute="needed", annotation=int, required=True),
        RecordField(name="optional", attribute="optional", annotation=str, required=False),
    )


def test_what_is_a_record():
    assert all(is_record(cls) for cls in (Attrs, Data, Total, Backport))
    assert not any(is_record(other) for other in (int, dict, list[int], Attrs(1), None))
    assert is_typed_dict(Total)
    assert not is_typed_dict(dict)
    assert not is_typed_dict(Data)


def test_an_annotation_that_names_nothing_is_refused():
    @attrs.frozen
    class Broken:
        field: "Missing"  # noqa: F821

    with pytest.raises(LocalProtocolError, match="Broken: an annotation names 'Missing'"):
        fields_of(Broken)


def test_a_field_without_a_type_may_be_anything():
    made = attrs.make_class("Made", ["a"])
    assert fields_of(made) == (RecordField(name="a", attribute="a", annotation=Any, required=True),)
