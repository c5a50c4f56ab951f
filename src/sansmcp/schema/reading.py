"""The loops that read objects and arrays, strict and tolerant. What they read is decided in structuring."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import attrs

from sansmcp.schema.mismatch import Repaired, SchemaError
from sansmcp.schema.tolerances import MAX_DROPPED
from sansmcp.values import ABSENT, JSON, Value

Hook: TypeAlias = Callable[[JSON, JSON], JSON]
"""Reads a value; the second argument is cattrs' own."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Entry(Value):
    """How to read one member."""

    attribute: str
    """The attribute that takes it; empty for a member that is looked at elsewhere or not at all."""
    exact: type | None = None
    """The Python type whose every value fits as it is."""
    hook: Hook | None = None
    """Reads any other value; None for a member that is not read."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Plan(Value):
    """How to read the objects of one class."""

    cls: type
    """The class."""
    constants: tuple[tuple[str, str], ...]
    """Members with a fixed value."""
    entries: Mapping[str, Entry]
    """The members that some revision knows; others are kept as they are."""
    required: Mapping[str, tuple[str, str]]
    """The attributes that must be there: their names on the wire, and what they expect."""


def strict_object(plan: Plan) -> Hook:
    """Read an object of a class, member by member, and refuse what does not fit."""
    cls, constants, required = plan.cls, plan.constants, plan.required
    # Tuples and a bound method: this is the hottest loop of the floor.
    entry_of = {name: (entry.attribute, entry.exact, entry.hook) for name, entry in plan.entries.items()}.get
    is_complete = frozenset(required).issubset

    def read(value: JSON, _type: JSON) -> JSON:
        if type(value) is not dict:
            raise SchemaError("an object", value)
        for name, constant in constants:
            if value.get(name) != constant:
                raise SchemaError(repr(constant), value.get(name, ABSENT)).under(name)
        extra: dict[str, JSON] = {}
        members: dict[str, JSON] = {"extra": extra}
        name = ""
        try:
            for name, item in value.items():
                entry = entry_of(name)
                if entry is None:
                    extra[name] = item
                elif type(item) is entry[1]:
                    members[entry[0]] = item
                elif entry[2] is not None:
                    members[entry[0]] = entry[2](item, None)
        except SchemaError as error:
            error.under(name)
            raise
        if not is_complete(members):
            raise _missing(required, members)
        return cls(**members)

    return read


def tolerant_object(plan: Plan) -> Hook:
    """Read an object of a class; null on an optional member is absent, and losses inside are passed on."""
    cls, constants, required, entries = plan.cls, plan.constants, plan.required, plan.entries

    def read(value: JSON, _type: JSON) -> JSON:
        if type(value) is not dict:
            raise SchemaError("an object", value)
        for name, constant in constants:
            if value.get(name) != constant:
                raise SchemaError(repr(constant), value.get(name, ABSENT)).under(name)
        extra: dict[str, JSON] = {}
        members: dict[str, JSON] = {"extra": extra}
        dropped: list[SchemaError] = []
        for name, item in value.items():
            entry = entries.get(name)
            if entry is None:
                extra[name] = item
            elif entry.hook is not None:
                members[entry.attribute] = _salvaged(entry.hook, item, name, dropped)
        if not required.keys() <= members.keys():
            raise _missing(required, members)
        if dropped:
            raise Repaired(cls(**members), dropped)
        return cls(**members)

    return read


def _salvaged(hook: Hook, value: JSON, step: str | int, dropped: list[SchemaError]) -> JSON:
    """Read a value, and note what was left out of it."""
    try:
        return hook(value, None)
    except Repaired as repaired:
        for error in repaired.dropped:
            error.under(step)
        dropped.extend(repaired.dropped)
        return repaired.value
    except SchemaError as error:
        error.under(step)
        raise


def unless_null(hook: Hook, default: JSON) -> Hook:
    """Read null as the default, where it does not fit."""

    def read(value: JSON, _type: JSON) -> JSON:
        try:
            return hook(value, None)
        except SchemaError:
            if value is None:
                return default
            raise

    return read


def _missing(required: Mapping[str, tuple[str, str]], members: Mapping[str, JSON]) -> SchemaError:
    """Name the first member that is not there."""
    name, expected = next(row for attribute, row in required.items() if attribute not in members)
    return SchemaError(expected, ABSENT).under(name)


def strict_array(inner: Hook, exact: type | None) -> Hook:
    """Read an array, item by item, and refuse it with the first that does not fit."""

    def read(value: JSON, _type: JSON) -> JSON:
        if type(value) is not list:
            raise SchemaError("an array", value)
        items: list[JSON] = []
        append = items.append
        try:
            for item in value:
                append(item if type(item) is exact else inner(item, None))
        except SchemaError as error:
            error.under(len(items))
            raise
        return tuple(items)

    return read


def tolerant_array(inner: Hook) -> Hook:
    """Read an array and leave out the objects that do not fit; anything else that does not, ends it."""

    def read(value: JSON, _type: JSON) -> JSON:
        if type(value) is not list:
            raise SchemaError("an array", value)
        items: list[JSON] = []
        dropped: list[SchemaError] = []
        for index, item in enumerate(value):
            try:
                items.append(_salvaged(inner, item, index, dropped))
            except SchemaError as error:
                if type(item) is not dict:
                    raise
                dropped.append(error)
            if len(dropped) > MAX_DROPPED:
                raise dropped[-1]
        if dropped:
            raise Repaired(tuple(items), dropped)
        return tuple(items)

    return read


def mapping(inner: Hook, exact: type | None) -> Hook:
    """Read an object whose members have any names and one type; losses inside are passed on."""

    def read(value: JSON, _type: JSON) -> JSON:
        if type(value) is not dict:
            raise SchemaError("an object", value)
        members: dict[str, JSON] = {}
        dropped: list[SchemaError] = []
        for name, item in value.items():
            members[name] = item if type(item) is exact else _salvaged(inner, item, name, dropped)
        if dropped:
            raise Repaired(members, dropped)
        return members

    return read
