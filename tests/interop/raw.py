"""Drive a program over its standard streams, line by line, with plain threads.

`Program` starts a command, sends lines, reads lines up to a deadline and ends the process whatever happens.
`replay` feeds the client's lines of a transcript to a server and pairs what comes back with the transcript.
It knows nothing of sansmcp, so that what it finds does not depend on what it checks.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

JSON = Any

# Long enough for a cold start of an interpreter on a busy machine; nothing waits for it when all is well.
DEADLINE = 30.0

_END = None


class Ended(Exception):
    """The program closed its output while a line was awaited."""


class TooLate(Exception):
    """No line came within the deadline."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a program ended: exit code, the lines nobody read, and all it wrote to stderr."""

    code: int
    rest: tuple[str, ...]
    errors: str


class Program:
    """A started command with its three pipes."""

    def __init__(
        self, command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> None:
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=None if env is None else dict(env),
            cwd=cwd,
            # A group of its own, so that whatever the program starts ends with it.
            start_new_session=True,
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._errors: list[str] = []
        self._threads = [
            threading.Thread(target=self._read_output, args=(self._pipe(self._process.stdout),), daemon=True),
            threading.Thread(target=self._read_errors, args=(self._pipe(self._process.stderr),), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def errors(self) -> str:
        """What the program wrote to stderr so far."""
        return "".join(self._errors)

    def send(self, message: JSON) -> None:
        """Send one message as a line of JSON."""
        self.send_line(json.dumps(message, ensure_ascii=False, separators=(",", ":")))

    def send_line(self, line: str | bytes) -> None:
        """Send a line as it is; the newline is added."""
        data = line.encode() if isinstance(line, str) else line
        pipe = self._pipe(self._process.stdin)
        pipe.write(data + b"\n")
        pipe.flush()

    def receive_line(self, deadline: float = DEADLINE) -> str:
        """Return the next line of output, or raise `Ended` or `TooLate`."""
        try:
            line = self._lines.get(timeout=deadline)
        except queue.Empty:
            raise TooLate(f"no line within {deadline} s; stderr: {self.errors!r}") from None
        if line is _END:
            self._lines.put(_END)
            raise Ended(f"the program closed its output; stderr: {self.errors!r}")
        return line

    def receive(self, deadline: float = DEADLINE) -> JSON:
        """Return the next line of output as JSON."""
        return json.loads(self.receive_line(deadline))

    def receive_until(self, wanted: Callable[[JSON], bool], deadline: float = DEADLINE) -> list[JSON]:
        """Return what came up to and with the first message that is wanted, all within one deadline."""
        end = time.monotonic() + deadline
        found: list[JSON] = []
        while True:
            found.append(self.receive(max(0.0, end - time.monotonic())))
            if wanted(found[-1]):
                return found

    def answer_to(self, request_id: JSON, deadline: float = DEADLINE) -> JSON:
        """Return the answer to a request, dropping whatever came before it."""
        return self.receive_until(lambda message: is_answer(message, request_id), deadline)[-1]

    def close_input(self) -> None:
        """Close the program's standard input."""
        with contextlib.suppress(BrokenPipeError):
            self._pipe(self._process.stdin).close()

    def signal(self, number: int) -> None:
        """Send a signal to the program."""
        self._process.send_signal(number)

    def wait(self, deadline: float = DEADLINE) -> Outcome:
        """Wait for the end and return how it came; a program that stays is killed."""
        try:
            code = self._process.wait(deadline)
        except subprocess.TimeoutExpired:
            self.kill()
            raise TooLate(f"still running after {deadline} s; stderr: {self.errors!r}") from None
        self._release()
        return Outcome(code=code, rest=tuple(self._drain()), errors=self.errors)

    def finish(self, deadline: float = DEADLINE) -> Outcome:
        """Close the input, then `wait`."""
        self.close_input()
        return self.wait(deadline)

    def kill(self) -> None:
        """End the program at once, if it still runs, and close the pipes."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._release()

    def _release(self) -> None:
        self.close_input()
        for thread in self._threads:
            thread.join(DEADLINE)
        for pipe in (self._process.stdout, self._process.stderr):
            self._pipe(pipe).close()

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None
        return pipe

    def _read_output(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            self._lines.put(line.decode().rstrip("\n"))
        self._lines.put(_END)

    def _read_errors(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            self._errors.append(line.decode(errors="replace"))

    def _drain(self) -> Iterator[str]:
        while True:
            try:
                line = self._lines.get_nowait()
            except queue.Empty:
                return
            if line is not _END:
                yield line


def is_answer(message: JSON, request_id: JSON) -> bool:
    """Whether a message is the result or the error of that request; 7 and "7" are different."""
    return (
        isinstance(message, dict)
        and "method" not in message
        and message.get("id") == request_id
        and type(message.get("id")) is type(request_id)
    )


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a transcript: who sent it ("C" or "S") and what."""

    sender: str
    message: JSON
    number: int


def read_transcript(text: str) -> tuple[Line, ...]:
    """Read `C: {...}` and `S: {...}` lines; blank lines and lines that begin with `#` are skipped."""
    lines: list[Line] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        sender, colon, body = line.partition(":")
        if not colon or sender not in {"C", "S"}:
            raise ValueError(f"line {number}: expected `C: ...` or `S: ...`, found {line[:40]!r}")
        lines.append(Line(sender=sender, message=json.loads(body), number=number))
    return tuple(lines)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One line of the server in the transcript and what came in its place."""

    expected: JSON
    received: JSON
    number: int


@dataclass(kw_only=True)
class Replay:
    """What a replay found: the pairs, and what came beyond the transcript."""

    pairs: list[Pair] = field(default_factory=list)
    surplus: list[JSON] = field(default_factory=list)

    def differences(self, normalise: Callable[[JSON], JSON]) -> list[str]:
        """Say where the two differ once each was normalised; empty when they agree."""
        found = [
            f"line {pair.number}: expected {expected!r}, received {received!r}"
            for pair in self.pairs
            if (expected := normalise(pair.expected)) != (received := normalise(pair.received))
        ]
        return [*found, *(f"beyond the transcript: {normalise(message)!r}" for message in self.surplus)]


def replay(program: Program, transcript: Sequence[Line], deadline: float = DEADLINE) -> Replay:
    """Send the client's lines, and pair each line of the server with the next one of the same exchange.

    An exchange is a request with its progress and its answer, a subscription with its notices, or the
    notifications of one method. Order counts within an exchange and not between two. Where the server
    chose a value (the id of its request, a `requestState`), the client's later lines take the value received.
    """
    found = Replay()
    waiting: list[JSON] = []
    chosen: dict[str, JSON] = {}
    tokens: dict[str, JSON] = {}
    for line in transcript:
        if line.sender == "C":
            _note_token(line.message, tokens)
            program.send(_with_chosen(line.message, chosen))
            continue
        exchange = exchange_of(line.message, tokens)
        while not any(exchange_of(message, tokens) == exchange for message in waiting):
            waiting.append(program.receive(deadline))
        received = next(message for message in waiting if exchange_of(message, tokens) == exchange)
        waiting.remove(received)
        _note_chosen(line.message, received, chosen)
        found.pairs.append(Pair(expected=line.message, received=received, number=line.number))
    outcome = program.finish(deadline)
    found.surplus = [*waiting, *(json.loads(line) for line in outcome.rest)]
    return found


def exchange_of(message: JSON, tokens: Mapping[str, JSON]) -> str:
    """Name the exchange a message of the server belongs to; `tokens` maps progress tokens to request ids."""
    method = message.get("method")
    if method is None:
        return f"request {message.get('id')!r}"
    if "id" in message:
        return f"asks {method}"
    params = message.get("params") or {}
    if method == "notifications/progress":
        token = params.get("progressToken")
        return f"request {tokens.get(repr(token), token)!r}"
    meta = params.get("_meta") or {}
    if "io.modelcontextprotocol/subscriptionId" in meta:
        return f"request {meta['io.modelcontextprotocol/subscriptionId']!r}"
    return f"notifies {method}"


def outline(message: JSON) -> JSON:
    """Reduce a message to its kind: what a server cannot word differently."""
    if "method" in message:
        params = message.get("params") or {}
        members = {name: params[name] for name in ("progressToken", "progress", "total") if name in params}
        return {"method": message["method"], **members}
    if "error" in message:
        return {"id": message.get("id"), "error": message["error"]["code"]}
    result = message["result"]
    kinds = {name: result[name] for name in ("resultType", "isError", "protocolVersion") if name in result}
    return {"id": message["id"], "result": kinds}


def without_texts(message: JSON, names: frozenset[str]) -> JSON:
    """Blank every member with one of these names, at any depth; the rest must be equal."""
    if isinstance(message, dict):
        return {
            name: "..." if name in names else without_texts(value, names) for name, value in message.items()
        }
    if isinstance(message, list):
        return [without_texts(item, names) for item in message]
    return message


def _note_token(message: JSON, tokens: dict[str, JSON]) -> None:
    params = message.get("params") if isinstance(message, dict) else None
    if isinstance(params, dict) and "id" in message:
        token = (params.get("_meta") or {}).get("progressToken")
        if token is not None:
            tokens[repr(token)] = message["id"]


def _note_chosen(expected: JSON, received: JSON, chosen: dict[str, JSON]) -> None:
    if "method" in expected and "id" in expected:
        chosen[f"id {expected['id']!r}"] = received["id"]
    state = (expected.get("result") or {}).get("requestState")
    if state is not None:
        chosen[f"state {state}"] = (received.get("result") or {}).get("requestState")


def _with_chosen(message: JSON, chosen: Mapping[str, JSON]) -> JSON:
    if not isinstance(message, dict):
        return message
    changed = dict(message)
    if "method" not in changed and "id" in changed:
        changed["id"] = chosen.get(f"id {changed['id']!r}", changed["id"])
    params = changed.get("params")
    if isinstance(params, dict) and "requestState" in params:
        state = params["requestState"]
        changed["params"] = {**params, "requestState": chosen.get(f"state {state}", state)}
    return changed
