"""The configuration of desktop hosts: what it says, what it may name, and what is wrong with it."""

import json

import pytest

from sansmcp.client import ServerEntry, configured, servers_in, servers_of
from sansmcp.errors import LocalProtocolError

ENVIRONMENT = {"HOME": "/home/me", "TOKEN": "s3cret", "EMPTY": ""}


def entry(**members):
    return servers_of({"mcpServers": {"one": members}}, ENVIRONMENT)["one"]


def test_a_command_has_words_variables_and_a_folder():
    found = entry(
        type="stdio",
        command="uvx",
        args=["notes", "${HOME}/notes.db"],
        env={"API_TOKEN": "${TOKEN}", "PLAIN": "x"},
        cwd="${env:HOME}",
        alwaysAllow=["add"],
        timeout=60,
    )
    assert found == ServerEntry(
        target=("uvx", "notes", "/home/me/notes.db"),
        env={"API_TOKEN": "s3cret", "PLAIN": "x"},
        cwd="/home/me",
    )
    assert "s3cret" not in repr(found)


def test_a_command_may_stand_alone_and_null_is_nothing():
    found = entry(command="notes", env=None, cwd=None)
    assert found == ServerEntry(target=("notes",))
    assert found.is_command
    assert not entry(url="unix:/run/notes").is_command


def test_a_url_has_headers():
    found = entry(url="https://${HOST:-a.example}/mcp", headers={"Authorization": "Bearer ${TOKEN}"})
    assert (found.target, found.headers) == ("https://a.example/mcp", {"Authorization": "Bearer s3cret"})
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${HOME}", "/home/me"),
        ("a${HOME}b${TOKEN}", "a/home/mebs3cret"),
        ("${NONE:-}", ""),
        ("${NONE:-a:-b}", "a:-b"),
        ("${EMPTY:-x}", ""),
        ("$HOME $$ ${", "$HOME $$ ${"),
        ("$(rm -rf /) `x`", "$(rm -rf /) `x`"),
    ],
)
def test_variables_are_replaced_once_and_nothing_else_is_understood(text, expected):
    assert entry(command=text).target == (expected,)


def test_what_a_variable_holds_is_not_replaced_again():
    found = servers_of({"mcpServers": {"one": {"command": "${A}"}}}, {"A": "${B}", "B": "no"})
    assert found["one"].target == ("${B}",)


@pytest.mark.parametrize("variable", ["${NONE}", "${input:key}", "${workspaceFolder:x}", "${}", "${a-b}"])
def test_a_variable_without_a_value_is_named_with_its_place(variable):
    with pytest.raises(LocalProtocolError, match=r"mcpServers\.one\.args\[1\]: \$\{.*has no value"):
        entry(command="x", args=["a", variable])


def test_disabled_is_a_truth():
    with pytest.raises(
        LocalProtocolError, match=r"^mcpServers.one.disabled: expected true or false, found str"
    ):
        entry(command="x", disabled="yes")


def test_what_is_disabled_is_left_out_and_the_order_stays():
    config = {
        "mcpServers": {"b": {"command": "x"}, "c": {"command": "x", "disabled": True}, "a": {"command": "x"}}
    }
    assert list(servers_of(config, {})) == ["b", "a"]


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ({}, "mcpServers.one: expected either command or url, found neither"),
        ({"command": "x", "url": "y"}, "mcpServers.one: expected either command or url, found both"),
        ({"command": ["x"]}, "mcpServers.one.command: expected a string, found list"),
        ({"command": "x", "args": "y"}, "mcpServers.one.args: expected a list, found str"),
        ({"command": "x", "args": [7]}, r"mcpServers.one.args\[0\]: expected a string, found int"),
        ({"command": "x", "env": {"A": 7}}, "mcpServers.one.env.A: expected a string, found int"),
        ({"command": "x", "env": []}, "mcpServers.one.env: expected an object, found list"),
        ({"command": "x", "cwd": 7}, "mcpServers.one.cwd: expected a string, found int"),
        ({"url": 7}, "mcpServers.one.url: expected a string, found int"),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_without_its_value(members, complaint):
    with pytest.raises(LocalProtocolError, match=complaint):
        entry(**members)


@pytest.mark.parametrize("config", [None, [], {}, {"mcpServers": []}, {"servers": {}}])
def test_what_is_no_configuration_is_refused(config):
    with pytest.raises(LocalProtocolError, match="expected an object with the member mcpServers"):
        servers_of(config, {})
    with pytest.raises(LocalProtocolError, match=r"mcpServers\.one: expected an object, found int"):
        servers_of({"mcpServers": {"one": 7}}, {})


def test_a_file_is_read_as_json():
    text = json.dumps({"mcpServers": {"one": {"command": "x"}}})
    expected = {"one": ServerEntry(target=("x",))}
    assert servers_in(text, {}) == servers_in(text.encode(), {}) == configured(text.encode(), {}) == expected
    assert configured(json.loads(text), {}) == expected
    assert configured({"one": ["x"]}, {}) == {"one": ServerEntry(target=["x"])}


@pytest.mark.parametrize("text", [b"{", b"\xff", b"[" * 100_000])
def test_a_file_that_is_no_json_says_so(text):
    with pytest.raises(LocalProtocolError, match="configuration: expected JSON"):
        servers_in(text, {})
    with pytest.raises(LocalProtocolError, match=r"^~/servers\.json: configuration: expected JSON"):
        configured(text, {}, file="~/servers.json")
