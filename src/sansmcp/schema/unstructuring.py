"""Hooks that write: from the types of this floor to plain JSON values, for one revision.

They check what they write as strictly as the other side would, so that a slip of a handler's is found here
and not by the peer. Members that the revision does not know are left out; what the peer could not be told at
all is refused.
"""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import TypeAlias, get_args

import attrs
from cattrs import Converter

from sansmcp.schema import shapes
from sansmcp.schema.downgrade import downgrade_of
from sansmcp.schema.members import Row, constants_of, is_schema_type, rows_of, span_of
from sansmcp.schema.mismatch import SchemaError
from sansmcp.schema.revisions import Revision
from sansmcp.values import ABSENT, JSON, Value

Hook: TypeAlias = Callable[[JSON], JSON]
"""Writes a value."""

Line: TypeAlias = tuple[str, Callable[[JSON], JSON], type | None, JSON, bool, Hook]
"""How to write a member: name, getter, the type that needs no hook, what is absent, if required, the hook."""


def register(converter: Converter, revision: Revision) -> None:
    """Make a converter write everything by the hooks of this module.

    Args:
        converter: where the hooks are kept and found again.
        revision: what to write.
    """
    writer = _Writer(converter=converter, revision=revision)
    factories: tuple[tuple[Callable[[JSON], bool], Callable[[JSON], Hook]], ...] = (
        (shapes.is_any, lambda _annotation: _keep),
        (shapes.is_literal, _literal_hook),
        (shapes.is_annotated, writer.checked),
        (shapes.is_mapping, writer.mapping),
        (shapes.is_tuple, writer.array),
        (shapes.is_union, writer.union),
        (is_schema_type, writer.object),
    )
    for predicate, factory in factories:
        converter.register_unstructure_hook_factory(predicate, factory)
    for scalar in shapes.SCALARS:
        # The converter has hooks of its own for these classes, which it finds before any predicate.
        converter.register_unstructure_hook(scalar, _scalar_hook(scalar))


def _keep(value: JSON) -> JSON:
    return value


def _plain_text(value: JSON) -> JSON:
    """Turn members of a StrEnum and the like into plain strings."""
    return str.__str__(value) if isinstance(value, str) else value


def _scalar_hook(annotation: JSON) -> Hook:
    expected, exact = shapes.SCALARS[annotation]

    def scalar(value: JSON) -> JSON:
        plain = _plain_text(value)
        if type(plain) not in exact:
            raise SchemaError(expected, value)
        return plain

    return scalar


def _literal_hook(annotation: JSON) -> Hook:
    expected, choices = shapes.expectation(annotation), frozenset(get_args(annotation))

    def literal(value: JSON) -> JSON:
        plain = _plain_text(value)
        if type(plain) is not str or plain not in choices:
            raise SchemaError(expected, value)
        return plain

    return literal


def _absent() -> SchemaError:
    return SchemaError("a value", ABSENT)


def _object(value: JSON) -> JSON:
    if not isinstance(value, Mapping):
        raise SchemaError("an object", value)
    return dict(value)


