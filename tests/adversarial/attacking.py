"""Raw bytes against our server as a process, and what is seen of it: its answers, its report, its cost."""

import codecs
import json

import attrs
from tests.adversarial.bench import flat
from tests.adversarial.corpus import bytes_of, written
from tests.adversarial.served import RELEASE, RUNTIMES
from tests.reliability.processes import Attacked, End, cpu_of, peak, python, resident

SHORT = 4096
"""Up to so many bytes an input is also fed byte by byte."""

HELLO, PROBE = "hello", "probe"
"""The ids of our own requests: the first, and the last, whose answer says that all before it was read."""

MARK = codecs.BOM_UTF8

INITIALIZE = (
    '{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"$REV",'
    '"capabilities":{"roots":{},"sampling":{},"elicitation":{}},"clientInfo":{"name":"corpus","version":"1"}}}\n'
    '{"jsonrpc":"2.0","method":"notifications/initialized"}\n'
)
LIST = '{"jsonrpc":"2.0","id":"%s","method":"tools/list","params":{$META}}\n'
PING = '{"jsonrpc":"2.0","id":"ping","method":"ping"}\n'
RELEASE_ALL = f'{{"jsonrpc":"2.0","method":"{RELEASE}","params":{{$META}}}}\n'
LOOKS = '{"jsonrpc":"2.0","id":"looks","method":"tools/call","params":{"name":"looks","arguments":{}}}\n'
ROOTS = '{"jsonrpc":"2.0","id":%s,"result":{"roots":[{"uri":"file:///corpus"}]}}\n'
CANCELLED = '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}\n'


@attrs.define(kw_only=True)
class Attack:
    """What came of an input."""

    way: str
    stimulus: object
    messages: list
    """What the server wrote, the answers to our own requests left out."""
    told: list
    """What it saw: the lines of its report."""
    is_open: bool
    """Whether it still answered after the input."""
    cpu: float
    """Seconds of CPU time for the input."""
    memory: int
    """Bytes in memory at the most, beyond those before the input."""
    end: End
    """How it exited when its input ended."""
    in_flight: int = 0

    @property
    def errors(self):
        """The error replies."""
        return [message for message in flat(self.messages) if "error" in message]

    @property
    def results(self):
        """The answers that are none."""
        return [message for message in flat(self.messages) if "result" in message]

    @property
    def codes(self):
        """The codes that were decided on: those of replies and those of violations."""
        replied = {message["error"]["code"] for message in self.errors}
        return replied | {line["code"] for line in self.events if line["code"] is not None}

    @property
    def events(self):
        """The events it told of, the end of the connection left out."""
        return [line for line in self.told if "event" in line and line["event"] != "Disconnected"]

    @property
    def cancelled(self):
        """How many requests were cancelled until the connection was over."""
        return [line["cancelled"] for line in self.told if line.get("event") == "Disconnected"]

    def of(self, name):
        """Return the events of a name."""
        return [event for event in self.events if event["event"] == name]

    @property
    def calls(self):
        """The calls of handlers."""
        return [line for line in self.told if "call" in line]


class Target:
    """Our server on a runtime, started for a stimulus.

    Args:
        runtime: the runtime.
        stimulus: what it will be attacked with.
        folder: where its report may lie.
        options: for the server.
    """

    def __init__(self, runtime, stimulus, folder, *options):
        self.stimulus = stimulus
        self._report = folder / "report.jsonl"
        self._report.unlink(missing_ok=True)
        words = (runtime, "--report", self._report, *options)
        self.program = Attacked(python("tests.adversarial.served", *words))
        self._cpu = self._memory = 0

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.program.__exit__(*error)

    def said(self, text):
        """Return the bytes of a text of the corpus."""
        return written(text, self.stimulus, {}).encode()

    def opening(self):
        """Return what the peer of a revision says first: its handshake, or any request."""
        return self.said(LIST % HELLO if self.stimulus.modern else INITIALIZE)

    def begin(self):
        """Let it have its opening, and note what it has cost by then."""
        self.program.feed(self.opening())
        self.wait_answer(HELLO)
        self._memory, self._cpu = resident(self.program.pid), cpu_of(self.program.pid)

    def ask(self, name=PROBE):
        """Send a request that is answered at once, and wait for its answer."""
        self.program.feed(self.said(LIST % name))
        self.wait_answer(name)

    def wait_answer(self, name):
        """Wait for the answer to one of our own requests, which comes within the last megabytes."""
        text = f'"id":"{name}"'.encode()
        self.program.wait_for(lambda output: output.find(text, max(0, len(output) - (1 << 21))) >= 0)

    def finish(self, way, *, last=b"", **more):
        """See what it has cost, end its input, and return what came of it all."""
        is_open = self.program.process.poll() is None
        cost = {
            "cpu": cpu_of(self.program.pid) - self._cpu,
            "memory": peak(self.program.pid) - self._memory,
        }
        self.program.feed(last)
        end = self.program.end()
        told = [json.loads(line) for line in self._report.read_text(encoding="utf-8").splitlines()]
        return Attack(
            way=way,
            stimulus=self.stimulus,
            messages=self.messages(),
            told=told,
            is_open=is_open,
            end=end,
            **cost,
            **more,
        )

    def messages(self):
        """Return what it wrote beside the answers to our own requests."""
        found = [json.loads(line) for line in self.program.lines]
        return [message for message in found if not is_ours(message)]


