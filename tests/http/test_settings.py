"""How a server over HTTP is set up, and what cannot be."""

import math

import attrs
import pytest

from sansmcp.errors import LocalProtocolError
from sansmcp.http import HttpLimits, HttpOptions, MemoryEventStore
from sansmcp.server import Server
from sansmcp.session import Patience
from sansmcp.testing import SeededEnvironment
from sansmcp.values import JSON


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"sessions": 1}, "sessions: expected a bool, found 1"),
        ({"http_sse": "yes"}, "http_sse: expected a bool"),
        ({"http_limits": {}}, "http_limits: expected a HttpLimits"),
        ({"path": "mcp"}, "path: expected a path from /"),
        ({"path": 7}, "path: expected a path from /"),
        ({"path": "/mcp?key=1"}, "path: expected a path from /"),
        ({"path": "/my tools"}, "path: expected a path from /"),
        ({"messages_path": "x"}, "messages_path: expected a path from /"),
        ({"responses": "xml"}, "responses: expected 'auto', 'json' or 'stream'"),
        ({"verify": "x"}, "verify: expected a function"),
        ({"event_store": object()}, "event_store: expected an EventStore"),
        ({"event_store": MemoryEventStore}, "event_store: expected an EventStore"),
        ({"allowed_hosts": "mcp.example"}, "allowed_hosts is 'mcp.example'; expected a list"),
        ({"allowed_origins": [7]}, "allowed_origins has 7; expected names"),
    ],
)
def test_a_setting_of_the_wrong_kind_is_refused(settings: dict[str, JSON], told: str) -> None:
    with pytest.raises(LocalProtocolError, match=told):
        HttpOptions.of(settings)


@pytest.mark.parametrize(
    "settings",
    [{"sse_path": "/mcp"}, {"path": "/messages"}, {"sse_path": "/both", "messages_path": "/both"}],
)
def test_what_has_places_of_its_own_has_different_ones(settings: dict[str, JSON]) -> None:
    assert HttpOptions.of(settings)
    with pytest.raises(LocalProtocolError, match="path, sse_path and messages_path: expected three, found"):
        HttpOptions.of({**settings, "http_sse": True})


def test_all_may_be_left_out() -> None:
    options = HttpOptions.of({})
    assert (options.path, options.responses, options.sessions) == ("/mcp", "auto", True)
    assert isinstance(options.event_store, MemoryEventStore)
    assert not options.answers_only
    assert HttpOptions.of({"path": None, "event_store": None, "verify": None}).event_store is None


def test_a_binding_that_writes_in_one_piece_answers_only() -> None:
    assert HttpOptions.of({}, streams=False).answers_only
    assert HttpOptions.of({"responses": "json"}).answers_only
    with pytest.raises(LocalProtocolError, match="responses='stream'"):
        HttpOptions.of({"responses": "stream"}, streams=False)


def test_every_address_is_served_only_under_names_that_are_said() -> None:
    with pytest.raises(LocalProtocolError, match="allowed_hosts"):
        HttpOptions.of({}, host="0.0.0.0")  # noqa: S104
    assert HttpOptions.of({"allowed_hosts": ["mcp.example"]}, host="0.0.0.0")  # noqa: S104


@pytest.mark.parametrize("name", [field.name for field in attrs.fields(HttpLimits)])
@pytest.mark.parametrize("value", [-1, math.nan, math.inf, True, "1", None, 10**300])
def test_a_limit_that_cannot_be_meant_is_refused(name: str, value: JSON) -> None:
    if value == 10**300 and type(getattr(HttpLimits(), name)) is int:
        assert HttpLimits(**{name: value})
        return
    with pytest.raises(LocalProtocolError, match=rf"^HttpLimits\({name}=.*\): expected"):
        HttpLimits(**{name: value})


def test_a_limit_that_is_refused_says_what_it_was_and_what_it_may_be() -> None:
    with pytest.raises(LocalProtocolError) as error:
        HttpLimits(idle=0)
    assert str(error.value) == "HttpLimits(idle=0): expected seconds above 0, 1000000000 at most"
    with pytest.raises(LocalProtocolError) as error:
        HttpLimits(sessions=0.5)  # type: ignore[arg-type]
    assert str(error.value) == "HttpLimits(sessions=0.5): expected a whole number from 1"
    assert HttpLimits(write_stall=5).patience == Patience(write_stall=5, flush=None)
    assert (HttpLimits(backlog=0).backlog, HttpLimits(idle=1, write_stall=1e9).idle) == (0, 1)


def test_a_binding_that_says_no_bool_of_streams_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="streams: expected a bool, found 'x'"):
        HttpOptions.of({}, streams="x")  # type: ignore[arg-type]


def test_limits_have_the_defaults_that_are_documented() -> None:
    limits = HttpLimits()
    assert (limits.sessions, limits.idle, limits.body_bytes) == (10_000, 1800.0, 4 * 1024 * 1024)
    assert (limits.header_count, limits.header_bytes) == (100, 32 * 1024)
    assert (limits.header_timeout, limits.body_timeout, limits.write_stall) == (10.0, 30.0, 30.0)
    assert (limits.outbox_messages, limits.outbox_bytes, limits.backlog) == (1024, 4 * 1024 * 1024, 1024)


def test_a_server_refuses_settings_that_there_are_not() -> None:
    server = Server("set", version="1")
    with pytest.raises(LocalProtocolError, match="there is no such setting"):
        server.http_endpoint(SeededEnvironment(), {"colour": "red"})  # type: ignore[typeddict-unknown-key]
    # What the binding says, and not its user.
    for name in ("answers_only", "sessions_off", "since"):
        with pytest.raises(LocalProtocolError) as error:
            server.http_endpoint(SeededEnvironment(), {name: True})  # type: ignore[misc]
        assert str(error.value).count(name) == 1
    with pytest.raises(LocalProtocolError, match="path: expected a path"):
        server.http_endpoint(SeededEnvironment(), {"path": "x"})
    assert server.http_endpoint(SeededEnvironment(), {"principal": "me"}).sessions == 0
