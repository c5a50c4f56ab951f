"""One message on its way through middleware: steps, delays, blame, and that every generator is closed."""

import gc
import inspect
from functools import partial

import pytest

from sansmcp.errors import LocalProtocolError
from sansmcp.session import Chain, Deadlines, Delay, GivenUp, Stack, check_middleware, name_of


class Ride:
    """A message that rides through middleware to an inside which the test plays."""

    def __init__(self, *layers, act=None):
        self.deadlines = Deadlines()
        self.inside = []
        self.endings = []
        self._act = act
        self.chain = Chain(
            layers,
            self.deadlines,
            act=self._begin,
            ended=lambda *ending: self.endings.append(ending),
            now=10.0,
        )

    def begin(self, message="message"):
        self.chain.begin(message)
        return self

    def pass_time(self, now):
        while (act := self.deadlines.take_due(now)) is not None:
            act()

    def _begin(self, message, chain):
        self.inside.append(message)
        if self._act is not None:
            self._act(message, chain)


def answers(value):
    return lambda _message, chain: chain.returned(value, chain.now)


def straight(message, proceed):
    return (yield from proceed(message))


def waits(message, proceed):
    yield Delay(2.5)
    return (yield from proceed(message))


def test_the_first_is_the_outermost_and_each_sees_the_message_and_the_outcome():
    told = []

    def layer(name, message, proceed):
        told.append((name, message))
        outcome = yield from proceed(f"{message}.{name}")
        told.append((name, outcome))
        return f"{outcome}.{name}"

    ride = Ride(partial(layer, "a"), partial(layer, "b"), act=answers("done")).begin("m")
    assert ride.inside == ["m.a.b"]
    assert told == [("a", "m"), ("b", "m.a"), ("b", "done"), ("a", "done.b")]
    assert ride.endings == [("done.b.a", None, name_of(layer))]
    assert ride.chain.is_over


def test_middleware_may_answer_by_itself():
    def answer(message, proceed):
        return f"{message}?"
        yield from proceed(message)

    ride = Ride(answer).begin()
    assert (ride.inside, ride.endings) == ([], [("message?", None, name_of(answer))])


def test_middleware_may_proceed_a_thousand_times_without_a_stack():
    def again(message, proceed):
        for _ in range(5000):
            outcome = yield from proceed(message)
        return outcome

    ride = Ride(again, act=answers(1)).begin()
    assert (len(ride.inside), ride.endings) == (5000, [(1, None, None)])


def test_what_is_raised_inside_comes_out_of_proceed_and_blames_nobody():
    error = ValueError("inside")
    ride = Ride(straight, straight, act=lambda _message, chain: chain.raised(error, chain.now)).begin()
    assert ride.endings == [(None, error, None)]


def test_what_middleware_raises_names_it():
    def careless(message, proceed):
        yield from proceed(message)
        raise KeyError(message)

    ride = Ride(straight, careless, straight, act=answers(None)).begin()
    ((_, error, middleware),) = ride.endings
    assert (type(error), middleware) == (KeyError, name_of(careless))


def test_middleware_that_turns_an_error_into_another_is_named_and_one_that_swallows_it_too():
    def other(message, proceed):
        try:
            yield from proceed(message)
        except ValueError as error:
            raise RuntimeError from error

    def swallow(message, proceed):
        try:
            yield from proceed(message)
        except Exception:  # noqa: BLE001
            return "well"

    def fails(_message, chain):
        chain.raised(ValueError(), chain.now)

    ((_, error, middleware),) = Ride(other, act=fails).begin().endings
    assert (type(error), middleware) == (RuntimeError, name_of(other))
    assert Ride(swallow, other, act=fails).begin().endings == [("well", None, name_of(swallow))]


def test_what_begins_inside_may_fail_like_what_is_done_there():
    def act(_message, _chain):
        raise LocalProtocolError("not legal")

    ((_, error, middleware),) = Ride(straight, act=act).begin().endings
    assert (str(error), middleware) == ("not legal", None)


def test_a_delay_ends_at_its_instant_and_not_before():
    ride = Ride(waits, act=answers(3)).begin()
    assert (ride.deadlines.next_deadline(), ride.deadlines.reason()) == (12.5, "middleware waits")
    ride.pass_time(12.4)
    assert ride.endings == []
    ride.pass_time(12.5)
    assert ride.endings == [(3, None, None)]
    assert ride.chain.clock() == 12.5


def test_the_clock_tells_the_time_of_what_came_last():
    ride = Ride(straight).begin()
    ride.chain.returned("late", 17.0)
    assert ride.chain.clock() == 17.0
    other = Ride(straight).begin()
    other.chain.raised(ValueError(), 3.0)
    assert other.chain.clock() == 10.0


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), "1", None, True])
def test_a_delay_is_a_number_of_seconds(seconds):
    with pytest.raises(LocalProtocolError, match=r"Delay\(.*\): expected a finite number of seconds"):
        Delay(seconds)


