"""The tables of transitions, against tables written by hand from the specification.

The hand-written ones follow the Lifecycle pages of 2024-11-05 to 2025-11-25, the pages on cancellation,
the stdio page and Versioning of 2026-07-28. A dash stands for a breach. Then every cell of the lifecycle
is driven through real sessions, from both sides.
"""

import pytest
from tests.session.ends import (
    INITIALIZED,
    drain,
    error,
    events,
    initialize,
    initialize_result,
    kinds,
    last_id,
    make_client,
    make_server,
    notification,
    request,
    response,
    take,
    tell,
)

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.session import (
    DETECTION,
    LIFECYCLE,
    LINK,
    REQUEST,
    DetectionInput,
    DetectionState,
    Effect,
    LinkInput,
    LinkState,
    Phase,
    ProtocolViolated,
    RequestInput,
    RequestState,
    Step,
)

LIFECYCLE_BY_HAND = """
                    NEW          INITIALIZING            NEGOTIATED           OPERATING         ALONE ENDED
INITIALIZE          INITIALIZING -                       -                    -                 -     -
INITIALIZE_RESULT   -            NEGOTIATED/OPEN_SESSION -                    -                 -     -
INITIALIZE_ERROR    -            NEW                     -                    -                 -     -
INITIALIZED         -            -                       OPERATING/MARK_READY -                 ALONE -
CLIENT_PING         NEW          INITIALIZING            NEGOTIATED           OPERATING         ALONE -
CLIENT_REQUEST      -            -                       -                    OPERATING         ALONE -
CLIENT_NOTIFICATION -            -                       -                    OPERATING         ALONE -
SERVER_PING         NEW          INITIALIZING            NEGOTIATED           OPERATING         -     -
SERVER_LOG          -            INITIALIZING            NEGOTIATED           OPERATING         -     -
SERVER_REQUEST      -            -                       -                    OPERATING         -     -
SERVER_NOTIFICATION -            -                       -                    OPERATING         -     -
RESUME              ALONE        -                       -                    -                 -     -
SESSION_LOST        -            -                       -                    NEW               -     -
END                 ENDED        ENDED                   ENDED/END_SESSION    ENDED/END_SESSION ENDED ENDED
"""

LINK_BY_HAND = """
                 OPEN                      DRAINING        CLOSED
END_OF_INPUT     DRAINING/START_DRAINING   DRAINING        CLOSED
CLOSE            DRAINING/START_DRAINING   DRAINING        CLOSED
DRAINED          -                         CLOSED/SHUT     -
GRACE_OVER       -                         CLOSED/SHUT     -
GIVE_UP          CLOSED/SHUT               -               -
"""

REQUEST_BY_HAND = """
           IN_FLIGHT              AWAITING_INPUT     CANCELLED      ENDED
ANSWER     ENDED/FINISH           ENDED/FINISH       ENDED/DROP     -
ASK        AWAITING_INPUT/ASK     -                  ENDED/DROP     -
INPUT      -                      IN_FLIGHT/RESUME   -              -
CANCEL     CANCELLED/STOP_WORK    ENDED/FINISH       CANCELLED      -
LOSE       ENDED/FINISH           ENDED/FINISH       ENDED          -
"""

DETECTION_BY_HAND = """
                 UNKNOWN                PROBING                HANDSHAKING     MODERN         LEGACY  FAILED
CONNECT_PROBING  PROBING/PROBE          -                      -               -              -       -
CONNECT_LEGACY   HANDSHAKING/HANDSHAKE  -                      -               -              -       -
CONNECT_MODERN   MODERN/CONNECT         -                      -               -              -       -
MODERN_EVIDENCE  -                      MODERN/CONNECT         -               -              -       -
LEGACY_EVIDENCE  -                      HANDSHAKING/HANDSHAKE  -               -              -       -
ACCEPTED         -                      -                      LEGACY/CONNECT  -              -       -
REFUSED          -                      FAILED/GIVE_UP         FAILED/GIVE_UP  -              -       -
PROVED_WRONG     -                      -                      PROBING/PROBE   PROBING/PROBE  -       -
SESSION_LOST     -                      -                      -               -    HANDSHAKING/HANDSHAKE -
END              FAILED                 FAILED                 FAILED          FAILED         FAILED  FAILED
"""

