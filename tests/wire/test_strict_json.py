"""Strict JSON (RFC 8259): one verdict for the same bytes, whoever asks."""

import json
import sys
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.documents import at_depth, broken_documents, deepest_call, documents, values

from sansmcp.wire import DEFAULT_LIMITS, Limits
from sansmcp.wire.stackless import NotJSONError
from sansmcp.wire.strict_json import read, write

# What `read` may need of the stack above its caller, with some to spare.
ROOM = 10


def attempt(raw: bytes, limits: Limits = DEFAULT_LIMITS):
    try:
        return read(raw, limits)
    except NotJSONError as error:
        return f"refused: {error}"


def verdict(raw: bytes, limits: Limits = DEFAULT_LIMITS) -> str:
    """Say what came of it; 1, 1.0 and True are told apart."""
    value = attempt(raw, limits)
    return value if isinstance(value, str) and value.startswith("refused: ") else repr(value)


@given(documents)
def test_a_document_is_read_as_json_loads_reads_it(text: str) -> None:
    assert repr(read(text.encode())) == repr(json.loads(text))


@given(broken_documents())
def test_a_document_that_is_read_is_one_that_json_loads_reads_alike(text: str) -> None:
    try:
        value = read(text.encode())
    except NotJSONError:
        return
    assert repr(value) == repr(json.loads(text))


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    said = verdict(raw)
    assert said.startswith("refused: ") or said == repr(json.loads(raw.decode()))


@given(values)
def test_what_is_written_is_read_again_and_has_no_newline(value) -> None:
    raw = write(value)
    assert b"\n" not in raw
    assert repr(read(raw)) == repr(value)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b'"\xff"', "not UTF-8: byte 0xff at offset 1"),
        (b'"\xc0\xaf"', "not UTF-8: byte 0xc0 at offset 1"),
        (b'"\xed\xa0\x80"', "not UTF-8: byte 0xed at offset 1"),
        (b'"\xf4\x90\x80\x80"', "not UTF-8: byte 0xf4 at offset 1"),
        (b'"\xe2\x82', "not UTF-8: byte 0xe2 at offset 1"),
        ('{"a":1}'.encode("utf-16"), "not UTF-8: byte 0xff at offset 0"),
        ('{"a":1}'.encode("utf-16-le"), "not JSON from character 1 on"),
        ('{"a":1}'.encode("utf-16-be"), "not JSON from character 0 on"),
        ('{"a":1}'.encode("utf-32-le"), "not JSON from character 1 on"),
        (b"\xef\xbb\xbf{}", "not JSON from character 0 on: '\\ufeff{}'"),
        (b" \xef\xbb\xbf{}", "not JSON from character 1 on: '\\ufeff{}'"),
        (b"{}\xef\xbb\xbf", "not JSON from character 2 on: '\\ufeff'"),
        (b'"\x00"', "not JSON from character 1 on"),
        (b'"\x1f"', "not JSON from character 1 on"),
        (b"{}{}", "not JSON from character 2 on: '{}'"),
        (b"[1]\x0b", "not JSON from character 3 on"),
        (b"[1]\x0c", "not JSON from character 3 on"),
        (b"", "not JSON: the text ends at character 0"),
        (b" \r\n", "not JSON: the text ends at character 3"),
        (b'"\\x"', "not JSON from character 1 on"),
        (b'"\\u12 4"', "not JSON from character"),
        ("\u0663".encode(), "not JSON from character 0 on"),
        (b"[0x10]", "not JSON from character 2 on"),
        (b"[+1]", "not JSON from character 1 on"),
        (b"[.5]", "not JSON from character 1 on"),
        (b"[1_000]", "not JSON from character 2 on"),
        (b"// c\n{}", "not JSON from character 0 on"),
        (b"-1e400", "number '-1e400' is too large"),
        (b"1" + b"0" * 400 + b".5", "number '1000"),
        (b'{"a":1,"a":1}', "member name 'a' occurs twice in one object"),
        (b'[{"x":{"":1,"":2}}]', "member name '' occurs twice in one object"),
        (b'{"a":1,"\\u0061":1}', "member name 'a' occurs twice in one object"),
    ],
)
def test_what_is_no_strict_json_is_refused_with_what_was_found(raw: bytes, message: str) -> None:
    assert verdict(raw).startswith(f"refused: {message}")


