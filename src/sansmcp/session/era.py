"""The era of each message: one pure function, and the only code that knows `io.modelcontextprotocol/*`.

A modern request describes itself in its `_meta`; what is legal, who the client is and what it can do
are read from there and handed on as typed values, so no other module reads or writes those keys.

Source: revisions 2024-11-05 to 2025-11-25, Lifecycle; 2026-07-28, Versioning and `_meta`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias, get_args

import attrs

from sansmcp import schema
from sansmcp.schema import (
    HEADER_MISMATCH,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    LATEST_MODERN,
    LEGACY_REVISIONS,
    METHOD_NOT_FOUND,
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    MODERN_REVISIONS,
    PARSE_ERROR,
    UNSUPPORTED_PROTOCOL_VERSION,
    Codec,
    Era,
    Kind,
    MethodTable,
    Revision,
    SchemaError,
    Side,
    codec_for,
)
from sansmcp.values import ABSENT, JSON, Absent, ProgressToken, RequestId, Value
from sansmcp.wire import Request

_PREFIX: Final = "io.modelcontextprotocol/"
_PROTOCOL_VERSION: Final = _PREFIX + "protocolVersion"
_CLIENT_CAPABILITIES: Final = _PREFIX + "clientCapabilities"
_CLIENT_INFO: Final = _PREFIX + "clientInfo"
_LOG_LEVEL: Final = _PREFIX + "logLevel"
_SERVER_INFO: Final = _PREFIX + "serverInfo"
_SUBSCRIPTION_ID: Final = _PREFIX + "subscriptionId"

LOG_LEVELS: Final[Mapping[str, int]] = {
    level: rank for rank, level in enumerate(get_args(schema.LoggingLevel))
}
"""The levels of log messages and how severe they are."""

MODERN_CODES: Final = frozenset(
    {
        PARSE_ERROR,
        INVALID_REQUEST,
        METHOD_NOT_FOUND,
        INVALID_PARAMS,
        INTERNAL_ERROR,
        HEADER_MISMATCH,
        MISSING_REQUIRED_CLIENT_CAPABILITY,
        UNSUPPORTED_PROTOCOL_VERSION,
    }
)
"""Of the range that JSON-RPC reserves, what the modern era gives a meaning (2026-07-28, Error Codes)."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ModernRequest(Value):
    """What a modern request says of itself."""

    revision: Revision
    """The revision it speaks."""
    capabilities: schema.ClientCapabilities
    """What its client can do."""
    client_info: schema.Implementation | None
    """Who its client says it is."""
    log_level: schema.LoggingLevel | None
    """The least severe level of log messages it wants; None for none."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Refusal(Value):
    """Why a request cannot be served, as the error to answer with."""

    code: int
    """The code of the JSON-RPC error."""
    message: str
    """Its message."""
    data: JSON | Absent = ABSENT
    """Its data."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class HeaderClaims(Value):
    """What the headers of a POST say of the request in its body (2026-07-28, Streamable HTTP)."""

    version: str | None = None
    """The value of `MCP-Protocol-Version`; None where it is missing or doubled."""
    fault: str | None = None
    """What is wrong with the headers that a modern request must have; None for nothing."""
    conflict: str | None = None
    """Which of `Mcp-Method`, `Mcp-Name` and `Mcp-Param-*` is unlike the body, and how; None for none."""


_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Classified: TypeAlias = Era | ModernRequest | Refusal
"""`Era.LEGACY`, or what a modern request says of itself, or why it cannot be served."""


