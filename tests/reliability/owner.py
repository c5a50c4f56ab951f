"""A client that will be killed: it starts a server on pipes, sockets or FIFOs, and waits.

    python -m tests.reliability.owner pipe|socketpair|socket|fifo FOLDER COMMAND...

Once the server works on two calls that will not end, it prints the number of the server's process.
"""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.conversation import calls, opening

REVISION = "2025-11-25"


def main():
    """Start the server, talk to it, and wait to be killed."""
    kind, folder, *command = sys.argv[1:]
    ends = {"pipe": on_pipes, "socketpair": on_socket_pair, "socket": on_one_socket, "fifo": on_fifos}[kind]
    process, incoming, outgoing = ends(command, Path(folder))
    lines = [*opening(REVISION), *calls(REVISION, "forever", {}, [1]), *calls(REVISION, "stuck", {}, [2])]
    os.write(outgoing, b"".join([*lines, *calls(REVISION, "echo", {"x": "here"}, [3])]))
    read = b""
    while b'"id":3' not in read:
        read += os.read(incoming, 1 << 16)
    print(process.pid, flush=True)  # noqa: T201 - whoever kills it reads it
    time.sleep(3600)


def start(command, **pipes):
    """Start the server in a session of its own, as clients do."""
    return subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL, **pipes)


def on_pipes(command, _folder):
    """Start it on two pipes."""
    process = start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    return process, process.stdout.fileno(), process.stdin.fileno()


def on_socket_pair(command, _folder):
    """Start it on a socket pair for each direction, as Node.js does."""
    (near_in, far_out), (near_out, far_in) = socket.socketpair(), socket.socketpair()
    with far_in, far_out:
        process = start(command, stdin=far_in, stdout=far_out)
    return process, near_in.detach(), near_out.detach()


def on_one_socket(command, _folder):
    """Start it on one socket for both directions, as inetd does."""
    near, far = socket.socketpair()
    with far:
        process = start(command, stdin=far, stdout=far)
    descriptor = near.detach()
    return process, descriptor, descriptor


def on_fifos(command, folder):
    """Start it on two FIFOs, which a shell script may have made."""
    paths = [folder / "to", folder / "from"]
    for path in paths:
        os.mkfifo(path)
    # Opened for both first, since to open one end alone would wait for the other.
    held = [os.open(path, os.O_RDWR) for path in paths]
    outgoing, incoming = os.open(paths[0], os.O_WRONLY), os.open(paths[1], os.O_RDONLY)
    far_in, far_out = os.open(paths[0], os.O_RDONLY), os.open(paths[1], os.O_WRONLY)
    process = start(command, stdin=far_in, stdout=far_out)
    for descriptor in (*held, far_in, far_out):
        os.close(descriptor)
    return process, incoming, outgoing


if __name__ == "__main__":
    main()
