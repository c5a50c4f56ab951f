"""The steps that the clients of the Python peers take, and what they print of each.

A client implements `Talk` in the words of its library; the steps are the same for all. This is imported under
the interpreters of the peers, so it knows nothing but anyio, which each of them has.
"""

import argparse
import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar

import anyio

NOTE = "note://greeting"

LEGACY = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MODERN = "2026-07-28"

# Generous: it ends a step that hangs, and nothing waits for it when all is well.
PATIENCE = 20.0

Seen = dict[str, Any]
OnProgress = Callable[[float, float | None, str | None], Awaitable[None]]


class Notebook:
    """What reached the client's callbacks, and a way to wait for it."""

    def __init__(self) -> None:
        self.questions: list[Seen] = []
        self.logs: list[Seen] = []
        self.notices: list[str] = []
        self.faults: list[str] = []
        self._changed = anyio.Event()

    def wake(self) -> None:
        """Say that something was noted."""
        self._changed.set()
        self._changed = anyio.Event()

    async def until(self, met: Callable[[], bool]) -> None:
        """Wait until something that was noted makes the condition true."""
        with anyio.fail_after(PATIENCE):
            while not met():
                await self._changed.wait()


class Talk(ABC):
    """A connected client in the words of the steps."""

    error: ClassVar[type[Exception]]
    """What the library raises for an error that was answered, and for its own timeout."""

    def __init__(self, notebook: Notebook, revision: str) -> None:
        self.notebook = notebook
        self.revision = revision

    @property
    def modern(self) -> bool:
        """Whether the connection is of the modern era."""
        return self.revision == MODERN

    @staticmethod
    @abstractmethod
    def error_of(error: Exception) -> Seen:
        """Return the code and the message of an error."""

    @abstractmethod
    async def tools(self) -> list[str]:
        """Return the names of the tools."""

    @abstractmethod
    async def resources(self) -> tuple[list[str], list[str]]:
        """Return the addresses of the resources, and the templates."""

    @abstractmethod
    async def prompts(self) -> list[str]:
        """Return the names of the prompts."""

    @abstractmethod
    async def read(self, uri: str) -> list[Seen]:
        """Return what a resource holds."""

    @abstractmethod
    async def prompt(self, name: str, arguments: Mapping[str, str]) -> list[str]:
        """Return the texts of a prompt."""

    @abstractmethod
    async def ping(self) -> None:
        """Ask whether the server is there."""

    @abstractmethod
    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        on_progress: OnProgress | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - what the libraries have
        meta: Seen | None = None,
    ) -> Seen:
        """Call a tool, and return `texts`, `structured` and `is_error`."""

    @abstractmethod
    async def set_level(self, level: str) -> None:
        """Ask for log records from a level up, in the legacy era."""

    async def give_up(self, name: str) -> bool:
        """Call a tool, cancel the call once its first progress came, and return whether that ended it."""
        with anyio.CancelScope() as scope:

            async def report(_value: float, _total: float | None, _message: str | None) -> None:
                scope.cancel()

            await self.call(name, {}, on_progress=report)
        return scope.cancelled_caught


async def tools(talk: Talk) -> Seen:
    return {"names": await talk.tools()}


async def resources(talk: Talk) -> Seen:
    uris, templates = await talk.resources()
    return {"uris": uris, "templates": templates}


async def reads(talk: Talk) -> Seen:
    return {"contents": await talk.read(NOTE)}


async def reads_by_name(talk: Talk) -> Seen:
    return {"contents": await talk.read("note://by-name/Ada")}


async def reads_nothing(talk: Talk) -> Seen:
    return await error_of(talk, lambda: talk.read("note://nothing"))


async def prompts(talk: Talk) -> Seen:
    return {"names": await talk.prompts()}


async def prompt(talk: Talk) -> Seen:
    return {"texts": await talk.prompt("greet", {"name": "Ada"})}


async def pings(talk: Talk) -> Seen:
    if talk.modern:
        return await error_of(talk, talk.ping)
    await talk.ping()
    return {}


async def add(talk: Talk) -> Seen:
    return await talk.call("add", {"a": 1, "b": 2})


async def weather(talk: Talk) -> Seen:
    return await talk.call("weather", {"city": "Rome"})


async def fails(talk: Talk) -> Seen:
    return await talk.call("fails", {"reason": "because"})


