"""Small and exhaustive: two requests, a cancellation, a timeout, an end of input, a close, in every order.

What must come out is said by models of a few lines, written from the specification (Cancellation, Timing
Considerations; Lifecycle, Shutdown) and not from the code.
"""

import itertools

import pytest
from tests.session.ends import (
    MODERN,
    call_of,
    cancelled,
    drain,
    events,
    kinds,
    last_id,
    open_client,
    open_server,
    response,
    result_of,
    take,
    tell,
)

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.session import LinkState

ONE_OF_EACH_ERA = ["2025-11-25", MODERN]
DONE = schema.CallToolResult(content=())
NO_ROOTS = schema.ListRootsResult(roots=())


def names(session):
    """Take the events as pairs of a name and what they are about."""
    found = []
    for event in events(session):
        about = getattr(event, "handle", getattr(event, "request_id", None))
        found.append((type(event).__name__, about))
    return found


# A client with two calls


def client_model(order, handles):
    """Return the events and the actions that each order must give."""
    waiting, told, done, open_ = dict(enumerate(handles, 1)), [], [], True

    def end(number, outcome):
        told.append((outcome, waiting.pop(number)))

    for step in order:
        if not open_:
            continue
        match step:
            case ("answer", number):
                if number in waiting:
                    end(number, "ResponseReceived")
                else:
                    told.append(("MessageDropped", None))
            case ("cancel", number):
                if number in waiting:
                    done.append(("cancel", waiting.pop(number)))
            case "timeout":
                for number in list(waiting):
                    done.append(("cancel", waiting[number]))
                    end(number, "RequestTimedOut")
            case "eof" | "close":
                for number in list(waiting):
                    end(number, "RequestLost")
                told.append(("Disconnected", None))
                done.append("close")
                open_ = False
    return told, done


CLIENT_STEPS = [("answer", 1), ("answer", 2), ("cancel", 1), "timeout", "eof", "close"]


@pytest.mark.parametrize("revision", ONE_OF_EACH_ERA)
@pytest.mark.parametrize("first", CLIENT_STEPS, ids=str)
def test_every_order_of_answers_cancel_timeout_and_ends_leaves_each_call_with_one_outcome(revision, first):
    rest = [step for step in CLIENT_STEPS if step != first]
    for order in ((first, *others) for others in itertools.permutations(rest)):
        client = open_client(revision)
        handles = [client.send_request("tools/call", {"name": "x"}, 0.0) for _ in range(2)]
        ids = [message["id"] for message in take(client)]
        now, told, done = 0.0, [], []
        for step in order:
            match step:
                case ("answer", number):
                    tell(client, response(ids[number - 1], result_of("tools/call", revision)), now)
                case ("cancel", number):
                    client.cancel(handles[number - 1], now)
                case "timeout":
                    client.handle_timeout(now := now + 60.0)
                case "eof":
                    client.receive_eof(now)
                case "close":
                    client.close(now)
            told += names(client)
            done += [
                action if action == "close" else ("cancel", handles[ids.index(action[1])])
                for action in take(client)
            ]
        assert (told, done) == client_model(order, handles), order
        stats = client.stats()
        assert (stats.calls_in_flight, client.next_deadline()) == (0, None), order


# A server with two requests


class ServerModel:
    """What a server must say to two requests of which the first is cancelled, once or twice."""

    def __init__(self, *, legacy):
        self.legacy = legacy
        self.state = {1: "running", 2: "running"}
        self.link = "open"
        self.told, self.done = [], []

    def step(self, step):
        match step:
            case ("finish", number):
                self.finish(number)
            case ("cancel", number):
                self.cancel(number)
            case "eof" | "close":
                if self.link == "open":
                    self.link = "draining"
            case "tick":
                if self.link == "draining":
                    self.shut()
        if self.link == "draining" and "running" not in self.state.values():
            self.shut()

    def finish(self, number):
        state, self.state[number] = self.state[number], "done"
        if state == "running":
            self.done.append(("answer", number))
        elif self.link != "closed":
            self.told.append(("AnswerDropped", number))

    def cancel(self, number):
        if self.link == "closed":
            return
        if self.state[number] == "running":
            self.state[number] = "cancelled"
            self.told.append(("RequestCancelled", number))
            self.done.append(("end", number))
        elif self.state[number] == "done":
            self.told.append(("MessageDropped", None))

    def shut(self):
        self.link = "closed"
        for number, state in self.state.items():
            if state == "running":
                self.state[number] = "cancelled"
                self.told.append(("RequestCancelled", number))
        if self.legacy:
            self.told.append(("SessionEnded", None))
        self.told.append(("Disconnected", None))
        self.done.append("close")


SERVER_STEPS = [("finish", 1), ("finish", 2), ("cancel", 1), ("cancel", 1), "eof", "close", "tick"]


