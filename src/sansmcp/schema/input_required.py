"""Input required: a result of 2026-07-28 that asks the client for something before it can be given."""

from collections.abc import Mapping
from typing import ClassVar, Literal, TypeAlias

import attrs

from sansmcp.schema.elicitation import ElicitRequestFormParams, ElicitRequestURLParams, ElicitResult
from sansmcp.schema.members import Meta, Span, member
from sansmcp.schema.roots import ListRootsRequestParams, ListRootsResult
from sansmcp.schema.sampling import CreateMessageRequestParams, CreateMessageResult
from sansmcp.values import JSON, Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class InputRequest(Value):
    """One question to the client: a request without an envelope and without an id."""

    SPAN: ClassVar[Span] = Span(since="2026-07-28")

    method: Literal["sampling/createMessage", "elicitation/create", "roots/list"]
    """What is asked for."""
    params: (
        CreateMessageRequestParams
        | ElicitRequestFormParams
        | ElicitRequestURLParams
        | ListRootsRequestParams
        | None
    ) = None
    """Its params, of the type that belongs to the method; only `roots/list` does without."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


InputRequests: TypeAlias = Mapping[str, InputRequest]
"""Questions to the client, by the server's keys."""

InputResponse: TypeAlias = CreateMessageResult | ElicitResult | ListRootsResult
"""The answer to one question; which one it is shows in its members."""

InputResponses: TypeAlias = Mapping[str, InputResponse]
"""Answers of the client, under the keys of the questions."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class InputRequiredResult(Value):
    """A result that is none yet: answer the questions and send the request again, with a new id."""

    SPAN: ClassVar[Span] = Span(since="2026-07-28")

    input_requests: InputRequests | None = None
    """The questions; where there are none the request may be sent again at once."""
    request_state: str | None = None
    """What to send back, unread and unchanged."""
    result_type: str = attrs.field(default="input_required", metadata=member(required_since="2026-07-28"))
    """How to read the result."""
    meta: Meta | None = None
    """What travels beside the result."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""