def is_ours(message):
    """Whether a message answers a request of ours that is no part of the input."""
    return isinstance(message, dict) and message.get("id") in {HELLO, PROBE}


def attack_with_bytes(runtime, stimulus, folder, *, is_full):
    """Feed an input of the kind `bytes`, whole and, where it is short, byte by byte.

    Where not everything is tried, the runtimes take turns with the two ways.
    """
    data = bytes_of(stimulus, {})
    ways = {"as it is": stimulus.input.get("chunk")}
    if len(data) <= SHORT:
        ways["byte by byte"] = 1
    if not is_full:
        turn = RUNTIMES.index(runtime) + stimulus.number
        ways = dict([list(ways.items())[turn % len(ways)]])
    return [feed(runtime, stimulus, folder, way, data, chunk) for way, chunk in ways.items()]


def feed(runtime, stimulus, folder, way, data, chunk):
    """Feed bytes, see whether it still answers, and end its input."""
    with Target(runtime, stimulus, folder) as target:
        if not is_about_the_start(data):
            target.begin()
            target.program.feed(data, chunk=chunk)
        elif data.count(MARK) == 1 and data.startswith(MARK):
            # What is skipped comes first, then the handshake of the state that the case begins in.
            target.program.feed(MARK + target.opening() + data.removeprefix(MARK), chunk=chunk)
        else:
            # The first line cannot be read in any state, and nothing may come before it.
            target.program.feed(data + target.opening(), chunk=chunk)
        target.ask()
        return target.finish(way)


def is_about_the_start(data):
    """Whether an input is about the very start of a stream: it has a mark in its first bytes."""
    return MARK in data[:8]


def end_of_input(runtime, stimulus, folder, in_flight):
    """End the input while so many handlers run and an answer is about to be written."""
    answered, held = (step["text"] for step in stimulus.input["steps"][:2])
    options = ("--in-flight", in_flight + 10) if in_flight > 1000 else ()
    numbered = held.replace('"id":2', '"id":$n')
    lines = [written(numbered, stimulus, {"$n": str(number)}) for number in range(100, 100 + in_flight)]
    with Target(runtime, stimulus, folder, *options) as target:
        target.begin()
        target.program.feed("".join(f"{line}\n" for line in lines).encode())
        # All of them are in flight when this is answered.
        target.ask()
        last = target.said(answered) + b"\n"
        return target.finish(f"{in_flight} in flight", last=last, in_flight=in_flight)


def flood(runtime, stimulus, folder):
    """Send calls by the thousand and let them end; amid them come a ping, cancellations and an answer."""
    recv, returns = stimulus.input["steps"]
    assert (recv["do"], returns["do"]) == ("recv", "handler_returns")
    count = recv["repeat"]
    lines = [written(recv["text"], stimulus, {"$n": str(number)}) + "\n" for number in range(count)]
    with Target(runtime, stimulus, folder) as target:
        target.begin()
        for part in (lines[: count // 2], lines[count // 2 :]):
            target.program.feed("".join(part).encode())
            target.ask()
        target.program.feed(target.said(RELEASE_ALL))
        target.program.wait_for(lambda output: output.count(b"\n") >= count + 3)
        return target.finish("as written")


def flood_with_others(runtime, stimulus, folder):
    """Flood it, and meanwhile cancel two calls; a legacy peer also answers a question and pings."""
    call = stimulus.input["steps"][0]["text"]
    lines = [written(call, stimulus, {"$n": str(number)}) + "\n" for number in range(2500)]
    with Target(runtime, stimulus, folder) as target:
        target.begin()
        question = None if stimulus.modern else ask_back(target)
        target.program.feed("".join(lines).encode())
        target.program.feed((CANCELLED % 5 + CANCELLED % 1500).encode())
        if question is not None:
            target.program.feed((PING + ROOTS % question).encode())
            target.wait_answer("ping")
            target.wait_answer("looks")
        before = len(target.messages())
        target.program.feed(target.said(RELEASE_ALL))
        own = 1 if question is None else 4
        target.program.wait_for(lambda output: output.count(b"\n") >= len(lines) - 2 + own)
        return target.finish(f"{before} messages before the release")


def ask_back(target):
    """Call a tool that asks the client; return the id of its question as JSON."""
    target.program.feed(target.said(LOOKS))
    target.program.wait_for(lambda output: b"roots/list" in output)
    (question,) = (message for message in target.messages() if message.get("method") == "roots/list")
    return json.dumps(question["id"])
