"""How a schema type says what its members are: names, revisions, requiredness, bounds.

A type is a frozen attrs class. Its attributes are members of the wire's object under the same name in
camel case (`meta` is `_meta`); a `ClassVar` of a `Literal` is a member with that fixed value; `extra`
holds the members that no revision knows. What differs between revisions stands in the metadata that
`member` makes, and in the class variable `SPAN` where a whole type is not in every revision.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, Final, Literal, TypeAlias, get_args, get_origin, get_type_hints

import attrs

from sansmcp.schema.revisions import REVISIONS, Revision
from sansmcp.values import ABSENT, JSON, Absent, Value

_KEY: Final = "sansmcp.schema"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Span(Value):
    """The revisions that know a type or a member, both ends included."""

    since: Revision = REVISIONS[0]
    """The first of them."""
    until: Revision = REVISIONS[-1]
    """The last of them."""

    def covers(self, revision: Revision) -> bool:
        """Say whether the revision is one of them."""
        return self.since <= revision <= self.until


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Terms(Value):
    """What `member` was told about one member."""

    name: str | None = None
    """Its name on the wire, where that is not the attribute's in camel case."""
    span: Span = Span()
    """The revisions that have it."""
    required_since: Revision | None = None
    """The first revision that requires it, for an attribute that has a default."""
    optional_in: tuple[Revision, ...] = ()
    """The revisions that do not require it, for an attribute that has a default and is required elsewhere."""
    before: Mapping[Revision, JSON] = attrs.field(factory=dict)
    """Its type before a revision, where that is not the annotation."""


def member(
    *,
    name: str | None = None,
    since: Revision = REVISIONS[0],
    until: Revision = REVISIONS[-1],
    required_since: Revision | None = None,
    optional_in: tuple[Revision, ...] = (),
    before: Mapping[Revision, JSON] | None = None,
) -> dict[str, Terms]:
    """Describe a member that is not the same in all revisions.

    Args:
        name: its name on the wire, where that is not the attribute's in camel case.
        since: the first revision that has it.
        until: the last revision that has it.
        required_since: the first revision that requires it, for an attribute with a default.
        optional_in: the only revisions that do not require it, for an attribute with a default.
        before: its type in revisions older than the key, where that is not the annotation.

    Returns:
        The metadata for `attrs.field`.
    """
    return {
        _KEY: Terms(
            name=name,
            span=Span(since=since, until=until),
            required_since=required_since,
            optional_in=optional_in,
            before={} if before is None else before,
        )
    }


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Check(Value):
    """A rule beyond the type, put into `Annotated`; it holds for what is sent and for what is read."""

    expected: str
    """What the rule asks for, as it stands after "expected" in an error."""
    holds: Callable[[JSON], bool]
    """Says whether a value, already of the right type, keeps the rule."""
    instead: JSON | Absent = ABSENT
    """What a tolerant reader takes in place of a value that breaks the rule; ABSENT: nothing will do."""


def _is_token(meta: Mapping[str, JSON]) -> bool:
    # An absent token is a fine token; null is not.
    return type(meta.get("progressToken", "")) in {str, int}


Meta: TypeAlias = Mapping[str, JSON]
"""An open mapping that peers attach to almost everything."""

RequestMeta: TypeAlias = Annotated[
    Mapping[str, JSON], Check(expected="progressToken to be a string or an integer", holds=_is_token)
]
"""The open mapping of a request, whose `progressToken` is an id."""

Fraction: TypeAlias = Annotated[
    float, Check(expected="a number from 0 to 1", holds=lambda number: 0 <= number <= 1)
]
"""A weight between nothing and everything."""

Milliseconds: TypeAlias = Annotated[
    int, Check(expected="an integer of at least 0", holds=lambda number: number >= 0, instead=0)
]
"""A span of time that is not negative."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Row(Value):
    """One member of one type, as the hooks read it."""

    attribute: str
    """The attribute of the class."""
    name: str
    """The member of the object."""
    annotation: JSON
    """The attribute's type."""
    default: JSON
    """The attribute's default, or `attrs.NOTHING`."""
    terms: Terms
    """What differs between revisions."""

    def required(self, revision: Revision) -> bool:
        """Say whether a revision that has the member requires it."""
        if self.terms.optional_in:
            return revision not in self.terms.optional_in
        if self.terms.required_since is not None:
            return revision >= self.terms.required_since
        return self.default is attrs.NOTHING

    def absent(self) -> JSON:
        """Return the value of the attribute that stands for "not there", or `attrs.NOTHING`."""
        return self.default if self.default is None or self.default is ABSENT else attrs.NOTHING

    def type_in(self, revision: Revision) -> JSON:
        """Return the member's type in a revision, without what stands for "not there"."""
        for limit, older in self.terms.before.items():
            if revision < limit:
                return older
        annotation = self.annotation
        if self.default is None:
            return _without(annotation, type(None))
        if self.default is ABSENT:
            return _without(annotation, Absent)
        return annotation


def _without(annotation: JSON, left_out: type) -> JSON:
    """Take one type out of a union."""
    kept = [argument for argument in get_args(annotation) if argument is not left_out]
    union = kept[0]
    for argument in kept[1:]:
        union = union | argument
    return union


def _camel(attribute: str) -> str:
    if attribute == "meta":
        return "_meta"
    head, *tail = attribute.split("_")
    return head + "".join(word.capitalize() for word in tail)


def rows_of(cls: type) -> tuple[Row, ...]:
    """Read the members off a schema type, in the order in which they are sent.

    `extra` is none of them. Members with a fixed value are in `constants_of`.
    """
    rows: list[Row] = []
    for attribute in attrs.fields(cls):
        if attribute.name == "extra":
            continue
        terms: Terms = attribute.metadata.get(_KEY, Terms())
        rows.append(
            Row(
                attribute=attribute.name,
                name=terms.name or _camel(attribute.name),
                annotation=attribute.type,
                default=attribute.default,
                terms=terms,
            )
        )
    return tuple(rows)


def constants_of(cls: type) -> dict[str, str]:
    """Return the members of a schema type whose value is fixed, by name."""
    constants: dict[str, str] = {}
    for name, hint in get_type_hints(cls).items():
        if get_origin(hint) is ClassVar and get_origin(get_args(hint)[0]) is Literal:
            constants[name] = getattr(cls, name)
    return constants


def span_of(cls: type) -> Span:
    """Return the revisions that know a schema type."""
    span: Span = getattr(cls, "SPAN", Span())
    return span


def is_schema_type(candidate: JSON) -> bool:
    """Say whether a type is a frozen value of this floor, or made like one: an attrs class with `extra`."""
    return isinstance(candidate, type) and attrs.has(candidate) and "extra" in attrs.fields_dict(candidate)
