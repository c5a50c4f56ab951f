"""One conversation of the demo, on one runtime and in one revision: what is done next, and how it went."""

import time
from collections.abc import Callable
from functools import partial

from sansmcp.client import ClientSettings
from sansmcp.schema import Era, Revision, era_of
from sansmcp.session import MessageDropped, ProtocolViolated, RawMessage, Timeouts
from sansmcp.values import JSON
from sansmcp_cli.demo.acts import Act, Deed, Scene
from sansmcp_cli.demo.conduct import Conduct
from sansmcp_cli.demo.lines import Line, line_of
from sansmcp_cli.demo.report import Report

# A guard against hanging: what the demo asks for takes a moment.
_TIMEOUTS = Timeouts(request=15, request_maximum=20)


class Conversation:
    """Plays a scene: take each deed, and say what came of it.

    Args:
        runtime: what it runs on.
        revision: the revision that is spoken.
        report: where it is shown.
        over_http: whether the server is reached over HTTP.
    """

    def __init__(self, runtime: str, revision: Revision, report: Report, *, over_http: bool = False) -> None:
        self.lines: list[Line] = []
        """What was said so far."""
        self._runtime = runtime
        self._revision: Revision = revision
        self._report = report
        # A modern client over HTTP gives a request up by closing its stream.
        self._conduct = Conduct(closes=over_http and era_of(revision) is Era.MODERN)
        self._scene = Scene()
        self._start = time.monotonic()
        self._deeds = self._play()
        self._resume: Callable[[], Deed] = partial(next, self._deeds)

    @property
    def settings(self) -> ClientSettings:
        """How the client is set up."""
        return {
            "revisions": [self._revision],
            "elicitation": self._scene.answer,
            "on_violation": self._violated,
            "timeouts": _TIMEOUTS,
            "on_message": self._heard,
        }

    def next_deed(self) -> Deed | None:
        """Return what is to be done next; None at the end. Then say `done` or `failed`."""
        try:
            return self._resume()
        except StopIteration:
            return None

    def done(self, value: JSON) -> None:
        """Take what came of a deed."""
        self._resume = partial(self._deeds.send, value)

    def failed(self, error: Exception) -> None:
        """Take what went wrong with a deed."""
        self._resume = partial(self._deeds.throw, error)

    def fault(self, step: str, error: Exception) -> None:
        """Name what went wrong."""
        self._report.fault(self._runtime, self._revision, f"{step}: {type(error).__name__}: {error}")

    def check(self) -> None:
        """Name what breaks a rule in what was said."""
        for fault in self._conduct.faults_of(self.lines):
            self._report.fault(self._runtime, self._revision, fault)

    def _play(self) -> Act:
        for name, act in self._scene.acts(self._revision):
            self._report.step(name)
            try:
                yield from act
            except Exception as error:  # noqa: BLE001  # a demo that fails says what failed
                self.fault(name, error)
            else:
                self._report.passed += 1
        self._report.step("close")

    def _heard(self, raw: RawMessage) -> None:
        line = line_of(raw, time.monotonic() - self._start)
        if line is not None:
            self.lines.append(line)
            self._report.heard(self._runtime, self._revision, line)

    def _violated(self, event: ProtocolViolated | MessageDropped) -> None:
        self._report.fault(self._runtime, self._revision, f"{type(event).__name__}: {event.reason}")
