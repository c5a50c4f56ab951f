"""Our client as a program, on each runtime: it connects, calls, closes, and tells what came of it.

    python -m tests.reliability.calling JSON

The argument is an object: `runtime`, `target`, and if wanted `revision`, `calls` (how many calls of
`tools/list` at once), `texts` (rows of texts: each row is echoed one after the other, all rows at once),
`stderr` ("drained"), `patience` (of the session, in seconds), `warm` (a target to connect to before),
`times` (how often to do it all). It prints one object: how calls ended, the events, seconds, CPU seconds,
bytes of memory, and what is left.
"""

import ctypes
import importlib
import json
import os
import subprocess
import sys
import threading
import time

from tests.reliability.processes import children_of, descriptors, is_leader, is_running, peak, resident

from sansmcp.client import calls
from sansmcp.errors import SansmcpError
from sansmcp.session import Timeouts

FACTS = ("code", "excerpt", "reason")


def main():
    """Do what the argument says."""
    wanted = json.loads(sys.argv[1])
    adopt_orphans()
    use = {"asyncio": use_asyncio, "trio": use_trio, "threads": use_threads}[wanted["runtime"]]
    if "warm" in wanted:
        # What is imported and allocated once is no cost of what is measured.
        use({"target": wanted["warm"], "runtime": wanted["runtime"], "calls": 1}, Seen())
    seen = Seen()
    memory, cpu = resident(os.getpid()), time.process_time()
    before = descriptors(os.getpid()), threads()
    use(wanted, seen)
    each = [seen.came()]
    while len(each) < wanted.get("times", 1):
        again = Seen()
        use(wanted, again)
        each.append(again.came())
    cost = {"cpu": time.process_time() - cpu, "memory": peak(os.getpid()) - memory}
    rest = {
        "descriptors_left": descriptors(os.getpid()) - before[0],
        "threads_left": threads_left(before[1]),
        "processes_left": processes_left(),
    }
    print(json.dumps({**seen.told(), "each": each, **cost, **rest}), flush=True)  # noqa: T201 - whoever started it reads it


def adopt_orphans():
    """Become the parent of what children of ours leave behind, so that it is seen."""
    set_child_subreaper = 36
    assert ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0) == 0


def processes_left():
    """Return how many processes are left; those that were killed have a moment to be gone."""
    return after_a_moment(lambda: sum(map(is_left, children_of(os.getpid()))))


def threads_left(before):
    """Return how many threads are left; asyncio's end a moment after the process that they waited for.

    Only those that were not there before count: one that waited for an earlier process may end meanwhile.
    """
    return after_a_moment(lambda: len(threads() - before))


def after_a_moment(left):
    """Return how much is left as soon as it is nothing, or after a second."""
    limit = time.monotonic() + 1.0
    while (found := left()) and time.monotonic() < limit:
        os.sched_yield()
    return found


def is_left(pid):
    """Whether a child was left: an orphan that has ended was none of the client's to wait for."""
    return is_running(pid) or is_leader(pid)


def threads():
    """Return the threads that there are; trio keeps some of its own for ten seconds."""
    return {thread for thread in threading.enumerate() if not thread.name.startswith("Trio thread")}


class Seen:
    """What came of a use of the client."""

    def __init__(self):
        self.outcomes = []
        self.events = []
        self.crossed = 0
        self._marks = {}

    def mark(self, name):
        """Note when something was reached."""
        self._marks[name] = time.monotonic()

    def came(self):
        """Return how calls ended and the events, which take no time into account."""
        return {"outcomes": self.outcomes, "events": self.events}

    def told(self):
        """Return it as an object."""
        marks = self._marks
        return {
            "outcomes": self.outcomes,
            "events": self.events,
            "crossed": self.crossed,
            "connected": marks["connected"] - marks["begun"] if "connected" in marks else None,
            "closed": marks["closed"] - marks["ended"],
            "total": marks["closed"] - marks["begun"],
        }

    def event(self, _session, event):
        """Note an event."""
        facts = {name: getattr(event, name) for name in FACTS if hasattr(event, name)}
        self.events.append({"event": type(event).__name__, **facts})

    def settings(self, wanted):
        """Return how the client is set up."""
        settings = {"on_event": self.event}
        if "revision" in wanted:
            settings["revisions"] = (wanted["revision"],)
        if "patience" in wanted:
            settings["timeouts"] = Timeouts(request=wanted["patience"], probe=wanted["patience"])
        if wanted.get("stderr") == "drained":
            settings["stderr"] = subprocess.PIPE
        return settings

    def works(self, wanted):
        """Return what is to be done at once: generators of calls, which are sent what came of each."""
        works = [self._list() for _ in range(wanted.get("calls", 0))]
        return works + [self._echo(row) for row in wanted.get("texts", ())]

    def _list(self):
        yield calls.list_tools()

    def _echo(self, texts):
        for text in texts:
            result = yield calls.call_tool("echo", {"x": text})
            if not isinstance(result, SansmcpError):
                self.crossed += result.content[0].text != text

    def note(self, value):
        """Note how a call ended."""
        self.outcomes.append(type(value).__name__ if isinstance(value, SansmcpError) else "result")
        return value


def use_asyncio(wanted, seen):
    """Use the client on asyncio."""
    asyncio = importlib.import_module("asyncio")
    connect = importlib.import_module("sansmcp_asyncio").connect

    async def follow(client, work):
        value = None
        while (call := step(work, value)) is not None:
            try:
                value = seen.note(await client.call(call))
            except SansmcpError as error:
                value = seen.note(error)

    async def use():
        seen.mark("begun")
        try:
            async with connect(wanted["target"], **seen.settings(wanted)) as client:
                seen.mark("connected")
                await asyncio.gather(*(follow(client, work) for work in seen.works(wanted)))
                seen.mark("ended")
        except SansmcpError as error:
            seen.mark("ended")
            seen.note(error)
        seen.mark("closed")

    asyncio.run(use())


def use_trio(wanted, seen):
    """Use the client on trio."""
    trio = importlib.import_module("trio")
    connect = importlib.import_module("sansmcp_trio").connect

    async def follow(client, work):
        value = None
        while (call := step(work, value)) is not None:
            try:
                value = seen.note(await client.call(call))
            except SansmcpError as error:
                value = seen.note(error)

    async def use():
        seen.mark("begun")
        try:
            async with connect(wanted["target"], **seen.settings(wanted)) as client:
                seen.mark("connected")
                async with trio.open_nursery() as nursery:
                    for work in seen.works(wanted):
                        nursery.start_soon(follow, client, work)
                seen.mark("ended")
        except SansmcpError as error:
            seen.mark("ended")
            seen.note(error)
        seen.mark("closed")

    trio.run(use)


def use_threads(wanted, seen):
    """Use the client from many threads."""
    connect = importlib.import_module("sansmcp_threads").connect

    def follow(client, work):
        value = None
        while (call := step(work, value)) is not None:
            try:
                value = seen.note(client.call(call))
            except SansmcpError as error:
                value = seen.note(error)

    seen.mark("begun")
    try:
        with connect(wanted["target"], **seen.settings(wanted)) as client:
            seen.mark("connected")
            threads = [threading.Thread(target=follow, args=(client, work)) for work in seen.works(wanted)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            seen.mark("ended")
    except SansmcpError as error:
        seen.mark("ended")
        seen.note(error)
    seen.mark("closed")


def step(work, value):
    """Return the next call of a generator, or None at its end."""
    try:
        return work.send(value)
    except StopIteration:
        return None


if __name__ == "__main__":
    main()
