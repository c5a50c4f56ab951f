"""Where a server is: what may be said, what it means, and that all else is refused in words."""

import contextlib
import errno
import re
import ssl

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sansmcp.client import (
    PASSED_ON,
    Command,
    TcpAddress,
    UnixAddress,
    address_of,
    check_goes_with,
    environment_for_server,
    no_connection,
    no_target,
    url_at,
)
from sansmcp.errors import LocalProtocolError
from sansmcp.http import Url


@pytest.mark.parametrize(
    ("target", "address"),
    [
        (["python", "server.py"], Command(words=("python", "server.py"))),
        (("a b", ""), Command(words=("a b", ""))),
        ("tcp://127.0.0.1:8080", TcpAddress(host="127.0.0.1", port=8080)),
        ("tls://example.com:443", TcpAddress(host="example.com", port=443, tls=True)),
        ("tcp://EXAMPLE.com:1", TcpAddress(host="example.com", port=1)),
        ("tcp://[::1]:80", TcpAddress(host="::1", port=80)),
        ("tcp://[fe80::1%eth0]:80", TcpAddress(host="fe80::1%eth0", port=80)),
        ("tcp://bücher.example:80", TcpAddress(host="bücher.example", port=80)),
        ("tcp://localhost:0", TcpAddress(host="localhost", port=0)),
        ("http://h:1/mcp", Url(scheme="http", host="h", port=1, target="/mcp")),
        ("HTTPS://h", Url(scheme="https", host="h", port=443, target="/")),
        ("http+unix://%2Frun%2Fa/mcp", Url(scheme="http+unix", host="/run/a", port=0, target="/mcp")),
        ("unix:/run/server.sock", UnixAddress(path="/run/server.sock")),
        ("unix:///run/server.sock", UnixAddress(path="/run/server.sock")),
        ("unix:server.sock", UnixAddress(path="server.sock")),
        ("unix:/a%20b%25", UnixAddress(path="/a b%")),
        ("unix:/a b", UnixAddress(path="/a b")),
        ("unix:/b\xfccher", UnixAddress(path="/b\xfccher")),
        ("unix:/b%C3%BCcher", UnixAddress(path="/b\xfccher")),
    ],
)
def test_a_command_and_an_address_are_read(target, address):
    assert address_of(target) == address


@pytest.mark.parametrize(
    "target",
    [
        [],
        (),
        b"tcp://h:1",
        [1, 2],
        ["python", "a\0b"],
        ["python", "\ud800"],
        "",
        "python server.py",
        "tcp",
        "tcp:",
        "tcp://",
        "tcp://h",
        "tcp://h:",
        "tcp://:1",
        "tcp:h:1",
        "tcp://h:x",
        "tcp://h:-1",
        "tcp://h:65536",
        "tcp://h:\u0661",
        "tcp://h:1/",
        "tcp://h:1/path",
        "tcp://h:1?query",
        "tcp://h:1#fragment",
        "tcp://user@h:1",
        "tcp://:secret@h:1",
        "tcp://@h:1",
        "tcp://::1:80",
        "tcp://[::1:80",
        "tcp://a..b:80",
        f"tcp://{'a' * 64}:80",
        "tcp://a\0b:80",
        "tcp://\ud800:80",
        " tcp://h:1",
        "tcp ://h:1",
        "unix",
        "unix:",
        "unix://",
        "unix:%00abstract",
        "unix:/a\0b",
        "unix:/\ud800",
    ],
)
def test_all_else_is_refused_and_told_what_is_expected(target):
    found = f"connect({target[:80]!r}): expected a command as a list of words"
    with pytest.raises(LocalProtocolError, match=re.escape(found)):
        address_of(target)


SCHEMES = ["tcp", "tls", "unix", "http", ":", "//", "/", "@", "[", "]", "?", "#"]
HOSTS = ["::1", "a.b", "h", "..", "%", "%00", "%C3%28", "\0", "\n", " ", "\xe9", "\ud800", "\u2100"]
parts = st.sampled_from([*SCHEMES, *HOSTS, "80", "99999", "-1"])