@pytest.mark.parametrize("wrong", [None, 3, "proceed"])
def test_what_is_yielded_wrongly_is_told_where_it_was_yielded(wrong):
    def yields(_message, _proceed):
        yield wrong

    ((_, error, middleware),) = Ride(yields).begin().endings
    assert str(error) == f"middleware yielded {wrong!r}; expected Delay(...), or yield from proceed(message)"
    assert middleware == name_of(yields)


def test_proceeding_with_something_else_than_the_message_is_told_where_that_was_done():
    def lost(_message, proceed):
        return (yield from proceed(None))

    ((_, error, _),) = Ride(lost).begin().endings
    assert str(error) == "proceed(None): expected the str, as it came or changed"


def test_cancelling_in_a_delay_closes_the_generators_and_ends_it():
    closed = []

    def outer(message, proceed):
        try:
            return (yield from proceed(message))
        finally:
            closed.append("outer")

    ride = Ride(outer, waits).begin()
    ride.chain.cancel(11.0)
    assert closed == ["outer"]
    ((_, error, middleware),) = ride.endings
    assert (type(error), middleware) == (GivenUp, None)
    assert ride.deadlines.next_deadline() is None
    assert ride.chain.clock() == 11.0
    ride.chain.returned("late", 12.0)
    ride.chain.raised(ValueError(), 12.0)
    ride.chain.cancel(12.0)
    ride.chain.close()
    assert len(ride.endings) == 1


def test_cancelling_while_the_inside_works_lets_its_outcome_pass_and_begins_nothing_new():
    def stubborn(message, proceed):
        try:
            return (yield from proceed(message))
        except ValueError:
            return (yield from proceed(message))

    ride = Ride(stubborn).begin()
    ride.chain.cancel(11.0)
    assert ride.endings == []
    ride.chain.raised(ValueError(), 11.0)
    ((_, error, _),) = ride.endings
    assert (type(error), len(ride.inside)) == (GivenUp, 1)


def test_once_cancelled_no_delay_is_waited_for():
    def patient(message, proceed):
        outcome = yield from proceed(message)
        yield Delay(1)
        return outcome

    ride = Ride(patient).begin()
    ride.chain.cancel(11.0)
    ride.chain.returned("done", 11.0)
    ((_, error, _),) = ride.endings
    assert type(error) is GivenUp


def test_closing_ends_it_wherever_it_stands_and_what_closing_raises_is_told():
    def sore(message, proceed):
        try:
            return (yield from proceed(message))
        finally:
            raise OSError("no file")

    ride = Ride(sore).begin()
    ride.chain.close()
    ((_, error, middleware),) = ride.endings
    assert (str(error), middleware) == ("no file", name_of(sore))


def test_a_chain_that_is_closed_by_its_own_middleware_ends_where_that_yields_next():
    def suicide(message, proceed):
        ride.chain.close()
        return (yield from proceed(message))

    ride = Ride(suicide)
    ride.begin()
    ((_, error, _),) = ride.endings
    assert (type(error), ride.inside) == (GivenUp, [])


def test_nothing_of_a_message_that_is_over_stays_behind():
    def fails(message, proceed):
        yield from proceed(message)
        raise ValueError

    ride = Ride(fails, act=answers(None)).begin()
    ride.endings.clear()
    gc.collect()
    assert not [frame for frame in gc.get_objects() if inspect.isgenerator(frame) and "fails" in str(frame)]


# Registration


class Callable:
    """Middleware that is an object."""

    def __call__(self, message, proceed):
        return (yield from proceed(message))


def plain(message, proceed):
    return proceed(message)


async def coloured(message, proceed):
    return proceed(message)


async def coloured_generator(message, proceed):
    yield proceed(message)


def short(message):
    yield message


class Plain:
    """An object that is no middleware."""

    def __call__(self, message, proceed):
        return proceed(message)


@pytest.mark.parametrize("good", [straight, Callable(), Callable().__call__, partial(straight)])
def test_generator_functions_of_two_arguments_are_middleware(good):
    check_middleware(good)
    assert Stack(received=(good,), sent=(good,)).received == (good,)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (plain, "middleware plain: expected a generator function, .*found a function without yield"),
        (Plain(), "middleware Plain: expected a generator function"),
        (coloured, "middleware coloured: it has no colour: expected .*found async def"),
        (coloured_generator, "middleware coloured_generator: it has no colour"),
        (short, "middleware short: expected .*found other arguments: too many positional"),
        (None, "middleware: expected a generator function, found None"),
        (partial(plain), "middleware plain: expected a generator function"),
    ],
)
def test_anything_else_is_refused_with_words(wrong, words):
    with pytest.raises(LocalProtocolError, match=words):
        Stack(sent=(wrong,))


def test_middleware_has_a_name():
    assert [name_of(straight), name_of(Callable()), name_of(partial(straight))] == [
        "straight",
        "Callable",
        "straight",
    ]
