"""What each runtime says to somebody who uses it wrongly: the same words on all."""

import asyncio
import errno
import os
import re
import socket
from functools import partial
from pathlib import Path

import pytest
import trio
from tests.bindings.runtimes import ASYNCIO, TRIO, Runtime, each_awaiting_runtime, each_runtime

from sansmcp import LocalProtocolError, NotConnected, Server

server = Server("sums", version="1.0")


def serve(runtime: Runtime, what: str, *arguments: object, **settings: object) -> None:
    """Call a function that serves, whatever the colour of the runtime."""
    function = partial(getattr(runtime.binding, what), **settings)
    if runtime is ASYNCIO:
        asyncio.run(function(*arguments))
    elif runtime is TRIO:
        trio.run(function, *arguments)
    else:
        function(*arguments)


@each_runtime
def test_what_is_no_server_is_not_served(runtime: Runtime) -> None:
    said = r"expected a sansmcp Server, found str 'x'; make one with Server\('name', version='1.0'\)"
    with pytest.raises(LocalProtocolError, match=said):
        runtime.binding.serve_stdio("x")
    with pytest.raises(LocalProtocolError, match=said):
        serve(runtime, "serve_tcp", "x")


@each_runtime
def test_a_host_and_a_certificate_that_are_none_are_refused(runtime: Runtime) -> None:
    with pytest.raises(LocalProtocolError, match=r"^host: expected a name or an address, found 8000$"):
        serve(runtime, "serve_http", server, 8000)
    # Systems take None for every address there is.
    for what in ("serve_tcp", "serve_http"):
        with pytest.raises(LocalProtocolError, match=r"^host: expected a name or an address, found None$"):
            serve(runtime, what, server, None)
        with pytest.raises(LocalProtocolError, match=r"^ssl: expected an ssl.SSLContext"):
            serve(runtime, what, server, ssl=True)


@each_runtime
def test_a_port_that_is_taken_is_told_once(runtime: Runtime) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="cannot listen") as caught:
            serve(runtime, "serve_tcp", server, "127.0.0.1", port)
    number, words = errno.EADDRINUSE, os.strerror(errno.EADDRINUSE)
    assert str(caught.value) == f"[Errno {number}] cannot listen on tcp://127.0.0.1:{port}: {words}"


@each_runtime
def test_a_host_that_has_no_address_is_told_once(runtime: Runtime) -> None:
    with pytest.raises(OSError, match=r"cannot listen on tcp://no\.such\.host\.invalid:0: ") as caught:
        serve(runtime, "serve_tcp", server, "no.such.host.invalid", 0)
    assert str(caught.value).count("Errno") == 1


@each_runtime
def test_a_port_that_there_is_not_is_no_other_port(runtime: Runtime) -> None:
    with pytest.raises(LocalProtocolError, match="port: expected a number from 0 to 65535, found 70000"):
        serve(runtime, "serve_tcp", server, "127.0.0.1", 70_000)


@each_runtime
def test_a_path_that_is_no_socket_is_told_once(runtime: Runtime, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("kept", encoding="utf-8")
    said = f"[Errno {errno.EEXIST}] cannot listen on unix:{path}: it exists and is no socket"
    with pytest.raises(FileExistsError, match=f"^{re.escape(said)}$"):
        serve(runtime, "serve_unix", server, str(path))
    assert path.read_text(encoding="utf-8") == "kept"


@each_runtime
def test_a_client_that_was_closed_says_to_connect_again(runtime: Runtime) -> None:
    def scenario(client):
        closing = client.aclose() if runtime is TRIO else client.close()
        yield closing if closing is not None else iter(())
        yield client.call_tool("add")

    said = "^tools/call: this side closed the connection; connect again to make calls$"
    with pytest.raises(NotConnected, match=said):
        runtime.use(server, scenario)


@each_awaiting_runtime
def test_standard_input_and_output_are_not_served_inside_of_a_loop(runtime: Runtime) -> None:
    async def work() -> None:
        with pytest.raises(LocalProtocolError, match="expected no loop, found one that runs; await"):
            runtime.binding.serve_stdio(server)

    trio.run(work) if runtime is TRIO else asyncio.run(work())
