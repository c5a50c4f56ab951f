"""What the keys of an expectation mean: one check for each, which names what it found."""

from sansmcp.errors import RemoteProtocolError
from sansmcp.session import ProtocolViolated, RequestLost, ResponseReceived

OF_CPU = 5.0
"""How many times the CPU time of the corpus a slow or busy machine may take."""

MIB = 1024 * 1024


def check_rpc_error(run, expected):
    """The machine decided on this code, in a reply or in an event, and on no other."""
    codes = run.bench.codes
    assert codes, f"no code was decided on; events: {run.bench.events!r:.500}"
    assert codes <= set(one_or_more(expected)), codes


def check_replies(run, expected):
    """So many messages were written."""
    assert len(run.bench.messages) == expected, run.bench.messages


def check_handler_calls(run, expected):
    """So many handlers were called; those of a client are called for questions."""
    assert len(run.bench.calls) == expected, run.bench.calls


def check_conn(run, expected):
    """The connection is open."""
    assert expected == "open"
    assert run.bench.is_open


def check_event(run, expected):
    """One of these events happened."""
    seen = [type(event).__name__ for event in run.bench.events]
    assert set(seen) & set(one_or_more(expected)), seen


def check_call(run, expected):
    """Every call ended once, in this way."""
    bench = run.bench
    walks = [error for what, error, *_ in run.notes if what == "walked"]
    if walks:
        # Each page is a good one: what is wrong is that there is always another.
        assert expected == "remote error"
        assert [type(error) for error in walks] == [RemoteProtocolError]
        return
    for handle in bench.wire_ids:
        (outcome,) = bench.outcomes(handle)
        if expected == "result":
            assert isinstance(outcome, ResponseReceived), outcome
        elif expected == "remote error":
            # The peer broke a rule, which is told as such; the call is not one that the peer refused.
            assert isinstance(outcome, RequestLost), outcome
            assert bench.of(ProtocolViolated)
        else:
            assert type(outcome).__name__ == expected, outcome


def check_never(run, expected):
    """None of these texts was written or told."""
    said = run.bench.said()
    assert [text for text in expected if text in said] == []


def check_limits(run, expected):
    """The ceilings of the corpus; memory is measured apart."""
    assert set(expected) <= {"cpu_ms", "rss_mib", "virtual_s", "wall_s"}
    if "cpu_ms" in expected:
        assert run.cpu * 1000 <= expected["cpu_ms"] * OF_CPU, f"{run.cpu:.3f} s"
    if "wall_s" in expected:
        # Nothing but the clock and the work takes time in memory.
        assert run.bench.now <= expected["wall_s"], run.bench.now
        assert run.cpu <= expected["wall_s"] * OF_CPU, f"{run.cpu:.3f} s"
    if "virtual_s" in expected:
        assert run.bench.now <= expected["virtual_s"], run.bench.now


def one_or_more(value):
    """A list means any of its items."""
    return value if isinstance(value, list) else [value]


CHECKS = {
    "rpc_error": check_rpc_error,
    "replies": check_replies,
    "handler_calls": check_handler_calls,
    "conn": check_conn,
    "event": check_event,
    "call": check_call,
    "never": check_never,
    "limits": check_limits,
}
"""The keys that are checked run by run."""

IN_WORDS = ("text", "invariant")
"""The keys that say in words what is expected; `words` has a check for each of their sentences."""