@given(st.text() | st.lists(parts, max_size=8).map("".join))
@example("tcp://[v1.x]:1")
@example("tcp://\u2100:1")
def test_whatever_the_text_it_is_an_address_or_refused_in_words(text):
    try:
        address = address_of(text)
    except LocalProtocolError:
        return
    assert isinstance(address, TcpAddress | UnixAddress | Url)


@given(st.lists(parts, min_size=1, max_size=8).map("".join))
def test_what_is_said_of_an_address_leads_to_it(text):
    for target in (f"unix:{text}", f"tcp://{text}:1", text):
        try:
            address = address_of(target)
        except LocalProtocolError:
            continue
        assert address_of(str(address)) == address


@pytest.mark.parametrize("target", ["http://", "http://h:x", "https://user@h/", "http+unix:///mcp"])
def test_a_url_that_is_none_is_refused(target):
    with pytest.raises(LocalProtocolError, match=r"^url: expected"):
        address_of(target)


@pytest.mark.parametrize(
    ("address", "url"),
    [
        (TcpAddress(host="127.0.0.1", port=8000), "http://127.0.0.1:8000/mcp"),
        (TcpAddress(host="::1", port=443, tls=True), "https://[::1]/mcp"),
        (UnixAddress(path="/run/a b"), "http+unix://%2Frun%2Fa%20b/mcp"),
    ],
)
def test_what_is_served_over_http_at_an_address_has_a_url(address, url):
    found = url_at(address, "/mcp")
    assert str(found) == url
    assert address_of(url) == found


TRUST = ssl.create_default_context()


@pytest.mark.parametrize(
    ("target", "given", "goes"),
    [
        (["python"], {"for_command": True}, True),
        ("tls://h:1", {"tls": TRUST}, True),
        ("https://h", {"tls": TRUST, "for_url": True}, True),
        ("http://h", {"for_url": True}, True),
        ("http://h", {"tls": TRUST}, False),
        ("http://h", {"for_command": True}, False),
        ("tcp://h:1", {"tls": TRUST}, False),
        ("tcp://h:1", {"for_url": True}, False),
        ("unix:a", {"tls": TRUST}, False),
        (["python"], {"for_url": True}, False),
        (None, {"tls": TRUST}, False),
        (None, {}, True),
    ],
)
def test_what_does_not_go_with_a_target_is_refused(target, given, goes):
    address = None if target is None else address_of(target)
    nothing = {"for_command": False, "tls": None, "for_url": False}
    expected = contextlib.nullcontext() if goes else pytest.raises(LocalProtocolError, match=" with ")
    with expected:
        check_goes_with(address, **{**nothing, **given})


def test_what_verifies_no_tls_is_refused():
    address = address_of("https://h")
    with pytest.raises(LocalProtocolError, match=r"expected an ssl.SSLContext, found True"):
        check_goes_with(address, for_command=False, tls=True, for_url=False)
    of_a_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with pytest.raises(LocalProtocolError, match=r"found one for servers; .* ssl.create_default_context\(\)"):
        check_goes_with(address, for_command=False, tls=of_a_server, for_url=False)


@pytest.mark.parametrize("host", [None, "a..b", ".b", "a" * 64, "a\0b", "\ud800"])
def test_what_no_name_service_can_be_asked_for_is_no_host(host):
    with pytest.raises(LocalProtocolError, match="host: expected a name or an address"):
        TcpAddress(host=host, port=1)


@pytest.mark.parametrize("path", ["/a b", "/100%", "/%41", "//two", "///three", "relative", "/b\udcfc"])
def test_every_path_of_a_socket_can_be_said(path):
    assert address_of(str(UnixAddress(path=path))) == UnixAddress(path=path)


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (Command(words=("python", "server.py")), "the server 'python server.py'"),
        (TcpAddress(host="h", port=1), "tcp://h:1"),
        (TcpAddress(host="::1", port=1, tls=True), "tls://[::1]:1"),
        (UnixAddress(path="/run/a"), "unix:/run/a"),
    ],
)
def test_an_address_is_said_in_words(address, text):
    assert str(address) == text


