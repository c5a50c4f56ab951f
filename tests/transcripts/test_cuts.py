"""However the bytes are cut, the same happens: the same events and bytes, at the same times.

Each scenario is played again with its bytes in other pieces; of the two-way splits every one is tried
where the conversation is short, and seeded ones elsewhere.
"""

import random

import pytest
from tests.effort import PROFILE
from tests.transcripts.carrying import ByBytes
from tests.transcripts.cuts import Split, assert_same, in_one_piece, randomly
from tests.transcripts.scenarios import HTTP_SCENARIOS, SCENARIOS

from sansmcp.testing import byte_by_byte, pieces_of

SPLITS = {"dev": 2, "ci": 50, "long": 1000}[PROFILE]
"""How many two-way splits are tried where not all of them are."""
HTTP_SPLITS = {"dev": 0, "ci": 10, "long": 200}[PROFILE]
"""The same for connections of HTTP/1.1, whose bytes are cut everywhere at once in any case."""

SHORT = [
    scenario
    for scenario in SCENARIOS
    if str(scenario) in {"2024-11-05-ping", "2025-06-18-no_common_version", "2026-07-28-told_in_advance"}
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_bytes_one_by_one_make_no_difference(scenario):
    assert_same(scenario, byte_by_byte, "byte by byte")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_pieces_of_any_size_make_no_difference(scenario):
    for cut, what in ((randomly(scenario.name), "seeded"), (pieces_of(64), "pieces of 64")):
        assert_same(scenario, cut, what)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_a_split_in_two_makes_no_difference(scenario):
    _, length = in_one_piece(scenario)
    places = random.Random(scenario.name).sample(range(1, length), min(SPLITS, length - 1))
    for place in places:
        assert_same(scenario, Split(place), f"cut after {place} bytes")


@pytest.mark.parametrize("scenario", SHORT, ids=str)
def test_no_split_in_two_of_a_short_conversation_makes_a_difference(scenario):
    _, length = in_one_piece(scenario)
    for place in range(1, length):
        assert_same(scenario, Split(place), f"cut after {place} bytes")


@pytest.mark.parametrize("scenario", HTTP_SCENARIOS, ids=str)
def test_cuts_of_the_bytes_of_http_make_no_difference(scenario):
    _, length = in_one_piece(scenario, carrier=ByBytes)
    places = random.Random(scenario.name).sample(range(1, length), HTTP_SPLITS)
    cuts = {f"cut after {place} bytes": Split(place) for place in places}
    for what, cut in {"byte by byte": byte_by_byte, **cuts}.items():
        assert_same(scenario, cut, what, carrier=ByBytes)


def test_a_split_cuts_once_at_its_place():
    split = Split(5)
    assert [list(split(data)) for data in (b"abc", b"defg", b"h")] == [[b"abc"], [b"de", b"fg"], [b"h"]]
