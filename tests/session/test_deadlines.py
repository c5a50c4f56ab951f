"""Deadlines: a heap of what is to happen when. Time is an argument."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansmcp.session.deadlines import Deadlines


def nothing():
    pass


def take_all(deadlines, now):
    taken = []
    while (act := deadlines.take_due(now)) is not None:
        act()
        taken.append(act)
    return taken


def test_the_earliest_deadline_comes_first_and_says_what_it_is_for():
    deadlines, done = Deadlines(), []
    deadlines.arm("b", 2.0, "second", lambda: done.append("b"))
    deadlines.arm("a", 1.0, "first", lambda: done.append("a"))
    assert (deadlines.next_deadline(), deadlines.reason()) == (1.0, "first")
    assert take_all(deadlines, 0.999) == []
    take_all(deadlines, 1.0)
    assert (done, deadlines.next_deadline(), deadlines.reason()) == (["a"], 2.0, "second")
    take_all(deadlines, 5.0)
    assert (done, deadlines.next_deadline(), deadlines.reason()) == (["a", "b"], None, None)


def test_equal_times_come_in_the_order_they_were_armed():
    deadlines, done = Deadlines(), []
    for name in "abc":
        deadlines.arm(name, 1.0, name, lambda name=name: done.append(name))
    take_all(deadlines, 1.0)
    assert done == ["a", "b", "c"]


def test_a_key_has_one_deadline_the_last_one_armed():
    deadlines = Deadlines()
    deadlines.arm("a", 1.0, "early", nothing)
    deadlines.arm("a", 3.0, "late", nothing)
    assert (deadlines.next_deadline(), deadlines.reason()) == (3.0, "late")
    deadlines.arm("a", 2.0, "earlier again", nothing)
    assert (deadlines.next_deadline(), deadlines.reason()) == (2.0, "earlier again")
    assert len(take_all(deadlines, 10.0)) == 1


def test_a_disarmed_key_is_not_due_and_may_be_disarmed_twice():
    deadlines = Deadlines()
    deadlines.arm("a", 1.0, "a", nothing)
    deadlines.arm("b", 2.0, "b", nothing)
    deadlines.disarm("a")
    deadlines.disarm("a")
    assert deadlines.next_deadline() == 2.0
    assert len(take_all(deadlines, 5.0)) == 1


def test_nothing_is_left_after_everything_was_forgotten():
    deadlines = Deadlines()
    deadlines.arm("a", 1.0, "a", nothing)
    deadlines.clear()
    assert (deadlines.next_deadline(), deadlines.reason(), deadlines.take_due(9.0)) == (None, None, None)


def test_a_deadline_that_is_moved_over_and_over_keeps_working():
    deadlines = Deadlines()
    deadlines.arm("still", 0.5, "still", nothing)
    for number in range(2000):
        deadlines.arm("moved", float(number), "moved", nothing)
    assert deadlines.next_deadline() == 0.5
    deadlines.disarm("still")
    assert deadlines.next_deadline() == 1999.0


@pytest.mark.parametrize("moves", range(250, 350))
def test_many_deadlines_that_are_moved_still_come_in_their_order(moves):
    deadlines, model, done = Deadlines(), {}, []
    for move in range(moves):
        key, time = move % 50, float((move * 37) % 101)
        deadlines.arm(key, time, "", lambda key=key: done.append(key))
        model[key] = (time, move)
    take_all(deadlines, 1000.0)
    assert done == sorted(model, key=model.get)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("arm"), st.integers(0, 5), st.integers(0, 9)),
        st.tuples(st.just("disarm"), st.integers(0, 5), st.just(0)),
        st.tuples(st.just("due"), st.just(0), st.integers(0, 9)),
    ),
    max_size=200,
)


@given(steps)
def test_the_heap_does_what_a_plain_dictionary_would(steps):
    deadlines, model = Deadlines(), {}
    for order, (what, key, time) in enumerate(steps):
        if what == "arm":
            deadlines.arm(key, time, str(key), nothing)
            model[key] = (time, order)
        elif what == "disarm":
            deadlines.disarm(key)
            model.pop(key, None)
        else:
            due = [name for name, (at, _) in model.items() if at <= time]
            assert len(take_all(deadlines, time)) == len(due)
            for name in due:
                del model[name]
        first = min(model.items(), key=lambda item: item[1], default=None)
        assert deadlines.next_deadline() == (None if first is None else first[1][0])
        assert deadlines.reason() == (None if first is None else str(first[0]))


def test_whoever_asks_for_it_is_told_whenever_the_earliest_deadline_may_be_another_one():
    told = []
    deadlines = Deadlines(changed=lambda: told.append(None))

    def tells(change):
        told.clear()
        change()
        return bool(told)

    assert tells(lambda: deadlines.arm("a", 2.0, "a", nothing))
    assert tells(lambda: deadlines.arm("b", 1.0, "b", nothing))
    assert tells(lambda: deadlines.disarm("b"))
    assert not tells(lambda: deadlines.disarm("b"))
    assert not tells(lambda: deadlines.take_due(1.0))
    assert tells(lambda: deadlines.take_due(2.0))
    deadlines.arm("a", 2.0, "a", nothing)
    assert tells(deadlines.clear)
