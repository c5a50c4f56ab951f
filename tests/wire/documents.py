"""JSON documents, messages and broken texts for the property tests of the wire."""

import json

from hypothesis import strategies as st

from sansmcp.values import ABSENT
from sansmcp.wire import Batch, ErrorObject, ErrorResponse, Notification, Request, Response

# What trips scanners: brackets, quotes and backslashes in strings, and the far ends of Unicode.
texts = st.text(
    st.one_of(
        st.sampled_from('[]{},:"\\/ud8\n\r\t\x00\x1f\u2028\u0085\ufeff\U0001f600'),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=12,
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**650, max_value=10**660),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=20,
)
objects = st.dictionaries(texts, values, max_size=4)
spellings = st.fixed_dictionaries(
    {
        "ensure_ascii": st.booleans(),
        "indent": st.sampled_from([None, 1, "\t"]),
        "separators": st.sampled_from([(",", ":"), (" , ", ": ")]),
    }
)
documents = st.builds(lambda value, spelling: json.dumps(value, **spelling), values, spellings)


@st.composite
def broken_documents(draw: st.DrawFn) -> str:
    """Draw a document with a few characters deleted, doubled or put in."""
    text = draw(documents)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(text)))
        inserted = draw(
            st.sampled_from([*'[]{},:"\\ud8eE+-.019 \n\x00xtfn', "", "NaN", "null", "1e400", '"a":1,'])
        )
        skipped = draw(st.integers(0, 2))
        text = text[:place] + inserted + text[place + skipped :]
    return text


ids = st.one_of(st.integers(), texts)
_RESERVED = ("jsonrpc", "id", "method", "params", "result", "error", "code", "message", "data")
extras = st.dictionaries(texts.filter(lambda name: name not in _RESERVED), values, max_size=2)
errors = st.builds(
    ErrorObject,
    code=st.integers(),
    message=texts,
    data=st.one_of(st.just(ABSENT), values),
    extra=extras,
)
messages = st.one_of(
    st.builds(Request, id=ids, method=texts, params=st.one_of(st.none(), objects), extra=extras),
    st.builds(Notification, method=texts, params=st.one_of(st.none(), objects), extra=extras),
    st.builds(Response, id=ids, result=objects, extra=extras),
    st.builds(ErrorResponse, id=st.one_of(st.just(ABSENT), st.none(), ids), error=errors, extra=extras),
)
batches = st.builds(Batch, messages=st.lists(messages, min_size=1, max_size=4).map(tuple))


def deepest_call() -> int:
    """Find out how many calls deep `at_depth` can go from here."""
    low, high = 0, 1
    while _is_possible(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if _is_possible(middle):
            low = middle
        else:
            high = middle
    return low


def at_depth(depth: int, call):
    """Call a function that many frames below this one."""
    return call() if depth == 0 else at_depth(depth - 1, call)


def _is_possible(depth: int) -> bool:
    try:
        at_depth(depth, lambda: None)
    except RecursionError:
        return False
    return True
