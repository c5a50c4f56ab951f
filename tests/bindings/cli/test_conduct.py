"""What a recorded conversation must not show."""

from sansmcp_cli.demo.conduct import Conduct
from sansmcp_cli.demo.lines import Line


def faults(*lines: tuple[str, dict]) -> list[str]:
    said = [Line(at=0.0, sender=sender, message={"jsonrpc": "2.0", **message}) for sender, message in lines]
    return list(Conduct().faults_of(said))


REQUEST = ("client", {"id": 7, "method": "tools/call"})
ANSWER = ("server", {"id": 7, "result": {}})
CANCEL = ("client", {"method": "notifications/cancelled", "params": {"requestId": 7}})


def progress(value: float) -> tuple[str, dict]:
    return "server", {"method": "notifications/progress", "params": {"progressToken": 1, "progress": value}}


def test_a_request_with_its_answer_breaks_no_rule() -> None:
    assert (
        faults(REQUEST, progress(1), progress(2), ANSWER, ("client", {"method": "notifications/other"})) == []
    )


def test_a_cancelled_request_needs_no_answer_and_must_not_get_one() -> None:
    assert faults(REQUEST, CANCEL) == []
    assert faults(REQUEST, CANCEL, ANSWER) == ["the server answered 7, a cancelled request"]


def test_a_request_without_an_answer_is_named() -> None:
    assert faults(REQUEST) == ["tools/call 7 of the client was never answered"]


def test_an_answer_to_nothing_is_named() -> None:
    assert faults(ANSWER) == ["the server answered 7, no request in flight"]
    assert faults(REQUEST, ANSWER, ANSWER) == ["the server answered 7, no request in flight"]


def test_an_id_of_the_other_type_is_another_id() -> None:
    said = faults(REQUEST, ("server", {"id": "7", "result": {}}))
    assert said == [
        "the server answered '7', no request in flight",
        "tools/call 7 of the client was never answered",
    ]


def test_an_id_that_is_used_twice_is_named() -> None:
    assert "the client used the id 7 twice" in faults(REQUEST, REQUEST, ANSWER)


def test_progress_that_does_not_rise_is_named() -> None:
    assert faults(REQUEST, progress(1), progress(1), ANSWER) == ["progress of 1 did not rise: 1"]


def test_a_message_without_its_version_is_named() -> None:
    line = Line(at=0.0, sender="server", message={"id": 1, "result": {}})
    assert list(Conduct().faults_of([line])) == ["the server sent a message without jsonrpc 2.0"]
