"""What is said where a server cannot be reached or does not let a client in: where, what, and what to do.

Source: design, errors say what was found, what was expected and what to do.
"""

import pytest
from tests.http.client.talking import MODERN, URL, Talk, message_of

from sansmcp.session import Connected, Disconnected

CHALLENGE = 'Bearer resource_metadata="https://example.com/.well-known/oauth-protected-resource"'
PATH = "is the path of the URL right? Many servers have /mcp"
CREDENTIALS = "are the credentials in headers= there, and right?"


def refused(*responses, **options):
    """Answer each request in turn, as long as there is one, and return what is told of the end."""
    talk = Talk(("2025-11-25", MODERN), **options)
    talk.client.connect(0.0)
    for status, headers, body in responses:
        talk.answer(talk.take(), status, body, kind="text/html; charset=utf-8", headers=headers)
    assert talk.take_all() == []
    (end,) = talk.told(Disconnected)
    return end.reason


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (401, (("www-authenticate", CHALLENGE),), f"status 401, and asks for {CHALLENGE!r}; {CREDENTIALS}"),
        (403, (), f"status 403; {CREDENTIALS}"),
        (301, (("location", "/mcp/"),), "status 301, to '/mcp/'; connect to that URL if you trust it"),
        (421, (), "status 421; the server does not know itself by the host of the URL"),
        (502, (), "status 502; is the server behind the proxy running?"),
        (500, (), "status 500"),
        (429, (), "status 429"),
    ],
)
def test_a_refusal_names_the_url_the_status_and_what_to_do(status, headers, words):
    assert refused((status, headers, None)) == f"{URL}: server/discover: the server answered with the {words}"


def test_words_of_the_server_are_advice_enough():
    talk = Talk((MODERN,))
    talk.client.connect(0.0)
    talk.error(talk.take(), 403, -32600, "Host is 'a', which the setting allowed_hosts does not allow")
    (end,) = talk.told(Disconnected)
    assert end.reason.endswith("which the setting allowed_hosts does not allow (-32600)")


@pytest.mark.parametrize("status", [404, 405])
def test_where_nothing_is_the_path_is_doubted_once(status):
    answer = f"the server answered with the status {status}"
    reason = refused(*[(status, (), None)] * 3)
    assert reason == f"{URL}: initialize: {answer}; and a GET there: {answer}; {PATH}"


def test_a_web_page_is_told_from_an_endpoint():
    reason = refused((200, (), b"<!doctype html>"))
    assert reason.startswith(f"{URL}: the response has no answer in it; its content type is text/html")
    assert reason.endswith(f"; that is a web page: {PATH}")
    assert refused(*[(404, (), b"<p>")] * 3).endswith(f"; that is a web page: {PATH}")
    assert refused((503, (), b"<p>")).endswith("; is the server behind the proxy running?")


def test_a_redirection_to_another_server_says_where():
    reason = refused((307, (("location", "https://other.example/mcp"),), None))
    assert reason == (
        f"{URL}: it is redirected to 'https://other.example/mcp'; that is another server, which is not "
        "followed; connect to that URL if you trust it"
    )


def test_what_may_be_secret_in_a_url_is_not_shown():
    assert refused((500, (), None), url=f"{URL}?key=secret").startswith(f"{URL}: server/discover")


def test_the_end_of_a_connection_names_the_url_unless_this_side_ended_it():
    talk = Talk(("2025-11-25",))
    talk.client.connect(0.0)
    talk.initialize(talk.take(), session_id=None)
    talk.take().receive_failure("connection reset", 0.0)
    assert talk.told(Disconnected)[0].reason.startswith(f"{URL}: notifications/initialized")
    talk = Talk().connect_modern()
    talk.client.close(0.0)
    assert URL not in talk.told(Disconnected)[0].reason


def test_a_call_that_is_refused_later_says_what_was_asked_for():
    talk = Talk(("2025-11-25",))
    talk.connect_legacy()
    assert talk.told(Connected) == []
    _, call = talk.call()
    assert message_of(call)["method"] == "tools/call"
    talk.answer(call, 401, headers=(("www-authenticate", CHALLENGE),))
    (lost,) = talk.events
    assert lost.reason == f"the server answered with the status 401, and asks for {CHALLENGE!r}"
