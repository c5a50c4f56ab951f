"""Who may talk to a server: the checks of Host and Origin, and what browsers are told (CORS).

A page of the web can make a browser send requests to servers of its user's own machine, under a name
that the page's owner resolves to it. The names in Host and Origin give that away.

Source: Streamable HTTP, Security; RFC 9110, section 7.2; RFC 6454; WHATWG Fetch, CORS protocol.
"""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv6Address, ip_address
from typing import Final, NamedTuple

from sansmcp.errors import LocalProtocolError
from sansmcp.http.heads import RequestHead, ResponseHead
from sansmcp.http.mirrored import PARAMETER
from sansmcp.http.refusals import Refused
from sansmcp.schema import INVALID_REQUEST

LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "[::1]")
"""What a server of the user's own machine is called."""

_AUTHORITY: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{0,5}))?")
_ORIGIN: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_WORD: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# Every spelling of address 0 that a resolver takes, and no name at all.
_ZEROS: Final = re.compile(r"(?:0[xX]|[0.:])*+")
_LAST_PORT: Final = 65_535
_KEPT: Final = 256

_METHODS: Final = "GET, POST, DELETE"
_REQUEST_FIELDS: Final = (
    "Accept",
    "Authorization",
    "Content-Type",
    "Last-Event-ID",
    "Mcp-Method",
    "Mcp-Name",
    "Mcp-Protocol-Version",
    "Mcp-Session-Id",
)
_RESPONSE_FIELDS: Final = "Mcp-Session-Id, WWW-Authenticate"
_DAY: Final = "86400"


class _Authority(NamedTuple):
    name: str
    """In lower case; an address in its one spelling."""
    port: int | None


class _Origin(NamedTuple):
    scheme: str
    authority: _Authority


class Policy:
    """Decides by Host and Origin who may talk to a server.

    Names are compared whole and without regard to case, after parsing. A name without a port stands for
    every port; an origin with its scheme, such as `https://app.example`, for itself alone.

    Args:
        allowed_hosts: the names that Host may have; None for the loopback names and the address bound to.
        allowed_origins: names or whole origins of pages that may call; None for pages of the allowed hosts.
        host: the address that the server is bound to; None if that is not known.

    Raises:
        LocalProtocolError: a setting is no name, or every address is bound to and nothing says its names.
    """

    def __init__(
        self,
        allowed_hosts: Sequence[str] | None = None,
        allowed_origins: Sequence[str] | None = None,
        *,
        host: str | None = None,
    ) -> None:
        self._hosts = _hosts(allowed_hosts, host)
        self._names = self._hosts
        self._origins: frozenset[_Origin] = frozenset()
        if allowed_origins is not None:
            self._names, self._origins = _origins(allowed_origins)
        # What passed before, as it was written: clients say the same with every request.
        self._passed_hosts: set[str] = set()
        self._passed_origins: set[str] = set()

    def check(self, head: RequestHead) -> Refused | None:
        """Return why a request is refused, before its body is read; None if it is not.

        Args:
            head: the head of the request.
        """
        headers = head.headers
        hosts = headers.all("host")
        if len(hosts) != 1:
            return _counted("Host", len(hosts))
        if hosts[0] not in self._passed_hosts:
            refused = self._check_host(hosts[0])
            if refused is not None:
                return refused
            _keep(self._passed_hosts, hosts[0])
        return self._check_origin(headers.all("origin"))

    def cors(self, head: RequestHead) -> tuple[tuple[str, str], ...]:
        """Return the header fields that let a page read the response; none if no page asks.

        Args:
            head: the head of the request, which was checked.
        """
        origin = head.headers.get("origin")
        if origin is None or not self._is_allowed(origin):
            return ()
        return (
            ("access-control-allow-origin", origin),
            ("access-control-expose-headers", _RESPONSE_FIELDS),
            ("vary", "Origin"),
        )

    def preflight(self, head: RequestHead) -> ResponseHead | None:
        """Return the answer to a browser that asks whether a page may send a request; None if it does not.

        Args:
            head: the head of the request, which was checked.
        """
        origin = head.headers.get("origin")
        asked = head.headers.get("access-control-request-method")
        if head.method != "OPTIONS" or origin is None or asked is None:
            return None
        wanted = ",".join(head.headers.all("access-control-request-headers")).split(",")
        parameters = [name.strip(" \t") for name in wanted if _is_parameter(name.strip(" \t"))]
        fields = (
            ("access-control-allow-origin", origin),
            ("access-control-allow-methods", _METHODS),
            ("access-control-allow-headers", ", ".join((*_REQUEST_FIELDS, *parameters))),
            ("access-control-max-age", _DAY),
            ("vary", "Origin, Access-Control-Request-Headers"),
        )
        return ResponseHead(status=204, headers=fields)

    def _check_host(self, value: str) -> Refused | None:
        authority = _authority(value)
        if authority is None:
            return _malformed("Host", f"{value!r:.80}; expected a name or an address, with or without a port")
        if _is_among(authority, self._hosts):
            return None
        return _foreign("Host", value, "allowed_hosts")

    def _check_origin(self, values: tuple[str, ...]) -> Refused | None:
        if len(values) > 1:
            return _counted("Origin", len(values))
        for value in values:
            if not self._is_allowed(value):
                return _foreign("Origin", value, "allowed_origins")
        return None

    def _is_allowed(self, value: str) -> bool:
        if value in self._passed_origins:
            return True
        origin = _origin(value)
        if origin is None:
            return False
        is_page = origin.scheme in _DEFAULT_PORTS
        if origin not in self._origins and not (is_page and _is_among(origin.authority, self._names)):
            return False
        _keep(self._passed_origins, value)
        return True


