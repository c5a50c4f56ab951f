"""Where a server is: a command, an address of a socket or a URL, as values for any binding."""

from collections.abc import Mapping, Sequence
from errno import ECONNREFUSED
from typing import Final, TypeAlias
from urllib.parse import unquote, urlsplit

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.http import Url
from sansmcp.http.urls import is_name
from sansmcp.values import JSON, Value

# What the official SDKs pass on: enough to find programs and the user's files, nothing that may be secret.
PASSED_ON: Final = ("HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER")
"""The variables that a server which is started inherits."""

# The specification names the order (2025-03-26, Lifecycle, Shutdown), the SDKs wait two seconds each.
PATIENCE: Final = 2.0
"""Seconds between closing the input of a server, SIGTERM to its group, and SIGKILL."""

_MAX_PORT: Final = 65_535


def _check_port(_address: JSON, _attribute: JSON, port: JSON) -> None:
    # Systems take a larger number for another port.
    if not isinstance(port, int) or not 0 <= port <= _MAX_PORT:
        raise LocalProtocolError(f"port: expected a number from 0 to {_MAX_PORT}, found {port!r:.80}")


def _check_host(_address: JSON, _attribute: JSON, host: JSON) -> None:
    # Systems take None for every address there is, and the name service of Python raises on odd labels.
    if not isinstance(host, str) or not is_name(host):
        raise LocalProtocolError(f"host: expected a name or an address, found {host!r:.80}")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Command(Value):
    """A server that is started, and speaks over its standard input and output."""

    words: tuple[str, ...]
    """The program and its arguments; no shell reads them."""

    def __str__(self) -> str:
        return f"the server {' '.join(self.words)[:80]!r}"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TcpAddress(Value):
    """A server that listens on a TCP port."""

    host: str = attrs.field(validator=_check_host)
    """A name or an IP address."""
    port: int = attrs.field(validator=_check_port)
    """The port; 0 to be given a free one where it is listened on."""
    tls: bool = False
    """Whether it speaks TLS."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'tls' if self.tls else 'tcp'}://{host}:{self.port}"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UnixAddress(Value):
    """A server that listens on a Unix socket."""

    path: str
    """The path of the socket."""

    def __str__(self) -> str:
        # As `address_of` reads it: the two slashes are no part of the path, and a percent sign escapes.
        slashes = "//" if self.path.startswith("//") else ""
        return f"unix:{slashes}{self.path.replace('%', '%25')}"


Address: TypeAlias = Command | TcpAddress | UnixAddress | Url
"""Where a server is."""

_COMMAND: Final = "expected a command as a list of words, such as ['python', 'server.py']"
_ADDRESSES: Final = (
    "an address: http://HOST:PORT/PATH, https://HOST:PORT/PATH, tcp://HOST:PORT, tls://HOST:PORT or unix:PATH"
)
# By name, since neither sockets nor TLS are known here; the first that fits counts.
_HINTS: Final = (
    ("ConnectionRefusedError", "is the server running, and is this its address?"),
    ("FileNotFoundError", "is the server running, and is this its address?"),
    ("gaierror", "is the name of the host right?"),
    ("SSLCertVerificationError", "connect(..., ssl=...) says which certificates to trust"),
    ("SSLError", "does the server speak TLS on this port?"),
)
_HTTP: Final = ("http://", "https://", "http+unix://")


def address_of(target: Sequence[str]) -> Address:
    """Read a command or an address.

    Args:
        target: a list of words, or `http://HOST:PORT/PATH`, `https://HOST:PORT/PATH`,
            `http+unix://%2FPATH%2FOF%2FSOCKET/PATH`, `tcp://HOST:PORT`, `tls://HOST:PORT` or `unix:PATH`.

    Raises:
        LocalProtocolError: if it is neither.
    """
    address: Address | None
    if not isinstance(target, str):
        address = _command(tuple(target))
    elif target.lower().startswith(_HTTP):
        address = Url.parse(target)
    elif target.startswith("unix:"):
        address = _unix_address(unquote(target.removeprefix("unix:").removeprefix("//")))
    else:
        address = _tcp_address(target)
    if address is None:
        raise LocalProtocolError(f"connect({target[:80]!r}): {_COMMAND}, or {_ADDRESSES}")
    return address


def no_target(target: object, streams: str) -> LocalProtocolError:
    """Return the error that says what `connect` takes.

    Args:
        target: what it was given.
        streams: the streams that it takes, in words.
    """
    return LocalProtocolError(
        f"connect({repr(target)[:80]}): {_COMMAND}, {_ADDRESSES}, a Server, or {streams}"
    )


def check_goes_with(address: Address | None, *, for_command: bool, tls: JSON, for_url: bool) -> None:
    """Refuse what does not go with the target of `connect`.

    Args:
        address: where the target leads; None for what has no address.
        for_command: whether something is said that goes with a command: env, cwd or stderr.
        tls: how TLS is verified: an `ssl.SSLContext` for clients, or None if nothing is said.
        for_url: whether headers are said.

    Raises:
        LocalProtocolError: something is said that does not go with it, or that verifies no TLS.
    """
    is_tls = isinstance(address, TcpAddress) and address.tls
    if for_command and not isinstance(address, Command):
        raise LocalProtocolError("connect(): env, cwd and stderr go with a command; found another target")
    if tls is not None and not is_tls and not (isinstance(address, Url) and address.scheme == "https"):
        raise LocalProtocolError(
            "connect(): ssl goes with https://HOST:PORT/PATH or tls://HOST:PORT; found another target"
        )
    if for_url and not isinstance(address, Url):
        raise LocalProtocolError("connect(): headers go with a URL; found another target")
    if tls is not None and not hasattr(tls, "wrap_bio"):
        raise LocalProtocolError(f"connect(): ssl: expected an ssl.SSLContext, found {tls!r:.80}")
    if getattr(getattr(tls, "protocol", None), "name", None) == "PROTOCOL_TLS_SERVER":
        raise LocalProtocolError(
            "connect(): ssl: expected a context for clients, found one for servers; make it with"
            " ssl.create_default_context()"
        )


def url_at(address: TcpAddress | UnixAddress, path: str) -> Url:
    """Return the URL of what is served over HTTP at an address.

    Args:
        address: where it is listened on.
        path: the path of the endpoint.
    """
    if isinstance(address, UnixAddress):
        return Url(scheme="http+unix", host=address.path, port=0, target=path)
    return Url(scheme="https" if address.tls else "http", host=address.host, port=address.port, target=path)


def no_connection(address: TcpAddress | UnixAddress, error: BaseException) -> ConnectionError:
    """Return the error that says where nobody could be reached, why, and what to look at.

    Args:
        address: what was dialled.
        error: what came of it; of several attempts a group of errors is its cause.
    """
    cause = error.__cause__
    tried = cause.exceptions if isinstance(cause, BaseExceptionGroup) else (cause or error,)
    words = "; ".join(str(each) for each in tried)
    kinds = {kind.__name__ for each in tried for kind in type(each).__mro__}
    # asyncio tells of several attempts in one text.
    kinds |= {"ConnectionRefusedError"} if f"[Errno {ECONNREFUSED}]" in words else set()
    hint = next((f"; {hint}" for kind, hint in _HINTS if kind in kinds), "")
    return ConnectionError(f"cannot connect to {address}: {words}{hint}")


def _command(words: tuple[str, ...]) -> Command | None:
    if not words or not all(isinstance(word, str) and _is_sayable(word) for word in words):
        return None
    return Command(words=words)


def _unix_address(path: str) -> UnixAddress | None:
    return UnixAddress(path=path) if path and _is_sayable(path) else None


def _tcp_address(target: str) -> TcpAddress | None:
    try:
        parts = urlsplit(target)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if not target.startswith(("tcp://", "tls://")) or not host or not is_name(host) or port is None:
        return None
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        return None
    return TcpAddress(host=host, port=port, tls=parts.scheme == "tls")


def _is_sayable(text: str) -> bool:
    """Say whether an operating system takes it as a word of a command or as a path."""
    try:
        text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def environment_for_server(ours: Mapping[str, str], added: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a server that is started: a few variables of ours, and what the user adds.

    Args:
        ours: the environment of this process.
        added: what the user adds.
    """
    return {**{name: ours[name] for name in PASSED_ON if name in ours}, **(added or {})}
