"""Classes whose values are JSON objects: attrs classes, dataclasses, NamedTuples, TypedDicts."""

import dataclasses
from functools import lru_cache
from typing import Any, get_args, get_origin, get_type_hints

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.schema.inference.vocabulary import PLAIN, Vocabulary
from sansmcp.values import ABSENT, JSON, Absent, Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RecordField(Value):
    """One field of a record."""

    name: str
    """The member of the JSON object, and what the class's constructor calls it."""
    attribute: str
    """Where the value is kept; for a TypedDict its key."""
    annotation: JSON
    """Its type."""
    required: bool
    """Whether the constructor asks for it."""
    default: JSON | Absent = ABSENT
    """The value it has otherwise; ABSENT where a factory makes it."""
    vocabulary: Vocabulary = attrs.field(default=PLAIN, repr=False)
    """What is known of its type beside the annotation."""


def is_typed_dict(annotation: JSON) -> bool:
    """Say whether a type is a TypedDict, of `typing` or of `typing_extensions`."""
    return isinstance(annotation, type) and issubclass(annotation, dict) and hasattr(annotation, "__total__")


def is_named_tuple(annotation: JSON) -> bool:
    """Say whether a type is a NamedTuple."""
    return isinstance(annotation, type) and issubclass(annotation, tuple) and hasattr(annotation, "_fields")


def is_record(annotation: JSON) -> bool:
    """Say whether a type is a class whose values are JSON objects."""
    if not isinstance(annotation, type):
        return False
    return (
        attrs.has(annotation)
        or dataclasses.is_dataclass(annotation)
        or is_typed_dict(annotation)
        or is_named_tuple(annotation)
    )


@lru_cache(maxsize=1024)
def fields_of(cls: type) -> tuple[RecordField, ...]:
    """Return the fields of a record that its constructor takes, in their order.

    Raises:
        LocalProtocolError: an annotation names what cannot be found.
    """
    hints = hints_of(cls, cls.__qualname__)
    if attrs.has(cls):
        return tuple(
            _of_attrs(field, hints.get(field.name, Any)) for field in attrs.fields(cls) if field.init
        )
    if dataclasses.is_dataclass(cls):
        fields = dataclasses.fields(cls)
        return tuple(_of_dataclass(field, hints[field.name]) for field in fields if field.init)
    if is_named_tuple(cls):
        return _of_named_tuple(cls, hints)
    return tuple(_of_typed_dict(cls, name, hint) for name, hint in hints.items())


def hints_of(source: JSON, name: str) -> dict[str, JSON]:
    """Return the evaluated annotations of a class or a function.

    Raises:
        LocalProtocolError: one of them names what cannot be found.
    """
    try:
        return get_type_hints(source, include_extras=True)
    except NameError as error:
        raise LocalProtocolError(
            f"{name}: an annotation names {error.name!r}, which its module does not have; "
            "define it at the top of the module and import it outside of TYPE_CHECKING"
        ) from error


def _of_attrs(field: "attrs.Attribute[JSON]", hint: JSON) -> RecordField:
    default = field.default
    known = default is not attrs.NOTHING and not isinstance(default, attrs.Factory)  # type: ignore[arg-type]
    return RecordField(
        name=field.alias or field.name,
        attribute=field.name,
        annotation=hint,
        required=default is attrs.NOTHING,
        default=default if known else ABSENT,
    )


def _of_dataclass(field: "dataclasses.Field[JSON]", hint: JSON) -> RecordField:
    plain = field.default is not dataclasses.MISSING
    return RecordField(
        name=field.name,
        attribute=field.name,
        annotation=hint,
        required=not plain and field.default_factory is dataclasses.MISSING,
        default=field.default if plain else ABSENT,
    )


def _of_named_tuple(cls: JSON, hints: dict[str, JSON]) -> tuple[RecordField, ...]:
    defaults: dict[str, JSON] = cls._field_defaults
    return tuple(
        RecordField(
            name=name,
            attribute=name,
            annotation=hints.get(name, Any),
            required=name not in defaults,
            default=defaults.get(name, ABSENT),
        )
        for name in cls._fields
    )


def _qualifier(hint: JSON) -> str | None:
    """Return what a TypedDict says of a key around its type; its home is `typing` or a backport of it."""
    name = str(get_origin(hint)).rpartition(".")[2]
    return name if name in {"Required", "NotRequired", "ReadOnly"} else None


def _of_typed_dict(cls: type, name: str, hint: JSON) -> RecordField:
    # The class's own account of what is required is wrong where annotations are strings.
    required = name in getattr(cls, "__required_keys__", ())
    while (qualifier := _qualifier(hint)) is not None:
        required = {"Required": True, "NotRequired": False}.get(qualifier, required)
        (hint,) = get_args(hint)
    return RecordField(name=name, attribute=name, annotation=hint, required=required)
