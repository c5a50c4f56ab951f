"""Who and what is let in by the head of a request alone."""

from collections.abc import Sequence
from typing import Final

import attrs

from sansmcp.http.heads import RequestHead, ResponseHead
from sansmcp.http.refusals import Refused
from sansmcp.http.server.checks import (
    VERSION,
    Place,
    check_accept,
    check_listener,
    check_post,
    check_single,
    check_sizes,
    is_modern_version,
    not_allowed,
)
from sansmcp.http.settings import HttpOptions
from sansmcp.schema import Revision
from sansmcp.values import Value

_MOST_KNOWN: Final = 256
_MOST_BYTES: Final = 2048


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Judged(Value):
    """What the head of a request leads to."""

    place: Place = Place.ENDPOINT
    """What it is for."""
    refused: Refused | None = None
    """Why it is refused; None if it is not."""
    fields: tuple[tuple[str, str], ...] = ()
    """The header fields that its response has whatever it says."""
    preflight: ResponseHead | None = None
    """The response, where a browser asks whether it may send a request."""


class Gate:
    """Judges the heads of requests; it depends on nothing but them and the options.

    Args:
        options: how the endpoint is set up.
        legacy: the legacy revisions that are spoken.
    """

    def __init__(self, options: HttpOptions, legacy: Sequence[Revision]) -> None:
        self._options = options
        self._legacy = tuple(legacy)
        # Clients say the same with every request.
        self._known: dict[tuple[str, str, str, tuple[tuple[str, str], ...]], Judged] = {}

    def judge(self, head: RequestHead) -> Judged:
        """Say what the head of a request leads to.

        Args:
            head: the head.
        """
        key = (head.method, head.target, head.mount, head.headers.lines)
        known = self._known.get(key)
        if known is not None:
            return known
        judged = self._judge(head)
        # What is secret is not kept.
        if judged.refused is None and "authorization" not in head.headers and _size(head) < _MOST_BYTES:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[key] = judged
        return judged

    def _judge(self, head: RequestHead) -> Judged:
        options = self._options
        refused = check_sizes(head, options.limits) or options.policy.check(head)
        if refused is not None:
            return Judged(refused=refused)
        fields = options.policy.cors(head)
        preflight = options.policy.preflight(head)
        if preflight is not None:
            return Judged(preflight=preflight)
        place = self._place(head)
        if place is None:
            text = f"the path is {head.target!r:.80}; expected {options.path or 'one from /'}"
            return Judged(refused=Refused(status=404, reason=text), fields=fields)
        refused = check_single(head.headers) or self._check_at(head, place)
        return Judged(place=place, refused=refused, fields=fields)

    def _place(self, head: RequestHead) -> Place | None:
        options = self._options
        if not head.target.startswith("/"):
            # Of another scheme, or no path at all.
            return None
        path = head.target.partition("?")[0].removeprefix(head.mount)
        # Where it is mounted is its own place, too.
        if head.mount and path in {"", "/"}:
            return Place.ENDPOINT
        is_mounted = options.path is None
        if options.http_sse and self._legacy:
            for place, known in ((Place.SSE, options.sse_path), (Place.MESSAGES, options.messages_path)):
                if path == known or (is_mounted and path.endswith(known)):
                    return place
        return Place.ENDPOINT if is_mounted or path == options.path else None

    def _check_at(self, head: RequestHead, place: Place) -> Refused | None:
        options = self._options
        method = head.method
        if place is Place.SSE:
            return check_listener(head) if method == "GET" else not_allowed("GET")
        if place is Place.MESSAGES:
            return check_post(head, options) if method == "POST" else not_allowed("POST")
        if method == "POST":
            accepted = head.headers.all("accept")
            return check_post(head, options) or check_accept(accepted, answers_only=options.answers_only)
        allowed = self._allowed(head)
        if method not in allowed:
            return not_allowed(*allowed)
        return check_listener(head) if method == "GET" else None

    def _allowed(self, head: RequestHead) -> tuple[str, ...]:
        if not self._legacy or not self._options.sessions or is_modern_version(head.headers.get(VERSION)):
            return ("POST",)
        return ("POST", "DELETE") if self._options.answers_only else ("POST", "GET", "DELETE")


def _size(head: RequestHead) -> int:
    return len(head.target) + sum(len(name) + len(value) for name, value in head.headers.lines)
