"""The fields of a form, as people fill them in."""

from collections.abc import Sequence
from typing import Final

import attrs

from sansmcp.client import accept, checked_answer
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import (
    BooleanSchema,
    ElicitRequestFormParams,
    ElicitValue,
    LegacyTitledEnumSchema,
    NumberSchema,
    PrimitiveSchemaDefinition,
    RequestedSchema,
    StringSchema,
    TitledMultiSelectEnumSchema,
    TitledSingleSelectEnumSchema,
    UntitledMultiSelectEnumSchema,
    UntitledSingleSelectEnumSchema,
)
from sansmcp_cli.reading import read_value

_WORDS: Final = {"y": True, "yes": True, "true": True, "n": False, "no": False, "false": False}


def choices_of(field: PrimitiveSchemaDefinition) -> Sequence[tuple[str, str]]:
    """Return the values that a field lets one choose from, with their labels; none if it is no choice.

    Args:
        field: the field.
    """
    match field:
        case LegacyTitledEnumSchema():
            names = field.enum_names or field.enum
            return list(zip(field.enum, names, strict=False))
        case UntitledSingleSelectEnumSchema():
            return [(value, value) for value in field.enum]
        case UntitledMultiSelectEnumSchema():
            return [(value, value) for value in field.items.enum]
        case TitledSingleSelectEnumSchema():
            return [(option.const, option.title) for option in field.one_of]
        case TitledMultiSelectEnumSchema():
            return [(option.const, option.title) for option in field.items.any_of]
        case _:
            return ()


def hint_of(field: PrimitiveSchemaDefinition) -> str:
    """Say in a few words what to type into a field.

    Args:
        field: the field.
    """
    match field:
        case StringSchema():
            return field.format or "text"
        case NumberSchema():
            return field.type
        case BooleanSchema():
            return "yes or no"
        case UntitledMultiSelectEnumSchema() | TitledMultiSelectEnumSchema():
            return f"1 to {len(choices_of(field))}, with commas between them"
        case _:
            return f"1 to {len(choices_of(field))}"


def default_text(field: PrimitiveSchemaDefinition) -> str:
    """Write what a field holds at first as one would type it; nothing if it holds nothing.

    Args:
        field: the field.
    """
    match field.default:
        case None:
            return ""
        case bool():
            return "yes" if field.default else "no"
        case tuple() as values:
            return ", ".join(_label(field, value) for value in values)
        case value:
            return _label(field, str(value))


def read_field(params: ElicitRequestFormParams, name: str, text: str) -> ElicitValue:
    """Read what was typed into a field.

    Args:
        params: the form.
        name: the field.
        text: what was typed.

    Raises:
        ValueError: the field does not take it; the error says what it takes.
    """
    field = params.requested_schema.properties[name]
    value = _value_of(field, text)
    # The form is checked as a whole before it leaves; one field at a time can be asked again.
    alone = attrs.evolve(params, requested_schema=RequestedSchema(properties={name: field}))
    try:
        checked_answer(alone, accept({name: value}))
    except LocalProtocolError as error:
        raise ValueError(str(error).removeprefix(f"content.{name}: ")) from None
    return value


def _value_of(field: PrimitiveSchemaDefinition, text: str) -> ElicitValue:
    match field:
        case StringSchema():
            return text
        case NumberSchema():
            number: ElicitValue = read_value(text, (field.type,))
            return number
        case BooleanSchema():
            if text.lower() not in _WORDS:
                raise ValueError(f"expected yes or no, found {text!r}")
            return _WORDS[text.lower()]
        case UntitledMultiSelectEnumSchema() | TitledMultiSelectEnumSchema():
            words = [word.strip() for word in text.split(",")]
            return tuple(_choice(field, word) for word in words if word)
        case _:
            return _choice(field, text)


def _label(field: PrimitiveSchemaDefinition, value: str) -> str:
    return dict(choices_of(field)).get(value, value)


def _choice(field: PrimitiveSchemaDefinition, text: str) -> str:
    """Return the value that is meant by itself, by its label, or by its number."""
    choices = choices_of(field)
    for value, label in choices:
        if text in (value, label):
            return value
    if text.isdecimal() and 1 <= int(text) <= len(choices):
        return choices[int(text) - 1][0]
    return text
