"""The official suite: where it is, how it is run, and a place where only this machine can reach its mocks.

`node/` beside this file says which version; what is installed is kept where the interop tests keep theirs.
"""

import os
import shlex
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path

import attrs
from tests.interop.node import node_of, packages_of

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
"""The revisions that the suite knows; 2024-11-05 it does not."""

INSIDE = "SANSMCP_CONFORMANCE_INSIDE"
"""The variable that says that this process is in a network of its own already."""

_UP = struct.pack("16sh", b"lo", 0x1 | 0x40)
_SIOCSIFFLAGS = 0x8914


@attrs.frozen(kw_only=True)
class Suite:
    """The suite as it is installed."""

    node: Path
    """The program that runs it."""
    script: Path
    """What is run."""

    def command(self, *words: str) -> list[str]:
        """Return a command of the suite's."""
        # Its own deprecations are none of ours.
        return [str(self.node), "--no-deprecation", str(self.script), *words]

    def run(self, *words: str, patience: float) -> subprocess.CompletedProcess[str]:
        """Run a command of the suite's in the root of the tree.

        Raises:
            subprocess.TimeoutExpired: it did not end; it is killed.
        """
        return subprocess.run(
            self.command(*words),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=patience,
            check=False,
        )

    def scenarios(self, side: str, revision: str | None = None) -> list[str]:
        """Return the names of the scenarios of one side, those of one revision if that is given."""
        words = ["list", f"--{side}", *(() if revision is None else ("--spec-version", revision))]
        lines = self.run(*words, patience=60).stdout.splitlines()
        return [line.split()[1] for line in lines if line.startswith("  - ")]


def installed() -> Suite:
    """Return the suite, installing it the first time.

    Raises:
        Unavailable: a registry is out of reach.
        BuildFailed: it could not be installed although the registry answered.
    """
    packages = packages_of(HERE / "node")
    script = packages / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
    return Suite(node=node_of() / "bin" / "node", script=script)


def client_command(*options: str) -> str:
    """Return the command that the suite runs as a client; it splits it at spaces and gives it to a shell."""
    return " ".join([shlex.quote(sys.executable), "-m", "tests.conformance.client", *options])


def run_inside(arguments: list[str]) -> int | None:
    """Run this command again in a network of its own, where the suite's mocks can listen on all interfaces.

    Returns:
        Its exit code; None where no such network can be had, or this is one already.
    """
    if os.environ.get(INSIDE):
        raise_loopback()
        return None
    unshare = shutil.which("unshare")
    for options in (("-n",), ("-rn",)):
        if (
            unshare
            and subprocess.run([unshare, *options, "true"], check=False, capture_output=True).returncode == 0
        ):
            command = [unshare, *options, sys.executable, "-m", "tests.conformance", *arguments]
            return subprocess.run(command, env={**os.environ, INSIDE: "1"}, check=False).returncode
    return None


def raise_loopback() -> None:
    """Switch the one interface on that a new network has."""
    # Only where there are such networks.
    import fcntl  # noqa: PLC0415

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, _UP)


def free_port() -> int:
    """Return a port where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    # By hand: the words of the command line are the suite's own.
    raise SystemExit(subprocess.run(installed().command(*sys.argv[1:]), check=False).returncode)
