"""Answers to forms: defaults, and a check of each field before it leaves (Elicitation, Requested Schema)."""

import pytest

from sansmcp import schema
from sansmcp.client import accept, cancel, decline
from sansmcp.client.forms import checked_answer
from sansmcp.errors import LocalProtocolError

OPTIONS = (schema.EnumOption(const="r", title="Red"), schema.EnumOption(const="g", title="Green"))
PAGE = schema.ElicitRequestURLParams(message="Sign in", url="https://example.com")


def form(required=(), **fields):
    return schema.ElicitRequestFormParams(
        message="?", requested_schema=schema.RequestedSchema(properties=fields, required=required)
    )


TEXT = schema.StringSchema()
SHORT = schema.StringSchema(min_length=2, max_length=3)
NUMBER = schema.NumberSchema(type="number", minimum=0.5, maximum=9)
COUNT = schema.NumberSchema(type="integer", minimum=1, maximum=9)
FLAG = schema.BooleanSchema()
ONE_OLD = schema.LegacyTitledEnumSchema(enum=("r", "g"), enum_names=("Red", "Green"))
ONE_PLAIN = schema.UntitledSingleSelectEnumSchema(enum=("r", "g"))
ONE_TITLED = schema.TitledSingleSelectEnumSchema(one_of=OPTIONS)
SOME_PLAIN = schema.UntitledMultiSelectEnumSchema(
    items=schema.UntitledEnumItems(enum=("r", "g")), min_items=1, max_items=2
)
SOME_TITLED = schema.TitledMultiSelectEnumSchema(items=schema.TitledEnumItems(any_of=OPTIONS))


def of(format_):
    return schema.StringSchema(format=format_)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (TEXT, ""),
        (SHORT, "ab"),
        (SHORT, "абв"),
        (of("email"), "a@b"),
        (of("uri"), "mailto:a@b"),
        (of("uri"), "https://example.com/?q=1"),
        (of("date"), "2026-07-28"),
        (of("date-time"), "2026-07-28T12:00:00Z"),
        (of("date-time"), "2026-07-28t12:00:00.5+02:00"),
        (NUMBER, 0.5),
        (NUMBER, 9),
        (COUNT, 1),
        (FLAG, False),
        (ONE_OLD, "r"),
        (ONE_PLAIN, "g"),
        (ONE_TITLED, "g"),
        (SOME_PLAIN, ("r",)),
        (SOME_PLAIN, ("r", "g")),
        (SOME_TITLED, ()),
    ],
)
def test_a_value_that_fits_its_field_is_sent_as_it_is(field, value):
    assert checked_answer(form(field=field), accept({"field": value})).content == {"field": value}


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        (TEXT, 7, "a string"),
        (TEXT, None, "a string"),
        (SHORT, "a", "at least 2 characters"),
        (SHORT, "abcd", "at most 3 characters"),
        (of("email"), "nobody", "a text in the format email"),
        (of("email"), "a b@c", "a text in the format email"),
        (of("uri"), "/etc/passwd", "a text in the format uri"),
        (of("date"), "28.07.2026", "a text in the format date"),
        (of("date"), "20260728", "a text in the format date"),
        (of("date-time"), "noon", "a text in the format date-time"),
        (of("date-time"), "2026-07-28", "a text in the format date-time"),
        (of("date-time"), "2026-07-28T12:00:00", "a text in the format date-time"),
        (NUMBER, "7", "a number"),
        (NUMBER, True, "a number"),
        (NUMBER, 0.4, "at least 0.5"),
        (NUMBER, 9.5, "at most 9"),
        (COUNT, 2.0, "an integer"),
        (COUNT, True, "an integer"),
        (COUNT, 0, "at least 1"),
        (FLAG, 1, "true or false"),
        (FLAG, "yes", "true or false"),
        (ONE_OLD, "b", "one of 'r', 'g'"),
        (ONE_PLAIN, "b", "one of 'r', 'g'"),
        (ONE_TITLED, "Red", "one of 'r', 'g'"),
        (SOME_PLAIN, "r", "a list of some of 'r', 'g'"),
        (SOME_PLAIN, ("b",), "a list of some of 'r', 'g'"),
        (SOME_PLAIN, (), "at least 1 choices"),
        (SOME_PLAIN, ("r", "g", "r"), "at most 2 choices"),
        (SOME_TITLED, ("Red",), "a list of some of 'r', 'g'"),
    ],
)
def test_a_value_that_breaks_its_field_is_refused_with_what_it_should_be(field, value, expected):
    with pytest.raises(LocalProtocolError) as caught:
        checked_answer(form(field=field), accept({"field": value}))
    assert str(caught.value) == f"content.field: expected {expected}, found {value!r}"