def test_a_long_command_is_cut_where_it_is_said():
    assert len(str(Command(words=("python", "x" * 1000)))) < 120


# The environment of a server


def test_a_server_inherits_a_few_variables_and_no_secret():
    ours = {name: name.lower() for name in PASSED_ON} | {"API_KEY": "secret"}
    assert environment_for_server(ours) == {name: name.lower() for name in PASSED_ON}


def test_what_the_user_adds_goes_along_and_comes_before_what_is_inherited():
    ours = {"PATH": "/bin", "API_KEY": "secret"}
    assert environment_for_server(ours, {"PATH": "/mine", "TOKEN": "t"}) == {"PATH": "/mine", "TOKEN": "t"}


def test_what_is_not_set_here_is_not_set_there():
    assert environment_for_server({}) == {}


@pytest.mark.parametrize("port", [0, 1, 65_535])
def test_every_port_makes_an_address(port):
    assert TcpAddress(host="a", port=port).port == port


@pytest.mark.parametrize("port", [-1, 65_536, 70_000, "80", None])
def test_what_is_no_port_is_refused(port):
    said = f"^port: expected a number from 0 to 65535, found {port!r}$"
    with pytest.raises(LocalProtocolError, match=said):
        TcpAddress(host="a", port=port)


@pytest.mark.parametrize("host", [None, 8000, b"localhost"])
def test_a_host_is_a_text(host):
    with pytest.raises(LocalProtocolError, match="host: expected a name or an address, found"):
        TcpAddress(host=host, port=0)


class gaierror(OSError):  # noqa: N801 - as `socket` calls it
    """A name that nobody knows."""


class SSLError(OSError):
    """TLS that failed."""


class SSLCertVerificationError(SSLError):
    """A certificate that is not trusted."""


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(111, "refused"), "; is the server running, and is this its address?"),
        (FileNotFoundError(2, "no such file"), "; is the server running, and is this its address?"),
        (
            OSError(f"Multiple exceptions: [Errno {errno.ECONNREFUSED}] ::1, [Errno 101] 127.0.0.1"),
            "; is the server running, and is this its address?",
        ),
        (gaierror(-2, "not known"), "; is the name of the host right?"),
        (
            SSLCertVerificationError(1, "self-signed"),
            "; connect(..., ssl=...) says which certificates to trust",
        ),
        (SSLError(1, "wrong version"), "; does the server speak TLS on this port?"),
        (OSError(113, "no route"), ""),
    ],
)
def test_a_failed_connection_says_where_why_and_what_to_look_at(error, words):
    told = no_connection(TcpAddress(host="localhost", port=8000), error)
    assert str(told) == f"cannot connect to tcp://localhost:8000: {error}{words}"


def test_a_failed_connection_tells_what_stands_behind_its_error():
    each = [ConnectionRefusedError(111, "::1"), ConnectionRefusedError(111, "127.0.0.1")]
    error = OSError("all attempts failed")
    error.__cause__ = ExceptionGroup("attempts", each)
    told = str(no_connection(UnixAddress(path="/run/a"), error))
    assert told.startswith("cannot connect to unix:/run/a: [Errno 111] ::1; [Errno 111] 127.0.0.1; is the")
    error.__cause__ = SSLError(1, "bad record")
    told = str(no_connection(UnixAddress(path="/run/a"), error))
    assert "[Errno 1] bad record; does" in told


def test_what_is_no_target_is_refused_with_all_that_is_one():
    told = str(no_target(7, "a pair of streams"))
    assert re.fullmatch(r"connect\(7\): expected .*, a Server, or a pair of streams", told)
