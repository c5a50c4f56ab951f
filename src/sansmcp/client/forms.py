"""Answers to forms: defaults filled in, and every field checked before it leaves.

Source: 2025-06-18 and later, Elicitation, Requested Schema.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Final, assert_never

import attrs

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import ElicitValue
from sansmcp.values import JSON


def accept(content: Mapping[str, ElicitValue | list[str]] | None = None) -> schema.ElicitResult:
    """Say that the user agreed.

    Args:
        content: what the user filled in, by field; None for a URL, or for a form left as it was.
    """
    return schema.ElicitResult(action="accept", content=None if content is None else _values(content))


def decline() -> schema.ElicitResult:
    """Say that the user refused."""
    return schema.ElicitResult(action="decline")


def cancel() -> schema.ElicitResult:
    """Say that the user walked away without a choice."""
    return schema.ElicitResult(action="cancel")


def checked_answer(params: schema.ElicitRequestParams, answer: JSON) -> schema.ElicitResult:
    """Return the answer to a question as it may be sent: with defaults filled in.

    Args:
        params: the question.
        answer: what a handler returned.

    Raises:
        LocalProtocolError: it is no answer, or it breaks the form.
    """
    if not isinstance(answer, schema.ElicitResult):
        raise LocalProtocolError(
            f"elicitation: expected accept(...), decline() or cancel(), found {answer!r:.80}"
        )
    if answer.action != "accept" or isinstance(params, schema.ElicitRequestURLParams):
        if answer.content is not None:
            raise LocalProtocolError("elicitation: content goes with accept, and with forms only")
        return answer
    form = params.requested_schema
    return attrs.evolve(answer, content=_filled(form, {} if answer.content is None else answer.content))


def _filled(form: schema.RequestedSchema, content: JSON) -> dict[str, ElicitValue]:
    if not isinstance(content, Mapping):
        raise LocalProtocolError(f"content: expected a mapping of fields, found {content!r:.80}")
    unknown = [name for name in content if name not in form.properties]
    if unknown:
        raise LocalProtocolError(
            f"content: the form has no field {unknown[0]!r:.80}; "
            f"expected some of {', '.join(form.properties) or '(none)':.200}"
        )
    values = _values(content)
    for name, field in form.properties.items():
        if name not in values and field.default is not None:
            values[name] = field.default
        if name in values and (expected := _expected(field, values[name])) is not None:
            raise LocalProtocolError(f"content.{name}: expected {expected}, found {values[name]!r:.80}")
    missing = [name for name in form.required or () if name not in values]
    if missing:
        raise LocalProtocolError(f"content: the required fields {', '.join(missing)} are missing")
    return values


def _values(content: Mapping[str, ElicitValue | list[str]]) -> dict[str, ElicitValue]:
    """Copy the values of a form; a list of choices becomes a tuple."""
    return {name: _value(value) for name, value in content.items()}


def _value(value: ElicitValue | list[str]) -> ElicitValue:
    return tuple(value) if isinstance(value, list) else value


def _expected(field: schema.PrimitiveSchemaDefinition, value: JSON) -> str | None:
    """Say what a field takes, if a value is not that."""
    match field:
        case schema.StringSchema():
            return _expected_text(field, value)
        case schema.NumberSchema():
            return _expected_number(field, value)
        case schema.BooleanSchema():
            return None if type(value) is bool else "true or false"
        case schema.LegacyTitledEnumSchema() | schema.UntitledSingleSelectEnumSchema():
            return _expected_choice(field.enum, value)
        case schema.TitledSingleSelectEnumSchema():
            return _expected_choice([option.const for option in field.one_of], value)
        case schema.UntitledMultiSelectEnumSchema():
            return _expected_choices(field, field.items.enum, value)
        case schema.TitledMultiSelectEnumSchema():
            return _expected_choices(field, [option.const for option in field.items.any_of], value)
        case _:
            assert_never(field)


def _expected_text(field: schema.StringSchema, value: JSON) -> str | None:
    if type(value) is not str:
        return "a string"
    if field.min_length is not None and len(value) < field.min_length:
        return f"at least {field.min_length} characters"
    if field.max_length is not None and len(value) > field.max_length:
        return f"at most {field.max_length} characters"
    if field.format is not None and not _FORMATS[field.format](value):
        return f"a text in the format {field.format}"
    return None


def _expected_number(field: schema.NumberSchema, value: JSON) -> str | None:
    # True is an int to Python.
    if type(value) is not int and (field.type == "integer" or type(value) is not float):
        return "an integer" if field.type == "integer" else "a number"
    if field.minimum is not None and value < field.minimum:
        return f"at least {field.minimum}"
    if field.maximum is not None and value > field.maximum:
        return f"at most {field.maximum}"
    return None


def _expected_choice(choices: Sequence[str], value: JSON) -> str | None:
    return None if value in choices else f"one of {', '.join(map(repr, choices)):.200}"


def _expected_choices(
    field: schema.UntitledMultiSelectEnumSchema | schema.TitledMultiSelectEnumSchema,
    choices: Sequence[str],
    value: JSON,
) -> str | None:
    if not isinstance(value, tuple) or any(item not in choices for item in value):
        return f"a list of some of {', '.join(map(repr, choices)):.200}"
    if field.min_items is not None and len(value) < field.min_items:
        return f"at least {field.min_items} choices"
    if field.max_items is not None and len(value) > field.max_items:
        return f"at most {field.max_items} choices"
    return None


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    # fromisoformat also takes dates without hyphens and dates by week.
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII) is not None


def _is_date_time(text: str) -> bool:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    # RFC 3339 wants a time and its offset.
    return moment.tzinfo is not None and text[10:11] in {"T", "t", " "}


# As much as tells a slip from an answer: whether a mailbox or a page exists is not ours to find out.
_FORMATS: Final[Mapping[str, Callable[[str], bool]]] = {
    "email": lambda text: re.fullmatch(r"[^@\s]+@[^@\s]+", text) is not None,
    "uri": lambda text: re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:\S+", text) is not None,
    "date": _is_date,
    "date-time": _is_date_time,
}
