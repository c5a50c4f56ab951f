"""Running the command as a user does: as a process, with a pipe or with a terminal."""

import contextlib
import os
import pty
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import attrs

from sansmcp_cli.main import main

SANSMCP = (sys.executable, "-m", "sansmcp_cli.main")
SERVER = (sys.executable, str(Path(__file__).with_name("servers.py")))
GUARD = 60.0


@attrs.frozen(kw_only=True)
class Done:
    """What came of running the command."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments, typed=""):
    """Run the command without a terminal, in this process: the start of one costs more than the command."""
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8")) for _ in range(3)]
        files[0].write(typed)
        files[0].seek(0)
        for descriptor, (name, file) in enumerate(zip(("stdin", "stdout", "stderr"), files, strict=True)):
            stack.enter_context(_standing_for(descriptor, name, file))
        try:
            code = main(arguments)
        except SystemExit as ended:
            code = ended.code
        for file in files[1:]:
            file.flush()
        # What processes wrote to the same descriptor stands in the file, and no position of ours counts.
        said, complained = (os.pread(file.fileno(), 1 << 20, 0).decode() for file in files[1:])
    return Done(returncode=code, stdout=said, stderr=complained)


@contextlib.contextmanager
def _standing_for(descriptor, name, file):
    """Let a file be a standard stream of this process, and of those that it starts."""
    whole, kept = getattr(sys, name), os.dup(descriptor)
    os.dup2(file.fileno(), descriptor)
    setattr(sys, name, file)
    try:
        yield
    finally:
        setattr(sys, name, whole)
        os.dup2(kept, descriptor)
        os.close(kept)


class Terminal:
    """The command in a terminal: what it shows there, and keys."""

    def __init__(self, *arguments, output_shown=False):
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [*SANSMCP, *arguments],
            stdin=theirs,
            stdout=theirs if output_shown else subprocess.PIPE,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.shown = ""
        self._seen = 0

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        os.close(self._ours)

    def wait_for(self, text):
        """Wait until a text is shown after what was waited for before."""
        deadline = time.monotonic() + GUARD
        while (place := self.shown.find(text, self._seen)) < 0:
            if time.monotonic() > deadline or not self._read(1.0):
                raise AssertionError(f"expected {text!r} in {self.shown[self._seen :]!r}")
        self._seen = place + len(text)

    def type(self, keys):
        """Press keys."""
        os.write(self._ours, keys.encode())

    def end(self):
        """Wait for the end; return the exit code and what came out of standard output, if that is a pipe."""
        output = "" if self.process.stdout is None else self.process.stdout.read().decode()
        while self._read(1.0):
            pass
        return self.process.wait(GUARD), output

    def _read(self, seconds):
        """Take what is shown; return whether the other end is still there."""
        if not select.select([self._ours], [], [], seconds)[0]:
            return self.process.poll() is None
        try:
            data = os.read(self._ours, 4096)
        except OSError:
            # Linux says so when nobody has the other end any more.
            return False
        self.shown += data.decode(errors="replace")
        return bool(data)
