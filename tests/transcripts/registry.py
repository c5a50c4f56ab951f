"""The scenarios: each one is a function that drives a recording, under its own name."""

from pathlib import Path

import attrs
from tests.transcripts.recording import Recording

from sansmcp.schema import LEGACY_REVISIONS, MODERN_REVISIONS, REVISIONS
from sansmcp.testing import whole

GOLDEN = Path(__file__).parent / "golden"

EVERY = REVISIONS
LEGACY = LEGACY_REVISIONS
MODERN = MODERN_REVISIONS

SCENARIOS = []
"""All of them, in the order in which they were written."""


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

    @property
    def golden(self):
        """Where its transcript is kept."""
        return GOLDEN / self.revision / f"{self.name}.txt"

    def __str__(self):
        return f"{self.revision}-{self.name}"

    def play(self, cut=whole):
        """Play it; return the recording."""
        recording = Recording(self.revision, cut)
        self.drive(recording)
        recording.finish()
        return recording

    def text_of(self, recording):
        """Return the text of a recording of it, as it is kept."""
        return "\n".join([f"# {self.title}", f"# {self.revision}", "", *recording.text, ""])


def scenario(revisions=EVERY, *, replayed=False, open=False):  # noqa: A002 - as an attribute
    """Enter a function as a scenario, for each of the revisions."""

    def enter(function):
        for revision in revisions:
            entry = Scenario(
                name=function.__name__,
                title=function.__doc__.strip(),
                revision=revision,
                drive=function,
                replayed=replayed,
                open=open,
            )
            SCENARIOS.append(entry)
        return function

    return enter