class RequestReader:
    """Decides the era of requests to a server that supports some revisions.

    The answer depends on the arguments alone; what is kept is what the last client said of itself,
    because clients say the same with every request.

    Args:
        supported: the revisions the server speaks.
        methods: the method table.
    """

    def __init__(self, supported: Sequence[Revision], methods: MethodTable) -> None:
        self._supported = tuple(sorted(supported))
        self._methods = methods
        self._serves_legacy = self._supported[0] in LEGACY_REVISIONS
        self._memo: tuple[tuple[JSON, ...], ModernRequest] | None = None

    def is_modern(self, message: Request, bound: Revision | None, claims: HeaderClaims | None = None) -> bool:
        """Say whether a request is to be read as a modern one, whatever is wrong with it then.

        Args:
            message: the request.
            bound: the revision of the legacy session it is bound to, or None.
            claims: what the headers say of it; None where there are none.
        """
        # What was parsed has dicts for objects; to ask the abstract class would cost more than the rest.
        meta = None if message.params is None else message.params.get("_meta")
        return (
            (type(meta) is dict and (_PROTOCOL_VERSION in meta or _CLIENT_CAPABILITIES in meta))
            or not self._serves_legacy
            or (claims is not None and _names_modern(claims.version))
            or (bound is None and self._is_modern_only(message.method))
        )

    def read(
        self, message: Request, bound: Revision | None, claims: HeaderClaims | None = None
    ) -> Classified:
        """Decide the era of a request and check what a modern one must say of itself.

        Args:
            message: the request.
            bound: the revision of the legacy session it is bound to, or None.
            claims: what the headers say of it; None where there are none, as on stdio.

        Returns:
            `Era.LEGACY`, the typed `_meta` of a modern request, or the error to answer with.
        """
        if not self.is_modern(message, bound, claims):
            return Era.LEGACY
        opens = message.method == "initialize"
        if claims is not None and claims.fault is not None:
            return self._refuse_headers(claims.fault, opens=opens)
        if opens:
            return self._refuse_initialize()
        meta = None if message.params is None else message.params.get("_meta")
        return self._read_modern(meta if type(meta) is dict else {}, claims)

    def _refuse_headers(self, fault: str, *, opens: bool = False) -> Refusal:
        # A legacy client that opens a session must learn what is spoken here, whatever is wrong with it.
        newest_first = sorted(self._supported, reverse=True)
        message = f"{fault}; this server speaks {', '.join(newest_first)}" if opens else fault
        return Refusal(
            code=HEADER_MISMATCH, message=message, data={"supported": newest_first} if opens else ABSENT
        )

    def _refuse_initialize(self) -> Refusal:
        # A legacy client has no way forward; this message may be all that its user gets to see
        # (2026-07-28, Versioning, Backward Compatibility).
        newest_first = sorted(self._supported, reverse=True)
        versions = ", ".join(newest_first)
        return Refusal(
            code=METHOD_NOT_FOUND,
            message=f"initialize is not available: this server speaks {versions}",
            data={"supported": newest_first},
        )

    def _is_modern_only(self, method: str) -> bool:
        if MODERN_REVISIONS[-1] not in self._supported:
            return False
        modern = self._methods.lookup(method, LATEST_MODERN, Side.CLIENT, Kind.REQUEST)
        return modern is not None and modern.since >= MODERN_REVISIONS[0]

    def _read_modern(self, meta: Mapping[str, JSON], claims: HeaderClaims | None) -> Classified:
        version, capabilities = meta.get(_PROTOCOL_VERSION), meta.get(_CLIENT_CAPABILITIES)
        if type(version) is not str:
            found = repr(version)[:80] if _PROTOCOL_VERSION in meta else "nothing"
            return _missing_member(_PROTOCOL_VERSION, found)
        if type(capabilities) is not dict:
            found = repr(capabilities)[:80] if _CLIENT_CAPABILITIES in meta else "nothing"
            return _missing_member(_CLIENT_CAPABILITIES, found)
        if claims is not None:
            if claims.version != version:
                found = f"the body names {version[:80]!r}, the header {(claims.version or '')[:80]!r}"
                return self._refuse_headers(f"MCP-Protocol-Version: {found}")
            if claims.conflict is not None:
                return self._refuse_headers(claims.conflict)
        said = (version, capabilities, meta.get(_CLIENT_INFO), meta.get(_LOG_LEVEL))
        if self._memo is not None and self._memo[0] == said:
            return self._memo[1]
        if version not in self._supported or version not in MODERN_REVISIONS:
            return unsupported_version(version, self._supported)
        classified = _structure(meta, version)
        if isinstance(classified, ModernRequest):
            self._memo = (said, classified)
        return classified


def _names_modern(version: str | None) -> bool:
    """Say whether a version is the first modern one or a later one, spoken here or not."""
    return version is not None and _DATE.fullmatch(version) is not None and version >= MODERN_REVISIONS[0]


def is_log_level(value: JSON) -> bool:
    """Say whether a value is the name of a level of log messages."""
    return type(value) is str and value in LOG_LEVELS


def _structure(meta: Mapping[str, JSON], revision: Revision) -> ModernRequest | Refusal:
    codec = codec_for(revision)
    level = meta.get(_LOG_LEVEL)
    info = meta.get(_CLIENT_INFO)
    try:
        capabilities = codec.structure(schema.ClientCapabilities, meta[_CLIENT_CAPABILITIES])
        client_info = None if info is None else codec.structure(schema.Implementation, info)
    except SchemaError as error:
        return Refusal(code=INVALID_PARAMS, message=f"_meta: {error}")
    if level is not None and not is_log_level(level):
        found = repr(level)[:80]
        return Refusal(
            code=INVALID_PARAMS, message=f"_meta[{_LOG_LEVEL!r}]: expected a log level, found {found}"
        )
    return ModernRequest(
        revision=revision, capabilities=capabilities, client_info=client_info, log_level=level
    )


def _missing_member(name: str, found: str) -> Refusal:
    expected = "a string" if name == _PROTOCOL_VERSION else "an object"
    return Refusal(code=INVALID_PARAMS, message=f"params._meta[{name!r}]: expected {expected}, found {found}")


