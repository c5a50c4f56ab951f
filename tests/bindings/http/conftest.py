"""The servers that the facts of HTTP are tested on: each is started once, when it is first wanted."""

import contextlib

import pytest
from tests.bindings.http.carriers import CARRIERS, serving, speaking


@pytest.fixture(scope="session")
def all_served():
    with contextlib.ExitStack() as stack:
        found = {}

        def served_on(carrier):
            if carrier not in found:
                found[carrier] = stack.enter_context(serving(carrier))
            return found[carrier]

        yield served_on


@pytest.fixture(params=CARRIERS, ids=[carrier.name for carrier in CARRIERS])
def carrier(request):
    return request.param


@pytest.fixture
def speak(all_served, carrier):
    """Return what speaks to an endpoint of the carrier by its path."""
    with contextlib.ExitStack() as stack:
        port = all_served(carrier).port
        yield lambda path="/mcp", **headers: stack.enter_context(speaking(port, path, **headers))
