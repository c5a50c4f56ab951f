"""Serve a program that talks over its standard streams to many, one fork for each connection.

Run under the interpreter of the peer's environment: `python warm_server.py SOCKET PROGRAM`. What the
program imports is imported once, which is nearly all of the time that its start takes. It ends when its
standard input does.
"""

import os
import runpy
import select
import signal
import socket
import sys
from pathlib import Path


def main(path, program):
    """Listen at a path, and run the program for each that connects."""
    # As an interpreter that is started on a program does.
    sys.path.insert(0, str(Path(program).parent))
    runpy.run_path(program, run_name="warming")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        print("ready", flush=True)  # noqa: T201 - whoever started this waits for it
        while sys.stdin not in (ready := select.select([sys.stdin, listener], [], [])[0]):
            assert ready
            connection, _ = listener.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                serve(connection, program)
            connection.close()


def serve(connection, program):
    """Run the program with the connection for its standard streams, in a process of its own."""
    os.dup2(connection.fileno(), 0)
    os.dup2(connection.fileno(), 1)
    connection.close()
    sys.argv = [program]
    try:
        runpy.run_path(program, run_name="__main__")
    finally:
        sys.stdout.flush()
        os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
