"""The `mcpServers` configuration of desktop hosts: from parsed JSON to servers that can be connected to.

The shape is that of Claude Desktop, which many hosts read. `${NAME}`, `${env:NAME}` and `${NAME:-default}`
stand for variables of the environment; each is replaced once, as a whole, and no shell ever sees it.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Final

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.values import JSON, Value

_VARIABLE: Final = re.compile(r"\$\{([^{}]*)\}")
_NAME: Final = re.compile(r"(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ServerEntry(Value):
    """One server of a configuration."""

    target: JSON
    """A command as words, or an address; or whatever else `connect` takes."""
    env: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    """Variables for the command; they may be secret, so they are not shown."""
    cwd: str | None = None
    """The folder for the command."""
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    """Headers for an address of HTTP; they may be secret too."""

    @property
    def is_command(self) -> bool:
        """Whether it is started as a program."""
        return isinstance(self.target, tuple | list)


def configured(
    servers: Mapping[str, JSON] | bytes, environment: Mapping[str, str], *, file: str = "configuration"
) -> dict[str, ServerEntry]:
    """Read what a group of servers is to be: the text of a configuration, one that is parsed, or targets.

    Args:
        servers: the text; an object with `mcpServers`; or by their names what `connect` takes.
        environment: the variables that a configuration may name.
        file: where the text was read, for errors.

    Raises:
        LocalProtocolError: it is none of these.
    """
    if isinstance(servers, bytes):
        try:
            return servers_in(servers, environment)
        except LocalProtocolError as error:
            raise LocalProtocolError(f"{file}: {error}") from error
    if "mcpServers" in servers:
        return servers_of(servers, environment)
    return {name: ServerEntry(target=target) for name, target in servers.items()}


def servers_in(text: str | bytes, environment: Mapping[str, str]) -> dict[str, ServerEntry]:
    """Read the text of a configuration file.

    Args:
        text: the text, which is JSON.
        environment: the variables that it may name.

    Raises:
        LocalProtocolError: it is no JSON, or no configuration.
    """
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LocalProtocolError(f"configuration: expected JSON: {error!s:.200}") from error
    return servers_of(config, environment)


def servers_of(config: JSON, environment: Mapping[str, str]) -> dict[str, ServerEntry]:
    """Read a configuration that is parsed already; what is disabled in it is left out.

    Args:
        config: an object with the member `mcpServers`.
        environment: the variables that it may name.

    Returns:
        The servers by name, in order.

    Raises:
        LocalProtocolError: it is no configuration, or names a variable that is not set.
    """
    if not isinstance(config, Mapping) or not isinstance(config.get("mcpServers"), Mapping):
        raise LocalProtocolError(
            f"configuration: expected an object with the member mcpServers, found {config!r:.80}"
        )
    entries: Mapping[str, JSON] = config["mcpServers"]
    for name, entry in entries.items():
        disabled: JSON = entry.get("disabled", False) if isinstance(entry, Mapping) else False
        if type(disabled) is not bool:
            raise LocalProtocolError(
                f"mcpServers.{name}.disabled: expected true or false, found {type(disabled).__name__}"
            )
    return {
        name: _Entry(f"mcpServers.{name}", entry, environment).read()
        for name, entry in entries.items()
        if not (isinstance(entry, Mapping) and entry.get("disabled") is True)
    }


class _Entry:
    """Reads one server; the rest of its members belongs to the host that wrote it."""

    def __init__(self, path: str, entry: JSON, environment: Mapping[str, str]) -> None:
        self._path = path
        self._entry: Mapping[str, JSON] = self._expect(entry, Mapping, "", "an object")
        self._environment = environment

    def read(self) -> ServerEntry:
        has_command, has_url = "command" in self._entry, "url" in self._entry
        if has_command == has_url:
            found = "both" if has_command else "neither"
            raise LocalProtocolError(f"{self._path}: expected either command or url, found {found}")
        if has_url:
            return ServerEntry(target=self._text("url"), headers=self._texts("headers"))
        words = self._expect(self._entry.get("args", []), list, ".args", "a list")
        arguments = [self._expanded(word, f".args[{number}]") for number, word in enumerate(words)]
        cwd = None if self._entry.get("cwd") is None else self._text("cwd")
        return ServerEntry(target=(self._text("command"), *arguments), env=self._texts("env"), cwd=cwd)

    def _text(self, member: str) -> str:
        return self._expanded(self._entry[member], f".{member}")

    def _texts(self, member: str) -> dict[str, str]:
        values = self._entry.get(member)
        texts = self._expect({} if values is None else values, Mapping, f".{member}", "an object")
        return {name: self._expanded(value, f".{member}.{name}") for name, value in texts.items()}

    def _expect(self, value: JSON, kind: type, where: str, expected: str) -> JSON:
        if not isinstance(value, kind):
            # A value may be secret, its type is not.
            raise LocalProtocolError(
                f"{self._path}{where}: expected {expected}, found {type(value).__name__}"
            )
        return value

    def _expanded(self, value: JSON, where: str) -> str:
        text: str = self._expect(value, str, where, "a string")
        return _VARIABLE.sub(self._variable(where), text)

    def _variable(self, where: str) -> Callable[[re.Match[str]], str]:
        def value_of(found: re.Match[str]) -> str:
            parts = _NAME.fullmatch(found[1])
            value = None if parts is None else self._environment.get(parts[1], parts[2])
            if value is None:
                raise LocalProtocolError(
                    f"{self._path}{where}: {found[0][:80]} has no value; expected a variable that is set in "
                    "the environment, or ${NAME:-default}"
                )
            return value

        return value_of
