"""Hooks that read: from JSON values to the types of this floor, for one revision.

A hook is made once per type and kept by the converter; it takes the value and, as cattrs calls it, a type
that it does not need. Nothing is coerced: types are compared exactly, so that `True` is no integer, `1.0` is
none either, and an integer is a number.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias, get_args

import attrs
from cattrs import Converter

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import reading, shapes
from sansmcp.schema.elicitation import ElicitRequestParams
from sansmcp.schema.input_required import InputRequest
from sansmcp.schema.members import constants_of, is_schema_type, rows_of, span_of
from sansmcp.schema.mismatch import SchemaError
from sansmcp.schema.reading import Entry, Hook, Plan
from sansmcp.schema.revisions import Revision
from sansmcp.schema.roots import ListRootsRequestParams
from sansmcp.schema.sampling import CreateMessageRequestParams
from sansmcp.schema.tolerances import Tolerance
from sansmcp.values import ABSENT, JSON, Value

Factory: TypeAlias = Callable[[JSON], Hook]
"""Makes the hook of a type."""

QUESTIONS: Final[Mapping[str, tuple[JSON, bool]]] = {
    "sampling/createMessage": (CreateMessageRequestParams, True),
    "elicitation/create": (ElicitRequestParams, True),
    "roots/list": (ListRootsRequestParams, False),
}
"""What the params of a question inside a result are, by its method, and whether it must have some."""


def register(converter: Converter, revision: Revision, tolerances: Mapping[Tolerance, str]) -> None:
    """Make a converter read everything by the hooks of this module.

    Args:
        converter: where the hooks are kept and found again.
        revision: what to read.
        tolerances: what to overlook.
    """
    reader = _Reader(converter=converter, revision=revision, tolerances=tolerances)
    factories: tuple[tuple[Callable[[JSON], bool], Factory], ...] = (
        (shapes.is_any, _any_hook),
        (shapes.is_literal, _literal_hook),
        (shapes.is_annotated, reader.checked),
        (shapes.is_mapping, reader.mapping),
        (shapes.is_tuple, reader.array),
        (shapes.is_union, reader.union),
        (is_schema_type, reader.object),
    )
    for predicate, factory in factories:
        converter.register_structure_hook_factory(predicate, factory)
    for scalar in shapes.SCALARS:
        # The converter has hooks of its own for these classes, which it finds before any predicate.
        converter.register_structure_hook(scalar, _scalar_hook(scalar))


def _keep(value: JSON, _type: JSON) -> JSON:
    return value


def _object(value: JSON, _type: JSON) -> JSON:
    if type(value) is not dict:
        raise SchemaError("an object", value)
    return value


def _any_hook(_annotation: JSON) -> Hook:
    return _keep


def _scalar_hook(annotation: JSON) -> Hook:
    expected, exact = shapes.SCALARS[annotation]

    def scalar(value: JSON, _type: JSON) -> JSON:
        if type(value) not in exact:
            raise SchemaError(expected, value)
        return value

    return scalar


def _literal_hook(annotation: JSON) -> Hook:
    expected, choices = shapes.expectation(annotation), frozenset(get_args(annotation))

    def literal(value: JSON, _type: JSON) -> JSON:
        # The type first: a list is in no set, and asking raises.
        if type(value) is not str or value not in choices:
            raise SchemaError(expected, value)
        return value

    return literal


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _Reader(Value):
    """Makes the hooks that depend on the revision, on tolerances, or on other hooks."""

    converter: Converter
    revision: Revision
    tolerances: Mapping[Tolerance, str]

    def hook(self, annotation: JSON) -> Hook:
        """Return the hook of a type."""
        return self.converter.get_structure_hook(annotation)

    def checked(self, annotation: JSON) -> Hook:
        """Read a value that must keep a rule beyond its type."""
        base, check = shapes.check_of(annotation)
        inner, holds, expected, instead = self.hook(base), check.holds, check.expected, check.instead
        if Tolerance.NEGATIVE_TIME not in self.tolerances:
            instead = ABSENT

        def checked(value: JSON, _type: JSON) -> JSON:
            read = inner(value, None)
            if holds(read):
                return read
            if instead is ABSENT:
                raise SchemaError(expected, value)
            return instead

        return checked

    def mapping(self, annotation: JSON) -> Hook:
        """Read an object whose members have any names and one type."""
        item = get_args(annotation)[1]
        return _object if shapes.is_any(item) else reading.mapping(self.hook(item), shapes.exact_type(item))

    def array(self, annotation: JSON) -> Hook:
        """Read an array whose items have one type."""
        item = get_args(annotation)[0]
        if Tolerance.UNFIT_ITEM in self.tolerances:
            return reading.tolerant_array(self.hook(item))
        return reading.strict_array(self.hook(item), shapes.exact_type(item))

    def union(self, annotation: JSON) -> Hook:
        """Read a value of one of several types: by its JSON type, and objects by tag or by shape."""
        members = shapes.members_in(annotation, self.revision)
        expected = shapes.expectation(annotation)
        classes = tuple(member for member in members if is_schema_type(member))
        hooks: dict[type, Hook] = {dict: self.one_of(classes)} if classes else {}
        for member in members:
            for kind in shapes.kinds(member):
                hooks.setdefault(kind, self.hook(member))
        hook_of = hooks.get

        def union(value: JSON, _type: JSON) -> JSON:
            hook = hook_of(type(value))
            if hook is None:
                raise SchemaError(expected, value)
            return hook(value, None)

        return union

    def one_of(self, classes: tuple[type, ...]) -> Hook:
        """Read an object that is of one of several classes."""
        if len(classes) == 1:
            return self.hook(classes[0])
        choose = shapes.chooser(classes, self.revision)
        hooks = {cls: self.hook(cls) for cls in classes}

        def one_of(value: JSON, _type: JSON) -> JSON:
            return hooks[choose(value)](value, None)

        return one_of

    def object(self, cls: type) -> Hook:
        """Read an object of one class."""
        if not span_of(cls).covers(self.revision):
            raise LocalProtocolError(f"{self.revision} has no {cls.__name__}")
        plan = self.plan(cls)
        return self.question(plan) if cls is InputRequest else self.members(plan)

    def members(self, plan: Plan) -> Hook:
        """Read an object by its plan."""
        return reading.tolerant_object(plan) if self.tolerances else reading.strict_object(plan)

    def plan(self, cls: type) -> Plan:
        """Say how to read each member that some revision knows."""
        entries = {name: Entry(attribute="") for name in constants_of(cls)}
        required: dict[str, tuple[str, str]] = {}
        for row in rows_of(cls):
            if not row.terms.span.covers(self.revision):
                entries.setdefault(row.name, Entry(attribute=""))
                continue
            annotation, needed = row.type_in(self.revision), row.required(self.revision)
            hook = self.hook(annotation)
            if not needed and Tolerance.NULL_MEMBER in self.tolerances:
                hook = reading.unless_null(hook, row.default)
            entries[row.name] = Entry(attribute=row.attribute, exact=shapes.exact_type(annotation), hook=hook)
            if needed and not (Tolerance.MISSING_MEMBER in self.tolerances and shapes.has_default(row)):
                required[row.attribute] = (row.name, shapes.expectation(annotation))
        return Plan(cls=cls, constants=tuple(constants_of(cls).items()), entries=entries, required=required)

    def question(self, plan: Plan) -> Hook:
        """Read a question inside a result: what its params are follows from its method."""
        hooks: dict[str, Hook] = {}
        for method, (annotation, needed) in QUESTIONS.items():
            params = Entry(attribute="params", hook=self.hook(annotation))
            required = {"params": ("params", "an object")} if needed else {}
            hooks[method] = self.members(
                attrs.evolve(
                    plan,
                    entries={**plan.entries, "params": params},
                    required={**plan.required, **required},
                )
            )
        expected = "one of " + ", ".join(repr(method) for method in hooks)

        def question(value: JSON, _type: JSON) -> JSON:
            if type(value) is not dict:
                raise SchemaError("an object", value)
            method = value.get("method", ABSENT)
            hook = hooks.get(method) if type(method) is str else None
            if hook is None:
                raise SchemaError(expected, method).under("method")
            return hook(value, None)

        return question
