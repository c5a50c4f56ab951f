"""Feeds: what is handed over is taken in order, once, and before the end; nothing wakes nobody."""

from concurrent.futures import Future

import pytest

from sansmcp.client.feeds import MAX_WAITING, Feed, FeedEnded


def test_things_are_taken_in_the_order_in_which_they_came():
    feed = Feed()
    for item in "abc":
        feed.push(item)
    assert [feed.next() for _ in range(4)] == ["a", "b", "c", None]


def test_what_comes_again_while_it_still_waits_is_there_once():
    feed = Feed()
    for item in "abab":
        feed.push(item)
    assert [feed.take() for _ in range(3)] == ["a", "b", None]
    feed.push("a")
    assert feed.take() == "a"


def test_what_waits_is_bounded_and_the_oldest_goes():
    feed = Feed()
    for number in range(MAX_WAITING + 1):
        feed.push(number)
    assert feed.take() == 1
    assert sum(feed.take() is not None for _ in range(MAX_WAITING)) == MAX_WAITING - 1


def test_whoever_waits_is_woken_once_and_takes_for_itself():
    feed, waiter = Feed(), Future()
    feed.wait(waiter)
    assert not waiter.done()
    feed.push("a")
    assert waiter.result(timeout=0) is None
    feed.push("b")
    assert [feed.next(), feed.next()] == ["a", "b"]


def test_whoever_waits_where_there_is_something_is_woken_at_once():
    feed, waiter = Feed(), Future()
    feed.push("a")
    feed.wait(waiter)
    assert waiter.done()


def test_a_waiter_that_nobody_waits_on_any_more_is_left_alone_and_the_thing_is_not_lost():
    feed, gone, waiter = Feed(), Future(), Future()
    feed.wait(gone)
    gone.cancel()
    feed.wait(waiter)
    feed.push("a")
    assert waiter.done()
    assert feed.next() == "a"


def test_after_the_end_what_came_before_it_is_taken_and_then_the_end_is_told():
    feed, waiter = Feed(), Future()
    feed.push("a")
    feed.end()
    feed.push("b")
    feed.wait(waiter)
    assert waiter.done()
    assert feed.next() == "a"
    with pytest.raises(FeedEnded):
        feed.next()


def test_only_the_first_word_about_the_end_counts():
    feed = Feed()
    feed.end(ValueError("lost"))
    feed.end()
    for _ in range(2):
        with pytest.raises(ValueError, match="lost"):
            feed.next()