def _hosts(allowed: Sequence[str] | None, host: str | None) -> frozenset[_Authority]:
    if allowed is not None:
        _check_listed("allowed_hosts", allowed)
        if not allowed:
            raise LocalProtocolError("allowed_hosts is empty; expected at least one name, or None")
        return frozenset(_named("allowed_hosts", text) for text in allowed)
    names = frozenset(_Authority(name, None) for name in LOOPBACK_NAMES)
    if host is None:
        return names
    if not isinstance(host, str):
        raise LocalProtocolError(f"host: expected a name or an address, found {host!r:.80}")
    bare = host.strip("[]").partition("%")[0]
    if _is_wildcard(bare):
        raise LocalProtocolError(
            f"host is {host!r}, which is every address; expected allowed_hosts to say by which names the"
            ' server is reached, such as allowed_hosts=["mcp.example.com"]'
        )
    return names | {_named("host", f"[{bare}]" if ":" in bare else bare)}


def _origins(allowed: Sequence[str]) -> tuple[frozenset[_Authority], frozenset[_Origin]]:
    _check_listed("allowed_origins", allowed)
    names = [_named("allowed_origins", text) for text in allowed if "://" not in text]
    whole: list[_Origin] = []
    for text in allowed:
        if "://" in text:
            origin = _origin(text)
            if origin is None:
                raise LocalProtocolError(
                    f"allowed_origins has {text!r:.80}; expected scheme, name and port, if any, and no path,"
                    " such as 'https://app.example.com'"
                )
            whole.append(origin)
    return frozenset(names), frozenset(whole)


def _check_listed(setting: str, allowed: Sequence[str]) -> None:
    if isinstance(allowed, str) or not isinstance(allowed, Iterable):
        raise LocalProtocolError(f"{setting} is {allowed!r:.80}; expected a list of names")
    for text in allowed:
        if not isinstance(text, str):
            raise LocalProtocolError(f"{setting} has {text!r:.80}; expected names as texts")


def _named(setting: str, text: str) -> _Authority:
    authority = _authority(text)
    if authority is None:
        raise LocalProtocolError(
            f"{setting} has {text!r:.80}; expected a name or an address, with or without a port, such as"
            " 'mcp.example.com', 'localhost:8000' or '[::1]'"
        )
    return authority


def _is_wildcard(host: str) -> bool:
    if _ZEROS.fullmatch(host) is not None:
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped is not None and mapped.is_unspecified


def _authority(text: str) -> _Authority | None:
    found = _AUTHORITY.fullmatch(text)
    if found is None:
        return None
    name, port = found[1].lower(), int(found[2]) if found[2] else None
    if port is not None and port > _LAST_PORT:
        return None
    if name.startswith("["):
        try:
            name = f"[{IPv6Address(name[1:-1])}]"
        except ValueError:
            return None
    return _Authority(name, port)


def _origin(text: str) -> _Origin | None:
    found = _ORIGIN.fullmatch(text)
    authority = None if found is None else _authority(found[2])
    if found is None or authority is None:
        return None
    scheme = found[1].lower()
    port = _DEFAULT_PORTS.get(scheme) if authority.port is None else authority.port
    return _Origin(scheme, _Authority(authority.name, port))


def _is_among(authority: _Authority, names: frozenset[_Authority]) -> bool:
    # Host leaves out the port that its scheme implies, and does not say which scheme that is.
    ports = _DEFAULT_PORTS.values() if authority.port is None else (authority.port,)
    return any(_Authority(authority.name, port) in names for port in (None, *ports))


def _is_parameter(name: str) -> bool:
    return name.lower().startswith(PARAMETER) and _WORD.fullmatch(name) is not None


def _keep(passed: set[str], value: str) -> None:
    if len(passed) >= _KEPT:
        passed.clear()
    passed.add(value)


def _counted(field: str, count: int) -> Refused:
    return _malformed(field, f"there {count} times; expected it once")


def _malformed(field: str, found: str) -> Refused:
    text = f"{field} is {found}"
    return Refused(status=400, reason=text, code=INVALID_REQUEST, message=text, close=True)


def _foreign(field: str, value: str, setting: str) -> Refused:
    text = f"{field} is {value!r:.80}, which the setting {setting} does not allow"
    return Refused(status=403, reason=text, code=INVALID_REQUEST, message=text)
