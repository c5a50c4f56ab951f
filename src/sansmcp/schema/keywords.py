"""The keywords of JSON Schema with a bound on their work, for jsonschema to call.

Every keyword counts what it does, and those whose cost a hostile schema could blow up are our own:
patterns, uniqueItems, enum and const, multipleOf, and the two for what no other keyword looked at. What a
check still may cost travels with jsonschema's validators, in the place of the checker of formats.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final, TypeAlias

import attrs
from jsonschema import FormatChecker
from jsonschema.exceptions import ValidationError

from sansmcp.schema.patterns import Matcher
from sansmcp.values import JSON

Keyword: TypeAlias = Callable[[JSON, JSON, JSON, JSON], Iterable[ValidationError] | None]
"""A keyword as jsonschema calls it: the validator, the keyword's value, the instance, the schema."""

Seen: TypeAlias = Callable[[JSON, JSON, JSON, JSON], set[JSON]]
"""Says which parts of an instance a schema looks at: the validator, the instance, the schema, its origin."""

# How many short things, which are looked at without calling anything, are worth a step.
_ITEMS_OF_A_STEP: Final = 8
_CHARACTERS_OF_A_STEP: Final = 32
# Making one and comparing it with others takes as long as looking at so many keywords.
_STEPS_OF_AN_ERROR: Final = 8

# Each level is three calls deep, and CPython allows a thousand; the wire allows values of 64 levels.
_MAX_LEVELS: Final = 200

# Below it integers that differ differ in their hashes, so nobody can make a table slow.
_DISTINCT: Final = 1 << 60


class TooMuchWorkError(Exception):
    """The check took more steps, or went deeper, than it may."""


@attrs.frozen(kw_only=True, eq=False)
class Facts:
    """What is known of a schema before a value is there."""

    matchers: Mapping[str, Matcher | None]
    """What looks for each pattern; None where it is not checked."""
    targets: Mapping[int, tuple[JSON, ...]]
    """Where the references of a schema may lead, by the schema's id."""