def _union_kind(member: JSON) -> tuple[type, ...]:
    """Return the types of the values that a member of a union writes."""
    if is_schema_type(member):
        return (member,)
    return tuple(
        kind for found in shapes.kinds(member) for kind in ((list, tuple) if found is list else (found,))
    )


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _Writer(Value):
    """Makes the hooks that depend on the revision or on other hooks."""

    converter: Converter
    revision: Revision

    def hook(self, annotation: JSON) -> Hook:
        """Return the hook of a type."""
        return self.converter.get_unstructure_hook(annotation)

    def checked(self, annotation: JSON) -> Hook:
        """Write a value that must keep a rule beyond its type."""
        base, check = shapes.check_of(annotation)
        inner, holds, expected = self.hook(base), check.holds, check.expected

        def checked(value: JSON) -> JSON:
            written = inner(value)
            if not holds(written):
                raise SchemaError(expected, value)
            return written

        return checked

    def mapping(self, annotation: JSON) -> Hook:
        """Write a mapping whose values have one type."""
        item_type = get_args(annotation)[1]
        if shapes.is_any(item_type):
            return _object
        inner = self.hook(item_type)

        def mapping(value: JSON) -> JSON:
            if not isinstance(value, Mapping):
                raise SchemaError("an object", value)
            written: dict[str, JSON] = {}
            for name, item in value.items():
                try:
                    written[name] = inner(item)
                except SchemaError as error:
                    error.under(str(name))
                    raise
            return written

        return mapping

    def array(self, annotation: JSON) -> Hook:
        """Write a tuple, or a list that stands in for one."""
        inner = self.hook(get_args(annotation)[0])

        def array(value: JSON) -> JSON:
            if not isinstance(value, tuple | list):
                raise SchemaError("an array", value)
            written: list[JSON] = []
            append = written.append
            try:
                for item in value:
                    append(inner(item))
            except SchemaError as error:
                error.under(len(written))
                raise
            return written

        return array

    def union(self, annotation: JSON) -> Hook:
        """Write a value of one of several types, by its class."""
        hooks: dict[type, Hook] = {}
        for member in get_args(annotation):
            for kind in _union_kind(member):
                hooks.setdefault(kind, self.hook(member))
        expected = " or ".join(dict.fromkeys(_name(member) for member in get_args(annotation)))
        hook_of = hooks.get

        def union(value: JSON) -> JSON:
            hook = hook_of(type(value))
            if hook is None:
                raise SchemaError(expected, value)
            return hook(value)

        return union

    def object(self, cls: type) -> Hook:
        """Write an object of one class, or what stands for it in a revision that has no better."""
        write = self.members(cls) if span_of(cls).covers(self.revision) else self.refusal(cls)
        downgrade = downgrade_of(cls, self.revision)
        if downgrade is None:
            return write
        converter = self.converter

        def downgraded(value: JSON) -> JSON:
            found: type = type(value)
            if found is not cls:
                raise SchemaError(cls.__name__, value)
            older = downgrade(value)
            return write(older) if type(older) is cls else converter.unstructure(older)

        return downgraded

    def refusal(self, cls: type) -> Hook:
        """Refuse an object of a class that the revision does not have."""

        def refuse(_value: JSON) -> JSON:
            raise SchemaError(f"something that {self.revision} has", cls.__name__)

        return refuse

    def members(self, cls: type) -> Hook:
        """Write an object of a class, member by member."""
        constants = constants_of(cls)
        lines = tuple(self.line(row) for row in shapes.rows_in(cls, self.revision))
        known = frozenset(constants) | {row.name for row in rows_of(cls)}

        def write(value: JSON) -> JSON:
            found: type = type(value)
            if found is not cls:
                raise SchemaError(cls.__name__, value)
            written: dict[str, JSON] = constants.copy()
            name = ""
            try:
                for name, get, exact, absent, required, hook in lines:
                    item = get(value)
                    if type(item) is exact:
                        written[name] = item
                    elif item is not absent:
                        written[name] = hook(item)
                    elif required:
                        raise _absent()
            except SchemaError as error:
                error.under(name)
                raise
            extra = value.extra
            if extra:
                if not known.isdisjoint(extra):
                    raise _clash(known, extra)
                written.update(extra)
            return written

        return write

    def line(self, row: Row) -> Line:
        """Say how to write a member."""
        annotation = row.type_in(self.revision)
        # The session puts in what the revision wants in `_meta`, after this.
        required = row.required(self.revision) and row.name != "_meta"
        return (
            row.name,
            attrgetter(row.attribute),
            shapes.exact_type(annotation),
            row.absent(),
            required,
            self.hook(annotation),
        )


def _name(member: JSON) -> str:
    return member.__name__ if is_schema_type(member) else shapes.expectation(member)


def _clash(known: frozenset[str], extra: Mapping[str, JSON]) -> SchemaError:
    """Say which member in `extra` is no unknown one."""
    name = next(name for name in extra if name in known)
    return SchemaError("members that no revision knows", name).under("extra")
