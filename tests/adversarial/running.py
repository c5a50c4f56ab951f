"""Run one input of a case in every variation: cuts, depths of the stack, orders, alternatives of a script."""

import itertools
import json
import time
import tracemalloc

import attrs
from tests.adversarial.bench import ClientBench, ServerBench, at_depth
from tests.adversarial.corpus import CAPABILITIES, bytes_of, written

from sansmcp import schema
from sansmcp.client import list_tools, value_of, walk
from sansmcp.errors import RemoteProtocolError
from sansmcp.schema import codec_for
from sansmcp.session import Change, ChangeKind, SessionLimits

SHORT = 4096
"""Up to so many bytes an input is also read byte by byte."""

FOREVER = 1000
"""How often `forever` is taken to be; it must end long before."""


@attrs.define(kw_only=True)
class Run:
    """One way in which an input was given, and what came of it."""

    bench: object
    way: str
    choices: dict = attrs.field(factory=dict)
    cpu: float = 0.0
    notes: list = attrs.field(factory=list)
    """What steps saw on their way: times, deadlines, counts."""


def runs_of(stimulus):
    """Give an input in every variation."""
    if stimulus.input["kind"] == "bytes":
        return [run_bytes(stimulus, way, feed) for way, feed in feedings(stimulus)]
    scripts = scripts_of(stimulus.input["steps"])
    return [
        run_script(stimulus, steps, {**choices, **chosen})
        for chosen in alternatives(stimulus.input)
        for steps, choices in scripts
    ]


def alternatives(script):
    """Return the variants of a whole script: each is a number of requests in flight."""
    texts = script.get("variants", ())
    return [{"in_flight": int(text.partition("=")[2].split()[0])} for text in texts] or [{}]


def make_bench(stimulus, *, limits=None):
    """Return the machine under test, in the state that the case begins in."""
    capabilities = stimulus.input.get("client_capabilities", CAPABILITIES)
    if stimulus.role == "server":
        new = stimulus.input.get("state") == "new"
        bench = ServerBench(stimulus.revision, new=new, capabilities=capabilities, limits=limits)
        start_in_flight(stimulus, bench)
        return bench
    able = codec_for(stimulus.revision).structure(schema.ClientCapabilities, capabilities)
    return ClientBench(stimulus.revision, capabilities=able, limits=limits)


def start_in_flight(stimulus, bench):
    """Let requests be worked on before the input, and forget that they came."""
    for number in stimulus.input.get("in_flight", ()):
        call = (
            f'{{"jsonrpc":"2.0","id":{number},"method":"tools/call",'
            '"params":{$META,"name":"slow","arguments":{"tag":"before"}}}'
        )
        bench.feed_message(written(call, stimulus, {}).encode())
    bench.calls.clear() if stimulus.role == "server" else None
    bench.events.clear()


# Bytes


def feedings(stimulus):
    """Return the ways to let bytes be read, each with its name."""
    variants = stimulus.input.get("variants", ())
    chunk = stimulus.input.get("chunk")
    ways = []
    if stimulus.case.transport == "core":
        ways.append(("as a message", lambda bench, data: bench.feed_message(data)))
        ways += [
            (f"at depth {depth}", lambda bench, data, depth=depth: deep(bench, data, depth))
            for depth in depths(variants)
        ]
        ways.append(("as a line", lambda bench, data: bench.feed(data + b"\n", chunk=chunk)))
        ways.append(("as a line byte by byte", lambda bench, data: bytewise(bench, data + b"\n")))
    else:
        ways.append(("as it is", lambda bench, data: bench.feed(data, chunk=chunk)))
        ways.append(("byte by byte", bytewise))
    return ways


def depths(variants):
    """Return the depths of the stack that a case names."""
    return [int(text.partition("=")[2]) for text in variants if text.startswith("call_stack_depth=")]


def deep(bench, data, depth):
    """Let a message be read from so deep a stack."""
    at_depth(depth, lambda: bench.feed_message(data))