TABLES = [
    (LIFECYCLE_BY_HAND, LIFECYCLE, Phase, Step),
    (LINK_BY_HAND, LINK, LinkState, LinkInput),
    (REQUEST_BY_HAND, REQUEST, RequestState, RequestInput),
    (DETECTION_BY_HAND, DETECTION, DetectionState, DetectionInput),
]


def cells_of(text, states, inputs):
    """Read a table: a line of states, then one line per input."""
    header, *lines = [line.split() for line in text.strip().splitlines()]
    cells = {}
    for name, *row in lines:
        for state, cell in zip(header, row, strict=True):
            moved = None
            if cell != "-":
                target, _, effect = cell.partition("/")
                moved = (Effect[effect] if effect else None, states[target])
            cells[states[state], inputs[name]] = moved
    return cells


@pytest.mark.parametrize(
    ("text", "table", "states", "inputs"), TABLES, ids=lambda item: getattr(item, "__name__", "")
)
def test_every_cell_of_a_table_is_as_written_by_hand(text, table, states, inputs):
    cells = cells_of(text, states, inputs)
    assert cells.keys() == {(state, happened) for state in states for happened in inputs}
    assert {cell: table[cell[0]].get(cell[1]) for cell in cells} == cells
    assert table.keys() == set(states)


# The lifecycle through real sessions

REVISION = "2025-11-25"
ROOTS_CHANGED = notification("notifications/roots/list_changed")
TOOLS_CHANGED = notification("notifications/tools/list_changed")
LOG = notification("notifications/message", {"level": "info", "data": "x"})

SAID_BY_CLIENT = {
    Step.INITIALIZE: initialize("a", REVISION),
    Step.INITIALIZED: INITIALIZED,
    Step.CLIENT_PING: request("a", "ping"),
    Step.CLIENT_REQUEST: request("a", "tools/list"),
    Step.CLIENT_NOTIFICATION: ROOTS_CHANGED,
}
SAID_BY_SERVER = {
    Step.SERVER_PING: request("a", "ping"),
    Step.SERVER_LOG: LOG,
    Step.SERVER_REQUEST: request("a", "roots/list"),
    Step.SERVER_NOTIFICATION: TOOLS_CHANGED,
}
# A server answers `initialize` at once, and a client sends `initialized` with the answer at once.
SERVER_PHASES = [Phase.NEW, Phase.NEGOTIATED, Phase.OPERATING, Phase.ALONE, Phase.ENDED]
CLIENT_PHASES = [Phase.NEW, Phase.INITIALIZING, Phase.OPERATING, Phase.ENDED]


def server_in(phase):
    server = make_server(revisions=[REVISION])
    if phase is Phase.ALONE:
        server.resume(REVISION, 0.0)
    elif phase is not Phase.NEW:
        tell(server, initialize(0, REVISION, {"roots": {"listChanged": True}}))
    if phase in (Phase.OPERATING, Phase.ENDED):
        tell(server, INITIALIZED)
    if phase is Phase.ENDED:
        server.close(0.0)
    drain(server)
    assert server.phase is phase
    return server


def client_in(phase):
    client = make_client(revisions=[REVISION])
    if phase is not Phase.NEW:
        client.connect(0.0)
    if phase in (Phase.OPERATING, Phase.ENDED):
        tell(client, initialize_result(last_id(client), REVISION))
    if phase is Phase.ENDED:
        client.close(0.0)
    drain(client)
    assert client.phase is phase
    return client


@pytest.mark.parametrize("phase", SERVER_PHASES)
@pytest.mark.parametrize("step", SAID_BY_CLIENT)
def test_what_a_client_says_in_a_phase_is_taken_or_is_a_breach(phase, step):
    server = server_in(phase)
    message = SAID_BY_CLIENT[step]
    before = server.stats()
    tell(server, message)
    if phase is Phase.ENDED:
        assert (events(server), take(server), server.stats()) == ([], [], before)
        return
    row = LIFECYCLE[phase].get(step)
    breaches = [event for event in events(server) if isinstance(event, ProtocolViolated)]
    refused = [reply["error"]["code"] for reply in take(server) if "error" in reply]
    if row is not None:
        assert (breaches, refused) == ([], [])
        assert server.phase is (Phase.NEGOTIATED if step is Step.INITIALIZE else row[1])
    else:
        assert len(breaches) == 1
        assert refused == ([-32600] if "id" in message else [])
        assert server.phase is phase


