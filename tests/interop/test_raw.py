import json
import sys

import pytest
from tests.interop.raw import (
    Ended,
    Line,
    Program,
    TooLate,
    exchange_of,
    is_answer,
    outline,
    read_transcript,
    replay,
    without_texts,
)

ECHO = "import sys\nfor line in sys.stdin:\n    print(line, end='', flush=True)\n"

# Answers each request with a result that names its method; asks a question before the answer to `ask`.
SERVER = """
import json, sys

def say(**message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)

for line in sys.stdin:
    message = json.loads(line)
    match message.get("method"):
        case "progress":
            token = message["params"]["_meta"]["progressToken"]
            say(method="notifications/progress", params={"progressToken": token, "progress": 1})
            say(id=message["id"], result={})
        case "ask":
            asked = message["id"]
            say(id="question-77", method="elicitation/create", params={})
        case "state" if "requestState" in message["params"]:
            state = message["params"]["requestState"]
            say(id=message["id"], result={"resultType": "complete", "state": state})
        case "state":
            say(id=message["id"], result={"resultType": "input_required", "requestState": "theirs"})
        case "fail":
            say(id=message["id"], error={"code": -32601, "message": "no"})
        case "chat":
            say(method="notifications/message", params={"data": "talk"})
        case None:
            say(id=asked, result={"answered": message["id"]})
"""


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_a_program_answers_line_by_line_and_ends_with_its_input():
    with Program(python(ECHO)) as program:
        program.send({"text": "grüß dich"})
        assert program.receive() == {"text": "grüß dich"}
        program.send_line(b"as it is")
        program.send_line("never read")
        assert program.receive_line() == "as it is"
        outcome = program.finish()
    assert (outcome.code, outcome.rest, outcome.errors) == (0, ("never read",), "")


def test_exit_code_and_stderr_are_collected():
    with Program(python("import sys\nprint('oh', file=sys.stderr)\nsys.exit(3)\n")) as program:
        with pytest.raises(Ended, match="closed its output"):
            program.receive_line()
        with pytest.raises(Ended):
            program.receive_line()
        outcome = program.wait()
    assert (outcome.code, outcome.errors) == (3, "oh\n")


def test_a_line_that_never_comes_is_too_late():
    with Program(python(ECHO)) as program, pytest.raises(TooLate, match="no line within"):
        program.receive_line(deadline=0.01)


def test_a_program_that_stays_is_killed():
    with Program(python("import signal\nsignal.pause()\n")) as program:
        with pytest.raises(TooLate, match="still running"):
            program.finish(deadline=0.01)
        assert program.wait().code < 0


def test_what_a_program_started_ends_with_it():
    family = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
        "print('started', flush=True)\n"
        "child.wait()\n"
    )
    with Program(python(family)) as program:
        assert program.receive_line() == "started"
    # The output ends when nobody is left to hold it.
    with pytest.raises(Ended):
        program.receive_line(deadline=0.01)


def test_receiving_until_a_message_keeps_what_came_before_it():
    with Program(python(SERVER)) as program:
        program.send({"id": 1, "method": "progress", "params": {"_meta": {"progressToken": "t"}}})
        found = program.receive_until(lambda message: is_answer(message, 1))
        assert [message.get("method") for message in found] == ["notifications/progress", None]
        program.send({"id": 2, "method": "fail"})
        assert program.answer_to(2)["error"]["code"] == -32601


def test_an_answer_is_for_the_id_of_that_very_type():
    assert is_answer({"id": 7, "result": {}}, 7)
    assert not is_answer({"id": "7", "result": {}}, 7)
    assert not is_answer({"id": True, "result": {}}, 1)
    assert not is_answer({"id": 7, "method": "ping"}, 7)
    assert not is_answer([], 7)