@pytest.mark.parametrize("revision", ONE_OF_EACH_ERA)
def test_every_order_of_answers_cancels_and_ends_gives_each_request_at_most_one_answer(revision):
    for order in sorted(set(itertools.permutations(SERVER_STEPS)), key=str):
        server = open_server(revision)
        for id_ in (1, 2):
            tell(server, call_of(revision, id_))
        drain(server)
        model = ServerModel(legacy=revision != MODERN)
        now, told, done = 0.0, [], []
        for step in order:
            match step:
                case ("finish", number):
                    server.respond(number, DONE, now)
                case ("cancel", number):
                    tell(server, cancelled(number), now)
                case "eof":
                    server.receive_eof(now)
                case "close":
                    server.close(now)
                case "tick":
                    server.handle_timeout(now := now + 10.0)
            model.step(step)
            told += names(server)
            done += [
                ("answer", action["id"]) if isinstance(action, dict) else action for action in take(server)
            ]
        assert (told, done) == (model.told, model.done), order
        stats = server.stats()
        assert (stats.requests_in_flight, stats.requests_waiting, server.next_deadline()) == (0, 0, None), (
            order
        )


# A legacy server that asks in the middle of a call


ASKING_STEPS = ["answer", "cancel", "finish", "eof", "close", "tick"]


@pytest.mark.parametrize("first", ASKING_STEPS)
def test_every_order_around_a_legacy_question_runs_the_call_again_at_most_once_and_answers_it_at_most_once(
    first,
):
    rest = [step for step in ASKING_STEPS if step != first]
    for order in ((first, *others) for others in itertools.permutations(rest)):
        server = open_server("2025-11-25")
        tell(server, call_of("2025-11-25", 1))
        server.require_input(1, {"k": schema.InputRequest(method="roots/list")}, 0.0)
        question = last_id(server)
        drain(server)
        # The call waits for the answer; runs again; was given up while it ran; or is over.
        state, link, now = "awaiting", "open", 0.0
        for step in order:
            match step:
                case "answer":
                    tell(server, response(question, {"roots": []}), now)
                    again = "RequestReceived" in kinds(server)
                    assert again is (state == "awaiting" and link != "closed"), order
                    state = "running" if again else state
                case "cancel":
                    tell(server, cancelled(1), now)
                    if link != "closed":
                        state = {"awaiting": "over", "running": "given up"}.get(state, state)
                case "finish" if state in ("running", "given up"):
                    server.respond(1, DONE, now)
                    answered = [action for action in take(server) if isinstance(action, dict)]
                    assert len(answered) == (state == "running"), order
                    state = "over"
                case "finish":
                    drain(server)
                    with pytest.raises(LocalProtocolError):
                        server.respond(1, DONE, now)
                case "eof":
                    server.receive_eof(now)
                    # The first word about the end counts: after a close the answer may still come.
                    if link == "open" and state == "awaiting":
                        state = "over"
                case "close":
                    server.close(now)
                case "tick":
                    server.handle_timeout(now := now + 10.0)
            if server.link is LinkState.CLOSED and link != "closed":
                state = {"awaiting": "over", "running": "given up"}.get(state, state)
            link = server.link.value
            drain(server)
        assert link == "closed", order
        assert server.stats().requests_in_flight == (state == "given up"), order
        assert (server.stats().calls_in_flight, server.next_deadline()) == (0, None), order


# A modern client that is asked in the middle of a call


@pytest.mark.parametrize("first", ["provide", "cancel", "answer", "timeout", "eof", "close"])
def test_every_order_around_a_modern_question_ends_the_call_once(first):
    steps = ["provide", "cancel", "answer", "timeout", "eof", "close"]
    rest = [step for step in steps if step != first]
    for order in ((first, *others) for others in itertools.permutations(rest)):
        client = open_client(MODERN)
        handle = client.send_request("tools/call", {"name": "x"}, 0.0)
        asked = {"resultType": "input_required", "inputRequests": {"k": {"method": "roots/list"}}}
        first_id = last_id(client)
        tell(client, response(first_id, asked))
        (question,) = events(client)
        state, retry, now, told = "asking", first_id, 0.0, []
        for step in order:
            expected = []
            match step:
                case "provide":
                    client.provide_input(question.handle, NO_ROOTS, now)
                    if state == "asking":
                        state, retry = "retried", last_id(client)
                case "cancel":
                    client.cancel(handle, now)
                    if state == "asking":
                        expected = [("InputCancelled", question.handle)]
                    state = "closed" if state == "closed" else "over"
                case "answer":
                    tell(client, response(retry, {"content": []}), now)
                    # Before the retry it names the round that is over.
                    if state == "retried":
                        state, expected = "over", [("ResponseReceived", handle)]
                    elif state != "closed":
                        expected = [("MessageDropped", None)]
                case "timeout":
                    # While our side owes the answer, the clock stands still.
                    client.handle_timeout(now := now + 60.0)
                    if state == "retried":
                        state, expected = "over", [("RequestTimedOut", handle)]
                case "eof" | "close":
                    client.receive_eof(now) if step == "eof" else client.close(now)
                    withdrawn = [("InputCancelled", question.handle)] if state == "asking" else []
                    lost = [("RequestLost", handle)] if state in ("asking", "retried") else []
                    expected = [*withdrawn, *lost, ("Disconnected", None)] if state != "closed" else []
                    state = "closed"
            told = names(client)
            assert told == expected, (order, step)
        assert (client.stats().calls_in_flight, client.stats().requests_in_flight) == (0, 0), order
        assert client.next_deadline() is None, order
