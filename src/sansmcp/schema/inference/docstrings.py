"""Docstrings: what a function does, and what its parameters are.

The three common styles are read: sections with a colon and an indent (Google), sections that are
underlined (NumPy), and fields between colons (Sphinx). What is in no style is part of the description.
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from sansmcp.values import Value

_PARAMETERS: Final = frozenset(
    {"args", "arguments", "attributes", "keyword args", "parameters", "other parameters"}
)
_SECTIONS: Final = _PARAMETERS | {
    "example",
    "examples",
    "note",
    "notes",
    "raises",
    "references",
    "returns",
    "see also",
    "warns",
    "warnings",
    "yields",
}
_HEADING: Final = re.compile(r"([A-Za-z][A-Za-z ]*):?")
_GOOGLE_ITEM: Final = re.compile(r"\*{0,2}(\w+)(?:\s*\([^)]*\))?\s*:\s*(.*)")
_NUMPY_ITEM: Final = re.compile(r"\*{0,2}(\w+)(?:\s*,\s*\*{0,2}\w+)*\s*(?::.*)?")
_FIELD: Final = re.compile(r":(\w+)([^:]*):\s*(.*)")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Documentation(Value):
    """What a docstring says."""

    description: str | None
    """All before the first section, or None if there is nothing."""
    parameters: Mapping[str, str]
    """The descriptions of parameters, by name."""


def documentation_of(docstring: str | None) -> Documentation:
    """Read a docstring.

    Args:
        docstring: as it stands in the source, or None.

    Returns:
        What it says of the whole and of each parameter.
    """
    lines = inspect.cleandoc(docstring or "").splitlines()
    described: list[str] = []
    parameters: dict[str, str] = {}
    section = None
    position = 0
    while position < len(lines):
        heading, taken = _heading_at(lines, position)
        field = _FIELD.fullmatch(lines[position])
        if heading is not None:
            section = heading
            position += taken
            if section in _PARAMETERS:
                underlined = taken == 2
                block = _block(lines, position, underlined=underlined)
                parameters.update(_items(block, underlined=underlined))
        elif field is not None:
            section = "fields"
            if field[1] in {"param", "parameter", "arg", "argument"} and field[2].split():
                rest = [field[3], *_continuation(lines, position + 1)]
                parameters[field[2].split()[-1]] = _joined(rest)
            position += 1
        else:
            if section is None:
                described.append(lines[position])
            position += 1
    return Documentation(description="\n".join(described).strip() or None, parameters=parameters)


def _heading_at(lines: list[str], position: int) -> tuple[str | None, int]:
    """Return the section that begins at a line, if one does, and how many lines its heading takes."""
    line = lines[position]
    match = _HEADING.fullmatch(line)
    if match is None or match[1].lower() not in _SECTIONS:
        return None, 0
    following = lines[position + 1] if position + 1 < len(lines) else ""
    if len(following) >= 3 and not following.strip("-="):
        return match[1].lower(), 2
    return (match[1].lower(), 1) if line.endswith(":") else (None, 0)


def _block(lines: list[str], start: int, *, underlined: bool) -> list[str]:
    """Return the lines of a section; without an underline it ends with its indent."""
    block: list[str] = []
    for position in range(start, len(lines)):
        ends = bool(lines[position]) and not underlined and not lines[position].startswith((" ", "\t"))
        if ends or _heading_at(lines, position)[0] is not None:
            break
        block.append(lines[position])
    return block


def _items(block: list[str], *, underlined: bool) -> Iterator[tuple[str, str]]:
    """Read a list of names with indented descriptions."""
    filled = [line for line in block if line.strip()]
    indent = min((len(line) - len(line.lstrip()) for line in filled), default=0)
    name, texts = "", list[str]()
    for line in filled:
        deeper = len(line) - len(line.lstrip()) > indent
        match = None if deeper else (_NUMPY_ITEM if underlined else _GOOGLE_ITEM).fullmatch(line.strip())
        if match is None:
            texts.append(line)
            continue
        if name:
            yield name, _joined(texts)
        name, texts = match[1], [] if underlined else [match[2]]
    if name:
        yield name, _joined(texts)


def _continuation(lines: list[str], start: int) -> Iterator[str]:
    """Return the indented lines that go on with a field."""
    for line in lines[start:]:
        if not line.startswith((" ", "\t")):
            return
        yield line


def _joined(lines: list[str]) -> str:
    return " ".join(line.strip() for line in lines if line.strip())
