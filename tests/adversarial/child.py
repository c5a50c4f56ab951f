"""A server that misbehaves: it shakes hands as it should, waits for calls, and then writes what it was given.

    python child.py JSON

The argument is an object: `revision`, `pending` (how many calls to wait for), `parts` (texts, hex digits or
repeats, in which `$ID`, `$ID2`, ... stand for the ids of the calls), `then` ("eof" to close the output),
`cut` (bytes a write, or `[n]` for a first write of n bytes and a second of the rest), `report` (a file for
the lines it was sent after that), `mute` (to do nothing any more once it has shaken hands), `listen` (the
path of a socket: it serves everybody who comes, and the first write to the n-th is n bytes long). It needs
nothing but Python, and says nothing of its own.
"""

import fcntl
import json
import os
import random
import socket
import struct
import sys
import termios
import time
from pathlib import Path


def main():
    """Serve as the argument says."""
    wanted = json.loads(sys.argv[1])
    if "listen" not in wanted:
        Peer(wanted, 0, 1, wanted.get("cut")).serve()
        return
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(wanted["listen"])
    listening.listen()
    place = 0
    while True:
        place += 1
        accepted, _ = listening.accept()
        Peer(wanted, accepted.fileno(), accepted.fileno(), [place]).serve()
        accepted.close()


class Peer:
    """One client."""

    def __init__(self, wanted, incoming, outgoing, cut):
        self.wanted = wanted
        self.outgoing = outgoing
        self.lines = os.fdopen(os.dup(incoming), "rb")
        self.cut = cut
        self.random = random.Random(7)
        self.written = 0

    def serve(self):
        """Shake hands, wait for the calls, misbehave, and read to the end."""
        pending = []
        while len(pending) < self.wanted["pending"]:
            line = self.lines.readline()
            if not line:
                return
            message = json.loads(line)
            if message.get("method") in {"initialize", "server/discover"}:
                self.write(json.dumps(self.answer(message), separators=(",", ":")).encode() + b"\n")
                if self.wanted.get("mute"):
                    time.sleep(3600)
            elif "id" in message:
                pending.append(message["id"])
        self.misbehave(pending)
        rest = self.lines.readlines()
        if "report" in self.wanted:
            Path(self.wanted["report"]).write_bytes(b"".join(rest))

    def answer(self, message):
        """Return the answer to the first request."""
        revision = self.wanted["revision"]
        result = {"capabilities": {"tools": {}}}
        if message["method"] == "initialize":
            result.update(protocolVersion=revision, serverInfo={"name": "child", "version": "1"})
        else:
            result.update(supportedVersions=[revision], resultType="complete", ttlMs=0, cacheScope="private")
        return {"jsonrpc": "2.0", "id": message["id"], "result": result}

    def misbehave(self, pending):
        """Write what was given."""
        names = {
            f"$ID{number or ''}": json.dumps(found) for number, found in zip(numbers(), pending, strict=False)
        }
        for part in self.wanted["parts"]:
            if "repeat" in part:
                piece = part["repeat"].encode() * 65536
                for _ in range(part["n"] // 65536):
                    self.write(piece)
            elif "hex" in part:
                self.write(bytes.fromhex(part["hex"]))
            else:
                text = part["text"]
                for name in sorted(names, key=len, reverse=True):
                    text = text.replace(name, names[name])
                self.write(text.encode())
        if self.wanted.get("then") == "eof":
            os.close(self.outgoing)

    def write(self, data):
        """Write bytes in the pieces asked for, each taken by the client before the next is written."""
        while data:
            size = self.size_of_next(len(data))
            view = memoryview(data[:size])
            while view:
                view = view[os.write(self.outgoing, view) :]
            self.written += size
            data = data[size:]
            while self.cut is not None and self.unread():
                os.sched_yield()

    def size_of_next(self, left):
        """Return how long the next piece is."""
        if self.cut is None:
            return left
        if self.cut == "random":
            return min(left, self.random.randint(1, 40))
        if isinstance(self.cut, list):
            before = self.cut[0] - self.written
            return min(left, before) if before > 0 else left
        return min(left, self.cut)

    def unread(self):
        """Return whether the client has bytes to take."""
        request = termios.TIOCOUTQ if "listen" in self.wanted else termios.FIONREAD
        return struct.unpack("i", fcntl.ioctl(self.outgoing, request, b"\0" * 4))[0]


def numbers():
    """Yield what follows the name of each id: nothing, then 2, 3, ..."""
    yield 0
    number = 1
    while True:
        number += 1
        yield number


if __name__ == "__main__":
    main()