def unsupported_version(requested: str, supported: Sequence[Revision]) -> Refusal:
    """Build the error that names the supported versions, newest first.

    All of them, so that a client can fall back to a legacy one; but where it named a legacy one in a
    modern request, only the modern ones if there are any.

    Args:
        requested: the version that the client named.
        supported: the versions that the server speaks.

    Returns:
        The error -32022 with `supported` and `requested` in its data.
    """
    newest_first = sorted(supported, reverse=True)
    if requested in LEGACY_REVISIONS and newest_first[0] in MODERN_REVISIONS:
        # A client that tries again with one of these must not name another that no modern request may name.
        newest_first = [revision for revision in newest_first if revision in MODERN_REVISIONS]
    return Refusal(
        code=UNSUPPORTED_PROTOCOL_VERSION,
        message=f"protocol version {requested[:80]!r} is not supported; supported: {', '.join(newest_first)}",
        data={"supported": newest_first, "requested": requested},
    )


def is_modern_refusal(code: int) -> bool:
    """Say whether only a modern server answers with this code."""
    return code in (HEADER_MISMATCH, MISSING_REQUIRED_CLIENT_CAPABILITY, UNSUPPORTED_PROTOCOL_VERSION)


def supported_by_error(code: int, data: JSON | Absent, *, any_code: bool = False) -> tuple[str, ...] | None:
    """Read the versions out of an error, where it proves that the server is modern.

    Args:
        code: the code of the error.
        data: its data.
        any_code: whether to read them from any error: a modern server that knows no `initialize` names
            them under a code of its choice.

    Returns:
        The versions the server names, or None if the error is not of the modern era.
    """
    if (code != UNSUPPORTED_PROTOCOL_VERSION and not any_code) or not isinstance(data, Mapping):
        return None
    supported = data.get("supported")
    if not isinstance(supported, list):
        return None
    return tuple(version for version in supported if type(version) is str)


class RequestStamp:
    """Writes what a modern request must say of itself into its `_meta`.

    Args:
        revision: the modern revision that is spoken.
        capabilities: what the client can do.
        info: who the client is.
    """

    def __init__(
        self, revision: Revision, capabilities: schema.ClientCapabilities, info: schema.Implementation
    ) -> None:
        codec = codec_for(revision)
        self._members: dict[str, JSON] = {
            _PROTOCOL_VERSION: revision,
            _CLIENT_INFO: codec.unstructure(info),
            _CLIENT_CAPABILITIES: codec.unstructure(capabilities),
        }

    def stamp(
        self, params: Mapping[str, JSON], log_level: schema.LoggingLevel | None = None
    ) -> dict[str, JSON]:
        """Return the params with the protocol's members in `_meta`; the caller's other members stay."""
        meta = {**(params.get("_meta") or {}), **self._members}
        if log_level is not None:
            meta[_LOG_LEVEL] = log_level
        return {**params, "_meta": meta}


def stamp_result(result: dict[str, JSON], server_info: JSON) -> dict[str, JSON]:
    """Write the server's identity and the type of the result into a modern result, in place.

    Args:
        result: the JSON object of the result.
        server_info: the JSON object of the server's implementation.

    Returns:
        The same object.
    """
    if "resultType" not in result:
        result["resultType"] = "complete"
    meta = result.get("_meta")
    result["_meta"] = {_SERVER_INFO: server_info} if meta is None else {_SERVER_INFO: server_info, **meta}
    return result


def stamp_subscription(params: dict[str, JSON], subscription_id: RequestId) -> dict[str, JSON]:
    """Write the subscription that a message belongs to into its `_meta`, in place.

    Args:
        params: the JSON object of a notification's params or of a result.
        subscription_id: the id of the `subscriptions/listen` request.

    Returns:
        The same object.
    """
    params["_meta"] = {**(params.get("_meta") or {}), _SUBSCRIPTION_ID: subscription_id}
    return params


def subscription_of(params: Mapping[str, JSON] | None) -> RequestId | None:
    """Return the subscription that a notification or result belongs to, or None."""
    meta = None if params is None else params.get("_meta")
    found = meta.get(_SUBSCRIPTION_ID) if isinstance(meta, Mapping) else None
    return found if type(found) in (str, int) else None


def progress_token_of(message: Request) -> ProgressToken | None:
    """Return where progress of a request may be told, or None if it does not ask for any."""
    meta = None if message.params is None else message.params.get("_meta")
    token = meta.get("progressToken") if type(meta) is dict else None
    return token if type(token) in (str, int) else None


def server_info_of(meta: Mapping[str, JSON] | None, codec: Codec) -> schema.Implementation | None:
    """Return who the server says it is, from the `_meta` of a result; None if it does not say."""
    found = None if meta is None else meta.get(_SERVER_INFO)
    if found is None:
        return None
    try:
        return codec.structure(schema.Implementation, found)
    except SchemaError:
        # It is for display only: a bad one is no reason to fail.
        return None


def newest_common(offered: Sequence[str], ours: Sequence[Revision]) -> Revision | None:
    """Return the newest revision that both sides name, or None."""
    common: list[Revision] = [revision for revision in ours if revision in offered]
    return max(common, default=None)