@pytest.mark.parametrize(
    "raw", [b"1e-400", b"-0", b"-0.0", b"1E+2", b"1e308", b'"\x7f"', b'{"a":1,"A":2,"a\\u0000":3}']
)
def test_what_looks_odd_and_is_json_is_read(raw: bytes) -> None:
    assert verdict(raw) == repr(json.loads(raw))


@pytest.mark.parametrize(
    "text",
    [
        r"\ud800",
        r"\uD800",
        r"\udfff",
        r"\ud83d x",
        r"\ud83d\n\ude00",
        r"\ude00\ud83d",
        r"\ud83d\ud83d\ude00",
        r"\ud83d\ude00\ude00",
        r"\\\ud83d",
        r"\\ud83d\ude00",
        r"\ud83d\\ude00",
        r"\ud83d\\\ude00",
        r"\ud83d\u0041",
    ],
)
def test_half_of_a_surrogate_pair_is_refused_wherever_it_stands(text: str) -> None:
    for raw in (f'["{text}"]', f'{{"{text}":1}}', f'["\\\\","{text}"]'):
        assert verdict(raw.encode()) == "refused: half of a surrogate pair"


@pytest.mark.parametrize(
    "text",
    [
        r"\ud83d\ude00",
        r"\uD83D\uDE00\ud83d\ude00",
        r"\\ud83d",
        r"\\\\ud83d",
        r"\u00e9\ud83d\ude00",
        r"\ud7ff\ue000",
    ],
)
def test_whole_pairs_and_escaped_backslashes_are_no_halves(text: str) -> None:
    raw = f'["{text}"]'
    assert verdict(raw.encode()) == repr(json.loads(raw))


@given(st.lists(st.sampled_from([r"\ud83d", r"\uDE00", r"\\", r"\u0041", "ud83d", "x", r"\""])).map("".join))
def test_halves_of_pairs_are_found_as_they_are_in_the_value(text: str) -> None:
    raw = f'"{text}"'
    value = json.loads(raw)
    try:
        value.encode()
    except UnicodeEncodeError:
        assert verdict(raw.encode()) == "refused: half of a surrogate pair"
    else:
        assert read(raw.encode()) == value


@pytest.mark.parametrize(
    ("allowed", "refused"),
    [
        (b"[" * 64 + b"]" * 64, b"[" * 65 + b"]" * 65),
        (b'{"a":' * 63 + b"[]" + b"}" * 63, b'{"a":' * 64 + b"[]" + b"}" * 64),
        (b"[" + b"[{}]," * 80 + b"[" * 63 + b"]" * 64, b"[" + b"[{}]," * 80 + b"[" * 64 + b"]" * 65),
    ],
)
def test_64_levels_are_read_and_65_are_not(allowed: bytes, refused: bytes) -> None:
    assert verdict(allowed) == repr(json.loads(allowed))
    assert verdict(refused) == "refused: more than 64 arrays and objects are open at once"


@pytest.mark.parametrize(
    "raw", [b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000, b"[" * 4_000_000]
)
def test_depth_far_past_the_limit_is_refused_in_little_memory(raw: bytes) -> None:
    tracemalloc.start()
    try:
        assert verdict(raw) == "refused: more than 64 arrays and objects are open at once"
        assert tracemalloc.get_traced_memory()[1] < 16 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_250_000_values_are_read_and_one_more_is_not() -> None:
    assert len(read(b"[" + b"{}," * 249_998 + b"{}]")) == 249_999
    assert verdict(b"[" + b"{}," * 249_999 + b"{}]") == "refused: more than 250000 values"
    assert verdict(b"[" + b"{}," * 1_390_000 + b"{}]") == "refused: more than 250000 values"
    assert len(read(b"[" + b'",",' * 249_998 + b'","]')) == 249_999


def test_4300_digits_are_read_and_one_more_is_not() -> None:
    assert read(b"[-" + b"9" * 4300 + b"]") == [1 - 10**4300]
    for digits in (4301, 5000, 430_000, 4_000_000):
        for text in (b"9" * digits, b'[{"x":-%s}]' % (b"9" * digits), b"0." + b"9" * digits):
            assert verdict(text) == "refused: a number has more than 4300 digits in a row"
    assert read(b'"' + b"9" * 430_000 + b'"') == "9" * 430_000


