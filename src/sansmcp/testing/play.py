"""Plays a scenario of the published suite on a harness, and says what a binding did wrong."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, assert_never

import attrs

from sansmcp import schema
from sansmcp.client import Call, ClientSettings, ElicitationHandler, accept, call_tool, decline, walk
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import Era, Revision, Side, era_of
from sansmcp.session import ClientEvent, ClientSession, Event, ServerEvent, ServerSession, Timeouts
from sansmcp.testing import steps
from sansmcp.testing.event_lines import lines_of
from sansmcp.testing.expectations import Answer
from sansmcp.testing.harness import Ended, Harness, Returned, Setup
from sansmcp.testing.steps import Ability, Asked, Scenario, Step
from sansmcp.testing.suite_middleware import CLIENT_MIDDLEWARE
from sansmcp.testing.suite_server import CHANGE, NOTE, SUITE_METHODS
from sansmcp.testing.verdicts import fault_of_end, fault_of_events, fault_of_progress, fault_of_raised
from sansmcp.values import JSON, Value

# Far more than what is under way can need; a call costs a tenth of a millisecond or more.
_MOST_TRIES: Final = 2_000


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Played(Value):
    """What happened, as lines of text that are the same wherever the scenario is played."""

    client: tuple[str, ...]
    """The events of the client, in order."""
    server: tuple[str, ...]
    """The events of the server, in order; none where the harness does not see them."""


@attrs.define(eq=False)
class _Begun:
    """A call that was begun."""

    text: str | None
    progress: list[float] = attrs.field(factory=list)
    is_over: bool = False


def play(scenario: Scenario, harness: Harness, revision: Revision) -> Played:
    """Play a scenario on a fresh harness.

    Args:
        scenario: what happens.
        harness: where.
        revision: what is spoken.

    Raises:
        AssertionError: the binding did something else than the scenario says; the message names the
            scenario, the step and what was found.
        LocalProtocolError: the scenario does not fit the harness or the revision.
    """
    lacking = sorted(ability.value for ability in scenario.needs - harness.abilities)
    if lacking or revision not in scenario.revisions:
        raise LocalProtocolError(
            f"{scenario.name} does not fit: the harness lacks {lacking}; the scenario is for "
            f"{', '.join(scenario.revisions)}, found {revision}; look at needs and revisions first"
        )
    player = _Player(harness, revision)
    where = f"{scenario.name} in {revision}"
    try:
        for number, step in enumerate(scenario.steps):
            player.where = f"{where}, step {number}, {step!r:.200}"
            player.take(step)
        player.where = f"{where}, at the end"
        player.let_server_end()
    except BaseException as error:
        # What the harness raises, such as that a call hangs, knows nothing of scenarios.
        error.add_note(f"in {player.where}")
        harness.end()
        raise
    player.check_end(harness.end())
    return player.played()


def echo_text(label: str, size: int) -> str:
    """Return the text of an `Echo`: its own for each label.

    Args:
        label: the call.
        size: the bytes.
    """
    return (f"{label} " * (size // (len(label) + 1) + 1))[:size]


class _Player:
    """One course of a scenario."""

    def __init__(self, harness: Harness, revision: Revision) -> None:
        self.where = ""
        self._harness = harness
        self._revision: Revision = revision
        self._begun: dict[str, _Begun] = {}
        self._client_events: list[ClientEvent] = []
        self._server_events: list[ServerEvent] = []
        self._tries = 0
        self._is_broken = False

    def take(self, step: Step) -> None:
        """Carry one step out."""
        match step:
            case steps.Open():
                self._open(step)
            case steps.Call():
                self._begin(step.label, step.tool, step.arguments, None, step.timeout)
            case steps.Echo():
                text = echo_text(step.label, step.size)
                self._begin(step.label, "echo", {"text": text}, text, None)
            case steps.Await():
                self._await(step)
            case steps.Reached():
                progress = self._begun[step.label].progress
                self._harness.wait_until(lambda: step.progress in progress)
            case steps.ProgressWas():
                self._check_progress(step)
            case steps.Seen():
                self._harness.wait_until(partial(self._has_seen, step))
            case steps.Ask():
                self._start(step.label, step.call)
            case steps.Pages():
                self._check_pages(step)
            case steps.Updated():
                found = self._harness.next_update()
                if found != step.uri:
                    raise self._wrong(f"an update of {step.uri}; found {found!r:.300}")
            case steps.Settles():
                self._settle(step)
            case _:
                self._command(step)

    def let_server_end(self) -> None:
        """Wait until the server has told its end as well, if it is seen, has begun and hears of it."""
        if self._server_events and self._server_hears_end():
            self._harness.wait_until(partial(self._has_seen, steps.Seen(Side.SERVER, "Disconnected")))

    def _server_hears_end(self) -> bool:
        if Ability.CONNECTED in self._harness.abilities:
            return True
        # Over HTTP a modern client just stays away, and a legacy one has to reach the server to say goodbye.
        return era_of(self._revision) is Era.LEGACY and not self._is_broken

    def check_end(self, left: Sequence[str]) -> None:
        """Check that nothing is left behind, no call was forgotten, and events came in order."""
        if left:
            raise self._wrong(f"nothing left behind; found {', '.join(left)}")
        waiting = [label for label, begun in self._begun.items() if not begun.is_over]
        if waiting:
            raise self._wrong(f"an outcome of each call is awaited; found no Await for {waiting}")
        sides = (
            ("client", self._client_events, True),
            ("server", self._server_events, self._server_hears_end()),
        )
        for side, events, hears_end in sides:
            fault = fault_of_events(events, hears_end=hears_end) if events else None
            if fault is not None:
                raise self._wrong(f"of the {side} {fault}")

    def played(self) -> Played:
        """Return what happened."""
        return Played(client=lines_of(self._client_events), server=lines_of(self._server_events))

    # Steps

    def _open(self, step: steps.Open) -> None:
        setup = Setup(
            revision=self._revision,
            peer=step.peer,
            client=self._client_settings(step),
            server={
                "timeouts": Timeouts(end_of_input=step.grace),
                "on_event": self._hear_server,
            },
            grace=step.grace,
            wrapped=step.wrapped,
        )
        try:
            found = self._harness.open(setup)
        except Exception as error:
            if step.raises is None:
                raise self._wrong(f"a connection; found {error!r:.300}") from error
            self._judge(fault_of_raised(error, step.raises), error)
            return
        if step.raises is not None or found != self._revision:
            expected = f"a connection in {self._revision}" if step.raises is None else step.raises.__name__
            raise self._wrong(f"{expected}; found a connection in {found}")

    def _client_settings(self, step: steps.Open) -> ClientSettings:
        settings: ClientSettings = {
            "revisions": [self._revision],
            "elicitation": self._answering(step.asked),
            "elicitation_urls": True,
            "sampling": _sample,
            "sampling_tools": True,
            "roots": [schema.Root(uri="file:///suite", name="suite")],
            "methods": SUITE_METHODS,
            "on_event": self._hear_client,
        }
        if step.hears_changes:
            settings["on_change"] = lambda _: None
        if step.wrapped:
            settings |= CLIENT_MIDDLEWARE
        return settings

    def _answering(self, asked: Asked) -> ElicitationHandler:
        match asked:
            case Asked.ACCEPTS:
                return _accept
            case Asked.DECLINES:
                return _decline
            case Asked.WAITS:
                return self._harness.never
            case _:
                assert_never(asked)

    def _begin(self, label: str, tool: str, arguments: JSON, text: str | None, timeout: float | None) -> None:
        begun = _Begun(text)
        call = call_tool(
            tool,
            dict(arguments),
            timeout=timeout,
            on_progress=lambda event: begun.progress.append(event.progress),
        )
        self._start(label, call, begun)

    def _start(self, label: str, call: Call[JSON], begun: _Begun | None = None) -> None:
        self._begun[label] = begun or _Begun(None)
        self._harness.begin(label, call)

    def _check_pages(self, step: steps.Pages) -> None:
        walking = walk(step.ask)
        names: list[str] = []
        call: Call[JSON] | None = next(walking)
        count = 0
        while call is not None:
            page = self._page(call)
            count += 1
            names += [item.name for item in getattr(page, step.field)]
            try:
                call = walking.send(page)
            except StopIteration:
                call = None
        if (count, names) != (step.count, list(step.names)):
            raise self._wrong(f"{step.count} pages with {step.names}; found {count} pages with {names}")

    def _page(self, call: Call[JSON]) -> JSON:
        self._tries += 1
        label = f"try {self._tries}"
        self._harness.begin(label, call)
        ended = self._harness.wait(label)
        if isinstance(ended, Returned):
            return ended.value
        raise self._wrong(f"a page; found {ended!r:.300}")

    def _await(self, step: steps.Await) -> None:
        begun = self._begun[step.label]
        ended = self._harness.wait(step.label)
        begun.is_over = True
        self._judge(fault_of_end(ended, step.expected, begun.text))

    def _settle(self, step: steps.Settles) -> None:
        found: Ended | None = None
        for _ in range(_MOST_TRIES):
            self._tries += 1
            label = f"try {self._tries}"
            self._harness.begin(label, call_tool(step.tool, {}))
            found = self._harness.wait(label)
            if fault_of_end(found, Answer(step.text), None) is None:
                return
        raise self._wrong(f"{step.text!r} in the end; found {found!r:.300}")

    def _command(
        self,
        step: steps.Cancel
        | steps.Notify
        | steps.Change
        | steps.Listen
        | steps.Break
        | steps.HalfClose
        | steps.StopReading
        | steps.GoOnReading
        | steps.Close
        | steps.CloseElsewhere
        | steps.BeginClose,
    ) -> None:
        harness = self._harness
        match step:
            case steps.Cancel():
                harness.cancel(step.label)
            case steps.Notify():
                harness.notify(NOTE, {"number": step.number})
            case steps.Change():
                harness.notify(CHANGE, {"what": step.what})
            case steps.Listen():
                harness.subscribe(step.uri)
            case steps.Break():
                self._is_broken = True
                harness.break_off()
            case steps.HalfClose():
                harness.end_output()
            case steps.StopReading():
                harness.stop_reading(step.side)
            case steps.GoOnReading():
                harness.go_on_reading()
            case steps.Close():
                self._close(harness.close)
            case steps.CloseElsewhere():
                self._close(partial(harness.close_elsewhere, step.times))
            case steps.BeginClose():
                harness.begin_close()
            case _:
                assert_never(step)

    def _check_progress(self, step: steps.ProgressWas) -> None:
        progress = self._begun[step.label].progress
        if progress[-1:] != [step.last]:
            raise self._wrong(f"progress up to {step.last}; found {progress}")
        self._judge(fault_of_progress(progress))

    def _has_seen(self, step: steps.Seen) -> bool:
        events: Sequence[Event] = self._client_events if step.side is Side.CLIENT else self._server_events
        return sum(type(event).__name__ == step.event for event in events) >= step.times

    def _close(self, close: Callable[[], None]) -> None:
        try:
            close()
        except Exception as error:
            raise self._wrong(f"closing raises nothing; found {error!r:.300}") from error

    # What is heard, and what is said of it

    def _hear_client(self, _session: ClientSession, event: ClientEvent) -> None:
        self._client_events.append(event)

    def _hear_server(self, _session: ServerSession, event: ServerEvent) -> None:
        self._server_events.append(event)

    def _judge(self, fault: str | None, cause: BaseException | None = None) -> None:
        if fault is not None:
            raise self._wrong(fault) from cause

    def _wrong(self, found: str) -> AssertionError:
        return AssertionError(f"{self.where}: expected {found}")


def _accept(request: schema.ElicitRequestParams) -> schema.ElicitResult:
    return accept({"state": "Texas"}) if isinstance(request, schema.ElicitRequestFormParams) else accept()


def _decline(_request: schema.ElicitRequestParams) -> schema.ElicitResult:
    return decline()


def _sample(request: schema.CreateMessageRequestParams) -> schema.CreateMessageResult:
    """Answer as a model that calls the first tool it is given, once, and says what came of it."""
    said = schema.blocks_of(request.messages[-1].content)
    results = [block for block in said if isinstance(block, schema.ToolResultContent)]
    if request.tools and not results:
        use = schema.ToolUseContent(id="use", name=request.tools[0].name, input={"city": "Paris"})
        return schema.CreateMessageResult(
            role="assistant", content=use, model="suite model", stop_reason="toolUse"
        )
    blocks = results[0].content if results else said
    text = "".join(block.text for block in blocks if isinstance(block, schema.TextContent))
    content = schema.TextContent(text=f"{text}, I hear")
    return schema.CreateMessageResult(
        role="assistant", content=content, model="suite model", stop_reason="endTurn"
    )
