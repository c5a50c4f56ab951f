"""Heads of HTTP requests and responses, and what an exchange asks its binding to write.

Names of header fields are lower-case texts, values are texts whose characters are the bytes of the wire
(ISO 8859-1), so nothing is lost. Who reads bytes checks the grammar before it makes a head.

Source: RFC 9110, sections 5 and 6.
"""

import re
from collections.abc import Iterable
from typing import Final, TypeAlias

import attrs

from sansmcp.values import Value


class Headers:
    """Header fields in the order they came; names have no case, and one may come several times.

    Args:
        lines: names and values.
    """

    __slots__ = ("_values", "lines")

    def __init__(self, lines: Iterable[tuple[str, str]] = ()) -> None:
        self.lines = tuple([(name.lower(), value) for name, value in lines])
        """The fields, names in lower case."""
        values: dict[str, tuple[str, ...]] = {}
        for name, value in self.lines:
            values[name] = (*values[name], value) if name in values else (value,)
        self._values = values

    def get(self, name: str) -> str | None:
        """Return the value of a field, the first of several; None if there is none.

        Args:
            name: in lower case.
        """
        values = self._values.get(name)
        return None if values is None else values[0]

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of a field, in order.

        Args:
            name: in lower case.
        """
        return self._values.get(name, ())

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __repr__(self) -> str:
        # Values may be secret.
        return f"Headers({', '.join(name for name, _ in self.lines)})"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RequestHead(Value):
    """The head of a request."""

    method: str
    """The method, such as `POST`."""
    target: str
    """The path, and the query if there is one, as they came."""
    headers: Headers = attrs.field(factory=Headers)
    """The header fields."""
    mount: str = ""
    """The prefix of the path below which an application has mounted the endpoint."""


_ABSOLUTE: Final = re.compile(r"[Hh][Tt][Tt][Pp][Ss]?://([^/?]*)(.*)", re.DOTALL)


def origin_form(head: RequestHead) -> RequestHead:
    """Return the same request to a path, where it names the whole URL, as clients of proxies do.

    The host of the URL takes the place of that of the field, which is not looked at; but there has to be one
    field all the same.

    Source: RFC 9112, sections 3.2 and 3.2.2.

    Args:
        head: the head of a request.
    """
    found = None if head.target.startswith("/") else _ABSOLUTE.fullmatch(head.target)
    if found is None:
        return head
    authority, rest = found.groups()
    lines = [(name, authority if name == "host" else value) for name, value in head.headers.lines]
    target = rest if rest.startswith("/") else f"/{rest}"
    return attrs.evolve(head, target=target, headers=Headers(lines))


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ResponseHead(Value):
    """Write the head of the response, and flush it at once."""

    status: int
    """The status code."""
    headers: tuple[tuple[str, str], ...] = ()
    """The header fields; without `content-length` the body ends where the response does."""
    close: bool = False
    """Whether the connection is to be closed after the response: more may come that nobody reads."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ResponseBody(Value):
    """Write a piece of the body, and flush it at once."""

    data: bytes
    """The piece; never empty."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ResponseEnd(Value):
    """End the response: its body is complete."""


ResponseAction: TypeAlias = ResponseHead | ResponseBody | ResponseEnd
"""What an exchange asks its binding to write, in order."""
