"""How a client learns what its server speaks: the probe, the handshake, or a finding told in advance.

A server that answers `server/discover`, or refuses it with an error of the modern era, is modern.
Any other error, and silence, mean legacy; the verdict hangs on no single code.

Source: 2026-07-28, stdio, Backward Compatibility, and Versioning; the Lifecycle page of the others.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import get_args

import attrs

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import (
    HEADER_MISMATCH,
    LEGACY_REVISIONS,
    METHOD_NOT_FOUND,
    METHODS,
    MODERN_REVISIONS,
    REVISIONS,
    Codec,
    Era,
    Kind,
    Method,
    MethodTable,
    Revision,
    Side,
    codec_for,
    era_of,
)
from sansmcp.session.calling import CallingSession
from sansmcp.session.calls import Call, Outcome, Purpose
from sansmcp.session.capabilities import check_declared, shared_extensions
from sansmcp.session.era import (
    RequestStamp,
    is_log_level,
    is_modern_refusal,
    newest_common,
    server_info_of,
    supported_by_error,
)
from sansmcp.session.events import (
    CallHandle,
    ClientEvent,
    Connected,
    Disconnected,
    MessageDropped,
    ProtocolViolated,
    RequestFailed,
    RequestTimedOut,
    ResponseReceived,
)
from sansmcp.session.legacy_listening import LegacyListening
from sansmcp.session.questions import Questions
from sansmcp.session.settings import KeepAlive, SessionLimits, Timeouts
from sansmcp.session.sharing import checked_revisions
from sansmcp.session.states import (
    DETECTION,
    DetectionInput,
    DetectionState,
    Effect,
    LinkInput,
    LinkState,
    RequestInput,
    Step,
)
from sansmcp.values import JSON, RequestId, Value
from sansmcp.wire import Notification, Request


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Finding(Value):
    """What a client learned about a server: keep it, and the next connection needs no probe."""

    revision: Revision
    """The newest revision that both speak."""
    capabilities: schema.ServerCapabilities
    """What the server can do."""
    server_info: schema.Implementation | None = None
    """Who the server says it is."""
    instructions: str | None = None
    """How the server wants to be used."""


class Negotiation(CallingSession[ClientEvent]):
    """One server, while its era is being found; see `ClientSession` for the arguments."""

    def __init__(
        self,
        *,
        info: schema.Implementation,
        capabilities: schema.ClientCapabilities | None = None,
        revisions: Sequence[Revision] = REVISIONS,
        finding: Finding | None = None,
        log_level: schema.LoggingLevel | None = None,
        methods: MethodTable = METHODS,
        timeouts: Timeouts | None = None,
        limits: SessionLimits | None = None,
        keep_alive: KeepAlive | None = None,
        strict: bool = False,
        handles: Iterator[int] | None = None,
    ) -> None:
        super().__init__(
            side=Side.CLIENT,
            revisions=checked_revisions(revisions),
            methods=methods,
            timeouts=timeouts,
            limits=limits,
            keep_alive=keep_alive,
            handles=handles,
        )
        if finding is not None and finding.revision not in self._revisions:
            ours = ", ".join(self._revisions)
            raise LocalProtocolError(f"finding: expected one of {ours}, found {finding.revision!r}")
        if log_level is not None and not is_log_level(log_level):
            levels = ", ".join(get_args(schema.LoggingLevel))
            raise LocalProtocolError(f"log_level: expected one of {levels}, found {log_level!r:.80}")
        self._info = info
        self._capabilities = capabilities or schema.ClientCapabilities()
        check_declared(self._revisions[-1], info, self._capabilities)
        self._finding = finding
        self._log_level: schema.LoggingLevel | None = log_level
        self._strict = strict
        self._detection = DetectionState.UNKNOWN
        self._stamp: RequestStamp | None = None
        self._server_capabilities = schema.ServerCapabilities()
        self._offer: Revision | None = None
        self._unproven = finding is not None
        self._spoken: Codec | None = None
        self._held: dict[Call, RequestFailed | None] = {}
        self._questions = Questions()
        self._listening: set[CallHandle] = set()
        self._ended_listening: dict[RequestId | None, None] = {}
        self._legacy_listening = LegacyListening()
        self._probed_again = False
        self._left_while_probing = False

    @property
    def revisions(self) -> tuple[Revision, ...]:
        """What this side speaks, oldest first."""
        return self._revisions

    @property
    def detection(self) -> DetectionState:
        """What is known of the server's era."""
        return self._detection

    @property
    def finding(self) -> Finding | None:
        """What was learned about the server, or told in advance; None before that."""
        return self._finding

    @property
    def server_capabilities(self) -> schema.ServerCapabilities:
        """What the server can do; nothing before `Connected`."""
        return self._server_capabilities

    @property
    def extensions(self) -> Mapping[str, JSON]:
        """What the server says of the extensions that both sides declared, by their ids."""
        return shared_extensions(self._capabilities, self._server_capabilities)

    def connect(self, now: float) -> None:
        """Begin: ask for the server's era, or go by what was told in advance.

        Afterwards drain actions(), next_event() and next_deadline(), until `Connected` or `Disconnected`
        comes.

        Raises:
            LocalProtocolError: if it was called before.
        """
        self._advance(now)
        if self._detection is not DetectionState.UNKNOWN:
            raise LocalProtocolError("connect(): a session connects once", state=self._detection.value)
        if self._finding is not None and self._finding.revision in MODERN_REVISIONS:
            self._codec = codec_for(self._finding.revision)
            self._detect(DetectionInput.CONNECT_MODERN)
        elif self._finding is not None or self._revisions[-1] in LEGACY_REVISIONS:
            self._offer = self._revisions[-1] if self._finding is None else self._finding.revision
            self._detect(DetectionInput.CONNECT_LEGACY)
        else:
            self._detect(DetectionInput.CONNECT_PROBING)

    # The state of what is known

    def _detect(self, happened: DetectionInput, reason: str = "") -> None:
        effect, self._detection = DETECTION[self._detection][happened]
        match effect:
            case Effect.PROBE:
                self._probe()
            case Effect.HANDSHAKE:
                self._handshake()
            case Effect.CONNECT:
                self._connected()
            case _:
                self._step_link(LinkInput.GIVE_UP, reason)

    def _ask(
        self,
        method: str,
        params: JSON,
        codec: Codec,
        *,
        purpose: Purpose,
        deliver: Callable[[Call, Outcome], None],
        timeout: float,
    ) -> None:
        """Make a call that opens the connection."""
        row = self._methods.lookup(method, codec.revision, Side.CLIENT, Kind.REQUEST)
        if row is None:
            raise AssertionError("unreachable: the table has the methods that open a connection")
        self._start_call(row, params, codec, purpose=purpose, deliver=deliver, timeout=timeout)

    def _request_of(self, call: Call) -> Request:
        request = super()._request_of(call)
        params = request.params or {}
        if era_of(call.codec.revision) is Era.MODERN and self._stamp is not None:
            params = self._stamp.stamp(params, self._log_level)
        if call.wants_progress:
            params = {**params, "_meta": {**params.get("_meta", {}), "progressToken": call.wire_id}}
        return Request(id=request.id, method=request.method, params=params or None)

    # The probe

    def _probe(self) -> None:
        self._codec = None
        modern = codec_for(self._revisions[-1])
        self._stamp = RequestStamp(modern.revision, self._capabilities, self._info)
        self._ask(
            "server/discover",
            schema.RequestParams(),
            modern,
            purpose=Purpose.PROBE,
            deliver=self._probe_answered,
            timeout=self._timeouts.probe,
        )

    def _probe_answered(self, call: Call, outcome: Outcome) -> None:
        if self._link is LinkState.CLOSED:
            return
        if isinstance(outcome, ResponseReceived):
            found: schema.DiscoverResult = outcome.result
            common = newest_common(found.supported_versions, self._revisions)
            if common is None:
                self._no_common_version(found.supported_versions)
            elif common in MODERN_REVISIONS:
                self._codec = codec_for(common)
                self._finding = Finding(
                    revision=common,
                    capabilities=found.capabilities,
                    server_info=server_info_of(found.meta, call.codec),
                    instructions=found.instructions,
                )
                self._detect(DetectionInput.MODERN_EVIDENCE)
            else:
                self._fall_back(common, "it names legacy versions only")
        elif isinstance(outcome, RequestFailed):
            self._probe_refused(outcome)
        else:
            self._fall_back(None, outcome.reason)

    def _probe_refused(self, outcome: RequestFailed) -> None:
        supported = supported_by_error(outcome.code, outcome.data)
        if supported is not None:
            common = newest_common(supported, [r for r in self._revisions if r in LEGACY_REVISIONS])
            if common is None:
                self._no_common_version(supported)
            else:
                self._fall_back(common, outcome.message)
        elif is_modern_refusal(outcome.code):
            self._detect(DetectionInput.REFUSED, f"the server refused server/discover: {outcome.message}")
        else:
            self._fall_back(None, f"it answered server/discover with {outcome.message!r} ({outcome.code})")

    def _fall_back(self, offer: Revision | None, why: str) -> None:
        legacy: list[Revision] = [revision for revision in self._revisions if revision in LEGACY_REVISIONS]
        if not legacy:
            ours = ", ".join(self._revisions)
            self._detect(DetectionInput.REFUSED, f"the server speaks none of {ours}: {why}")
            return
        self._offer = offer or legacy[-1]
        self._detect(DetectionInput.LEGACY_EVIDENCE)

    def _no_common_version(self, theirs: Sequence[str]) -> None:
        ours = ", ".join(self._revisions)
        named = ", ".join(version[:20] for version in theirs[:20]) or "none"
        self._detect(
            DetectionInput.REFUSED, f"no common version: this side speaks {ours}; the server {named}"
        )

    # The handshake

    def _handshake(self) -> None:
        if self._offer is None:
            raise AssertionError("unreachable: a handshake has a version to offer")
        codec = codec_for(self._offer)
        self._speak(Step.INITIALIZE, "initialize")
        params = schema.InitializeRequestParams(
            protocol_version=self._offer, capabilities=self._capabilities, client_info=self._info
        )
        self._ask(
            "initialize",
            params,
            codec,
            purpose=Purpose.HANDSHAKE,
            deliver=self._handshake_answered,
            timeout=self._timeouts.request,
        )

    def _receive_result(self, call: Call, result: Mapping[str, JSON]) -> None:
        if call.purpose is Purpose.HANDSHAKE:
            version = result.get("protocolVersion")
            if version in self._revisions and version in LEGACY_REVISIONS:
                # The answer is written in the version that it names.
                call.codec = codec_for(version)
        self._unproven = False
        super()._receive_result(call, result)

    def _handshake_answered(self, call: Call, outcome: Outcome) -> None:
        if self._link is LinkState.CLOSED:
            return
        if isinstance(outcome, ResponseReceived):
            found: schema.InitializeResult = outcome.result
            if found.protocol_version != call.codec.revision:
                self._no_common_version((found.protocol_version,))
                return
            self._accept(found, call.codec)
        elif isinstance(outcome, RequestFailed):
            self._speak(Step.INITIALIZE_ERROR, "the error for initialize")
            if self._is_modern_after_all(outcome) and self._may_probe():
                self._detect(DetectionInput.PROVED_WRONG)
            else:
                self._detect(
                    DetectionInput.REFUSED,
                    f"the server refused initialize: {outcome.message} ({outcome.code})",
                )
        else:
            self._detect(DetectionInput.REFUSED, outcome.reason)

    def _is_modern_after_all(self, outcome: RequestFailed) -> bool:
        modern: list[Revision] = [revision for revision in self._revisions if revision in MODERN_REVISIONS]
        supported = supported_by_error(outcome.code, outcome.data, any_code=True)
        if supported is not None:
            return newest_common(supported, modern) is not None
        # Without a word of versions only what was told in advance is doubted.
        told = self._finding is not None
        return told and bool(modern) and outcome.code in (HEADER_MISMATCH, METHOD_NOT_FOUND)

    def _may_probe(self) -> bool:
        # Once is enough: a server that contradicts itself must not keep us busy.
        may, self._probed_again = not self._probed_again, True
        return may

    def _accept(self, found: schema.InitializeResult, codec: Codec) -> None:
        self._speak(Step.INITIALIZE_RESULT, "the result of initialize")
        self._codec = codec
        self._finding = Finding(
            revision=codec.revision,
            capabilities=found.capabilities,
            server_info=found.server_info,
            instructions=found.instructions,
        )
        # The server refuses everything else until it has seen this.
        self._send(Notification(method="notifications/initialized"))
        self._speak(Step.INITIALIZED, "notifications/initialized")
        self._detect(DetectionInput.ACCEPTED)
        self._arm_keep_alive()

    def _connected(self) -> None:
        codec, finding = self._codec, self._finding
        if codec is None or finding is None:
            raise AssertionError("unreachable: a connection has a revision and a finding")
        self._codec = self._spoken = codec = codec_for(codec.revision, strict=self._strict)
        if era_of(codec.revision) is Era.MODERN:
            self._stamp = RequestStamp(codec.revision, self._capabilities, self._info)
        self._server_capabilities = finding.capabilities
        self._emit(
            Connected(
                revision=finding.revision,
                era=era_of(finding.revision),
                capabilities=finding.capabilities,
                server_info=finding.server_info,
                instructions=finding.instructions,
            )
        )
        held, self._held = self._held, {}
        for call, failure in held.items():
            self._let_go(call, failure, codec)

    # Calls that meet a finding that proves wrong

    def _end_call(self, call: Call, happened: RequestInput, outcome: Outcome) -> None:
        if not self._unproven or call.purpose not in (Purpose.USER, Purpose.LISTEN):
            super()._end_call(call, happened, outcome)
            return
        if isinstance(outcome, RequestFailed):
            # It may be the call's own error, or what a server of the other era says to it.
            self._hold(call, outcome)
        else:
            super()._end_call(call, happened, outcome)
        doubtful = isinstance(outcome, RequestFailed | RequestTimedOut)
        if doubtful and self._detection is DetectionState.MODERN:
            self._detect(DetectionInput.PROVED_WRONG)

    def _hold(self, call: Call, failure: RequestFailed | None = None) -> None:
        """Keep a call until the era is known."""
        self._calls.retire_wire_id(call)
        self._calls.pause(call, self._now)
        self._held[call] = failure

    def _let_go(self, call: Call, failure: RequestFailed | None, codec: Codec) -> None:
        """Send a call that was held; or tell its error, where the finding has proved right."""
        if failure is not None and codec.revision == call.codec.revision:
            self._end_call(call, RequestInput.ANSWER, failure)
            return
        row = self._methods.lookup(call.method.name, codec.revision, Side.CLIENT, Kind.REQUEST)
        if row is None:
            self._lose_call(call, f"the server speaks {codec.revision}, which has no {call.method.name}")
            return
        call.method, call.codec = row, codec
        self._calls.renumber(call)
        self._calls.resume(call, self._now)
        self._calls.restart_clock(call, self._now)
        try:
            self._dispatch(call)
        except LocalProtocolError as error:
            self._lose_call(call, f"the server speaks {codec.revision}: {error}")

    # Checks

    def _connected_codec(self, command: str) -> Codec:
        if self._detection not in (DetectionState.MODERN, DetectionState.LEGACY) or self._codec is None:
            raise LocalProtocolError(f"{command}: there is no connection", state=self._detection.value)
        return self._codec

    def _row(self, method: str, codec: Codec) -> Method:
        row = self._methods.lookup(method, codec.revision, Side.CLIENT, Kind.REQUEST)
        if row is None:
            known = self._methods.revisions_of(method)
            hint = f"the last revision that has it is {known[-1]}" if known else "no revision has it"
            raise LocalProtocolError(f"send_request({method!r}): {codec.revision} has no such method; {hint}")
        return row

    # Ends

    def _start_draining(self, cause: LinkInput) -> None:
        self._left_while_probing = (
            cause is LinkInput.END_OF_INPUT
            and self._stamp is not None
            and self._detection in (DetectionState.PROBING, DetectionState.HANDSHAKING)
        )
        # Nothing can be finished: the answers cannot come, or are not wanted any more.
        self._drained()

    def _end_session(self, reason: str) -> None:
        self._held.clear()
        self._lose_calls(reason)
        self._speak(Step.END, "the end")
        self._detection = DETECTION[self._detection][DetectionInput.END][1]

    def _disconnected(self, reason: str) -> Disconnected:
        return Disconnected(reason=reason, while_probing=self._left_while_probing)

    def _emit_shared(self, event: Outcome | ProtocolViolated | MessageDropped | Disconnected) -> None:
        self._emit(event)