def test_a_message_at_the_limit_of_bytes_is_read_and_one_past_is_not() -> None:
    limits = Limits(max_message_bytes=10)
    assert read(b'["123456"]', limits) == ["123456"]
    assert verdict(b'["123456"] ', limits) == "refused: longer than 10 bytes"
    assert verdict(b" " * 1000, limits) == "refused: longer than 10 bytes"
    assert read(b'"' + b"x" * (4 * 1024 * 1024 - 2) + b'"') == "x" * (4 * 1024 * 1024 - 2)
    assert verdict(b'"' + b"x" * (4 * 1024 * 1024 - 1) + b'"') == "refused: longer than 4194304 bytes"


@pytest.mark.parametrize("depth", [1, 2, 64, 2000])
def test_the_depth_that_is_set_holds(depth: int) -> None:
    limits = Limits(max_depth=depth)
    value = read(b"[" * depth + b"]" * depth, limits)
    for _ in range(depth):
        (value,) = value or [None]
    assert value is None
    refusal = f"refused: more than {depth} arrays and objects are open at once"
    assert verdict(b"[" * (depth + 1) + b"]" * (depth + 1), limits) == refusal


def test_the_values_that_are_set_hold() -> None:
    assert read(b'{"a":[1,{}]}', Limits(max_nodes=4)) == {"a": [1, {}]}
    assert verdict(b'{"a":[1,{}]}', Limits(max_nodes=3)) == "refused: more than 3 values"


@pytest.mark.parametrize("digits", [1, 3, 9000])
def test_the_digits_that_are_set_hold(digits: int) -> None:
    limits = Limits(max_digits=digits)
    assert read(b"9" * digits, limits) == 10**digits - 1
    assert verdict(b"9" * (digits + 1), limits) == f"refused: a number has more than {digits} digits in a row"


CASES = [
    b'{"a":[1,2.5,"x",null,true,{"b":{"c":[]}}],"d":"\\n"}',
    b"[" * 64 + b"]" * 64,
    b"[" * 65 + b"]" * 65,
    b'{"a":' * 50 + b"1" + b"}" * 50,
    b'{"a":' * 50 + b"1" + b"}" * 49 + b',"a":1}',
    b'{"a":' * 50 + b"1," + b"}" * 50,
    b'[{"a":[1e400]}]',
    b"[[[NaN]]]",
    b"[[[1,]]]",
    b'[["\\ud800"]]',
    b'[["\xff"]]',
    b"[[" + b"7" * 4300 + b"]]",
    b"[[" + b"7" * 4301 + b"]]",
    b"[[]] x",
]


@pytest.mark.parametrize("raw", CASES)
def test_the_verdict_does_not_depend_on_the_callers_stack(raw: bytes) -> None:
    expected = attempt(raw)
    deepest = deepest_call()
    for room in range(ROOM + 70):
        try:
            found = at_depth(deepest - room, lambda: attempt(raw))
        except RecursionError:
            assert room < ROOM
        else:
            assert repr(found) == repr(expected)


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, 2.5, "x", None, True, {"b": {"c": []}}], "d": "\n"},
        json.loads("[" * 64 + "]" * 64),
        json.loads('{"a":' * 64 + "1" + "}" * 64),
    ],
)
def test_what_is_written_does_not_depend_on_the_callers_stack(value) -> None:
    expected = write(value)
    deepest = deepest_call()
    for room in range(ROOM + 70):
        try:
            found = at_depth(deepest - room, lambda: write(value))
        except RecursionError:
            assert room < ROOM
        else:
            assert found == expected


@pytest.mark.parametrize("raw", CASES)
@pytest.mark.parametrize("limit", [640, 0, 100_000])
def test_the_verdict_does_not_depend_on_the_digits_that_the_process_allows(raw: bytes, limit: int) -> None:
    before = sys.get_int_max_str_digits()
    expected = attempt(raw)
    sys.set_int_max_str_digits(limit)
    try:
        assert attempt(raw) == expected
    finally:
        sys.set_int_max_str_digits(before)