def bytewise(bench, data):
    """Let bytes be read one by one, where there are not too many."""
    bench.feed(data, chunk=1 if len(data) <= SHORT else 1000)


def run_bytes(stimulus, way, feed):
    """Let bytes be read; pending calls are made before."""
    bench = make_bench(stimulus)
    tokens = {}
    for name, method in stimulus.input.get("pending", {}).items():
        handle = bench.call(method)
        tokens[name] = json.dumps(bench.wire_ids[handle])
    data = bytes_of(stimulus, tokens)
    run = Run(bench=bench, way=way)
    with measured(run):
        feed(bench, data)
        if stimulus.input.get("then") == "eof":
            bench.end()
    return run


class measured:  # noqa: N801 - reads as a statement
    """Notes the CPU time that a run takes."""

    def __init__(self, run):
        self.run = run

    def __enter__(self):
        self.start = time.process_time()

    def __exit__(self, *_):
        self.run.cpu += time.process_time() - self.start


def peak_of(stimulus):
    """Return the most bytes of memory that are in use while an input is read, beyond the input."""
    if stimulus.input["kind"] == "script":
        tracemalloc.start()
        runs_of(stimulus)
    else:
        _, feed = feedings(stimulus)[0]
        bench = make_bench(stimulus)
        data = bytes_of(stimulus, {})
        tracemalloc.start()
        feed(bench, data)
    try:
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# Scripts


def scripts_of(steps):
    """Return the scripts that a script stands for: every order, and every combination of alternatives."""
    found = [([], {})]
    for step in steps:
        if step["do"] == "each_interleaving":
            orders = sorted(set(itertools.permutations(step["of"])))
            ways = [([{"do": name} for name in order], {"order": order}) for order in orders]
        elif "variants" in step:
            ways = [([{**step, "variant": variant}], {step["do"]: variant}) for variant in step["variants"]]
        else:
            ways = [([step], {})]
        found = [(before + more, {**choices, **chosen}) for before, choices in found for more, chosen in ways]
    return found


def run_script(stimulus, steps, choices):
    """Go through the steps of a script."""
    limits = SessionLimits(requests_in_flight=choices["in_flight"] + 1) if "in_flight" in choices else None
    bench = make_bench(stimulus, limits=limits)
    run = Run(bench=bench, way=str(choices) if choices else "as written", choices=choices)
    script = Script(stimulus, run)
    with measured(run):
        for step in steps:
            if "at" in step:
                bench.advance(step["at"])
            name = step["do"].partition("(")[0]
            getattr(script, f"do_{name}")(step)
    return run