async def unknown(talk: Talk) -> Seen:
    """Call a tool that does not exist: some servers answer with an error, some with a failed result."""
    return await outcome_of(talk, "no-such-tool")


async def slow(talk: Talk) -> Seen:
    progress: list[Seen] = []

    async def report(value: float, total: float | None, message: str | None) -> None:
        progress.append({"progress": value, "total": total, "message": message})

    seen = await talk.call("slow", {"steps": 3}, on_progress=report)
    return {**seen, "progress": progress}


async def asks(talk: Talk) -> Seen:
    """Answer a form; before 2025-06-18 there is none, and the call ends with an error."""
    before = len(talk.notebook.questions)
    seen = await outcome_of(talk, "asks")
    return {**seen, "questions": talk.notebook.questions[before:]}


async def asks_twice(talk: Talk) -> Seen:
    return await outcome_of(talk, "asks_twice")


async def samples(talk: Talk) -> Seen:
    return await talk.call("samples")


async def lists_roots(talk: Talk) -> Seen:
    return await talk.call("lists_roots")


async def logs(talk: Talk) -> Seen:
    if not talk.modern:
        await talk.set_level("warning")
    before = len(talk.notebook.logs)
    level = {"io.modelcontextprotocol/logLevel": "warning"} if talk.modern else None
    seen = await talk.call("logs", {"text": "x"}, meta=level)
    await talk.notebook.until(
        lambda: any(record["level"] == "warning" for record in talk.notebook.logs[before:])
    )
    return {**seen, "logs": talk.notebook.logs[before:]}


async def cancels(talk: Talk) -> Seen:
    """Cancel a call, and ask the server whether it noticed; over HTTP the question may overtake that."""
    cancelled = await talk.give_up("waits")
    seen = await talk.call("cancelled_calls")
    while seen["texts"] == ["0"]:
        seen = await talk.call("cancelled_calls")
    return {"cancelled": cancelled, **seen}


async def times_out(talk: Talk) -> Seen:
    return await error_of(talk, lambda: talk.call("waits", timeout=0.2))


Step = Callable[[Any], Awaitable[Seen]]

STEPS: tuple[Step, ...] = (
    tools,
    resources,
    reads,
    reads_by_name,
    reads_nothing,
    prompts,
    prompt,
    pings,
    add,
    weather,
    fails,
    unknown,
    slow,
    asks,
    asks_twice,
    samples,
    lists_roots,
    logs,
    cancels,
    times_out,
)


async def error_of(talk: Talk, call: Callable[[], Awaitable[Any]]) -> Seen:
    """Return the error a call must end with."""
    try:
        await call()
    except talk.error as error:
        return talk.error_of(error)
    raise AssertionError("expected an error, found a result")


async def outcome_of(talk: Talk, tool: str) -> Seen:
    """Return the result or the error of a call that may end with either."""
    try:
        return await talk.call(tool)
    except talk.error as error:
        return talk.error_of(error)


def say(step: str, **seen: Any) -> None:
    """Print one line."""
    sys.stdout.write(json.dumps({"step": step, **seen}) + "\n")
    sys.stdout.flush()


def failure(error: BaseException) -> str:
    """Name the errors inside a group, which is all that says what happened."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(failure(inner) for inner in error.exceptions)
    return f"{type(error).__name__}: {error}"


async def take(steps: Sequence[Step], talk: Talk, only: Sequence[str]) -> bool:
    """Take all steps or only some, and return whether they went well."""
    well = True
    for step in steps:
        if only and step.__name__ not in only:
            continue
        try:
            with anyio.fail_after(PATIENCE):
                seen = await step(talk)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test reads it
            say(step.__name__, failed=failure(error))
            well = False
        else:
            say(step.__name__, **seen)
    return well


def main(converse: Callable[[str, list[str], list[str], Notebook], Awaitable[bool]]) -> int:
    """Read the arguments (see the programs), hold the conversation, and return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("mode", choices=[*LEGACY, "modern", "auto"])
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    only = [name for name in arguments.only.split(",") if name]

    async def run() -> bool:
        notebook = Notebook()
        try:
            well = await converse(arguments.mode, arguments.command, only, notebook)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test reads it
            say("connect", failed=failure(error))
            return False
        say("close", faults=notebook.faults)
        return well and not notebook.faults

    return 0 if anyio.run(run) else 1
