"""Stands between a client and a server on sockets: it holds bytes back, ends one direction, or breaks off.

It has threads of its own and knows no runtime, so it does the same to every binding.
"""

import contextlib
import socket
import struct
import threading

from sansmcp.client import TcpAddress, UnixAddress, address_of
from sansmcp.http import Url
from sansmcp.schema import Side
from sansmcp.testing import Peer

# Small, so that pipes are full soon.
_BUFFER = 64 * 1024


class Relay:
    """Takes a client and leads it to a server, or to a peer that goes away.

    Args:
        address: where the server listens; None if there is none.
        path: where to listen as a Unix socket; None for TCP.
        peer: what the client is to meet.
    """

    def __init__(self, address, path, peer):
        self._peer = peer
        self._upstream = None if address is None else address_of(address)
        self._gates = {side: threading.Event() for side in Side}
        self._pairs = []
        self._is_broken = False
        self._lock = threading.Lock()
        self._listener = _listener(path)
        self.address = f"unix:{path}" if path else "tcp://{}:{}".format(*self._listener.getsockname())
        self.go_on()
        self._threads = [threading.Thread(target=self._accept_all, name="suite relay")]
        self._threads[0].start()

    def hold(self, side):
        """Let no more bytes through to one side."""
        self._gates[side].clear()

    def go_on(self):
        """Let bytes through again."""
        for gate in self._gates.values():
            gate.set()

    def end_output(self):
        """End the direction to the server, after what the client has sent until now."""
        # The client's end of the same pipe stays open, so the relay reads on until nothing comes.
        for pair in self._pairs:
            pair.near.shutdown(socket.SHUT_RD)

    def break_off(self):
        """Reset all connections, and let nobody come any more: ends get an error instead of a good end."""
        self._is_broken = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        with self._lock:
            for pair in self._pairs:
                pair.reset()
        self.go_on()

    def cut(self):
        """Reset the connections there are; others may come."""
        with self._lock:
            for pair in self._pairs:
                pair.reset()

    def close(self):
        """End all connections and the threads."""
        self.break_off()
        with self._lock:
            for pair in self._pairs:
                pair.shut()
        for thread in self._threads:
            thread.join()
        self._listener.close()
        for pair in self._pairs:
            pair.close()

    def _accept_all(self):
        # Whoever speaks lines comes once, whoever speaks HTTP as often as it likes.
        with contextlib.suppress(OSError):
            while True:
                self._accept(self._listener.accept()[0])

    def _accept(self, near):
        if self._upstream is None:
            if self._peer is Peer.GONE_ON_FIRST_BYTES:
                near.recv(1)
            near.close()
            return
        pair = _Pair(near, _dial(self._upstream))
        with self._lock:
            self._pairs.append(pair)
            if self._is_broken:
                pair.reset()
        for source, target, side in ((near, pair.far, Side.SERVER), (pair.far, near, Side.CLIENT)):
            thread = threading.Thread(
                target=self._pump, args=(pair, source, target, side), name="suite relay"
            )
            self._threads.append(thread)
            thread.start()

    def _pump(self, pair, source, target, side):
        try:
            self._forward(source, target, side)
        except OSError:
            pair.reset()
            self.go_on()
        with self._lock:
            pair.pumping -= 1
            if not pair.pumping:
                pair.close()

    def _forward(self, source, target, side):
        while True:
            self._gates[side].wait()
            data = source.recv(_BUFFER)
            self._gates[side].wait()
            if not data:
                break
            target.sendall(data)
        if not self._is_broken:
            target.shutdown(socket.SHUT_WR)


class _Pair:
    """The connection of a client, and the one that was made for it."""

    def __init__(self, near, far):
        self.near, self.far = near, far
        self.pumping = 2

    def reset(self):
        for end in (self.near, self.far):
            with contextlib.suppress(OSError):
                # Without lingering, closing is a reset; it comes when nobody reads or writes any more.
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RD)

    def shut(self):
        for end in (self.near, self.far):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.near.close()
        self.far.close()


def _listener(path):
    listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
    listener.bind(path or ("127.0.0.1", 0))
    listener.listen()
    return listener


def _dial(address):
    match address:
        case TcpAddress(host=host, port=port) | Url(host=host, port=port):
            family, where = socket.AF_INET, (host, port)
        case UnixAddress(path=path):
            family, where = socket.AF_UNIX, path
    far = socket.socket(family)
    far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    far.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
    far.connect(where)
    return far