@pytest.mark.parametrize("phase", CLIENT_PHASES)
@pytest.mark.parametrize("step", SAID_BY_SERVER)
def test_what_a_server_says_in_a_phase_is_taken_or_is_a_breach(phase, step):
    client = client_in(phase)
    message = SAID_BY_SERVER[step]
    before = client.stats()
    tell(client, message)
    if phase is Phase.ENDED:
        assert (events(client), take(client), client.stats()) == ([], [], before)
        return
    breaches = [event for event in events(client) if isinstance(event, ProtocolViolated)]
    refused = [reply["error"]["code"] for reply in take(client) if "error" in reply]
    if LIFECYCLE[phase].get(step) is not None:
        assert (breaches, refused) == ([], [])
    else:
        assert len(breaches) == 1
        assert refused == ([-32600] if "id" in message else [])
    assert client.phase is phase


@pytest.mark.parametrize("phase", [Phase.NEW, Phase.OPERATING])
@pytest.mark.parametrize("answer", [initialize_result(99, REVISION), error(99, -32603)])
def test_an_answer_to_initialize_that_was_not_asked_for_has_no_place(phase, answer):
    client = client_in(phase)
    tell(client, answer)
    assert kinds(client) == ["MessageDropped"]
    assert client.phase is phase


def test_the_answer_to_initialize_moves_a_client_on():
    client = client_in(Phase.NEW)
    client.connect(0.0)
    tell(client, initialize_result(last_id(client), REVISION))
    assert (client.phase, take(client)) == (Phase.OPERATING, [INITIALIZED])
    refused = client_in(Phase.NEW)
    refused.connect(0.0)
    tell(refused, error(last_id(refused), -32603))
    assert refused.phase is Phase.ENDED


def speak_as_server(server, step):
    progress = schema.LoggingMessageNotificationParams(level="error", data="x")
    match step:
        case Step.INITIALIZE_RESULT:
            server.respond(0, {}, 0.0)
        case Step.INITIALIZE_ERROR:
            server.fail(0, -32603, "no", 0.0)
        case Step.SERVER_PING:
            server.ping(0.0)
        case Step.SERVER_LOG:
            server.notify("notifications/message", progress, 0.0)
        case Step.SERVER_REQUEST:
            server.require_input("b", {"k": schema.InputRequest(method="roots/list")}, 0.0)
        case Step.SERVER_NOTIFICATION:
            complete = schema.ElicitationCompleteNotificationParams(elicitation_id="e")
            server.notify("notifications/elicitation/complete", complete, 0.0)


def speak_as_client(client, step):
    match step:
        case Step.INITIALIZE:
            client.connect(0.0)
        case Step.INITIALIZED:
            client.notify("notifications/initialized", None, 0.0)
        case Step.CLIENT_PING:
            client.ping(0.0)
        case Step.CLIENT_REQUEST:
            client.send_request("tools/list", None, 0.0)
        case Step.CLIENT_NOTIFICATION:
            client.notify("notifications/roots/list_changed", None, 0.0)


SERVER_SPEAKS = [step for step in Step if step.value.startswith("server:")]
CLIENT_SPEAKS = [step for step in Step if step.value.startswith("client:")]
# What the table allows and a command does not, each for its reason.
NOT_BY_COMMAND = {
    # Before `initialize` nobody knows whether the client is of an era that has pings.
    (Phase.NEW, Step.SERVER_PING),
    (Phase.NEW, Step.CLIENT_PING),
}


@pytest.mark.parametrize("phase", SERVER_PHASES)
@pytest.mark.parametrize("step", SERVER_SPEAKS)
def test_what_a_server_may_not_say_raises_and_changes_nothing(phase, step):
    server = server_in(phase)
    if phase in (Phase.OPERATING, Phase.ALONE):
        tell(server, request("level", "logging/setLevel", {"level": "debug"}))
        tell(server, request("b", "tools/call", {"name": "tool"}))
        drain(server)
    legal = step in LIFECYCLE[phase] and (phase, step) not in NOT_BY_COMMAND
    before = server.stats(), server.next_deadline()
    # Handlers need not know that the link is gone: what they report is heard by nobody.
    silent = phase is Phase.ENDED and step in (Step.SERVER_LOG, Step.SERVER_NOTIFICATION)
    if legal:
        speak_as_server(server, step)
    elif silent:
        speak_as_server(server, step)
        assert take(server) == []
    else:
        with pytest.raises(LocalProtocolError):
            speak_as_server(server, step)
    after = events(server), take(server), (server.stats(), server.next_deadline())
    # In `negotiated` a log message is legal, but nobody has asked for any yet.
    unheard = (phase, step) == (Phase.NEGOTIATED, Step.SERVER_LOG)
    assert (after == ([], [], before)) is (not legal or unheard)
    assert server.phase is phase


