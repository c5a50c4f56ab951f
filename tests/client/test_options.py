"""How a client is set up: what is said, and what follows where nothing is."""

from typing import get_type_hints

import attrs
import pytest

from sansmcp import schema
from sansmcp.client import decline
from sansmcp.client.options import ANONYMOUS, ClientOptions, ClientSettings
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS
from sansmcp.session import Finding, KeepAlive, Restart, SessionLimits, Timeouts

HANDLER_SETTINGS = {
    "elicitation",
    "elicitation_urls",
    "sampling",
    "sampling_tools",
    "roots",
    "roots_change",
    "handlers_block",
}


def test_whoever_says_nothing_is_anonymous_speaks_everything_and_can_do_nothing():
    options = ClientOptions.of({})
    assert (options.info, tuple(options.revisions)) == (ANONYMOUS, REVISIONS)
    assert options.handlers.capabilities == schema.ClientCapabilities()
    assert options == ClientOptions()


def test_every_setting_is_an_option_or_belongs_to_a_handler():
    settings = set(get_type_hints(ClientSettings))
    options = {field.name for field in attrs.fields(ClientOptions)}
    layers = {"middleware", "sending_middleware"}
    assert settings - HANDLER_SETTINGS - layers == options - {"handlers", "stack"}


def test_what_is_said_of_handlers_is_what_they_are():
    def elicit(_):
        return decline()

    handlers = ClientOptions.of(
        {
            "elicitation": elicit,
            "elicitation_urls": True,
            "sampling": print,
            "sampling_tools": True,
            "roots": ["file:///home"],
            "roots_change": True,
            "handlers_block": False,
        }
    ).handlers
    assert (handlers.elicitation, handlers.elicitation_urls) == (elicit, True)
    assert (handlers.sampling, handlers.sampling_tools) == (print, True)
    assert (handlers.roots, handlers.roots_change, handlers.blocks) == (["file:///home"], True, False)


def test_what_is_said_of_the_session_is_what_it_is():
    settings = {
        "info": schema.Implementation(name="mine", version="2"),
        "revisions": ["2025-06-18"],
        "log_level": "error",
        "on_log": print,
        "on_change": print,
        "timeouts": Timeouts(request=3.0),
        "limits": SessionLimits(input_rounds=1),
        "keep_alive": KeepAlive(),
        "strict": True,
    }
    options = ClientOptions.of(settings)
    assert {name: getattr(options, name) for name in settings} == settings
    session = options.session()
    session.connect(0.0)
    assert session.next_deadline() == 3.0
    [initialize] = session.actions()
    assert initialize.message.params["clientInfo"] == {"name": "mine", "version": "2"}
    assert initialize.message.params["protocolVersion"] == "2025-06-18"


def test_each_client_has_a_session_of_its_own():
    options = ClientOptions()
    assert options.session() is not options.session()


def test_a_mistake_in_the_handlers_shows_when_they_are_given():
    with pytest.raises(LocalProtocolError, match="roots"):
        ClientOptions.of({"roots": ["/home"]})


def test_an_endpoint_makes_sessions_that_are_set_up_so():
    wrapped = []

    def wrap(link):
        wrapped.append(link)
        return link

    restart = Restart(attempts=2)
    options = ClientOptions.of({"revisions": ["2025-06-18"], "wrap_link": wrap, "restart": restart})
    endpoint = options.endpoint("there", bytes)
    endpoint.connect(0.0)
    (dial,) = endpoint.actions()
    assert (dial.address, wrapped) == ("there", [dial.link])
    assert b'"protocolVersion":"2025-06-18"' in dial.link.data_to_send()


def test_an_endpoint_of_a_users_own_is_told_the_settings_and_the_address():
    made = []
    options = ClientOptions.of({"own_endpoint": lambda *told: made.append(told) or "own"})
    assert options.endpoint("there", bytes) == "own"
    assert made == [(options, "there")]
    with pytest.raises(LocalProtocolError, match="own_endpoint"):
        ClientOptions.of({"own_endpoint": "prefixed"})


def test_an_endpoint_that_can_be_dialled_once_cannot_be_started_again():
    with pytest.raises(LocalProtocolError, match="restart"):
        ClientOptions(restart=Restart()).endpoint("there", bytes, dials_again=False)


def test_what_was_found_later_takes_the_place_of_what_was_told():
    told = Finding(revision="2025-06-18", capabilities=schema.ServerCapabilities())
    found = Finding(revision="2025-11-25", capabilities=schema.ServerCapabilities())
    options = ClientOptions(finding=told)
    assert options.session().finding is told
    assert options.session(finding=found).finding is found
    # Other revisions are tried because what was told, or found, has proved wrong.
    assert options.session(revisions=["2025-03-26"]).finding is None


def test_a_setting_that_does_not_exist_is_refused_by_name():
    with pytest.raises(
        LocalProtocolError, match=r"connect\(timeout=...\): there is no such setting; .*timeouts"
    ):
        ClientOptions.of({"timeout": 3})


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("elicitation", True, "a function"),
        ("on_log", 5, "a function"),
        ("cache", True, "a ResponseCacheView"),
        ("timeouts", 5, "a Timeouts"),
        ("restart", True, "a Restart"),
    ],
)
def test_a_setting_of_another_kind_is_refused_by_name(setting, value, expected):
    said = rf"^connect\({setting}=...\): expected {expected}, found {value}$"
    with pytest.raises(LocalProtocolError, match=said):
        ClientOptions.of({setting: value})


def test_a_setting_of_none_is_as_if_it_were_not_said():
    assert ClientOptions.of({"timeouts": None, "on_log": None}) == ClientOptions()


@pytest.mark.parametrize("setting", ["middleware", "sending_middleware"])
def test_middleware_is_a_list(setting):
    with pytest.raises(
        LocalProtocolError, match=f"^{setting}: expected a list of generator functions, found"
    ):
        ClientOptions.of({setting: iter})


def test_a_revision_is_no_list_of_revisions():
    with pytest.raises(
        LocalProtocolError, match=r"^revisions: expected a list, such as \['2025-11-25'\], found"
    ):
        ClientOptions.of({"revisions": "2025-11-25"}).session()


@pytest.mark.parametrize("restart", [None, Restart(attempts=0)])
def test_over_http_the_era_is_asked_for_as_long_as_anything_else(restart):
    options = ClientOptions.of({"restart": restart, "timeouts": Timeouts(request=7.0, probe=1.0)})
    client = options.http_endpoint(
        "http://127.0.0.1:8000/mcp", lambda size: b"\0" * size, headers={"X-Own": "x"}
    )
    client.connect(0.0)
    (action,) = client.actions()
    assert action.exchange.request.headers.get("x-own") == "x"
    assert client.next_event() is None
    assert client.next_deadline() == 7.0


def test_a_url_that_is_none_is_refused():
    with pytest.raises(LocalProtocolError, match="url: expected"):
        ClientOptions().http_endpoint("127.0.0.1:8000", lambda size: b"\0" * size)
