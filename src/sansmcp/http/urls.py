"""The URL of an endpoint, read strictly, so that nothing odd in it reaches a header or another host.

`http://` and `https://` as RFC 3986 has them, and `http+unix://`, whose host is the path of a Unix socket
with its slashes escaped: `http+unix://%2Frun%2Fserver.sock/mcp`.

Source: RFC 3986, sections 3 and 5; RFC 9110, section 4.2.
"""

import ipaddress
import re
from typing import Final
from urllib.parse import quote, unquote, urljoin

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.values import Value

_PORTS: Final = {"http": 80, "https": 443, "http+unix": 0}
_MAX_PORT: Final = 65_535
# RFC 3986, section 3.2.2: a registered name, without the escapes that no name service knows.
_NAME: Final = re.compile(r"[a-z0-9._~!$&'()*+,;=-]+")
_URL: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<target>[^#]*)")
_AUTHORITY: Final = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{0,5}))?")
# What a target may hold as it is: everything printable in ASCII that is no delimiter of a line.
_SAFE: Final = "/?:@!$&'()*+,;=-._~%[]"
_EXPECTED: Final = "expected http://HOST/PATH, https://HOST/PATH or http+unix://%2FPATH%2FOF%2FSOCKET/PATH"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Url(Value):
    """Where an endpoint is; make it with `Url.parse`."""

    scheme: str
    """`http`, `https` or `http+unix`, in lower case."""
    host: str
    """A name in lower case, an IP address without brackets, or the path of a socket."""
    port: int
    """The port; 0 for a socket."""
    target: str
    """The path, and the query if there is one, as the request line says them."""

    @classmethod
    def parse(cls, text: str) -> "Url":
        """Read a URL.

        Args:
            text: an absolute URL; a path is added where there is none.

        Raises:
            LocalProtocolError: it is none, or it has a user, a fragment, or a character that no URL has.
        """
        if not isinstance(text, str):
            raise LocalProtocolError(f"url: {_EXPECTED}, found {text!r:.80}")
        found = _URL.fullmatch(text)
        scheme = "" if found is None else found["scheme"].lower()
        if found is None or scheme not in _PORTS:
            raise LocalProtocolError(f"url: {_EXPECTED}, found {_shown(text)}")
        if not all(character.isprintable() and character != " " for character in text) or "\\" in text:
            raise LocalProtocolError(f"url: expected no blank, control or \\ in it, found {_shown(text)}")
        if "@" in found["authority"]:
            raise LocalProtocolError(
                f"url: expected no user before the host, found {_shown(text)}; credentials go into headers"
            )
        host, port = _host_and_port(scheme, found["authority"], text)
        target = found["target"]
        target = quote(target if target.startswith("/") else "/" + target, safe=_SAFE)
        return cls(scheme=scheme, host=host, port=port, target=target)

    @property
    def authority(self) -> str:
        """What the `Host` field says."""
        if self.scheme == "http+unix":
            return "localhost"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """The scheme, the host and the port, which no secret of this endpoint leaves."""
        host = quote(self.host, safe=":") if self.scheme == "http+unix" else self.host
        host = f"[{host}]" if ":" in host and self.scheme != "http+unix" else host
        return f"{self.scheme}://{host}" + ("" if self.scheme == "http+unix" else f":{self.port}")

    def join(self, reference: str) -> "Url":
        """Read a URL that a response of this endpoint names, relative ones included.

        Args:
            reference: what it names.

        Raises:
            LocalProtocolError: as `parse`.
        """
        if not reference.isprintable():
            raise LocalProtocolError(f"url: expected no control in it, found {_shown(reference)}")
        # A scheme that the standard library does not know cannot be joined to, so a known one stands in.
        absolute = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", reference) is not None
        if absolute:
            return Url.parse(reference)
        try:
            joined = urljoin(f"http://{self.authority}{self.target}", reference)
        except ValueError:
            raise LocalProtocolError(f"url: expected a host after //, found {_shown(reference)}") from None
        authority, _, target = joined.removeprefix("http://").partition("/")
        if authority != self.authority:
            return Url.parse(f"{self.scheme}://{authority}/{target}")
        return attrs.evolve(self, target=Url.parse(f"http://x/{target}").target)

    def __str__(self) -> str:
        if self.scheme == "http+unix":
            return f"{self.origin}{self.target}"
        return f"{self.scheme}://{self.authority}{self.target}"


def _host_and_port(scheme: str, authority: str, text: str) -> tuple[str, int]:
    if scheme == "http+unix":
        path = unquote(authority)
        if not path or "\0" in path:
            raise LocalProtocolError(f"url: expected the path of a socket as the host, found {_shown(text)}")
        return path, 0
    found = _AUTHORITY.fullmatch(authority)
    host = None if found is None else _host(found["host"])
    port = _PORTS[scheme] if found is None or not found["port"] else int(found["port"])
    if host is None:
        raise LocalProtocolError(f"url: expected a name or an IP address as the host, found {_shown(text)}")
    if not 0 < port <= _MAX_PORT:
        raise LocalProtocolError(f"url: expected a port from 1 to {_MAX_PORT}, found {_shown(text)}")
    return host, port


def _host(text: str) -> str | None:
    if text.startswith("["):
        try:
            return str(ipaddress.IPv6Address(text[1:-1]))
        except ValueError:
            return None
    if not is_name(text):
        return None
    name = text.lower() if text.isascii() else text.encode("idna").decode()
    return name if _NAME.fullmatch(name) else None


def is_name(text: str) -> bool:
    """Say whether a name service can be asked for a name: no part of it is empty, or has over 63 characters.

    Args:
        text: the name of a host, or its IP address.
    """
    try:
        text.encode("idna")
    except UnicodeError:
        return False
    return "\0" not in text


def _shown(text: str) -> str:
    # What stands in front of an @ may be a password.
    return repr(re.sub(r"//[^/?#]*@", "//...@", text))[:120]