@pytest.mark.parametrize("phase", CLIENT_PHASES)
@pytest.mark.parametrize("step", CLIENT_SPEAKS)
def test_what_a_client_may_not_say_raises_and_changes_nothing(phase, step):
    client = client_in(phase)
    legal = step in LIFECYCLE[phase] and (phase, step) not in NOT_BY_COMMAND
    before = client.stats(), client.next_deadline(), phase
    silent = phase is Phase.ENDED and step in (Step.CLIENT_NOTIFICATION, Step.INITIALIZED)
    if legal or silent:
        speak_as_client(client, step)
    else:
        with pytest.raises(LocalProtocolError):
            speak_as_client(client, step)
    after = events(client), take(client), (client.stats(), client.next_deadline(), client.phase)
    assert (after == ([], [], before)) is not legal


# Requests of the peer, and what a server may do with them in each of their states

COMMANDS_BY_HAND = """
             unknown   in_flight   awaiting   cancelled   ended
respond      raises    answers     raises     drops       raises
fail         raises    answers     raises     drops       raises
require      raises    asks        raises     drops       raises
progress     raises    tells       tells      nothing     raises
cancelled    ignored   stops       stops      nothing     ignored
"""


def server_with(state):
    server = server_in(Phase.OPERATING)
    if state != "unknown":
        tell(server, request("a", "tools/call", {"name": "tool", "_meta": {"progressToken": "t"}}))
    if state == "awaiting":
        server.require_input("a", {"k": schema.InputRequest(method="roots/list")}, 0.0)
    if state == "cancelled":
        tell(server, notification("notifications/cancelled", {"requestId": "a"}))
    if state == "ended":
        server.respond("a", schema.CallToolResult(content=()), 0.0)
    drain(server)
    return server


def command(server, name):
    match name:
        case "respond":
            server.respond("a", schema.CallToolResult(content=()), 0.0)
        case "fail":
            server.fail("a", -32603, "no", 0.0)
        case "require":
            server.require_input("a", {"k": schema.InputRequest(method="roots/list")}, 0.0)
        case "progress":
            progress = schema.ProgressNotificationParams(progress_token="t", progress=1)
            server.notify("notifications/progress", progress, 0.0, related="a")
        case "cancelled":
            tell(server, notification("notifications/cancelled", {"requestId": "a"}))


OUTCOMES = {
    "answers": ([], ["response"]),
    "drops": (["AnswerDropped"], []),
    "asks": ([], ["roots/list"]),
    "tells": ([], ["notifications/progress"]),
    "nothing": ([], []),
    "ignored": (["MessageDropped"], []),
}


def commands_by_hand():
    header, *lines = [line.split() for line in COMMANDS_BY_HAND.strip().splitlines()]
    return [(state, name, cell) for name, *row in lines for state, cell in zip(header, row, strict=True)]


@pytest.mark.parametrize(("state", "name", "expected"), commands_by_hand())
def test_what_a_server_does_with_a_request_in_each_of_its_states(state, name, expected):
    server = server_with(state)
    if expected == "raises":
        before = server.stats(), server.next_deadline()
        with pytest.raises(LocalProtocolError, match="'a'"):
            command(server, name)
        assert (events(server), take(server), (server.stats(), server.next_deadline())) == ([], [], before)
        return
    command(server, name)
    told = kinds(server)
    actions = take(server)
    said = [action.get("method", "response") for action in actions if isinstance(action, dict)]
    if expected == "stops":
        # Where nothing runs, the questions are withdrawn instead.
        assert (told, actions[1:]) == (
            (["RequestCancelled"], []) if state == "in_flight" else ([], [("cancel", 1, None)])
        )
        assert actions[0] == ("end", "a")
    else:
        assert (told, said) == OUTCOMES[expected]
    assert response("a", {}) not in actions
