"""Media types (RFC 9110, 5.6, 8.3.1, 12.5.1): what counts as JSON, and what Accept allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.effort import against_garbage

from sansmcp.http import accepts, is_event_stream, is_json

JSON = "application/json"
STREAM = "text/event-stream"


@pytest.mark.parametrize(
    "value",
    [
        "application/json",
        "APPLICATION/JSON",
        " application/json\t",
        "application/json;charset=utf-8",
        'Application/JSON;charset="UTF-8"',
        'application/json ; CHARSET="utf\\-8"',
        "application/json; profile=x; charset=utf-8",
        'application/json; profile="a; charset=utf-16"',
        "application/json;",
        "application/json; ;charset=utf-8",
    ],
)
def test_json_in_utf_8_is_json(value):
    assert is_json(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "application",
        "application/",
        "text/plain",
        "application/jsonxx",
        "application/json-patch+json",
        "text/plain; application/json",
        "application/json; charset=utf-16",
        "application/json; charset=latin1",
        "application/json; charset=utf-8; charset=utf-16",
        "application/json; charset",
        "application/json; charset=",
        "application/json; charset = utf-8",
        'application/json; charset="utf-8',
        "application/json, text/plain",
        "application/json charset=utf-8",
        "application/json\n",
        "application /json",
    ],
)
def test_what_is_or_might_be_something_else_is_not_json(value):
    assert not is_json(value)


def test_a_stream_of_events_is_told_by_its_type_alone():
    assert is_event_stream("text/event-stream")
    assert is_event_stream("Text/Event-Stream; charset=utf-8")
    assert not is_event_stream("text/event-streams")
    assert not is_event_stream("text/event-stream, text/plain")
    assert not is_event_stream("")


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([], JSON),
        (["application/json, text/event-stream"], JSON),
        (["application/json, text/event-stream"], STREAM),
        (["application/json", "text/event-stream"], STREAM),
        (["Application/JSON;charset=utf-8;q=0.5"], JSON),
        (["*/*"], JSON),
        (["text/*;q=0.001"], STREAM),
        (["text/html, */*;q=0.1"], JSON),
        (["text/*;q=0, text/event-stream"], STREAM),
        (['text/html;x="a,b\\",c", application/json'], JSON),
        (["application/json;q=0, application/json"], JSON),
        (["application/json, application/json;q=0"], JSON),
        ([",, application/json ,"], JSON),
    ],
)
def test_what_a_range_holds_is_accepted(values, wanted):
    assert accepts(values, wanted)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([""], JSON),
        (["text/event-stream"], JSON),
        (["application/jsonx"], JSON),
        (["application/json;q=0"], JSON),
        (["application/json;q=0.000"], JSON),
        (["application/json;q=0, */*"], JSON),
        (["text/*;q=0, */*"], STREAM),
        (["application/*"], STREAM),
        (["*/json"], JSON),
        (["application"], JSON),
        (["application/json;q=1.5"], JSON),
        (["application/json;q=x"], JSON),
        (['text/html;x="application/json, application/json'], JSON),
    ],
)
def test_what_no_range_holds_or_a_narrower_one_excludes_is_not_accepted(values, wanted):
    assert not accepts(values, wanted)


@against_garbage
@given(st.text(st.sampled_from('aq/*;=", \\0.1é'), max_size=60))
def test_any_text_is_judged_without_an_exception(text):
    assert is_json(text) in {True, False}
    assert accepts([text], JSON) in {True, False}


def test_a_long_text_of_quotes_and_commas_is_judged():
    for text in ('"' * 30_000, '",' * 15_000, 'a/b;x="\\' * 4000, "a/b;" * 8000, ";a=b" * 8000):
        assert not is_json(text)
        assert not accepts([text], JSON)
