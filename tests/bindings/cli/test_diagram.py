"""How a conversation is drawn."""

import pytest

from sansmcp_cli.demo.diagram import Diagram
from sansmcp_cli.demo.lines import Line


def arrow(sender: str, message: dict, diagram: Diagram | None = None) -> str:
    return (diagram or Diagram(width=60)).arrow(Line(at=0.0, sender=sender, message=message))


def test_every_line_of_a_diagram_has_the_same_width() -> None:
    diagram = Diagram(width=60)
    drawn = [
        arrow("client", {"id": 1, "method": "tools/list"}, diagram),
        arrow("server", {"id": 1, "result": {"tools": [{"name": "x" * 200}]}}, diagram),
        diagram.step("a step " * 40),
        diagram.tail(),
    ]
    assert {len(line) for line in drawn} == {66}


def test_an_arrow_points_to_the_receiver() -> None:
    assert arrow("client", {"id": 1, "method": "ping"}).endswith("▶│")
    assert "│◀" in arrow("server", {"method": "notifications/message"})


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"id": 1, "error": {"code": -32601, "message": "no"}}, "error #1 of ping: no (-32601)"),
        ({"id": 1, "result": {"protocolVersion": "X", "serverInfo": {"name": "s"}}}, "result #1 X s"),
        ({"id": 1, "result": {"supportedVersions": ["A", "B"]}}, "result #1 A, B"),
        ({"id": 1, "result": {"content": [{"type": "text", "text": "42"}]}}, "result #1: 42"),
        ({"id": 1, "result": {"content": [{"type": "image"}]}}, "result #1: image"),
        ({"id": 1, "result": {"resultType": "input_required"}}, "input required #1"),
        ({"method": "notifications/progress", "params": {"progress": 1, "total": 2}}, "progress 1/2"),
        ({"method": "notifications/cancelled", "params": {"requestId": 9}}, "cancelled #9"),
    ],
)
def test_what_the_server_says_is_told_in_short(message: dict, text: str) -> None:
    diagram = Diagram(width=76)
    arrow("client", {"id": 1, "method": "ping"}, diagram)
    assert text in arrow("server", message, diagram)


def test_colours_are_used_only_where_asked_for() -> None:
    assert "\x1b[" in arrow("client", {"id": 1, "method": "ping"}, Diagram(colour=True))
    assert "\x1b[" not in arrow("client", {"id": 1, "method": "ping"}, Diagram())
