"""Bounds found from the bytes of a JSON text agree with what the text holds."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.documents import documents, texts

from sansmcp.wire.bounds import has_longer_number, has_more_nodes, is_deeper

PLENTY = 1_000_000


def depth_of(value) -> int:
    if not isinstance(value, (dict, list)):
        return 0
    return 1 + max(map(depth_of, value.values() if isinstance(value, dict) else value), default=0)


def nodes_of(value) -> int:
    if not isinstance(value, (dict, list)):
        return 1
    return 1 + sum(map(nodes_of, value.values() if isinstance(value, dict) else value))


@given(documents)
def test_depth_is_that_of_the_value_whatever_its_strings_hold(text: str) -> None:
    depth = depth_of(json.loads(text))
    raw = text.encode()
    assert not is_deeper(raw, depth, PLENTY)
    assert depth == 0 or is_deeper(raw, depth - 1, PLENTY)


@given(documents)
def test_nodes_are_the_values_without_the_member_names(text: str) -> None:
    nodes = nodes_of(json.loads(text))
    raw = text.encode()
    assert not has_more_nodes(raw, nodes)
    assert has_more_nodes(raw, nodes - 1)


@given(st.integers(2, 200), texts, st.sampled_from(["{}", "-{}", "0.{}", "1e-{}", "[{}]", "-{}.5"]))
def test_the_longest_run_of_digits_outside_of_strings_counts(digits: int, text: str, number: str) -> None:
    spelled = number.format("7" * digits)
    raw = f'[{json.dumps(text)},"{"1" * 500}",{spelled},{{"{"2" * 500}":0}}]'.encode()
    assert not has_longer_number(raw, digits)
    assert has_longer_number(raw, digits - 1)


def test_a_number_right_at_the_digits_and_one_past_is_told_apart_wherever_it_stands() -> None:
    for offset in range(0, 200, 7):
        start = b"[" + b" " * offset
        assert not has_longer_number(start + b"9" * 4300 + b"]", 4300)
        assert has_longer_number(start + b"9" * 4301 + b"]", 4300)
        assert not has_longer_number(start + b'"' + b"9" * 50_000 + b'"]', 4300)


def test_open_arrays_count_though_they_are_never_closed() -> None:
    assert not is_deeper(b"[" * 64, 64, PLENTY)
    assert is_deeper(b"[" * 65, 64, PLENTY)
    assert is_deeper(b'{"a":' * 65, 64, PLENTY)


def test_siblings_are_no_depth() -> None:
    assert not is_deeper(b"[" + b"[],{}," * 5000 + b"[]]", 2, PLENTY)
    assert is_deeper(b"[" + b"[],{}," * 5000 + b"[[]]]", 2, PLENTY)


def test_more_strings_than_the_values_could_be_named_by_are_too_many_nodes() -> None:
    assert has_more_nodes(b'[""' + b',""' * 40 + b"]", 10)


def test_empty_containers_are_one_node_each_with_or_without_whitespace() -> None:
    assert not has_more_nodes(b"[{},{ \n},[],[\t\r ]]", 5)
    assert has_more_nodes(b"[{},{ \n},[],[\t\r ]]", 4)


@pytest.mark.parametrize("size", [*range(65_520, 65_545), 131_060, 131_070, 200_000])
@pytest.mark.parametrize("filling", [b"[", b"]", b",", b"9", b'\\"', b"[{}]"])
def test_a_string_of_any_length_is_skipped_as_a_whole(size: int, filling: bytes) -> None:
    raw = b'{"' + (filling * size)[:size].removesuffix(b"\\") + b'":[[[]],{},{"a":123}]}'
    assert not is_deeper(raw, 4, PLENTY)
    assert is_deeper(raw, 3, PLENTY)
    assert not has_more_nodes(raw, 7)
    assert has_more_nodes(raw, 6)
    assert not has_longer_number(raw, 3)
    assert has_longer_number(raw, 2)
