"""What a side declared that it can do: the one place that reads capabilities by path."""

import re
from collections.abc import Mapping
from typing import Final, TypeAlias

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import Revision, codec_for
from sansmcp.schema.conversations import imbalance
from sansmcp.values import JSON
from sansmcp.wire import Notification, encode

# 2026-07-28, Base Protocol, `_meta`: labels and dots, a slash, a name. An extension must have the prefix.
_LABEL: Final = r"[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_NAME: Final = r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)?"
_EXTENSION_ID: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*/{_NAME}")

Capabilities: TypeAlias = schema.ClientCapabilities | schema.ServerCapabilities


NOT_ASKED: Final = "nothing but answers reaches this client"
"""Why a client cannot be asked, whatever it declared."""


class MissingCapability(LocalProtocolError):
    """Our side asked for something that the peer did not declare it can do.

    Args:
        what: what was asked for.
        path: the dotted path of the capability, as the specification writes it.
        can_ask: whether questions reach the peer at all; if not, what it declared counts for nothing.
    """

    def __init__(self, what: str, path: str, *, can_ask: bool = True) -> None:
        found = (
            f"the peer did not declare the capability {path!r}"
            if can_ask
            else f"{NOT_ASKED}, so nothing can be asked that needs {path!r}; "
            "questions need a session whose responses may be streams, or a client of 2026-07-28"
        )
        super().__init__(f"{what}: {found}")
        self.path = path
        self.can_ask = can_ask

    @property
    def required(self) -> dict[str, JSON]:
        """The capabilities object that would have been enough, as JSON."""
        required: dict[str, JSON] = {}
        for name in reversed(self.path.split(".")):
            required = {name: required}
        return required


def declares(capabilities: Capabilities, path: str) -> bool:
    """Say whether a capability was declared.

    Args:
        capabilities: what a side declared.
        path: the dotted path, as the specification writes it, such as `resources.subscribe`.

    Returns:
        True if every member on the path is there and not false; an empty object counts as declared.
    """
    found: JSON = capabilities
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else getattr(found, _snake_case(name), None)
        if found is None or found is False:
            return False
    return True


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", lambda letter: "_" + letter[1].lower(), name)


def check_declared(
    revision: Revision,
    info: schema.Implementation,
    capabilities: Capabilities,
    instructions: str | None = None,
) -> None:
    """Check what our side says of itself, so that no message of the peer finds it unsayable.

    Args:
        revision: the newest revision that our side speaks.
        info: who it is.
        capabilities: what it can do.
        instructions: how it wants to be used.

    Raises:
        LocalProtocolError: it cannot be said, or the id of an extension has no prefix or is of another form
            than a key of `_meta` (2026-07-28, Versioning, Extension Negotiation).
    """
    for name in capabilities.extensions or ():
        if _EXTENSION_ID.fullmatch(name) is None:
            raise LocalProtocolError(
                f"extension {name!r:.80}: expected a prefix of labels and a name, as in 'com.example/thing'"
            )
    codec = codec_for(revision)
    said = {"info": codec.unstructure(info), "capabilities": codec.unstructure(capabilities)}
    encode(Notification(method="", params={**said, "instructions": instructions}))


def shared_extensions(ours: Capabilities, theirs: Capabilities) -> Mapping[str, JSON]:
    """Return what the other side says of the extensions that both sides declared, by their ids."""
    if not ours.extensions or not theirs.extensions:
        return {}
    return {name: settings for name, settings in theirs.extensions.items() if name in ours.extensions}


def check_askable(
    what: str,
    capabilities: schema.ClientCapabilities,
    request: schema.InputRequest,
    *,
    can_ask: bool,
) -> None:
    """Check that a client can be asked a question.

    Args:
        what: what is done, for the error.
        capabilities: what the client declared.
        request: the question.
        can_ask: whether questions reach the client at all.

    Raises:
        MissingCapability: it cannot.
    """
    wanted = _wanted(capabilities, request.params, request.method)
    if not can_ask or (wanted is not None and not declares(capabilities, wanted)):
        raise MissingCapability(f"{what}: {request.method}", wanted or request.method, can_ask=can_ask)


def missing_for_input(
    capabilities: schema.ClientCapabilities, params: JSON, method: str | None = None
) -> str | None:
    """Return the capability that a client lacks to answer a question, or None if it has what it takes.

    Args:
        capabilities: what the client declared.
        params: the typed params of the question; None where it has none.
        method: its method, which says what is asked where there are no params.

    Source: 2025-11-25 and 2026-07-28, Elicitation, Capabilities; Sampling, Capabilities.
    """
    wanted = _wanted(capabilities, params, method)
    return None if wanted is None or declares(capabilities, wanted) else wanted


def check_sampling(
    params: schema.CreateMessageRequestParams,
    capabilities: schema.ClientCapabilities,
    revision: Revision,
    command: str,
) -> None:
    """Check what a server may ask of a client's model.

    Args:
        params: the question.
        capabilities: what the client declared.
        revision: the revision that is spoken.
        command: what asks, for the error.

    Raises:
        MissingCapability: it wants the context of servers of a client that did not declare it.
        LocalProtocolError: a call of a tool has no result, or a result no call.

    Source: 2025-11-25 and 2026-07-28, Sampling, Capabilities, and Message Content Constraints.
    """
    wants_context = params.include_context not in (None, "none")
    if wants_context and revision >= "2025-11-25" and not declares(capabilities, "sampling.context"):
        what = f"{command}: include_context={params.include_context!r}"
        raise MissingCapability(what, "sampling.context")
    fault = imbalance(params.messages)
    if fault is not None:
        raise LocalProtocolError(f"{command}: {fault}")


def _wanted(capabilities: schema.ClientCapabilities, params: JSON, method: str | None) -> str | None:
    match params:
        case schema.ElicitRequestURLParams():
            return "elicitation.url"
        case schema.ElicitRequestFormParams():
            # `elicitation: {}` means form only; one that names url alone does not do forms.
            return "elicitation.form" if declares(capabilities, "elicitation.url") else "elicitation"
        case schema.CreateMessageRequestParams():
            with_tools = params.tools is not None or params.tool_choice is not None
            return "sampling.tools" if with_tools else "sampling"
        case schema.ListRootsRequestParams():
            return "roots"
        case _:
            # A question of somebody's own needs what its row in the method table says.
            return "roots" if method == "roots/list" else None