class Script:
    """What the steps of a script do."""

    def __init__(self, stimulus, run):
        self.stimulus = stimulus
        self.run = run
        self.bench = run.bench
        self.tokens = {}
        self.walk = None

    def do_recv(self, step):
        """A message is read, once or every so many seconds."""
        if step.get("repeat", 1) > 1 or self.is_multiplied(step):
            self.flood(step)
            return
        for number in itertools.count(1) if "every" in step else (1,):
            if "every" in step:
                if self.bench.outcomes(self.handle) or number > FOREVER:
                    return
                self.bench.advance(self.bench.now + step["every"])
            text = written(step["text"], self.stimulus, {**self.tokens, "$n": str(number)})
            self.bench.feed_message(text.encode())

    def is_multiplied(self, step):
        """Whether a step stands for as many requests in flight as the variant says."""
        return "in_flight" in self.run.choices and '"forever"' in step["text"]

    def flood(self, step):
        """Many messages are read at once, in one piece."""
        count = step.get("repeat") or self.run.choices["in_flight"]
        numbered = step["text"].replace('"id":2', '"id":$n')
        # Ids that no other step uses.
        lines = [written(numbered, self.stimulus, {"$n": str(number)}) for number in range(100, 100 + count)]
        self.bench.feed("".join(f"{line}\n" for line in lines).encode())
        self.run.notes.append(("flooded", self.bench.session.stats(), len(self.bench.errors)))

    def do_eof(self, step):
        """The input ends, and time passes until nothing is left to do."""
        del step
        self.bench.end()
        while self.bench.is_open or not self.bench.link.done:
            self.bench.advance(self.bench.link.next_deadline())

    def do_call(self, step):
        """A call is made."""
        method = step.get("variant", step.get("method", "tools/call"))
        params = {"name": step.get("tool", "slow"), "arguments": {}} if method == "tools/call" else None
        options = {}
        if "timeout" in step:
            options["timeout"] = step["timeout"]
        if "max_total" in step:
            options["maximum"] = step["max_total"]
            options["progress"] = True
        self.handle = self.bench.call(method, params, **options)
        number = self.bench.wire_ids[self.handle]
        self.tokens["$ID"] = json.dumps(number)
        self.tokens["$ID_OTHER_TYPE"] = json.dumps(str(number))
        token = self.bench.request.get("params", {}).get("_meta", {}).get("progressToken")
        # The text has quotes around it, for a token that is a text.
        self.tokens['"$TOKEN"'] = json.dumps(token)
        self.run.notes.append(("called", self.handle, number))

    def do_list_all(self, step):
        """Somebody walks over the pages of a list."""
        assert step["method"] == "tools/list"
        self.walk = walk(list_tools)

    def do_walk(self, step):
        """Each page that is asked for leads on to another one, as long as somebody asks."""
        page = None
        for number in range(FOREVER):
            try:
                call = next(self.walk) if page is None else self.walk.send(page)
            except RemoteProtocolError as error:
                self.run.notes.append(("walked", error, number))
                return
            handle = self.bench.call(call.method, call.params)
            result = json.loads(json.dumps(step["variant"]).replace("$n", str(number)))
            answer = {"jsonrpc": "2.0", "id": self.bench.wire_ids[handle], "result": result}
            self.bench.feed_message(json.dumps(answer).encode())
            (outcome,) = self.bench.outcomes(handle)
            page = value_of(call, outcome)

    def do_reply_forever(self, step):
        """Each request is answered alike, as long as there is one."""
        if self.walk is not None:
            self.do_walk(step)
            return
        answered = 0
        while answered < FOREVER and not self.bench.outcomes(self.handle):
            answered += 1
            request = [message for message in self.bench.messages if "id" in message][-1:]
            number = request[0]["id"] if request else self.bench.wire_ids[self.handle]
            answer = {"jsonrpc": "2.0", "id": number, "result": step["variant"]}
            self.bench.feed_message(json.dumps(answer).encode())
        self.run.notes.append(("answered", answered))

    def do_tick(self, step):
        """Time has passed; what is seen then is noted."""
        bench = self.bench
        self.run.notes.append((step["at"], bench.link.next_deadline(), len(bench.outcomes(self.handle))))

    def do_handler_returns(self, step):
        """A handler returns; nothing is drained before the next step."""
        self.bench.handler_returns(step.get("tag"))
        while self.stimulus.case.id == "stdio-request-flood":
            # Those that waited begin meanwhile.
            self.bench.drain()
            if not self.bench.held:
                return
            self.bench.handler_returns(step.get("tag"))
        if self.stimulus.case.id != "core-cancel-races":
            self.bench.drain()

    def do_cancel(self, step):
        """A cancellation is read, and nothing is drained before the next step."""
        number = int(step["do"].partition("(")[2].rstrip(")"))
        text = f'{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{number}}}}}'
        self.bench.link.receive_data(text.encode() + b"\n", self.bench.now)

    def do_drain(self, step):
        """Events and bytes are taken."""
        del step
        self.bench.drain()

    def do_publish(self, step):
        """Something changed on the server."""
        self.bench.session.publish(Change(kind=ChangeKind(step["event"])), self.bench.now)
        self.bench.drain()

    def do_close(self, step):
        """Our side closes."""
        del step
        self.bench.session.close(self.bench.now)
        self.bench.drain()
