"""Read and write the list of requirements.

- `lists/<revision>/<part>.txt` holds what each page of the specification asks for: the page on a
  line of its own, then a line per requirement: anchor, level, SHA-256 of the sentence, key.
- A key names a reason of `reasons.toml` (not ours, and why), or a behaviour of
  `behaviours/*.toml`, which says in our words what is asked for and names the tests that show it,
  or the reason why there are none yet. Sentences that ask for the same thing, in any revision,
  share a key, so that a test is assigned once.
- `pages.toml` names the pages that are not in the lists, and why.
"""

import tomllib
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

import attrs

from sansmcp.values import JSON

FOLDER = Path(__file__).parent
LISTS = FOLDER / "lists"
BEHAVIOURS = FOLDER / "behaviours"
REVISIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
UNASSIGNED = "?"


@attrs.frozen(kw_only=True)
class Entry:
    """One requirement of one page of one revision, and the key of what becomes of it."""

    revision: str
    page: str
    anchor: str
    level: str
    digest: str
    key: str = UNASSIGNED

    @property
    def identity(self) -> tuple[str, str, str, str, str]:
        """What the specification determines: all but the key."""
        return (self.revision, self.page, self.anchor, self.level, self.digest)

    def __str__(self) -> str:
        return f"{self.revision}/{self.page}#{self.anchor} {self.level} {self.digest}"


@attrs.frozen(kw_only=True)
class Behaviour:
    """What requirements ask for in our words, and the tests that show it or the reason for none."""

    says: str
    tests: tuple[str, ...] = ()
    reason: str | None = None

    @property
    def is_pending(self) -> bool:
        """Whether it is ours and no test shows it yet."""
        return not self.tests and self.reason is None


@attrs.frozen(kw_only=True)
class Page:
    """A page that is not in the lists; `empty` says that it asks for nothing, which is checked."""

    revisions: tuple[str, ...]
    empty: bool
    reason: str


def read_entries() -> list[Entry]:
    """Return all entries, by revision, in the order of the pages."""
    entries: list[Entry] = []
    for revision in REVISIONS:
        for path in sorted((LISTS / revision).glob("*.txt")):
            entries.extend(parse_list(revision, path.read_text(encoding="utf-8")))
    return entries


def parse_list(revision: str, text: str) -> list[Entry]:
    """Return the entries of one file of the lists."""
    entries: list[Entry] = []
    page = ""
    for line in text.splitlines():
        if not line.startswith(" "):
            page = line
            continue
        anchor, level, digest, key = line.split()
        entries.append(
            Entry(revision=revision, page=page, anchor=anchor, level=level, digest=digest, key=key)
        )
    return entries


def format_list(entries: Iterable[Entry]) -> str:
    """Return the text of a file of the lists, the inverse of `parse_list`."""
    lines: list[str] = []
    for page, of_page in groupby(entries, key=lambda entry: entry.page):
        lines.append(page)
        lines.extend(f"  {entry.anchor} {entry.level} {entry.digest} {entry.key}" for entry in of_page)
    return "".join(f"{line}\n" for line in lines)


def write_entries(entries: Iterable[Entry]) -> None:
    """Write the lists anew, one file per revision and first part of the page's name."""
    files: dict[Path, list[Entry]] = {}
    for entry in entries:
        path = LISTS / entry.revision / f"{entry.page.partition('/')[0]}.txt"
        files.setdefault(path, []).append(entry)
    for path in LISTS.glob("*/*.txt"):
        if path not in files:
            path.unlink()
    for path, of_file in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(format_list(of_file), encoding="utf-8")


def read_reasons() -> Mapping[str, str]:
    """Return each reason why a requirement has no test of ours, explained, by key."""
    return {key: table["says"] for key, table in _read("reasons.toml").items()}


def read_behaviours() -> Mapping[str, Behaviour]:
    """Return the behaviours of all files by key; a key that stands in two files raises ValueError."""
    behaviours: dict[str, Behaviour] = {}
    for path in sorted(BEHAVIOURS.glob("*.toml")):
        of_file = parse_behaviours(path.read_text(encoding="utf-8"))
        if twice := behaviours.keys() & of_file.keys():
            raise ValueError(f"{path.name}: {', '.join(sorted(twice))} stands in another file too")
        behaviours |= of_file
    return behaviours


def parse_behaviours(text: str) -> dict[str, Behaviour]:
    """Return the behaviours of one file by key."""
    return {
        key: Behaviour(**{**table, "tests": tuple(table.get("tests", ()))})
        for key, table in tomllib.loads(text).items()
    }


def format_behaviours(behaviours: Mapping[str, Behaviour]) -> str:
    """Return the text of a file of behaviours, the inverse of `parse_behaviours`."""
    return "\n".join(_format_behaviour(key, behaviour) for key, behaviour in behaviours.items())


def _format_behaviour(key: str, behaviour: Behaviour) -> str:
    says = f"[{key}]\nsays = {_quoted(behaviour.says)}\n"
    if behaviour.reason is not None:
        return f"{says}reason = {_quoted(behaviour.reason)}\n"
    tests = "".join(f"\n  {_quoted(name)}," for name in behaviour.tests)
    return f"{says}tests = [{tests}{chr(10) if tests else ''}]\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def read_pages() -> Mapping[str, Page]:
    """Return the pages that are not in the lists."""
    return {
        name: Page(**{**table, "revisions": tuple(table["revisions"])})
        for name, table in _read("pages.toml").items()
    }


def _read(name: str) -> dict[str, dict[str, JSON]]:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))
