"""JSON without recursion says what the standard library says, wherever that says anything."""

import enum
import json
import sys
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.documents import broken_documents, documents, values

from sansmcp.errors import LocalProtocolError
from sansmcp.wire.stackless import (
    NotJSONError,
    read_without_stack,
    skip_whitespace,
    syntax_error,
    write_without_stack,
)
from sansmcp.wire.strict_json import read, write


def read_all(text: str):
    value, end = read_without_stack(text, skip_whitespace(text, 0))
    end = skip_whitespace(text, end)
    if end != len(text):
        raise syntax_error(text, end)
    return value


def outcome(function, argument) -> str:
    """Say what came of it; 1, 1.0 and True are told apart."""
    try:
        return repr(function(argument))
    except NotJSONError as error:
        return f"refused: {error}"


@pytest.fixture(params=[640, 4300, 0])
def digit_limit(request) -> Iterator[None]:
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(request.param)
    yield
    sys.set_int_max_str_digits(before)


@given(documents)
def test_a_document_is_read_as_json_loads_reads_it(text: str) -> None:
    assert repr(read_all(text)) == repr(json.loads(text))


@given(broken_documents())
def test_a_broken_document_gets_the_verdict_and_the_words_of_the_recursive_reader(text: str) -> None:
    raw = text.encode()
    if b"\\u" not in raw:
        assert outcome(read_all, text) == outcome(read, raw)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON: the text ends at character 0"),
        ("[1", "not JSON: the text ends at character 2"),
        ("[1,]", "not JSON from character 2 on: ',]'"),
        ('{"a":1 , }', "not JSON from character 7 on: ', }'"),
        ("[,1]", "not JSON from character 1 on: ',1]'"),
        ("{,}", "not JSON from character 1 on: ',}'"),
        ("[1 2]", "not JSON from character 3 on: '2]'"),
        ('{"a" 1}', "not JSON from character 5 on: '1}'"),
        ("{1:1}", "not JSON from character 1 on: '1:1}'"),
        ('{"a":1]', "not JSON from character 6 on: ']'"),
        ("[1}", "not JSON from character 2 on: '}'"),
        ("[1] x", "not JSON from character 4 on: 'x'"),
        ('["abc', "not JSON from character 1 on: '\"abc'"),
        ("[01]", "not JSON from character 2 on: '1]'"),
        ("[1.]", "not JSON from character 2 on: '.]'"),
        ("[-]", "not JSON from character 1 on: '-]'"),
        ("[nul]", "not JSON from character 1 on: 'nul]'"),
        ("['a']", "not JSON from character 1 on: \"'a']\""),
        ("\u00a01", "not JSON from character 0 on: '\\xa01'"),
        ('{"a":1,"b":{"\\u0061":1,"a":2}}', "member name 'a' occurs twice in one object"),
        ("[NaN]", "a number that is not finite is not JSON"),
        ("[-Infinity]", "a number that is not finite is not JSON"),
        ("[1e400]", "number '1e400' is too large"),
    ],
)
def test_both_readers_refuse_with_the_same_words(text: str, message: str) -> None:
    assert outcome(read_all, text) == f"refused: {message}"
    assert outcome(read, text.encode()) == f"refused: {message}"


@pytest.mark.usefixtures("digit_limit")
@pytest.mark.parametrize("digits", [1, 599, 600, 601, 640, 641, 1200, 1201, 4300])
def test_integers_are_read_and_written_whatever_the_process_allows(digits: int) -> None:
    sevens = 7 * (10**digits - 1) // 9
    for text, value in (
        ("7" * digits, sevens),
        ("-" + "7" * digits, -sevens),
        (f"[{'1' + '0' * (digits - 1)}]", None),
    ):
        expected = [10 ** (digits - 1)] if value is None else value
        assert read_all(text) == read(text.encode()) == expected
        assert write_without_stack(expected) == text
        assert write(expected) == text.encode()


