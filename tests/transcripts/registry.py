"""The scenarios: each one is a function that drives a recording, under its own name."""

from pathlib import Path

import attrs
from tests.transcripts.http_recording import HttpRecording
from tests.transcripts.recording import Recording

from sansmcp.schema import LEGACY_REVISIONS, MODERN_REVISIONS, REVISIONS
from sansmcp.testing import whole

GOLDEN = Path(__file__).parent / "golden"

EVERY = REVISIONS
LEGACY = LEGACY_REVISIONS
MODERN = MODERN_REVISIONS

SCENARIOS = []
"""All of those over lines, in the order in which they were written."""
HTTP_SCENARIOS = []
"""All of those over HTTP."""


@attrs.frozen(kw_only=True)
class Scenario:
    """One conversation, in one revision.

    `replayed` says that a server of the official SDK can be given the client's lines, `open` that
    members, methods and results are used that no schema knows.
    """

    name: str
    title: str
    revision: str
    drive: object
    replayed: bool
    open: bool
    over_http: bool

    @property
    def golden(self):
        """Where its transcript is kept."""
        folder = GOLDEN / self.revision
        return (folder / "http" if self.over_http else folder) / f"{self.name}.txt"

    def __str__(self):
        return f"{self.revision}-http-{self.name}" if self.over_http else f"{self.revision}-{self.name}"

    def play(self, cut=whole, **options):
        """Play it; return the recording."""
        recording = (HttpRecording if self.over_http else Recording)(self.revision, cut, **options)
        self.drive(recording)
        recording.finish()
        return recording

    def text_of(self, recording):
        """Return the text of a recording of it, as it is kept."""
        carried = f"{self.revision} over HTTP" if self.over_http else self.revision
        return "\n".join([f"# {self.title}", f"# {carried}", "", *recording.text, ""])


def scenario(revisions=EVERY, *, replayed=False, open=False, http=False):  # noqa: A002 - as an attribute
    """Enter a function as a scenario, for each of the revisions; `http` has it played over HTTP too."""

    def enter(function):
        SCENARIOS.extend(_entry(function, revision, replayed=replayed, open=open) for revision in revisions)
        return http_scenario(revisions)(function) if http else function

    return enter


def http_scenario(revisions):
    """Enter a function as a scenario over HTTP, for each of the revisions."""

    def enter(function):
        HTTP_SCENARIOS.extend(_entry(function, revision, over_http=True) for revision in revisions)
        return function

    return enter


def _entry(function, revision, *, replayed=False, open=False, over_http=False):  # noqa: A002 - as above
    return Scenario(
        name=function.__name__,
        title=function.__doc__.strip(),
        revision=revision,
        drive=function,
        replayed=replayed,
        open=open,
        over_http=over_http,
    )
