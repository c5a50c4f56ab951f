"""Messages are values."""

import attrs
import pytest

from sansmcp.values import ABSENT
from sansmcp.wire import (
    DEFAULT_LIMITS,
    NO_MEMBERS,
    ErrorObject,
    Limits,
    Notification,
    Request,
    Violation,
    make_excerpt,
)


def test_a_message_is_not_changed_after_it_was_made() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Request(id=1, method="m").method = "n"
    with pytest.raises(TypeError):
        NO_MEMBERS["x"] = 1


def test_what_is_not_given_is_not_there() -> None:
    notification = Notification(method="n")
    assert (notification.params, dict(notification.extra), notification.size) == (None, {}, 0)
    assert ErrorObject(code=1, message="").data is ABSENT
    assert Violation(code=-32700, text="").request_id is ABSENT


def test_the_size_is_not_shown() -> None:
    assert "size" not in repr(Notification(method="n", size=3))


def test_an_excerpt_is_taken_of_bytes_of_either_kind() -> None:
    assert make_excerpt(b"a\xff" * 100) == make_excerpt(bytearray(b"a\xff" * 100)) == "a\\xff" * 16


def test_the_default_limits_are_those_of_the_documentation() -> None:
    assert Limits() == DEFAULT_LIMITS
    assert attrs.asdict(DEFAULT_LIMITS) == {
        "max_message_bytes": 4 * 1024 * 1024,
        "max_depth": 64,
        "max_nodes": 250_000,
        "max_digits": 4300,
        "max_batch": 1000,
    }
