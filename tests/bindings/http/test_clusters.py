"""Several processes serve one client without sessions, each request by another one, whatever carries them."""

import contextlib
import itertools
import os
import socket
import threading

import pytest
from tests.bindings.http.carriers import CARRIERS
from tests.bindings.http.speaking import ASKABLE, GUARD, LEGACY, Speaker, call, legacy, modern, text_of

CLUSTERS = {
    "asgi": ("uvicorn", "hypercorn", "hypercorn-trio"),
    "wsgi": ("gunicorn-sync", "waitress", "wsgiref"),
    "both": ("uvicorn", "gunicorn-gthread", "h11-threads"),
}


@contextlib.contextmanager
def round_robin(ports):
    """Hand each connection to the next of some ports, and give the port where they come in."""
    turns = itertools.cycle(ports)
    with socket.create_server(("127.0.0.1", 0)) as listening, contextlib.ExitStack() as opened:

        def accept():
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                backend = socket.create_connection(("127.0.0.1", next(turns)), timeout=GUARD)
                for end in (client, backend):
                    opened.callback(end.close)
                for source, sink in ((client, backend), (backend, client)):
                    threading.Thread(target=pump, args=(source, sink), daemon=True).start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            accepting.join(GUARD)


def pump(source, sink):
    """Carry bytes until there are no more."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@pytest.fixture(
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"cluster {name}")) for name in CLUSTERS]
)
def speaker(request, all_served):
    """Speak to a cluster through its proxy."""
    carriers = {carrier.name: carrier for carrier in CARRIERS}
    places = [all_served(carriers[name]).place("/alone") for name in CLUSTERS[request.param]]
    with round_robin([port for port, _ in places]) as port:
        found = Speaker(port, "/alone")
        yield found
        found.close()


def process(speaker):
    """Ask who answers."""
    return int(text_of(speaker.result(modern("tools/call", call("process")))))


def test_each_request_is_served_by_another_process(speaker):
    found = [process(speaker) for _ in range(6)]
    assert len(set(found)) == 3
    assert found[:3] == found[3:]
    assert os.getpid() not in found


def test_a_question_is_asked_by_one_process_and_answered_to_the_others(speaker):
    asked, answers, state = call("travel"), {}, None
    for place in ("Spain", "Peru"):
        more = {} if state is None else {"inputResponses": answers, "requestState": state}
        found = speaker.result(modern("tools/call", {**asked, **more}, capabilities=ASKABLE))
        assert found["resultType"] == "input_required"
        (key,) = found["inputRequests"]
        answers, state = {key: {"action": "accept", "content": {"country": place}}}, found["requestState"]
    more = {"inputResponses": answers, "requestState": state}
    found = speaker.result(modern("tools/call", {**asked, **more}, capabilities=ASKABLE))
    first, last, *places = text_of(found).split()
    assert places == ["Spain", "Peru"]
    # The first of the three began it and the third one ended it.
    assert first != last


def test_a_legacy_client_needs_no_session(speaker):
    inside = speaker.begin(LEGACY)
    assert "Mcp-Session-Id" not in inside.headers
    found = {text_of(inside.result(legacy("tools/call", call("process"), id=number))) for number in range(3)}
    assert len(found) == 3
