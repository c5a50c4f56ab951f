"""The legs: one side on one binding against the whole suite, or what of it is of one revision."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs
from tests.conformance.expectations import BOUNDS, FLOORS, OWED, SKIPPED_WHOLE, default_wire
from tests.conformance.suite import REVISIONS, ROOT, Suite, client_command, free_port
from tests.conformance.verdicts import PLAYED, Verdict, missing, recorded, verdict

SETS = ("2025-11-25", "2026-07-28")
"""The revisions whose scenarios the suite has frozen as its official score."""

_STARTING = 30.0
_ENDING = 15.0
_SERVER_LEG = 300.0
_CLIENT_RUN = 90.0


@attrs.frozen(kw_only=True)
class Leg:
    """What is run together, and one column of the table."""

    side: str
    """`server` or `client`: which is ours."""
    binding: str
    """What it runs on."""
    revision: str | None = None
    """Which revision is spoken; None for that which the suite chooses for each scenario."""
    is_set: bool = False
    """Whether it is the frozen set of that revision."""
    responses: str = "stream"
    """Which form the responses of a server have."""
    finds_out: bool = False
    """Whether a client is to find out by itself which revision is spoken."""
    scenarios: tuple[str, ...] = ()
    """Which scenarios alone; empty for all there are."""

    @property
    def name(self) -> str:
        """How the table calls it."""
        words = [self.binding, "set" if self.is_set else "", self.revision or "all"]
        words += ["found out"] if self.finds_out else []
        words += [self.responses] if self.responses != "stream" else []
        return " ".join(word for word in words if word)

    @property
    def wanted(self) -> list[str]:
        """The scenarios that must run."""
        floors = FLOORS[self.side]
        names = [name for name in floors if self.revision is None or self.revision in floors[name]]
        return [name for name in names if not self.scenarios or name in self.scenarios]

    def wire_of(self, scenario: str) -> str:
        """Return the revision that a scenario is played in."""
        if self.revision is not None:
            return self.revision
        return REVISIONS[-1] if scenario in OWED else default_wire(self.side, scenario)


@attrs.frozen(kw_only=True)
class Outcome:
    """What came of a leg."""

    leg: Leg
    """The leg."""
    verdicts: dict[str, Verdict]
    """What came of each scenario, by name."""
    faults: tuple[str, ...] = ()
    """What is wrong with the leg as a whole, in words."""


class NotStarted(Exception):
    """A server ended before it listened."""


class ServerUnderTest:
    """The everything server as a process of its own."""

    def __init__(self, binding: str, responses: str, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}/mcp"
        self._errors = folder / f"server-{binding}-{responses}.txt"
        words = [sys.executable, "-m", "tests.conformance.server"]
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [*words, "--port", str(self.port), "--binding", binding, "--responses", responses],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    def wait_ready(self) -> None:
        """Wait until it says that it listens.

        Raises:
            NotStarted: it ended before.
        """
        with ThreadPoolExecutor(1) as one:
            said = one.submit(self._process.stdout.readline)
            try:
                line = said.result(_STARTING)
            except TimeoutError:
                line = b""
            if not line:
                self._process.kill()
                raise NotStarted(f"the server did not start: {self.errors()}")

    def errors(self) -> str:
        """Return what it wrote to its standard error."""
        return self._errors.read_text(encoding="utf-8", errors="replace").strip()

    def stop(self) -> list[str]:
        """End it as a service is ended; return what is wrong with how it did."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_ENDING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return [f"the server did not end within {_ENDING:.0f} s of SIGTERM"]
        finally:
            self._process.stdout.close()
        if "Traceback" in self.errors():
            return [f"the server had a failure: {self.errors()[-2000:]}"]
        return []


@contextlib.contextmanager
def serving(
    binding: str, folder: Path, faults: list[str], *, responses: str = "stream"
) -> Iterator[ServerUnderTest]:
    """Run the everything server; what is wrong with its end is added to the faults."""
    server = ServerUnderTest(binding, responses, folder)
    try:
        server.wait_ready()
        yield server
    finally:
        faults += server.stop()


