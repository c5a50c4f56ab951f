"""An endpoint that an application has mounted below a prefix."""

import pytest
from tests.http.server.test_endpoint import served

from sansmcp.http import Headers, RequestHead, ResponseHead
from sansmcp.testing import SeededEnvironment


def asked(target: str, mount: str, *, method: str = "PUT", **settings: object) -> tuple[int, str]:
    """Return the status of a request and the text of what is written at once."""
    endpoint = served().http_endpoint(SeededEnvironment(), settings)  # type: ignore[arg-type]
    headers = Headers([("Host", "localhost"), ("Accept", "text/event-stream")])
    head = RequestHead(method=method, target=target, mount=mount, headers=headers)
    exchange = endpoint.open_exchange(head, 0.0)
    exchange.receive_eof(0.0)
    began, *rest = exchange.actions()
    assert isinstance(began, ResponseHead)
    return began.status, "".join(getattr(action, "data", b"").decode() for action in rest)


@pytest.mark.parametrize(
    ("target", "mount", "status"),
    [
        ("/mcp", "", 405),
        ("/", "", 404),
        ("/tools", "/tools", 405),
        ("/tools/", "/tools", 405),
        ("/tools/?a=b", "/tools", 405),
        ("/tools/mcp", "/tools", 405),
        ("/tools/other", "/tools", 404),
        ("/tools", "", 404),
    ],
)
def test_it_answers_where_it_is_mounted_and_at_its_path_below(target: str, mount: str, status: int) -> None:
    assert asked(target, mount)[0] == status


def test_clients_of_the_oldest_transport_are_told_the_whole_path() -> None:
    status, text = asked("/tools/sse", "/tools", method="GET", http_sse=True)
    assert status == 200
    assert text.startswith("event: endpoint\ndata: /tools/messages?session_id=")
