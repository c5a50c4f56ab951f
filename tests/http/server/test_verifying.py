"""Finding out who sent a request, at once and in time, and verifiers that fail."""

import asyncio
import json
from functools import partial

import pytest
from tests.http.server.exchanging import BOTH, Exchanging, Reply
from tests.http.server.offered import served

from sansmcp.errors import LocalProtocolError
from sansmcp.http import LATER, Authorize, LoadSession, MayWait, Refused, RequestHead
from sansmcp.server import ServerConnections
from sansmcp.session import ProtocolViolated
from sansmcp.values import JSON

FIELDS = [("Content-Type", "application/json"), ("Accept", BOTH)]
OPENING = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "c", "version": "1"},
    },
}


def opened(world: Exchanging, *fields: tuple[str, str]) -> Reply:
    return world.request("POST", [*FIELDS, *fields], json.dumps(OPENING).encode())


def name_of(head: RequestHead) -> str | Refused | None:
    name = head.headers.get("x-name")
    return Refused(status=401, reason="it names nobody") if name == "nobody" else name


async def name_in_time(head: RequestHead) -> str | Refused | None:
    await asyncio.sleep(0)
    return name_of(head)


def violations(world: Exchanging) -> list[str]:
    return [event.reason for _, event in world.events if isinstance(event, ProtocolViolated)]


def principals(world: Exchanging) -> list[JSON]:
    return [session.principal for session, _ in world.events]  # type: ignore[attr-defined]


@pytest.mark.parametrize("verify", [name_of, MayWait(name_of)])
def test_whoever_is_let_in_is_who_the_verifier_said(verify: JSON) -> None:
    world = Exchanging(served(), verify=verify)
    assert opened(world, ("X-Name", "ann")).status == 200
    assert set(principals(world)) == {"ann"}
    assert opened(world).status == 200
    assert opened(world, ("X-Name", "nobody")).status == 401
    assert violations(world) == ["it names nobody"]


def test_a_request_waits_for_its_verifier_whole() -> None:
    world = Exchanging(served(), verify=MayWait(name_of))
    world.holds_errands = True
    reply = opened(world, ("X-Name", "ann"))
    assert reply.actions == []
    world.wait(100.0)
    (errand,) = world.errands
    assert isinstance(errand, Authorize)
    assert errand.work is not None
    assert (errand.work.name, errand.work.is_async, errand.work.blocks) == ("verify", False, True)
    errand.work.cancel()
    world.do_errands()
    assert reply.status == 200


@pytest.mark.parametrize("verify", [name_in_time, MayWait(name_in_time)])
def test_what_is_to_be_awaited_is_left_to_whoever_can(verify: JSON) -> None:
    world = Exchanging(served(), verify=verify)
    world.holds_errands = True
    replies = [opened(world, ("X-Name", name)) for name in ("ann", "nobody")]
    for errand in world.errands:
        assert isinstance(errand, Authorize)
        assert errand.work is not None
        assert errand.work.is_async
        errand.work.succeed(asyncio.run(errand.work.call()), world.now)
    world.settle()
    assert [reply.status for reply in replies] == [200, 401]
    world.errands.clear()
    world.holds_errands = False
    assert opened(world).status == 500
    assert "nobody is there to ask; see MayWait" in violations(world)[-1]


@pytest.mark.parametrize("wrap", [lambda function: function, MayWait])
@pytest.mark.parametrize("found", [7, True, b"ann", ["ann"]])
def test_what_is_no_name_lets_nobody_in(wrap: JSON, found: JSON) -> None:
    world = Exchanging(served(), verify=wrap(lambda _head: found))
    reply = opened(world)
    assert (reply.status, reply.body, world.endpoint.sessions) == (500, b"", 0)
    assert violations(world) == [f"verify: expected a name, None or a Refused, found {found!r}"]


@pytest.mark.parametrize("wrap", [lambda function: function, MayWait])
def test_a_verifier_that_raises_lets_nobody_in_and_does_not_say_why(wrap: JSON) -> None:
    def verify(_head: RequestHead) -> str:
        raise ValueError("secret")

    world = Exchanging(served(), verify=wrap(verify))
    reply = opened(world)
    assert (reply.status, reply.body, world.endpoint.sessions) == (500, b"", 0)
    assert violations(world) == ["verify: it raised ValueError('secret')"]


def test_a_verifier_that_may_wait_says_nothing_by_itself() -> None:
    verifier = MayWait(name_of)
    assert verifier(RequestHead(method="GET", target="/")) is LATER
    with pytest.raises(LocalProtocolError, match="MayWait: expected a function, found 'x'"):
        MayWait("x")  # type: ignore[arg-type]


@pytest.mark.parametrize("is_held", [False, True])
def test_a_binding_runs_a_verifier_like_a_handler(is_held: bool) -> None:
    world = Exchanging(served(), verify=MayWait(name_of))
    world.holds_errands, world.holds = True, is_held
    reply = opened(world, ("X-Name", "ann"))
    assert world.connections.takes(world.errands.pop())
    world.settle()
    assert reply.actions == [] or not is_held
    world.go_on()
    assert reply.status == 200


def test_a_binding_does_not_run_what_is_no_handler() -> None:
    world = Exchanging(served(), verify=lambda _head: LATER)
    world.holds_errands, world.holds = True, True
    opened(world)
    assert not world.connections.takes(world.errands[0])
    assert not world.connections.takes(LoadSession(session="x"))


def test_what_no_runtime_can_stop_is_left_to_its_end() -> None:
    world = Exchanging(served(), verify=MayWait(name_of))
    world.holds_errands, world.holds = True, True
    reply = opened(world)
    assert world.connections.takes(world.errands.pop())
    world.connections.close()
    world.go_on()
    assert reply.status == 200


def test_a_verifier_that_still_runs_is_stopped_when_all_is_over() -> None:
    world = Exchanging(served(), verify=MayWait(name_of))
    world.holds_errands = True
    opened(world)
    stopped: list[JSON] = []
    connections = ServerConnections(
        world.server,
        start=lambda work, _finish: partial(stopped.append, work),
        outlet=lambda post: post(0.0),
        tell=lambda told: told(),
        report=world.reports.append,
        settings={},
        deadlines=world.endpoint.deadlines,
    )
    (errand,) = world.errands
    assert isinstance(errand, Authorize)
    assert connections.takes(errand)
    connections.close()
    assert stopped == [errand.work]