def test_a_transcript_has_lines_of_both_sides_and_remarks():
    assert read_transcript('# a remark\n\nC: {"id": 1}\nS:{"id":2}\n') == (
        Line(sender="C", message={"id": 1}, number=3),
        Line(sender="S", message={"id": 2}, number=4),
    )


@pytest.mark.parametrize("text", ["X: {}", "no colon"])
def test_a_line_of_nobody_is_refused_with_its_number(text):
    with pytest.raises(ValueError, match="line 2: expected"):
        read_transcript(f"\n{text}")


def transcript_of(*lines: tuple[str, object]) -> tuple[Line, ...]:
    return read_transcript("\n".join(f"{sender}: {json.dumps(message)}" for sender, message in lines))


def test_a_replay_pairs_the_lines_of_each_exchange_whatever_the_order_between_them():
    transcript = transcript_of(
        ("C", {"id": 1, "method": "progress", "params": {"_meta": {"progressToken": "t"}}}),
        ("C", {"id": 2, "method": "fail"}),
        ("S", {"id": 2, "error": {"code": -32601, "message": "other words"}}),
        ("S", {"method": "notifications/progress", "params": {"progressToken": "t", "progress": 1}}),
        ("S", {"id": 1, "result": {}}),
    )
    with Program(python(SERVER)) as program:
        found = replay(program, transcript)
    assert found.differences(outline) == []
    assert [pair.number for pair in found.pairs] == [3, 4, 5]


def test_a_replay_says_where_the_server_differs_and_what_it_said_beyond():
    transcript = transcript_of(
        ("C", {"id": 1, "method": "fail"}),
        ("S", {"id": 1, "error": {"code": -32602, "message": "no"}}),
        ("C", {"method": "chat"}),
    )
    with Program(python(SERVER)) as program:
        found = replay(program, transcript)
    first, second = found.differences(outline)
    assert first.startswith("line 2: expected {'id': 1, 'error': -32602}")
    assert second == "beyond the transcript: {'method': 'notifications/message'}"


def test_within_an_exchange_the_order_counts():
    transcript = transcript_of(
        ("C", {"id": 1, "method": "progress", "params": {"_meta": {"progressToken": "t"}}}),
        ("S", {"id": 1, "result": {}}),
        ("S", {"method": "notifications/progress", "params": {"progressToken": "t", "progress": 1}}),
    )
    with Program(python(SERVER)) as program:
        assert len(replay(program, transcript).differences(outline)) == 2


def test_a_replay_answers_with_the_ids_and_states_the_server_chose():
    transcript = transcript_of(
        ("C", {"id": 1, "method": "ask"}),
        ("S", {"id": 1, "method": "elicitation/create", "params": {}}),
        ("C", {"id": 1, "result": {"action": "accept"}}),
        ("S", {"id": 1, "result": {}}),
        ("C", {"id": 2, "method": "state", "params": {}}),
        ("S", {"id": 2, "result": {"resultType": "input_required", "requestState": "ours"}}),
        ("C", {"id": 3, "method": "state", "params": {"requestState": "ours"}}),
        ("S", {"id": 3, "result": {"resultType": "complete"}}),
    )
    with Program(python(SERVER)) as program:
        found = replay(program, transcript)
    assert found.differences(outline) == []
    assert found.pairs[1].received["result"] == {"answered": "question-77"}
    assert found.pairs[3].received["result"]["state"] == "theirs"


def test_a_subscription_is_the_exchange_of_its_request():
    tagged = {
        "method": "notifications/tools/list_changed",
        "params": {"_meta": {"io.modelcontextprotocol/subscriptionId": "sub"}},
    }
    assert exchange_of(tagged, {}) == exchange_of({"id": "sub", "result": {}}, {})


def test_texts_are_blanked_at_any_depth_and_nothing_else():
    message = {"result": {"content": [{"type": "text", "text": "one"}], "isError": True}}
    assert without_texts(message, frozenset({"text"})) == {
        "result": {"content": [{"type": "text", "text": "..."}], "isError": True}
    }
