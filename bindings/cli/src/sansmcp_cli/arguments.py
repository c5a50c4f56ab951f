"""The arguments of a tool, as they stand on the command line."""

import difflib
import sys
from collections.abc import Sequence
from pathlib import Path

import attrs

from sansmcp.schema import Tool
from sansmcp.values import JSON
from sansmcp_cli.faults import Fault
from sansmcp_cli.reading import read_json, read_value
from sansmcp_cli.schemas import arguments_of, input_lines, kinds_of, required_of


@attrs.frozen(kw_only=True)
class Arguments:
    """What was typed, before the tool is known."""

    whole: dict[str, JSON]
    """What was given as one object."""
    typed: dict[str, str]
    """Values to be read as the tool wants them, by name."""
    exact: dict[str, JSON]
    """Values that were given as JSON, by name."""


def read_arguments(words: Sequence[str], whole: str | None) -> Arguments:
    """Read the words behind the name of a tool.

    Args:
        words: `NAME=VALUE`, `NAME:=JSON`, or `-` for an object on standard input.
        whole: an object, or the file that holds one; None if none is given.

    Raises:
        Fault: a word is none of these.
    """
    given: dict[str, JSON] = {} if whole is None else _read_object(whole)
    typed: dict[str, str] = {}
    exact: dict[str, JSON] = {}
    for word in words:
        if word == "-":
            given |= _object_in(sys.stdin.read(), "standard input")
            continue
        name, equals, text = word.partition("=")
        if not equals or not name.rstrip(":"):
            raise Fault(f"expected NAME=VALUE, NAME:=JSON or -, found {word!r}")
        if name.rstrip(":") in typed or name.rstrip(":") in exact:
            raise Fault(f"{name.rstrip(':')} is given twice; give it once")
        if name.endswith(":"):
            exact[name[:-1]] = _read_exact(name[:-1], text)
        else:
            typed[name] = text
    return Arguments(whole=given, typed=typed, exact=exact)


def arguments_for(tool: Tool, arguments: Arguments) -> dict[str, JSON]:
    """Read the values as a tool wants them.

    Args:
        tool: the tool.
        arguments: what was typed.

    Raises:
        Fault: they are not what the tool takes; it shows what that is.
    """
    schemas = arguments_of(tool)
    values = dict(arguments.whole)
    for name, text in arguments.typed.items():
        try:
            values[name] = read_value(text, kinds_of(schemas.get(name), tool.input_schema))
        except ValueError as error:
            raise Fault(f"{tool.name}: {name}: {error}", *input_lines(tool)) from None
    values |= arguments.exact
    if tool.input_schema.get("additionalProperties") is False:
        for name in values:
            if name not in schemas:
                raise Fault(f"{tool.name} has no argument {name!r}{near(name, schemas)}", *input_lines(tool))
    missing = [name for name in required_of(tool) if name not in values]
    if missing:
        raise Fault(f"{tool.name} also needs {' and '.join(missing)}", *input_lines(tool))
    return values


def near(name: str, names: Sequence[str] | JSON) -> str:
    """Ask whether something of a like name was meant; nothing if there is none.

    Args:
        name: what was typed.
        names: what there is.
    """
    found = difflib.get_close_matches(name, list(names), n=3)
    return f"; did you mean {' or '.join(found)}?" if found else ""


def _read_exact(name: str, text: str) -> JSON:
    try:
        return read_json(text)
    except ValueError:
        raise Fault(f"{name}: expected JSON after :=, found {text!r}; NAME=VALUE takes text") from None


def _read_object(whole: str) -> dict[str, JSON]:
    if whole.lstrip().startswith("{"):
        return _object_in(whole, "--arguments")
    try:
        text = Path(whole).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Fault(f"--arguments: expected a JSON object or a file that holds one; {error}") from None
    return _object_in(text, whole)


def _object_in(text: str, place: str) -> dict[str, JSON]:
    try:
        value = read_json(text)
    except ValueError as error:
        raise Fault(f"{place}: expected a JSON object, found {text[:80]!r}: {error}") from None
    if not isinstance(value, dict):
        raise Fault(f"{place}: expected a JSON object, found {text[:80]!r}")
    return value