class Budget(FormatChecker):
    """What one check may still cost; it checks no formats.

    Args:
        steps: how many steps it may take.
        facts: what is known of the schema.
    """

    def __init__(self, steps: int, facts: Facts) -> None:
        super().__init__(formats=())
        self.facts = facts
        self._left = steps
        self._levels = 0

    def spend(self, steps: int) -> None:
        """Take note of some steps.

        Raises:
            TooMuchWorkError: there were too many.
        """
        self._left -= steps
        if self._left < 0:
            raise TooMuchWorkError

    def enter(self) -> None:
        """Take note of one more level.

        Raises:
            TooMuchWorkError: there are too many.
        """
        self._levels += 1
        if self._levels > _MAX_LEVELS:
            raise TooMuchWorkError

    def leave(self) -> None:
        """Take note of one level less."""
        self._levels -= 1

    def spend_all_of(self, value: JSON) -> None:
        """Take note of something that was said in full."""
        waiting = [value]
        while waiting:
            item = waiting.pop()
            self.spend(1 + (len(item) // _CHARACTERS_OF_A_STEP if isinstance(item, str) else 0))
            if isinstance(item, dict):
                waiting += [*item, *item.values()]
            elif isinstance(item, list):
                waiting += item

    def finds(self, pattern: str, text: str) -> bool | None:
        """Say whether a pattern is found in a text; None if it is not checked."""
        matcher = self.facts.matchers[pattern]
        return None if matcher is None else matcher(text, self.spend)


def counted(function: Keyword, steps: int) -> Keyword:
    """Return a keyword that counts what it does, from some steps up."""

    def keyword(validator: JSON, value: JSON, instance: JSON, schema: JSON) -> Iterator[ValidationError]:
        budget: Budget = validator.format_checker
        budget.enter()
        try:
            budget.spend(steps + (_size(value) + _size(instance)) // _ITEMS_OF_A_STEP)
            for error in function(validator, value, instance, schema) or ():
                if not isinstance(error.validator, str):
                    # It is new, and most of its texts quote the instance or the keyword in full.
                    budget.spend(_STEPS_OF_AN_ERROR)
                    budget.spend_all_of(instance)
                    budget.spend_all_of(value)
                yield error
        finally:
            budget.leave()

    return keyword


def _size(value: JSON) -> int:
    return len(value) if isinstance(value, dict | list) else 0


def key_of(value: JSON, spend: Callable[[int], None]) -> JSON:
    """Return what two JSON values have in common exactly if they are equal; 1 and 1.0 are, 1 and true not.

    Source: 2020-12, Core, section 4.2.2.
    """
    spend(1)
    if isinstance(value, dict):
        return "object", frozenset((name, key_of(item, spend)) for name, item in value.items())
    if isinstance(value, list):
        return "array", tuple(key_of(item, spend) for item in value)
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return type(value), value
    if isinstance(value, float):
        if not value.is_integer():
            return "fraction", repr(value)
        value = int(value)
    return "integer", value if -_DISTINCT < value < _DISTINCT else f"{value:x}"


def _pattern(validator: JSON, pattern: str, instance: JSON, _schema: JSON) -> Iterator[ValidationError]:
    if isinstance(instance, str) and validator.format_checker.finds(pattern, instance) is False:
        yield ValidationError("pattern")


def _pattern_properties(
    validator: JSON,
    patterns: Mapping[str, JSON],
    instance: JSON,
    _schema: JSON,
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    for pattern, schema in patterns.items():
        for name, value in instance.items():
            if validator.format_checker.finds(pattern, name):
                yield from validator.descend(value, schema, path=name, schema_path=pattern)


def _additional_properties(
    validator: JSON,
    additional: JSON,
    instance: JSON,
    schema: Mapping[str, JSON],
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict) or additional is True:
        return
    for name in _others(validator.format_checker, instance, schema):
        if additional is False:
            yield ValidationError("additionalProperties", path=(name,))
            return
        yield from validator.descend(instance[name], additional, path=name)


def _others(budget: Budget, instance: JSON, schema: Mapping[str, JSON]) -> list[str]:
    """Return the names of an object that its properties and patterns leave; what is not checked has them."""
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    return [
        name
        for name in instance
        if name not in known and all(budget.finds(pattern, name) is False for pattern in patterns)
    ]


def _unique_items(
    validator: JSON,
    unique: JSON,
    instance: JSON,
    _schema: JSON,
) -> Iterator[ValidationError]:
    if unique and isinstance(instance, list):
        spend = validator.format_checker.spend
        if len({key_of(item, spend) for item in instance}) != len(instance):
            yield ValidationError("uniqueItems")


def _enum(validator: JSON, choices: list[JSON], instance: JSON, _schema: JSON) -> Iterator[ValidationError]:
    spend = validator.format_checker.spend
    key = key_of(instance, spend)
    if all(key_of(choice, spend) != key for choice in choices):
        yield ValidationError("enum")


def _const(validator: JSON, constant: JSON, instance: JSON, schema: JSON) -> Iterator[ValidationError]:
    yield from _enum(validator, [constant], instance, schema)


def _multiple_of(
    _validator: JSON,
    divisor: float,
    instance: JSON,
    _schema: JSON,
) -> Iterator[ValidationError]:
    if isinstance(instance, bool) or not isinstance(instance, int | float):
        return
    # As it is written: in binary 0.3 is no multiple of 0.1.
    upper, lower = Decimal(repr(instance)).as_integer_ratio()
    divisor_upper, divisor_lower = Decimal(repr(divisor)).as_integer_ratio()
    if upper * divisor_lower % (lower * divisor_upper):
        yield ValidationError("multipleOf")


def _format(*_arguments: JSON) -> None:
    """Check nothing: a format is an annotation (2020-12, Validation, section 7.2.1)."""


def _unevaluated_properties(
    validator: JSON,
    remaining: JSON,
    instance: JSON,
    schema: Mapping[str, JSON],
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    seen = _names_seen(validator, instance, {**schema, "unevaluatedProperties": None}, schema)
    for name in instance.keys() - seen:
        if any(True for _ in validator.descend(instance[name], remaining)):
            yield ValidationError("unevaluatedProperties")
            return


def _unevaluated_items(
    validator: JSON,
    remaining: JSON,
    instance: JSON,
    schema: Mapping[str, JSON],
) -> Iterator[ValidationError]:
    if not isinstance(instance, list):
        return
    seen = _items_seen(validator, instance, {**schema, "unevaluatedItems": None}, schema)
    for index, item in enumerate(instance):
        if index not in seen and any(True for _ in validator.descend(item, remaining)):
            yield ValidationError("unevaluatedItems")
            return


def _names_seen(
    validator: JSON,
    instance: Mapping[str, JSON],
    schema: JSON,
    origin: JSON,
) -> set[str]:
    """Return the names that a schema, which the instance fits, looks at (2020-12, Core, section 11)."""
    budget: Budget = validator.format_checker
    budget.spend(1 + len(instance) // _ITEMS_OF_A_STEP)
    if not isinstance(schema, Mapping):
        return set()
    if _is_there(schema, "additionalProperties") or _is_there(schema, "unevaluatedProperties"):
        return set(instance)
    seen = {name for name in schema.get("properties", ()) if name in instance}
    for pattern in schema.get("patternProperties", ()):
        seen |= {name for name in instance if budget.finds(pattern, name) is not False}
    for name, inner in schema.get("dependentSchemas", {}).items():
        if name in instance:
            seen |= _nested(_names_seen, validator, instance, inner)
    for inner in _applied(validator, instance, schema, origin):
        seen |= _nested(_names_seen, validator, instance, inner)
    return seen


def _items_seen(validator: JSON, instance: list[JSON], schema: JSON, origin: JSON) -> set[int]:
    """Return the places that a schema, which the instance fits, looks at (2020-12, Core, section 11)."""
    validator.format_checker.spend(1 + len(instance) // _ITEMS_OF_A_STEP)
    if not isinstance(schema, Mapping):
        return set()
    if _is_there(schema, "items") or _is_there(schema, "unevaluatedItems"):
        return set(range(len(instance)))
    seen = set(range(len(schema.get("prefixItems", ()))))
    if "contains" in schema:
        seen |= {index for index, item in enumerate(instance) if _fits(validator, item, schema["contains"])}
    for inner in _applied(validator, instance, schema, origin):
        seen |= _nested(_items_seen, validator, instance, inner)
    return seen


def _nested(
    function: Callable[[JSON, JSON, JSON, JSON], set[JSON]], validator: JSON, instance: JSON, schema: JSON
) -> set[JSON]:
    budget: Budget = validator.format_checker
    budget.enter()
    try:
        return function(validator, instance, schema, schema)
    finally:
        budget.leave()


def _is_there(schema: Mapping[str, JSON], keyword: str) -> bool:
    return schema.get(keyword) is not None


def _applied(
    validator: JSON,
    instance: JSON,
    schema: Mapping[str, JSON],
    origin: JSON,
) -> Iterator[JSON]:
    """Return the schemas that apply to an instance beside its own: references, choices, conditions."""
    # Which anchor a dynamic reference leads to depends on the way there; those that do not fit are none.
    choices = [validator.format_checker.facts.targets.get(id(origin), ())]
    choices += [schema.get(keyword, ()) for keyword in ("allOf", "anyOf", "oneOf")]
    for inner in itertools.chain.from_iterable(choices):
        if _fits(validator, instance, inner):
            yield inner
    if "if" in schema:
        holds = _fits(validator, instance, schema["if"])
        if holds:
            yield schema["if"]
        branch = schema.get("then" if holds else "else")
        if branch is not None:
            yield branch


def _fits(validator: JSON, instance: JSON, schema: JSON) -> bool:
    return next(iter(validator.descend(instance, schema)), None) is None


OUR_OWN: Final[Mapping[str, Keyword]] = {
    "additionalProperties": _additional_properties,
    "const": _const,
    "enum": _enum,
    "format": _format,
    "multipleOf": _multiple_of,
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "unevaluatedItems": _unevaluated_items,
    "unevaluatedProperties": _unevaluated_properties,
    "uniqueItems": _unique_items,
}
"""The keywords that are not jsonschema's, by name."""
