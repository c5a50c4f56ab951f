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


@pytest.fixture(
    # All that one carrier is asked goes to one process of the tests, so that it is started once.
    params=[
        pytest.param(carrier, id=carrier.name, marks=pytest.mark.xdist_group(f"http {carrier.name}"))
        for carrier in CARRIERS
    ]
)
def carrier(request):
    return request.param


@pytest.fixture
def speak(all_served, carrier):
    """Return what speaks to an endpoint of the carrier by its path."""
    with contextlib.ExitStack() as stack:
        served = all_served(carrier)
        yield lambda path="/mcp", **headers: stack.enter_context(speaking(served, path, **headers))
