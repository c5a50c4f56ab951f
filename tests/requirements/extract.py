"""Compare the list of requirements with a specification: `python -m tests.requirements.extract`.

    uv run python -m tests.requirements.extract FOLDER            show what each page asks for
    uv run python -m tests.requirements.extract FOLDER --check    name what is missing or superfluous
    uv run python -m tests.requirements.extract FOLDER --write    bring the lists up to date

FOLDER is docs/specification of a checkout of the specification. `--check` ends with 1 if the
lists differ from it. `--write` keeps the key of each sentence that is known and gives the others
the key `?`, which the tests refuse until somebody has decided. Sentences are shown on the
terminal only: the lists hold none.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs
from tests.requirements import book
from tests.requirements.book import REVISIONS, UNASSIGNED, Entry, Page
from tests.requirements.sentences import requirements


@attrs.frozen(kw_only=True)
class Specification:
    """What a fetched specification asks for: each entry with its sentence, and its pages."""

    sentences: Mapping[Entry, str]
    pages: frozenset[tuple[str, str]]


def read_specification(folder: Path) -> Specification:
    """Read the pages of the five revisions under `folder`; raises FileNotFoundError if one is absent."""
    sentences: dict[Entry, str] = {}
    pages: set[tuple[str, str]] = set()
    for revision in REVISIONS:
        root = folder / revision
        if not root.is_dir():
            raise FileNotFoundError(f"{root}: expected the pages of {revision}")
        for path in sorted(root.rglob("*.mdx")):
            page = path.relative_to(root).with_suffix("").as_posix()
            pages.add((revision, page))
            for found in requirements(page, path.read_text(encoding="utf-8")):
                entry = Entry(
                    revision=revision, page=page, anchor=found.anchor, level=found.level, digest=found.digest
                )
                sentences[entry] = found.text
    return Specification(sentences=sentences, pages=frozenset(pages))


def listed(specification: Specification, pages: Mapping[str, Page]) -> dict[Entry, str]:
    """Return the sentences that belong into the lists: all but those of pages left out on purpose.

    A page that was left out because it asks for nothing, and now does, belongs into the lists.
    """
    return {
        entry: sentence
        for entry, sentence in specification.sentences.items()
        if not _is_left_out(entry, pages) or pages[entry.page].empty
    }


def _is_left_out(entry: Entry, pages: Mapping[str, Page]) -> bool:
    return entry.page in pages and entry.revision in pages[entry.page].revisions


def differences(
    specification: Specification, entries: Iterable[Entry], pages: Mapping[str, Page]
) -> list[str]:
    """Return a line for each difference between a specification and the lists, none if they agree."""
    wanted = {entry.identity: text for entry, text in listed(specification, pages).items()}
    known = {entry.identity: entry for entry in entries}
    lines = [
        f"missing: {_name(identity)}\n    {wanted[identity]}" for identity in wanted if identity not in known
    ]
    lines += [
        f"superfluous: {_name(identity)} ({known[identity].key})"
        for identity in known
        if identity not in wanted
    ]
    with_entries = {(entry.revision, entry.page) for entry in known.values()}
    left_out = {(revision, name) for name, page in pages.items() for revision in page.revisions}
    lines += [
        f"missing page: {revision}/{page} is neither in the lists nor in pages.toml"
        for revision, page in sorted(specification.pages - with_entries - left_out)
    ]
    lines += [
        f"superfluous page: {revision}/{page} stands in pages.toml"
        for revision, page in sorted(left_out - specification.pages)
    ]
    return lines


def _name(identity: tuple[str, str, str, str, str]) -> str:
    revision, page, anchor, level, digest = identity
    return str(Entry(revision=revision, page=page, anchor=anchor, level=level, digest=digest))


def with_known_keys(wanted: Iterable[Entry], known: Iterable[Entry]) -> list[Entry]:
    """Give each wanted entry the key that its sentence has: on its page, else wherever it is known."""
    keys: dict[tuple[str, ...], str] = {}
    for entry in known:
        for place in _places(entry):
            keys.setdefault(place, entry.key)
    return [
        attrs.evolve(entry, key=next((keys[place] for place in _places(entry) if place in keys), UNASSIGNED))
        for entry in wanted
    ]


def _places(entry: Entry) -> list[tuple[str, ...]]:
    return [
        (entry.revision, entry.page, entry.anchor, entry.digest),
        (entry.revision, entry.page, entry.digest),
        (entry.page, entry.digest),
        (entry.digest,),
    ]


def main(arguments: list[str]) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.requirements.extract",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true")
    mode.add_argument("--write", action="store_true")
    options = parser.parse_args(arguments)
    specification = read_specification(options.folder)
    pages = book.read_pages()
    if options.check:
        return _check(specification, pages)
    if options.write:
        return _write(specification, pages)
    for entry, sentence in listed(specification, pages).items():
        _say(f"{entry}\n    {sentence}")
    return 0


def _check(specification: Specification, pages: Mapping[str, Page]) -> int:
    lines = differences(specification, book.read_entries(), pages)
    for line in lines:
        _say(line)
    _say(f"{len(lines)} differences" if lines else "the lists agree with the specification")
    return 1 if lines else 0


def _write(specification: Specification, pages: Mapping[str, Page]) -> int:
    known = book.read_entries()
    wanted = listed(specification, pages)
    entries = with_known_keys(wanted, known)
    kept = {entry.identity for entry in entries}
    for entry in known:
        if entry.identity not in kept:
            _say(f"dropped: {entry} ({entry.key})")
    for entry, sentence in zip(entries, wanted.values(), strict=True):
        if entry.key == UNASSIGNED:
            _say(f"without a key: {entry}\n    {sentence}")
    book.write_entries(entries)
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
