"""URI templates (RFC 6570): what they are made of, and the URIs they expand to.

All four levels are expanded. Matching a URI against a template, which the RFC leaves open, is a matter of
servers and stands there; it shares the parts that are found here.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias
from urllib.parse import quote

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.values import Value

Scalar: TypeAlias = str | int | float
"""One value of a variable."""

Expandable: TypeAlias = Scalar | Sequence[Scalar] | Mapping[str, Scalar] | None
"""What a variable may be given; None is as if it were not given."""

RESERVED: Final = ":/?#[]@!$&'()*+,;="
"""The characters that separate the parts of a URI (RFC 3986, section 2.2)."""

UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
"""The characters that stand for themselves everywhere in a URI (RFC 3986, section 2.3)."""

# RFC 6570, sections 2.3 and 2.4.
_LETTER: Final = r"(?:\w|%[0-9A-Fa-f]{2})"
_VARIABLE: Final = re.compile(rf"({_LETTER}(?:\.?{_LETTER})*)(\*|:[1-9][0-9]{{0,3}})?", re.ASCII)
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Operator(Value):
    """How the expressions that begin with a character are written (RFC 6570, appendix A)."""

    first: str
    """What stands before the first value."""
    separator: str
    """What stands between values."""
    is_named: bool
    """Whether each value has its variable's name before it."""
    if_empty: str
    """What stands after a name without a value."""
    allow: str
    """The reserved characters that values keep."""


OPERATORS: Final[Mapping[str, Operator]] = {
    "": Operator(first="", separator=",", is_named=False, if_empty="", allow=""),
    "+": Operator(first="", separator=",", is_named=False, if_empty="", allow=RESERVED),
    "#": Operator(first="#", separator=",", is_named=False, if_empty="", allow=RESERVED),
    ".": Operator(first=".", separator=".", is_named=False, if_empty="", allow=""),
    "/": Operator(first="/", separator="/", is_named=False, if_empty="", allow=""),
    ";": Operator(first=";", separator=";", is_named=True, if_empty="", allow=""),
    "?": Operator(first="?", separator="&", is_named=True, if_empty="=", allow=""),
    "&": Operator(first="&", separator="&", is_named=True, if_empty="=", allow=""),
}
"""The operators, by the character that an expression begins with."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Variable(Value):
    """One variable of an expression."""

    name: str
    """Its name."""
    explodes: bool = False
    """Whether the items of a list are written like values of their own (`*`)."""
    length: int | None = None
    """How many characters of the value are written, where that is not all (`:3`)."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Expression(Value):
    """What stands between two braces."""

    sign: str
    """The character it begins with, a key of `OPERATORS`."""
    variables: tuple[Variable, ...]
    """Its variables."""

    @property
    def operator(self) -> Operator:
        """How it is written."""
        return OPERATORS[self.sign]

    def __str__(self) -> str:
        return "{" + self.sign + ",".join(_written(variable) for variable in self.variables) + "}"


Part: TypeAlias = str | Expression
"""A literal text, as it stands in URIs, or an expression."""


@attrs.frozen(eq=False, repr=False)
class UriTemplate(Value):
    """A template that stands for a family of URIs (RFC 6570).

    Args:
        text: the template, such as `notes://{folder}/{id}{?version}`.

    Raises:
        LocalProtocolError: it is no template.
    """

    text: str
    """The template."""
    parts: tuple[Part, ...] = attrs.field(
        init=False, default=attrs.Factory(lambda self: _parts_of(self.text), takes_self=True)
    )
    """What it is made of, in order."""

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of its variables, in order."""
        expressions = (part for part in self.parts if isinstance(part, Expression))
        return tuple(dict.fromkeys(variable.name for each in expressions for variable in each.variables))

    def expand(self, values: Mapping[str, Expandable]) -> str:
        """Return the URI for some values; a variable without one is left out.

        Raises:
            LocalProtocolError: a value is none that a URI can hold.
        """
        return "".join(part if isinstance(part, str) else _expanded(part, values) for part in self.parts)


# Parsing


def _parts_of(text: str) -> tuple[Part, ...]:
    parts: list[Part] = []
    position = 0
    while position < len(text):
        start = text.find("{", position)
        literal = text[position:] if start < 0 else text[position:start]
        if "}" in literal:
            raise LocalProtocolError(f"template {text!r:.80}: a '}}' closes nothing; expected '{{' before it")
        if literal:
            parts.append(_kept(literal, RESERVED))
        if start < 0:
            break
        end = text.find("}", start)
        if end < 0:
            raise LocalProtocolError(f"template {text!r:.80}: a '{{' is never closed; expected '}}' after it")
        parts.append(_expression(text, text[start + 1 : end]))
        position = end + 1
    return tuple(parts)


def _expression(text: str, inner: str) -> Expression:
    sign = inner[:1] if inner[:1] in OPERATORS else ""
    variables: list[Variable] = []
    for written in inner[len(sign) :].split(","):
        match = _VARIABLE.fullmatch(written)
        if match is None:
            raise LocalProtocolError(
                f"template {text!r:.80}: {written!r:.80} is no variable; expected a name of letters, digits, "
                "'_' and '.', after the name perhaps '*' or ':' and a number, and before the first name "
                "perhaps one of + # . / ; ? &"
            )
        length = int(match[2][1:]) if match[2] is not None and match[2] != "*" else None
        variables.append(Variable(name=match[1], explodes=match[2] == "*", length=length))
    return Expression(sign=sign, variables=tuple(variables))


def _written(variable: Variable) -> str:
    length = "" if variable.length is None else f":{variable.length}"
    return variable.name + ("*" if variable.explodes else length)


# Expansion (RFC 6570, section 3.2)


def _expanded(expression: Expression, values: Mapping[str, Expandable]) -> str:
    operator = expression.operator
    written: list[str] = []
    for variable in expression.variables:
        value = values.get(variable.name)
        if value is None:
            continue
        if isinstance(value, str | int | float):
            text = _scalar(value)[: variable.length]
            written.append(_pair(operator, variable.name, _kept(text, operator.allow)))
        elif variable.length is not None:
            raise LocalProtocolError(
                f"{variable.name}: ':{variable.length}' cuts a text; expected one, found several"
            )
        elif len(value) > 0:
            written.extend(_several(operator, variable, value))
    return operator.first + operator.separator.join(written) if written else ""


def _several(
    operator: Operator, variable: Variable, value: Sequence[Scalar] | Mapping[str, Scalar]
) -> list[str]:
    def kept(item: Scalar) -> str:
        return _kept(_scalar(item), operator.allow)

    if isinstance(value, Mapping):
        pairs = [(kept(name), kept(item)) for name, item in value.items()]
        if variable.explodes:
            # Each name is written in place of the variable's, also where values have none.
            bare = operator.if_empty if operator.is_named else "="
            return [f"{name}={item}" if item else name + bare for name, item in pairs]
        items = [text for pair in pairs for text in pair]
    else:
        items = [kept(item) for item in value]
        if variable.explodes:
            return [_pair(operator, variable.name, item) for item in items]
    return [_pair(operator, variable.name, ",".join(items))]


def _pair(operator: Operator, name: str, value: str) -> str:
    if not operator.is_named:
        return value
    return f"{name}={value}" if value else name + operator.if_empty


def _scalar(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise LocalProtocolError(f"a value of a URI is a text or a number, not {type(value).__name__}")
    return str(value)


def _kept(text: str, allow: str) -> str:
    """Encode what may not stand in a URI; where reserved characters may, so may what is encoded already."""
    return quote(_STRAY_PERCENT.sub("%25", text), safe=allow + "%") if allow else quote(text, safe="")
