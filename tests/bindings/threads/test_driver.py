"""The driver with another endpoint than lines: three links share one session; nobody wakes when idle."""

import threading
from pathlib import Path

import pytest
from tests.bindings.ring import Remember, Ring
from tests.bindings.threads.counting import nothing_left

from sansmcp.session import Errand
from sansmcp_threads import Driver, memory_pair

PATIENCE = 60


@pytest.fixture(autouse=True)
def _nothing_left_behind():
    with nothing_left():
        yield


class Room:
    """A session that all links share: what one says is sent to the others."""

    def __init__(self) -> None:
        self.links: list[Chatter] = []
        self.ready: dict[Chatter, None] = {}
        self.events: list[tuple[Room, str]] = []
        self.questions = 0


class Chatter:
    """One link into the room; bytes as they are, no lines."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.outbox = bytearray()
        self.deadline: float | None = None
        self._done = False
        room.links.append(self)

    def receive_data(self, data: bytes, now: float) -> None:
        if data == b"remind me":
            self.deadline = now
            self._room.ready[self] = None
            return
        self._room.events.append((self._room, data.decode()))
        for link in self._room.links:
            if link is not self and not link.done:
                link.say(data)

    def receive_eof(self, _now: float, _reason: str = "") -> None:
        self._done = True
        self._room.ready[self] = None

    def data_to_send(self) -> bytes:
        self._room.questions += 1
        data = bytes(self.outbox)
        self.outbox.clear()
        return data

    @property
    def done(self) -> bool:
        return self._done

    def next_deadline(self) -> float | None:
        self._room.questions += 1
        return self.deadline

    def handle_timeout(self, _now: float) -> None:
        self.deadline = None
        self.say(b"it is time")

    def say(self, data: bytes) -> None:
        self.outbox += data
        self._room.ready[self] = None


class RoomEndpoint:
    """What the links share, as a driver sees it."""

    def __init__(self) -> None:
        self.room = Room()

    def accept(self, _now: float) -> Chatter:
        return Chatter(self.room)

    def next_event(self) -> tuple[Room, str] | None:
        return self.room.events.pop(0) if self.room.events else None

    def actions(self) -> list[object]:
        return []

    def ready(self) -> list[Chatter]:
        ready = list(self.room.ready)
        self.room.ready.clear()
        return ready

    def next_deadline(self) -> float | None:
        self.room.questions += 1
        return None

    def handle_timeout(self, _now: float) -> None:
        raise AssertionError("nothing is due")


def chat(count: int):
    """Return an endpoint, its driver, what was heard, and the far ends of so many links."""
    endpoint = RoomEndpoint()
    heard: list[str] = []
    driver = Driver(endpoint, lambda _room, word: heard.append(word))
    ends = []
    for _ in range(count):
        near, far = memory_pair()
        driver.carry(driver.perform(endpoint.accept), near)
        ends.append(far)
    return endpoint, driver, heard, ends


def leave(driver: Driver, ends) -> None:
    for end in ends:
        end.close()
    driver.wait_done()
    driver.cancel()


def test_input_on_one_link_makes_output_on_the_others() -> None:
    _, driver, heard, ends = chat(3)
    first, second, third = ends
    first.write(b"good morning")
    assert second.read() == b"good morning"
    assert third.read() == b"good morning"
    third.write(b"and to you")
    assert first.read() == b"and to you"
    assert second.read() == b"and to you"
    leave(driver, ends)
    assert heard == ["good morning", "and to you"]


def switches() -> dict[str, int]:
    """Return how often each thread of ours has waited so far."""
    found = {}
    for task in Path("/proc/self/task").iterdir():
        status = dict(
            line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line
        )
        found[task.name] = int(status["voluntary_ctxt_switches"])
    return found


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="Linux alone counts wake-ups")
def test_nobody_is_asked_and_nobody_wakes_up_while_idle() -> None:
    endpoint, driver, _, ends = chat(3)
    first, second, third = ends
    first.write(b"remind me")
    assert first.read() == b"it is time"
    second.write(b"the last word")
    assert first.read() == b"the last word"
    assert third.read() == b"the last word"
    ours = {str(thread.native_id) for thread in threading.enumerate() if thread.name.startswith("sansmcp")}
    # Three readers and the timer, which has done its work.
    assert len(ours) == 4
    settled = quiet(ours)
    asked = endpoint.room.questions
    threading.Event().wait(0.5)
    assert endpoint.room.questions == asked
    assert {task: count for task, count in switches().items() if task in ours} == settled
    leave(driver, ends)


def quiet(ours: set[str]) -> dict[str, int]:
    """Wait until the threads of ours have come to rest, and return their counts."""
    before: dict[str, int] = {}
    for _ in range(PATIENCE * 20):
        now = {task: count for task, count in switches().items() if task in ours}
        if now == before:
            return now
        before = now
        threading.Event().wait(0.05)
    raise AssertionError("the threads never come to rest")


def test_commands_from_many_threads_leave_nothing_behind() -> None:
    endpoint, driver, _, ends = chat(2)
    links = endpoint.room.links
    rounds, speakers = 200, 8

    def speak(letter: bytes) -> None:
        for _ in range(rounds):
            driver.post(lambda _now: links[0].say(letter))

    threads = [threading.Thread(target=speak, args=(b"%d" % number,)) for number in range(speakers)]
    for thread in threads:
        thread.start()
    data = b""
    while len(data) < rounds * speakers:
        data += ends[0].read()
    for thread in threads:
        thread.join(PATIENCE)
    assert {data.count(b"%d" % number) for number in range(speakers)} == {rounds}
    leave(driver, ends)


def test_what_is_left_while_a_link_is_forgotten_is_told() -> None:
    told: list[int] = []

    class Watched(Chatter):
        """Lets another thread leave something whenever the reader looks for it after its end."""

        left = 0

        def __hash__(self) -> int:
            if self.done and threading.current_thread().name == "sansmcp reader":
                self.left += 1
                other = threading.Thread(target=self.leave, args=(self.left,))
                other.start()
                other.join()
            return id(self)

        def leave(self, number: int) -> None:
            driver.leave(lambda _now: driver.tell(lambda: told.append(number)))
            driver.settle()

    endpoint = RoomEndpoint()
    driver = Driver(endpoint, lambda _room, _word: None)
    near, far = memory_pair()
    link = driver.perform(lambda _now: Watched(endpoint.room))
    driver.carry(link, near)
    far.close()
    driver.wait_done()
    assert link.left > 0
    assert told == list(range(1, link.left + 1))
    driver.cancel()


def test_what_the_taker_of_events_raises_comes_out_where_the_end_is_waited_for() -> None:
    endpoint = RoomEndpoint()

    def handle(_room: Room, _word: str) -> None:
        raise ValueError("a fault of the taker")

    driver = Driver(endpoint, handle)
    near, far = memory_pair()
    driver.carry(driver.perform(endpoint.accept), near)
    far.write(b"a word")
    with pytest.raises(ValueError, match="a fault of the taker"):
        driver.wait_done()
    assert far.read() == b""
    driver.cancel()
    far.close()


def test_cancelling_ends_links_that_are_not_done() -> None:
    _, driver, _, ends = chat(3)
    ends[0].write(b"good night")
    assert ends[1].read() == b"good night"
    driver.cancel()
    assert ends[1].read() == b""
    for end in ends:
        end.close()


def test_what_is_carried_after_the_end_is_closed_at_once() -> None:
    endpoint, driver, _, ends = chat(1)
    driver.cancel()
    near, far = memory_pair()
    driver.carry(driver.perform(endpoint.accept), near)
    assert far.read() == b""
    driver.wait_done()
    for end in (*ends, far):
        end.close()


def test_what_a_link_raises_when_its_time_has_come_comes_out_at_the_end() -> None:
    timed_out = threading.Event()

    class Impatient(Chatter):
        def handle_timeout(self, _now: float) -> None:
            self.deadline = None
            timed_out.set()
            raise ValueError("a fault of the link")

    endpoint = RoomEndpoint()
    driver = Driver(endpoint, lambda _room, _word: None)
    near, far = memory_pair()
    driver.carry(driver.perform(lambda _now: Impatient(endpoint.room)), near)
    far.write(b"remind me")
    assert timed_out.wait(PATIENCE)
    far.close()
    with pytest.raises(ValueError, match="a fault of the link"):
        driver.wait_done()
    driver.cancel()


def test_errands_are_handed_on_in_order_and_what_answers_them_is_heard() -> None:
    ring, heard, errands = Ring(), list[bytes](), list[Remember]()

    def perform(errand: Errand) -> None:
        assert isinstance(errand, Remember)
        errands.append(errand)

    driver = Driver(ring, lambda _ring, event: heard.append(event.data), perform=perform)
    ring.deeds = [Remember(word=b"one"), Remember(word=b"two")]
    driver.post(lambda _now: None)
    for errand in errands:
        driver.post(lambda _now, word=errand.word: ring.remembered(word))
    assert heard == [b"one", b"two"]
    driver.cancel()
