"""Matching URIs against templates (RFC 6570): from a URI back to the values it was expanded from.

A template is taken only if every URI that it expands to can be read in one way, without trying: each
expression ends before the first character that its values never hold (they encode it), or, one in each
stretch, is what is left when everything after it was taken off from the right. So matching looks at each
character of a URI a few times at most, and no pattern is made of what a template or a URI says.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, TypeAlias
from urllib.parse import unquote_to_bytes

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import UriTemplate
from sansmcp.schema.uri_templates import RESERVED, UNRESERVED, Expression, Part
from sansmcp.server.path_guard import is_safe
from sansmcp.values import Value

Found: TypeAlias = dict[str, str | list[str]]
"""The values of variables, decoded; a variable that was left out is not there."""

_VALUE: Final = UNRESERVED | {"%"}
_ANYTHING: Final = _VALUE | set(RESERVED)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_NO_TRIPLET: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PIECE: Final = re.compile(rf"[{re.escape(RESERVED)}]|[^{re.escape(RESERVED)}]+")
# A colon or an at sign that a client did not encode hurts nobody; these would leave the part of the URI.
_NOT_RAW: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(("", ".", "/", ";"), frozenset("/?#")),
    **dict.fromkeys(("?", "&"), frozenset("#")),
    **dict.fromkeys(("+", "#"), frozenset()),
}
_WITH_SLASHES: Final = frozenset("+#;?&")
_SINGLE: Final = frozenset("+#.")


class UriMatcher:
    """Finds the values of a template's variables in a URI.

    Args:
        template: the template.
        lists: the variables that are lists though they do not explode: their items stand between commas.
        guards_paths: whether values that lead elsewhere as a path do not match.

    Raises:
        LocalProtocolError: some URI could be read in two ways.
    """

    def __init__(
        self, template: UriTemplate, *, lists: Collection[str] = (), guards_paths: bool = True
    ) -> None:
        self._guards = guards_paths
        self._lists = frozenset(lists)
        _check(template, self._lists)
        self._steps = tuple(_steps(template, self._lists))

    def match(self, uri: str) -> Found | None:
        """Return the values, each decoded once, or None if the URI is none of the template's."""
        if _CONTROL.search(uri) is not None:
            return None
        position = 0
        found: Found = {}
        for step in self._steps:
            if isinstance(step, str):
                if not uri.startswith(step, position):
                    return None
                position += len(step)
                continue
            end = step.end(uri, position)
            values = self._values(step, uri, position, end)
            if values is None:
                return None
            found |= values
            position = end
        return found if position == len(uri) else None

    def _values(self, stretch: "_Stretch", uri: str, start: int, end: int) -> Found | None:
        """Read one stretch: what is fixed from the right, and last what stands open at its left."""
        found: Found = {}
        for part, before in stretch.tail:
            if isinstance(part, str):
                if not uri.endswith(part, start, end):
                    return None
                end -= len(part)
                continue
            cut = uri.rfind(before, start, end) + 1
            values = self._read(part, uri[cut:end]) if cut else None
            if values is None:
                return None
            found |= values
            end = cut
        values = self._read(stretch.head, uri[start:end])
        return None if values is None else found | values

    def _read(self, expression: Expression, raw: str) -> Found | None:
        """Read one expression."""
        if not raw:
            return {}
        operator = expression.operator
        if not raw.startswith(operator.first):
            return None
        body = raw[len(operator.first) :]
        raws = (_named if operator.is_named else _unnamed)(expression, body, self._lists)
        if raws is None:
            return None
        found: Found = {}
        for name, value in raws.items():
            items = [value] if isinstance(value, str) else value
            texts = [text for item in items if (text := self._decoded(expression.sign, item)) is not None]
            if len(texts) < len(items) or self._begins_at_the_root(expression, texts, value):
                return None
            found[name] = texts[0] if isinstance(value, str) else texts
        return found

    def _begins_at_the_root(self, expression: Expression, texts: list[str], value: str | list[str]) -> bool:
        # Steps of a path that are joined again begin at its root if the first of them is empty.
        return self._guards and expression.sign == "/" and isinstance(value, list) and "" in texts

    def _decoded(self, sign: str, raw: str) -> str | None:
        """Decode one value, exactly once."""
        if not _NOT_RAW[sign].isdisjoint(raw) or _NO_TRIPLET.search(raw) is not None:
            return None
        try:
            text = unquote_to_bytes(raw).decode()
        except UnicodeError:
            return None
        # In a query or behind a `+` a slash is part of the value; elsewhere it was hidden.
        return text if not self._guards or is_safe(text, separators=sign in _WITH_SLASHES) else None


# Reading an expression: its raw values by name, or None


def _named(expression: Expression, body: str, lists: frozenset[str]) -> Found | None:
    variables = {variable.name: variable for variable in expression.variables}
    raws: dict[str, list[str]] = {}
    for pair in body.split(expression.operator.separator):
        name, _, value = pair.partition("=")
        variable = variables.get(name)
        if variable is None or (name in raws and not variable.explodes):
            return None
        raws.setdefault(name, []).extend(
            [value] if variable.explodes or name not in lists else value.split(",")
        )
    return {
        name: values if variables[name].explodes or name in lists else values[0]
        for name, values in raws.items()
    }