@given(values)
def test_a_value_is_written_as_the_recursive_writer_writes_it(value) -> None:
    assert write_without_stack(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@given(values, st.booleans())
def test_what_was_written_is_read_again(value, spaced: bool) -> None:
    text = write_without_stack(value)
    assert repr(read_all(f"\r\n {text}\t" if spaced else text)) == repr(value)


class Colour(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Fraction(float, enum.Enum):
    HALF = 0.5


def test_enums_of_strings_and_numbers_are_their_values_mappings_objects_and_tuples_arrays() -> None:
    value = {Colour.RED: (Level.HIGH, Fraction.HALF, Colour.RED), "m": MappingProxyType({"1": ()}), "e": {}}
    assert write_without_stack(value) == '{"red":[3,0.5,"red"],"m":{"1":[]},"e":{}}'
    assert write(value) == write_without_stack(value).encode()


def nested(depth: int):
    value = []
    for _ in range(depth - 1):
        value = {"a": value}
    return value


HOLDS_ITSELF: list[object] = []
HOLDS_ITSELF.append(HOLDS_ITSELF)


@pytest.mark.parametrize("writer", [write, write_without_stack])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": [0, float("nan")]}, r"a\[1\]: nan is not JSON"),
        ([float("-inf")], r"\[0\]: -inf is not JSON"),
        ({"a": {"b": "x\ud800"}}, r"a\.b: lone surrogate '\\ud800' at character 1"),
        ({"\udfff": 1}, r"^\\udfff: lone surrogate '\\udfff' at character 0"),
        ({"a": {1: 2}}, "^a: a member name is of type int; expected a string"),
        ({"a": {True: 2}}, "^a: a member name is of type bool; expected a string"),
        ({"a": {None: 2}}, "^a: a member name is of type NoneType; expected a string"),
        ({"a": {1.5: 2}}, "^a: a member name is of type float; expected a string"),
        ({"a": {1e22: 2}}, "^a: a member name is of type float; expected a string"),
        ({"a": {-1: 2}}, "^a: a member name is of type int; expected a string"),
        ({Level.HIGH: 2}, "^a member name is of type Level; expected a string"),
        ({(1,): 2}, "^a member name is of type tuple; expected a string"),
        ({"a": b"x"}, "^a: a value of type bytes is not JSON"),
        ({"a": {1, 2}}, "^a: a value of type set is not JSON"),
        ([object()], r"^\[0\]: a value of type object is not JSON"),
        (object(), "^a value of type object is not JSON"),
        (nested(65), r"^a\.a\.a.*: more than 64 arrays and objects are open"),
        (nested(5000), r"^a\.a\.a.*: more than 64 arrays and objects are open"),
        (HOLDS_ITSELF, r"^\[0\]\[0\].*: more than 64 arrays and objects are open"),
    ],
)
def test_what_json_cannot_say_is_refused_with_its_path(writer, value, message: str) -> None:
    with pytest.raises(LocalProtocolError, match=message):
        writer(value)


@pytest.mark.usefixtures("digit_limit")
def test_an_integer_past_the_digits_is_refused_whatever_the_process_allows() -> None:
    for value in (10**4300, -(10**4300)):
        with pytest.raises(LocalProtocolError, match=r"^a: an integer has more than 4300 digits"):
            write({"a": value})
        with pytest.raises(LocalProtocolError, match=r"^a member name is of type int"):
            write({value: 1})
        assert write([value // 10]).strip(b"[]-") == b"1" + b"0" * 4299


def test_a_document_as_deep_as_allowed_is_written() -> None:
    assert write(nested(64)) == write_without_stack(nested(64)).encode()


class Lazy(Mapping):
    def __getitem__(self, name):
        return {"x": 1}[name]

    def __iter__(self):
        return iter(["x"])

    def __len__(self) -> int:
        return 1


def test_any_mapping_is_written_as_an_object() -> None:
    assert write([Lazy(), {"1": Lazy()}]) == b'[{"x":1},{"1":{"x":1}}]'
