"""URLs of endpoints: what is taken, how it is said, and what is refused."""

import pytest

from sansmcp.errors import LocalProtocolError
from sansmcp.http import Url


@pytest.mark.parametrize(
    ("text", "said", "authority", "origin"),
    [
        ("http://127.0.0.1:8000/mcp", None, "127.0.0.1:8000", "http://127.0.0.1:8000"),
        (
            "HTTP://Example.COM:80/Mcp?a=b",
            "http://example.com/Mcp?a=b",
            "example.com",
            "http://example.com:80",
        ),
        ("https://example.com", "https://example.com/", "example.com", "https://example.com:443"),
        (
            "https://example.com:8443?x=1",
            "https://example.com:8443/?x=1",
            "example.com:8443",
            "https://example.com:8443",
        ),
        ("http://[::1]:8000/mcp", None, "[::1]:8000", "http://[::1]:8000"),
        ("http://[0:0::1]/", "http://[::1]/", "[::1]", "http://[::1]:80"),
        (
            "http://bücher.example/ä",
            "http://xn--bcher-kva.example/%C3%A4",
            "xn--bcher-kva.example",
            "http://xn--bcher-kva.example:80",
        ),
        ("http+unix://%2Frun%2Fa.sock/mcp", None, "localhost", "http+unix://%2Frun%2Fa.sock"),
        (
            "http+unix://%2Frun%2Fa.sock",
            "http+unix://%2Frun%2Fa.sock/",
            "localhost",
            "http+unix://%2Frun%2Fa.sock",
        ),
        ("http://example.com:/", "http://example.com/", "example.com", "http://example.com:80"),
    ],
)
def test_a_url_is_read_and_said(text, said, authority, origin):
    url = Url.parse(text)
    assert str(url) == (said or text)
    assert (url.authority, url.origin) == (authority, origin)
    assert Url.parse(str(url)) == url


def test_the_host_of_a_socket_is_its_path():
    assert Url.parse("http+unix://%2Frun%2Fa.sock/mcp").host == "/run/a.sock"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com",
        "/mcp",
        "ftp://example.com/",
        "tcp://example.com:80",
        "http:/example.com/",
        "http:///mcp",
        "http://example.com:0/",
        "http://example.com:65536/",
        "http://example.com:x/",
        "http://exa mple.com/",
        "http://example.com/a b",
        "http://example.com/\r\nX-Evil: 1",
        "http://example.com/\t",
        "http://example.com\\@evil.example/",
        "http://example.com/\\evil",
        "http://example.com/#part",
        "http://[::1/",
        "http://::1/",
        "http://[v1.x]/",
        "http://exa%6Dple.com/",
        "http://" + "a" * 80 + "ü.example/",
        "http://" + "a" * 64 + ".example/",
        "https://a..example/",
        "https://.example/",
        "http+unix:///mcp",
        "http+unix://%00/mcp",
        7,
    ],
)
def test_what_is_no_url_is_refused_with_words(text):
    with pytest.raises(LocalProtocolError, match="url: expected"):
        Url.parse(text)


def test_a_user_is_refused_and_not_shown():
    with pytest.raises(LocalProtocolError, match="no user") as caught:
        Url.parse("http://name:secret@example.com/")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("reference", "joined"),
    [
        ("/other", "https://example.com:8443/other"),
        ("other?x=1", "https://example.com:8443/a/other?x=1"),
        ("../other", "https://example.com:8443/other"),
        ("?x=1", "https://example.com:8443/a/mcp?x=1"),
        ("//evil.example/", "https://evil.example/"),
        ("http://evil.example/x", "http://evil.example/x"),
        ("https://example.com:8443/b", "https://example.com:8443/b"),
    ],
)
def test_a_reference_is_joined(reference, joined):
    assert str(Url.parse("https://example.com:8443/a/mcp").join(reference)) == joined


def test_a_reference_of_a_socket_stays_on_it():
    url = Url.parse("http+unix://%2Frun%2Fa.sock/mcp")
    assert str(url.join("/other")) == "http+unix://%2Frun%2Fa.sock/other"
    assert url.join("//evil.example/x").origin != url.origin


@pytest.mark.parametrize("reference", ["/a\r\nb", "http://user@example.com/", "/a#b", "mailto:x", "/a b"])
def test_a_reference_that_is_no_url_is_refused(reference):
    with pytest.raises(LocalProtocolError, match="url: expected"):
        Url.parse("https://example.com/mcp").join(reference)


@pytest.mark.parametrize("reference", ["//[", "//[::1/a", "//a\u2100b/"])
def test_a_reference_whose_host_is_none_is_refused(reference):
    with pytest.raises(LocalProtocolError, match="url: expected a host after //"):
        Url.parse("https://example.com/mcp").join(reference)