def _unnamed(expression: Expression, body: str, lists: frozenset[str]) -> Found | None:
    variables, sign = expression.variables, expression.sign
    last = variables[-1]
    takes_rest = last.explodes or (sign == "" and last.name in lists)
    is_split = sign == "/" or (sign == "" and (takes_rest or len(variables) > 1))
    items = body.split(expression.operator.separator) if is_split else [body]
    raws: Found = {}
    if takes_rest and len(items) >= len(variables):
        items, raws[last.name] = items[: len(variables) - 1], items[len(variables) - 1 :]
    if len(items) > len(variables):
        return None
    for variable, item in zip(variables, items, strict=False):
        raws[variable.name] = item.split(",") if variable.name in lists else item
    return raws


# Compiling: what is taken from the left, and what from the right


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _Stretch(Value):
    """A part of a template that ends where one of some characters stands for the first time."""

    head: Expression
    """What is left when the tail was taken off."""
    tail: tuple[tuple[Part, str], ...]
    """What stands behind it, from the right, each with the character before it."""
    stops: str
    """What does not stand in it, but behind it; empty where nothing is behind it."""

    def end(self, uri: str, start: int) -> int:
        """Return where it ends."""
        found = (uri.find(stop, start) for stop in self.stops)
        return min((position for position in found if position >= 0), default=len(uri))


def _steps(template: UriTemplate, lists: frozenset[str]) -> Iterator[str | _Stretch]:
    parts = tuple(_pieces(template.parts))
    position = 0
    while position < len(parts):
        head = parts[position]
        if isinstance(head, str):
            yield head
            position += 1
            continue
        inside = set[str]()
        end = position
        while end == position or not inside.isdisjoint(_first(parts[end:], lists)):
            inside |= _alphabet(parts[end], lists)
            end += 1
        tail = tuple(
            _from_the_right(template, parts[before], part, lists)
            for before, part in zip(range(position, end), parts[position + 1 : end], strict=False)
        )
        stops = "".join(sorted(_first(parts[end:], lists)))
        yield _Stretch(head=head, tail=tail[::-1], stops=stops)
        position = end


def _from_the_right(
    template: UriTemplate, before: Part, part: Part, lists: frozenset[str]
) -> tuple[Part, str]:
    """Check that a part can be taken off from the right: its values never hold what stands before it."""
    if isinstance(part, str):
        return part, ""
    if isinstance(before, str) and not part.operator.first and before[-1] not in _alphabet(part, lists):
        return part, before[-1]
    shown = f"{before!r}" if isinstance(before, str) else str(before)
    raise LocalProtocolError(
        f"template {template.text!r:.80}: where {part} begins after {shown} cannot be told, for its values "
        "and those before it may hold the same; put a character such as '/' between them"
    )


def _pieces(parts: Sequence[Part]) -> Iterator[Part]:
    """Cut literals before and after each reserved character, where a stretch may end."""
    for part in parts:
        if isinstance(part, str):
            yield from _PIECE.findall(part)
        else:
            yield part


def _first(parts: Sequence[Part], lists: frozenset[str]) -> frozenset[str]:
    """Return the characters that the rest of a template may begin with."""
    found = set[str]()
    for part in parts:
        if isinstance(part, str):
            return frozenset(found | {part[0]})
        # Nothing is written where no variable has a value, so what follows counts too.
        found |= set(part.operator.first) or _alphabet(part, lists)
    return frozenset(found)


def _alphabet(part: Part, lists: frozenset[str]) -> frozenset[str]:
    """Return the characters that a part may expand to."""
    if isinstance(part, str):
        return frozenset(part)
    operator, variables = part.operator, part.variables
    if operator.allow:
        return _ANYTHING
    found = _VALUE | set(operator.first)
    if variables[-1].explodes or len(variables) > 1:
        found |= set(operator.separator)
    if any(variable.name in lists for variable in variables):
        found |= {","}
    return found | {"="} if operator.is_named else found


def _check(template: UriTemplate, lists: frozenset[str]) -> None:
    """Refuse expressions that can be read in two ways by themselves."""
    seen = set[str]()
    for part in template.parts:
        if isinstance(part, str):
            continue
        reason = _doubt(part, lists)
        for variable in part.variables:
            if variable.name in seen:
                reason = f"{variable.name} stands twice; expected each name once"
            seen.add(variable.name)
        if reason is not None:
            raise LocalProtocolError(f"template {template.text!r:.80}: {part}: {reason}")


def _doubt(expression: Expression, lists: frozenset[str]) -> str | None:
    variables, sign = expression.variables, expression.sign
    last = variables[-1]
    several = [variable for variable in variables if variable.explodes or variable.name in lists]
    if any(variable.length is not None for variable in variables):
        return "a URI does not hold the whole value; write the name without a length"
    if sign in _SINGLE and len(variables) > 1:
        return "where one value ends cannot be told; write one variable in it"
    if sign in {"+", "#"} and several:
        return "where one item ends cannot be told; write it without '+' or '#', or take one text"
    if sign == "." and any(variable.explodes for variable in variables):
        return "values may hold a '.'; explode with '/', ';', '?' or '&'"
    rest = [variable for variable in several if sign == "" or (sign == "/" and variable.explodes)]
    if rest and rest != [last]:
        return f"{rest[0].name} may take any number of values; only the last variable may"
    return None
