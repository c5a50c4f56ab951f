"""What the errors of the specification carry in `data`, and their codes."""

from collections.abc import Mapping
from typing import ClassVar, Final

import attrs

from sansmcp.schema.capabilities import ClientCapabilities
from sansmcp.schema.elicitation import ElicitRequestURLParams
from sansmcp.schema.members import Span
from sansmcp.schema.revisions import LATEST_LEGACY, Revision
from sansmcp.values import JSON, Value

PARSE_ERROR: Final = -32700
"""The text is no JSON."""
INVALID_REQUEST: Final = -32600
"""The JSON is no message, or the message is out of place."""
METHOD_NOT_FOUND: Final = -32601
"""There is no such method here."""
INVALID_PARAMS: Final = -32602
"""The params do not fit the method."""
INTERNAL_ERROR: Final = -32603
"""Something broke on the side that answers."""
RESOURCE_NOT_FOUND: Final = -32002
"""There is no such resource; legacy revisions only."""
URL_ELICITATION_REQUIRED: Final = -32042
"""The user must visit a page first; 2025-11-25 only."""
HEADER_MISMATCH: Final = -32020
"""A header is missing, malformed or unlike the body."""
MISSING_REQUIRED_CLIENT_CAPABILITY: Final = -32021
"""The request needs something that the client did not declare."""
UNSUPPORTED_PROTOCOL_VERSION: Final = -32022
"""The revision that the request names is not spoken here."""


def resource_not_found_code(revision: Revision) -> int:
    """Return the code that tells a peer of a revision that a resource does not exist.

    Source: 2026-07-28, Resources, Error Handling, which gives up the code of the older revisions.
    """
    return RESOURCE_NOT_FOUND if revision <= LATEST_LEGACY else INVALID_PARAMS


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UnsupportedProtocolVersionErrorData(Value):
    """The data of `UNSUPPORTED_PROTOCOL_VERSION`."""

    supported: tuple[str, ...]
    """The revisions that are spoken."""
    requested: str
    """The revision that was asked for."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class MissingRequiredClientCapabilityErrorData(Value):
    """The data of `MISSING_REQUIRED_CLIENT_CAPABILITY`."""

    SPAN: ClassVar[Span] = Span(since="2026-07-28")

    required_capabilities: ClientCapabilities
    """What the client would have to declare."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class URLElicitationRequiredErrorData(Value):
    """The data of `URL_ELICITATION_REQUIRED`."""

    SPAN: ClassVar[Span] = Span(since="2025-11-25", until="2025-11-25")

    elicitations: tuple[ElicitRequestURLParams, ...]
    """The pages to visit."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""
