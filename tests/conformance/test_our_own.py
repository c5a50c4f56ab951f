"""Our client against our server over HTTP, on every binding of a server, with clients taking turns."""

from contextlib import ExitStack
from functools import cache
from itertools import count

import pytest
from tests.conformance.client import BINDINGS as CLIENT_BINDINGS
from tests.conformance.client import play, settings_of
from tests.conformance.expectations import BOUNDS
from tests.conformance.legs import serving
from tests.conformance.own_cases import CASES, Heard
from tests.conformance.server import BINDINGS as SERVER_BINDINGS


def matrix():
    """Choose what is played where."""
    turns = count()
    for binding in SERVER_BINDINGS:
        for case, revisions in CASES:
            for revision in revisions:
                client = CLIENT_BINDINGS[next(turns) % len(CLIENT_BINDINGS)]
                if (case.__name__, revision) not in BOUNDS.get(binding, {}):
                    identity = f"{binding}-{client}-{case.__name__}-{revision}"
                    yield pytest.param(binding, client, case, revision, id=identity)


@pytest.fixture(scope="module")
def url_of(tmp_path_factory):
    """Return what tells where the server of a binding is, starting it the first time that somebody asks."""
    folder = tmp_path_factory.mktemp("servers")
    faults = []
    with ExitStack() as running:
        yield cache(lambda binding: running.enter_context(serving(binding, folder, faults)).url)
    assert faults == []


@pytest.mark.parametrize(("binding", "client", "case", "revision"), list(matrix()))
def test_each_end_gets_what_the_other_sent(url_of, binding, client, case, revision):
    heard = Heard()
    play(client, url_of(binding), {**settings_of(revision), **heard.settings}, case(heard))
