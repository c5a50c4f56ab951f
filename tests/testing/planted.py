"""Harnesses of bindings that are wrong, each in one way."""

import attrs
from tests.suite.in_memory import MemoryHarness

from sansmcp.errors import NotConnected, RequestLost
from sansmcp.session import Disconnected, ProgressReceived, ResponseReceived
from sansmcp.testing import Ability, Raised, Returned, WasCancelled


class SwapsAnswers(MemoryHarness):
    def wait(self, label):
        return super().wait({"a": "b", "b": "a"}.get(label, label))


class LosesAnAnswer(MemoryHarness):
    def wait(self, label):
        if label == "b":
            raise AssertionError("it did not end within 60 s")
        return super().wait(label)


class LeavesAThread(MemoryHarness):
    def end(self):
        return [*super().end(), "thread 'left'"]


class RaisesAGroup(MemoryHarness):
    def wait(self, label):
        ended = super().wait(label)
        if isinstance(ended, Raised):
            return Raised(ExceptionGroup("two of them", [ended.error, ended.error]))
        return ended


class RaisesSomethingElse(MemoryHarness):
    def wait(self, label):
        ended = super().wait(label)
        return Raised(ConnectionResetError("by peer")) if isinstance(ended, Raised) else ended


class RaisesWithoutWords(MemoryHarness):
    def wait(self, label):
        ended = super().wait(label)
        return Raised(RequestLost()) if isinstance(ended, Raised) else ended


class NamesNoMethod(MemoryHarness):
    def wait(self, label):
        ended = super().wait(label)
        return Raised(RequestLost("something went wrong")) if isinstance(ended, Raised) else ended


class AnswersWhatWasLost(MemoryHarness):
    def wait(self, label):
        ended = super().wait(label)
        return Returned("something") if isinstance(ended, Raised) else ended


class LosesWhatWasGivenUp(MemoryHarness):
    def wait(self, label):
        ended = super().wait(label)
        return Raised(RequestLost("given up")) if isinstance(ended, WasCancelled) else ended


class ClosesWithAGroup(MemoryHarness):
    def close(self):
        super().close()
        raise ExceptionGroup("two of them", [OSError("one"), OSError("two")])


class ConnectsInAnotherRevision(MemoryHarness):
    def open(self, setup):
        super().open(setup)
        return "1999-12-31"


class ConnectsNot(MemoryHarness):
    def open(self, setup):  # noqa: ARG002  # the shape of a harness
        raise NotConnected("no reason at all")


class ConnectsToNobody(MemoryHarness):
    abilities = frozenset(Ability)


class ConnectsToNobodyAndSaysSo(ConnectsToNobody):
    """Not wrong at all."""

    def open(self, setup):  # noqa: ARG002  # the shape of a harness
        raise NotConnected("gone")


class RefusesByAGroup(ConnectsToNobody):
    def open(self, setup):  # noqa: ARG002  # the shape of a harness
        raise ExceptionGroup("one of them", [NotConnected("gone")])


class HidesFailures(MemoryHarness):
    def wait(self, label):
        ended = super().wait(label)
        if isinstance(ended, Returned) and ended.value.is_error:
            return Returned(attrs.evolve(ended.value, is_error=False))
        return ended


class FailsWhatWorks(MemoryHarness):
    def wait(self, label):
        ended = super().wait(label)
        return Returned(attrs.evolve(ended.value, is_error=True))


class Tells(MemoryHarness):
    """Tells its listener more than there was, or less."""

    def told(self, event):
        return [event]

    def open(self, setup):
        hear = setup.client["on_event"]

        def on_event(session, event):
            for told in self.told(event):
                hear(session, told)

        return super().open(attrs.evolve(setup, client={**setup.client, "on_event": on_event}))


class TellsAnOutcomeTwice(Tells):
    def told(self, event):
        return [event, event] if isinstance(event, ResponseReceived) else [event]


class TellsProgressLate(Tells):
    def told(self, event):
        if isinstance(event, ResponseReceived):
            return [event, ProgressReceived(handle=event.handle, progress=9)]
        return [event]


class TellsNoEnd(Tells):
    def told(self, event):
        return [] if isinstance(event, Disconnected) else [event]


class TellsTwoEnds(Tells):
    def told(self, event):
        return [event, event] if isinstance(event, Disconnected) else [event]


class ForgetsNotifications(MemoryHarness):
    def notify(self, method, params):
        if params["number"] != 3:
            super().notify(method, params)


class Progressing(MemoryHarness):
    """Reports its own progress to whoever asked for any."""

    values = ()

    def begin(self, label, call):
        if call.on_progress is not None and call.params.name == "count":
            for value in self.values:
                call.on_progress(ProgressReceived(handle=0, progress=value))
            call = attrs.evolve(call, on_progress=None)
        super().begin(label, call)


class ReportsFallingProgress(Progressing):
    values = (2, 1, 3)


class ReportsNoProgress(Progressing):
    values = ()
