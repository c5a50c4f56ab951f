"""What a binding did wrong, in words: each function returns a sentence, or None if nothing is wrong."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import assert_never

from sansmcp import errors, schema
from sansmcp.session import (
    CallHandle,
    Disconnected,
    Event,
    ProgressReceived,
    RequestFailed,
    RequestLost,
    RequestTimedOut,
    ResponseReceived,
)
from sansmcp.testing.expectations import (
    Answer,
    Echoed,
    Expected,
    GivenUp,
    Raises,
    Refused,
    Shows,
    ToolFailed,
)
from sansmcp.testing.harness import Ended, Raised, Returned, WasCancelled
from sansmcp.values import JSON


def fault_of_raised(error: BaseException, expected: type[Exception], naming: str = "") -> str | None:
    """Judge what was raised.

    Args:
        error: what was raised.
        expected: the one type that it may have.
        naming: what its words must name.
    """
    if isinstance(error, BaseExceptionGroup):
        return f"one exception for one fault; found a group, {error!r:.300}"
    if type(error) is not expected:
        return f"{expected.__name__}; found {error!r:.300}"
    if not str(error) or naming not in str(error):
        return f"{expected.__name__} with words of why that name {naming!r}; found {str(error)!r}"
    return None


def fault_of_end(ended: Ended, expected: Expected, sent: str | None) -> str | None:
    """Judge how a call ended.

    Args:
        ended: how it ended.
        expected: how it was to end.
        sent: the text that it carried, if it was an echo.
    """
    match expected:
        case Answer(text):
            return _fault_of_text(ended, text)
        case Echoed():
            return _fault_of_text(ended, sent)
        case ToolFailed():
            if isinstance(ended, Returned) and ended.value.is_error:
                return None
            return f"a result that is an error; found {_shown(ended)}"
        case Raises(error, naming):
            if isinstance(ended, Raised):
                return fault_of_raised(ended.error, error, naming)
            return f"{error.__name__}; found {_shown(ended)}"
        case GivenUp():
            if isinstance(ended, WasCancelled):
                return None
            return f"the runtime's own word for cancellation; found {_shown(ended)}"
        case Shows(values):
            return _fault_of_values(ended, values)
        case Refused(codes):
            if isinstance(ended, Raised) and isinstance(ended.error, errors.RequestFailed):
                found = ended.error.code
                return None if found in codes else f"an error with a code of {codes}; found {found}"
            return f"an error with a code of {codes}; found {_shown(ended)}"
        case _:
            assert_never(expected)


def fault_of_progress(progress: Sequence[float]) -> str | None:
    """Judge the progress of one call."""
    rises = all(before < after for before, after in itertools.pairwise(progress))
    return None if rises else f"progress that rises; found {list(progress)}"


def fault_of_events(events: Sequence[Event], *, hears_end: bool) -> str | None:
    """Judge the order of the events of one side, which is the same for every connection.

    Args:
        events: the events until the end.
        hears_end: whether the end itself must be among them; else it may.
    """
    ended: Counter[CallHandle] = Counter()
    for event in events:
        if isinstance(event, ProgressReceived) and ended[event.handle]:
            return f"progress before the outcome of its call; found {event!r:.300} after it"
        if isinstance(event, (ResponseReceived, RequestFailed, RequestTimedOut, RequestLost)):
            ended[event.handle] += 1
            if ended[event.handle] > 1:
                return f"one outcome for each call; found another, {event!r:.300}"
    ends = [position for position, event in enumerate(events) if isinstance(event, Disconnected)]
    if ends != [len(events) - 1] and (ends or hears_end):
        return f"Disconnected once, as the last of {len(events)} events; found it at {ends}"
    return None


def text_of(value: JSON) -> str | None:
    """Return the text of a tool's good result; None if it has none."""
    if not isinstance(value, schema.CallToolResult) or value.is_error or len(value.content) != 1:
        return None
    (block,) = value.content
    return block.text if isinstance(block, schema.TextContent) else None


def _fault_of_text(ended: Ended, text: str | None) -> str | None:
    if isinstance(ended, Returned) and text is not None and text_of(ended.value) == text:
        return None
    return f"the answer {text!r:.80}; found {_shown(ended)}"


def _fault_of_values(ended: Ended, values: Mapping[str, JSON]) -> str | None:
    if not isinstance(ended, Returned):
        return f"a value; found {_shown(ended)}"
    for path, expected in values.items():
        try:
            found = reduce(_step, path.split("."), ended.value)
        except (AttributeError, LookupError) as error:
            return f"something at {path}; found nothing ({error!r}) in {_shown(ended)}"
        if found != expected:
            return f"{expected!r:.80} at {path}; found {found!r:.300}"
    return None


def _step(value: JSON, name: str) -> JSON:
    if isinstance(value, Mapping):
        return value[name]
    return value[int(name)] if isinstance(value, Sequence) else getattr(value, name)


def _shown(ended: Ended) -> str:
    return f"{ended!r:.300}"