def run_server_legs(suite: Suite, legs: Sequence[Leg], folder: Path) -> list[Outcome]:
    """Run legs that are alike against one server, one after the other: some scenarios count milliseconds."""
    faults: list[str] = []
    outcomes: list[Outcome] = []
    try:
        with serving(legs[0].binding, folder, faults, responses=legs[0].responses) as server:
            for leg in legs:
                place = folder / leg.name.replace(" ", "-")
                outcomes.append(_run_server_leg(suite, leg, server.url, place))
    except NotStarted as reason:
        return [Outcome(leg=leg, verdicts={}, faults=(str(reason),)) for leg in legs]
    outcomes[-1] = attrs.evolve(outcomes[-1], faults=(*outcomes[-1].faults, *faults))
    return outcomes


def _run_server_leg(suite: Suite, leg: Leg, url: str, folder: Path) -> Outcome:
    folder.mkdir()
    expected = folder / "expected-failures.yml"
    expected.write_text(_expected_failures(leg), encoding="utf-8")
    what = ["--requirements", leg.revision] if leg.is_set else ["--suite", "all"]
    if leg.revision and not leg.is_set:
        what += ["--spec-version", leg.revision]
    words = ["server", "--url", url, *what, "-o", str(folder), "--expected-failures", str(expected)]
    faults = []
    try:
        done = suite.run(*words, patience=_SERVER_LEG)
    except subprocess.TimeoutExpired:
        faults.append(f"the suite did not end within {_SERVER_LEG:.0f} s")
    else:
        # What a binding cannot do the suite counts in ways of its own.
        if done.returncode != 0 and leg.binding not in BOUNDS:
            faults.append(f"the suite exited with {done.returncode}: {(done.stdout + done.stderr)[-1500:]}")
    checks = recorded(folder)
    found = {
        name: verdict(
            "server",
            name,
            leg.wire_of(name),
            checks[name],
            has_json=leg.responses == "auto",
            is_bound=name in BOUNDS.get(leg.binding, {}),
        )
        for name in checks
    }
    absent = missing("server", leg.wanted, found)
    return Outcome(leg=leg, verdicts=found | {each.scenario: each for each in absent}, faults=tuple(faults))


def _expected_failures(leg: Leg) -> str:
    """Return the suite's list of what may fail: nothing, but for what is owed and cannot be left out."""
    if leg.revision is not None:
        return "server: []\nclient: []\n"
    owed = [name for name in OWED if name.startswith("tasks-") and name not in SKIPPED_WHOLE]
    return "server:\n" + "".join(f"  - {name}\n" for name in owed) + "client: []\n"


def run_client_legs(suite: Suite, legs: Sequence[Leg], folder: Path) -> list[Outcome]:
    """Run legs of clients, a process for each scenario, as many at once as there are processors."""
    runs = [(leg, name) for leg in legs for name in leg.wanted]
    with ThreadPoolExecutor(os.cpu_count() or 1) as several:
        found = list(several.map(lambda run: _run_client(suite, *run, folder), runs))
    return [
        Outcome(
            leg=leg,
            verdicts={each.scenario: each for (of, _), each in zip(runs, found, strict=True) if of is leg},
        )
        for leg in legs
    ]


def _run_client(suite: Suite, leg: Leg, scenario: str, folder: Path) -> Verdict:
    place = folder / "-".join((leg.side, *leg.name.split(), scenario))
    version = [] if leg.revision is None else ["--spec-version", leg.revision]
    options = ["--binding", leg.binding, *(["--find-out"] if leg.finds_out else [])]
    command = ["--command", client_command(*options), "--timeout", "60000"]
    try:
        done = suite.run(
            "client", *command, "--scenario", scenario, *version, "-o", str(place), patience=_CLIENT_RUN
        )
    except subprocess.TimeoutExpired:
        return Verdict(scenario=scenario, faults=(f"it did not end within {_CLIENT_RUN:.0f} s",))
    checks = recorded(place)
    if scenario not in checks:
        return missing("client", [scenario], checks)[0]
    found = verdict("client", scenario, leg.wire_of(scenario), checks[scenario])
    faults = list(found.faults)
    if done.returncode != 0:
        faults.append(f"the suite exited with {done.returncode}")
    # Some scenarios forgive a client that fails; this says that ours did not.
    said = _written(place, "stdout.txt")
    if PLAYED not in said:
        faults.append(
            f"the client did not play it to the end: {(said + _written(place, 'stderr.txt'))[-1500:]}"
        )
    return attrs.evolve(found, faults=tuple(faults))


def _written(place: Path, name: str) -> str:
    return "".join(file.read_text(encoding="utf-8", errors="replace") for file in sorted(place.rglob(name)))
