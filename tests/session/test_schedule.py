"""One timer for an endpoint and its links: who is woken, when, and that nobody else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.session.ends import MODERN
from tests.session.joined import client_lines, server_lines

from sansmcp.session import KeepAlive, Schedule


class Endpoint:
    """Has a deadline of its own, which it repeats while it has times left."""

    def __init__(self, *times):
        self.times = list(times)
        self.woken = []

    def next_deadline(self):
        return self.times[0] if self.times else None

    def handle_timeout(self, now):
        self.woken.append(now)
        self.times = [at for at in self.times if at > now]


class Sleeper:
    """A link of which nothing but its deadlines matters here; it counts how often it is asked."""

    def __init__(self, *times, wake=lambda: None):
        self.times = sorted(times)
        self.woken = []
        self.asked = 0
        self._wake = wake

    def next_deadline(self):
        self.asked += 1
        return self.times[0] if self.times else None

    def handle_timeout(self, now):
        self.woken.append(now)
        self.times = [at for at in self.times if at > now]
        self._wake()


def scheduled(*links, endpoint=None):
    schedule = Schedule(endpoint or Endpoint())
    for link in links:
        schedule.note(link)
    return schedule


def test_the_earliest_deadline_of_the_endpoint_and_its_links_is_the_next():
    endpoint, one, other = Endpoint(4.0), Sleeper(3.0), Sleeper(5.0)
    schedule = scheduled(one, other, endpoint=endpoint)
    assert schedule.next_deadline() == 3.0
    schedule.handle_timeout(3.0)
    assert schedule.next_deadline() == 4.0
    schedule.handle_timeout(4.0)
    assert schedule.next_deadline() == 5.0
    schedule.handle_timeout(5.0)
    assert schedule.next_deadline() is None
    assert (endpoint.woken, one.woken, other.woken) == ([4.0], [3.0], [5.0])


def test_without_links_the_endpoint_alone_counts_and_without_both_there_is_nothing():
    assert Schedule(Endpoint(2.0)).next_deadline() == 2.0
    assert Schedule(Endpoint()).next_deadline() is None


def test_too_early_a_call_wakes_nobody():
    endpoint, link = Endpoint(2.0), Sleeper(1.0)
    schedule = scheduled(link, endpoint=endpoint)
    schedule.handle_timeout(0.999)
    assert (endpoint.woken, link.woken, schedule.next_deadline()) == ([], [], 1.0)


def test_a_late_call_wakes_everybody_who_is_due_once_in_the_order_of_their_deadlines():
    order = []
    endpoint = Endpoint(1.5)
    links = [Sleeper(at, wake=lambda at=at: order.append(at)) for at in (3.0, 1.0, 2.0, 9.0)]
    schedule = scheduled(*links, endpoint=endpoint)
    schedule.handle_timeout(5.0)
    assert (order, endpoint.woken, schedule.next_deadline()) == ([1.0, 2.0, 3.0], [5.0], 9.0)


def test_a_link_that_is_woken_is_asked_for_its_next_deadline():
    link = Sleeper(1.0, 2.0)
    schedule = scheduled(link)
    schedule.handle_timeout(1.0)
    assert schedule.next_deadline() == 2.0


def test_a_deadline_that_came_nearer_counts_where_it_is_now():
    link = Sleeper(7.0)
    schedule = scheduled(link)
    link.times = [6.5]
    schedule.note(link)
    assert schedule.next_deadline() == 6.5


def test_a_deadline_that_was_put_off_is_looked_at_once_where_it_was():
    link = Sleeper(5.0)
    schedule = scheduled(link)
    for at in (6.0, 7.0):
        link.times = [at]
        schedule.note(link)
    assert schedule.next_deadline() == 5.0
    schedule.handle_timeout(5.0)
    assert (link.woken, link.times, schedule.next_deadline()) == ([5.0], [7.0], 7.0)


def test_a_link_without_a_deadline_any_more_is_not_woken():
    link = Sleeper(5.0)
    schedule = scheduled(link)
    link.times = []
    schedule.note(link)
    schedule.note(link)
    schedule.handle_timeout(10.0)
    assert (link.woken, schedule.next_deadline()) == ([], None)


def test_a_link_that_is_forgotten_is_not_woken_and_may_be_forgotten_again():
    link = Sleeper(1.0)
    schedule = scheduled(link)
    schedule.forget(link)
    schedule.forget(link)
    schedule.handle_timeout(2.0)
    assert (link.woken, schedule.next_deadline()) == ([], None)
    schedule.note(link)
    assert schedule.next_deadline() == 1.0


def test_a_link_that_takes_away_the_deadline_of_another_does_not_stop_the_rest():
    last = Sleeper(3.0)
    other = Sleeper(2.0)

    def take_away():
        other.times = []
        schedule.note(other)
        last.times = [8.0]
        schedule.note(last)

    first = Sleeper(1.0, wake=take_away)
    schedule = scheduled(first, other, last)
    schedule.handle_timeout(5.0)
    assert (first.woken, other.woken, last.times) == ([5.0], [], [8.0])
    assert schedule.next_deadline() == 8.0


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["note", "forget", "time"]), st.integers(0, 9))))
def test_each_link_is_woken_when_it_is_due_and_once_where_it_was_before_it_was_put_off(script):
    links = [Sleeper() for _ in range(6)]
    schedule, looked_at, now = Schedule(Endpoint()), {}, 0
    for number, what, amount in script:
        link = links[number]
        if what == "note":
            link.times = [now + amount]
            looked_at[number] = min(looked_at.get(number, now + amount), now + amount)
            schedule.note(link)
        elif what == "forget":
            looked_at.pop(number, None)
            link.times = []
            schedule.forget(link)
        else:
            now += amount
            due = {number for number, at in looked_at.items() if at <= now}
            before = [len(link.woken) for link in links]
            schedule.handle_timeout(now)
            woken = {number for number, link in enumerate(links) if len(link.woken) > before[number]}
            assert woken == due
            assert all(at > now for link in links for at in link.times)
            looked_at = {each: at for each, at in looked_at.items() if each not in due}
            looked_at |= {each: at for each in due for at in links[each].times}
        assert schedule.next_deadline() == min(looked_at.values(), default=None)


def test_ten_thousand_idle_links_cost_nothing_when_one_is_due():
    idle, busy = [Sleeper(1000.0) for _ in range(10_000)], Sleeper(1.0, 2.0)
    schedule = scheduled(*idle, busy)
    for now in (0.5, 1.0, 1.5, 2.0):
        schedule.note(busy)
        schedule.next_deadline()
        schedule.handle_timeout(now)
    assert (len(busy.woken), {link.asked for link in idle}) == (2, {1})


@pytest.mark.parametrize("make", [server_lines, client_lines])
def test_an_endpoint_over_lines_can_be_scheduled(make):
    schedule = Schedule(make())
    schedule.handle_timeout(5.0)
    assert schedule.next_deadline() is None


def test_the_deadline_of_a_session_arrives_through_its_link():
    endpoint = client_lines(revisions=(MODERN,), keep_alive=KeepAlive())
    schedule = Schedule(endpoint)
    endpoint.connect(0.0)
    for link in endpoint.ready():
        schedule.note(link)
    assert schedule.next_deadline() == 5.0
    schedule.handle_timeout(5.0)
    assert endpoint.ready()
