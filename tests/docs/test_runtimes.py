"""The page of the runtimes names whatever differs between them, and says why."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import sansmcp_asyncio
import sansmcp_threads
import sansmcp_trio

PAGE = (Path(__file__).parents[2] / "docs" / "runtimes.md").read_text(encoding="utf-8")
LIST = PAGE.partition("## What differs, and why")[2]
ENTRIES = re.findall(r"^- (.*?)(?=^- |^\S|\Z)", LIST, re.DOTALL | re.MULTILINE)
NAMED = {
    word for code in re.findall(r"`([^`]+)`", "".join(ENTRIES)) for word in re.findall(r"[A-Za-z_]\w*", code)
}

RUNTIMES = (sansmcp_asyncio, sansmcp_trio, sansmcp_threads)

STREAMS = {"ByteStream", "MemoryStream", "Process", "StdioStream", "StreamPair"}
"""Their methods are those of their runtime's streams; one entry is about all of them."""


def parameters_of(function: object) -> set[str]:
    return set(inspect.signature(function).parameters) - {"self"}  # type: ignore[arg-type]


def members_of(class_: type) -> set[str]:
    return {name for name in dir(class_) if not name.startswith("_")}


def apart(sets: list[set[str]]) -> set[str]:
    """Return what is not in all of them."""
    return set[str]().union(*sets) - set[str].intersection(*sets)


def differences(modules: tuple[ModuleType, ...]) -> Iterator[str]:
    """Yield each word that one of them has and another has not."""
    names = [set(module.__all__) for module in modules]
    yield from apart(names)
    for name in set.intersection(*names):
        values = [getattr(module, name) for module in modules]
        yield from apart([{name} if inspect.iscoroutinefunction(value) else set() for value in values])
        if name in STREAMS:
            yield name
            continue
        if all(inspect.isclass(value) for value in values):
            members = [members_of(value) for value in values]
            yield from apart(members)
            for member in set.intersection(*members):
                functions = [getattr(value, member) for value in values]
                if all(map(callable, functions)):
                    yield from apart([parameters_of(function) for function in functions])
            if name == "Client":
                # `connect` makes it.
                continue
        yield from apart([parameters_of(value) for value in values])


@pytest.mark.parametrize("word", sorted(set(differences(RUNTIMES))))
def test_what_differs_is_on_the_list(word: str) -> None:
    assert word in NAMED


def test_differences_would_be_seen() -> None:
    one, other = ModuleType("one"), ModuleType("other")
    one.__all__, other.__all__ = ["same", "own"], ["same"]  # type: ignore[attr-defined]
    one.same, other.same = (lambda a: a), (lambda a, b: (a, b))  # type: ignore[attr-defined]
    assert set(differences((one, other))) == {"own", "b"}


@pytest.mark.parametrize("entry", ENTRIES)
def test_each_difference_has_a_reason(entry: str) -> None:
    bold, _, reason = entry.removeprefix("**").partition("**")
    assert bold
    assert re.search(r"\b(for|since|so|because|cannot)\b", reason), entry


def test_there_is_a_list() -> None:
    assert len(ENTRIES) >= 15