def test_a_list_of_choices_may_be_given_as_a_list():
    assert checked_answer(form(field=SOME_PLAIN), accept({"field": ["r"]})).content == {"field": ("r",)}


def test_defaults_are_filled_in_where_nothing_was_said():
    params = form(
        city=schema.StringSchema(default="Paris"),
        days=schema.NumberSchema(type="integer", default=3),
        units=schema.UntitledSingleSelectEnumSchema(enum=("C", "F"), default="C"),
        note=TEXT,
    )
    expected = {"city": "Rome", "days": 3, "units": "C"}
    assert checked_answer(params, accept({"city": "Rome"})).content == expected


def test_a_form_left_as_it_was_has_its_defaults():
    assert checked_answer(form(flag=schema.BooleanSchema(default=False)), accept()).content == {"flag": False}


def test_a_default_that_breaks_the_form_is_refused_like_an_answer():
    with pytest.raises(LocalProtocolError, match=r"content\.days: expected at least 1, found 0"):
        checked_answer(form(days=schema.NumberSchema(type="integer", minimum=1, default=0)), accept({}))


def test_a_default_counts_as_filled_in():
    params = form(city=schema.StringSchema(default="Paris"), required=("city",))
    assert checked_answer(params, accept()).content == {"city": "Paris"}


def test_a_required_field_must_be_filled_in():
    with pytest.raises(LocalProtocolError, match="content: the required fields city, days are missing"):
        checked_answer(form(city=TEXT, days=COUNT, required=("city", "days")), accept({}))


@pytest.mark.parametrize("params", [form(city=TEXT, required=("city",)), PAGE])
@pytest.mark.parametrize("answer", [decline(), cancel()])
def test_a_refusal_needs_nothing_filled_in(params, answer):
    assert checked_answer(params, answer) is answer


def test_a_page_is_agreed_to_without_content():
    assert checked_answer(PAGE, accept()) == schema.ElicitResult(action="accept")


@pytest.mark.parametrize(
    ("params", "answer"),
    [
        (PAGE, accept({"city": "Rome"})),
        (form(city=TEXT), schema.ElicitResult(action="decline", content={"city": "Rome"})),
    ],
)
def test_content_goes_with_an_agreed_form_only(params, answer):
    with pytest.raises(LocalProtocolError, match="content goes with accept, and with forms only"):
        checked_answer(params, answer)


@pytest.mark.parametrize("found", [None, {"action": "accept"}, "yes", True])
def test_what_is_no_answer_is_refused(found):
    with pytest.raises(
        LocalProtocolError, match=r"expected accept\(\.\.\.\), decline\(\) or cancel\(\), found"
    ):
        checked_answer(form(), found)


def test_content_that_is_no_mapping_is_refused():
    with pytest.raises(LocalProtocolError, match="content: expected a mapping of fields, found"):
        checked_answer(form(), schema.ElicitResult(action="accept", content=[1]))


def test_a_field_that_the_form_does_not_have_is_named():
    with pytest.raises(LocalProtocolError, match=r"the form has no field 'extra'; expected some of city$"):
        checked_answer(form(city=TEXT), accept({"city": "Rome", "extra": 1}))
    with pytest.raises(
        LocalProtocolError, match=r"the form has no field 'extra'; expected some of \(none\)$"
    ):
        checked_answer(form(), accept({"extra": 1}))
