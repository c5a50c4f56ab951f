"""Our client against our server over HTTP, on every binding of a server, with clients taking turns."""

from contextlib import ExitStack
from functools import cache
from itertools import count

import pytest
from tests.conformance.client import BINDINGS as CLIENT_BINDINGS
from tests.conformance.client import play, settings_of
from tests.conformance.expectations import BOUNDS
from tests.conformance.legs import serving
from tests.conformance.own_cases import BESIDE_ANSWERS, CASES, MODERN, Heard
from tests.conformance.server import BINDINGS as SERVER_BINDINGS


def matrix():
    """Choose what is played where."""
    turns = count()
    for binding in SERVER_BINDINGS:
        for case, revisions in CASES:
            for revision in revisions:
                if binding in BOUNDS and (revision != MODERN or case in BESIDE_ANSWERS):
                    continue
                client = CLIENT_BINDINGS[next(turns) % len(CLIENT_BINDINGS)]
                identity = f"{binding}-{client}-{case.__name__}-{revision}"
                # All that one binding is asked goes to one process of the tests, so that it is started once.
                group = pytest.mark.xdist_group(f"conformance {binding}")
                yield pytest.param(binding, client, case, revision, id=identity, marks=group)


def server_of(binding, folder, faults):
    """Return a server of a binding, whose responses are streams if it has some."""
    return serving(binding, folder, faults, responses="auto" if binding in BOUNDS else "stream")


@pytest.fixture(scope="module")
def url_of(tmp_path_factory):
    """Return what tells where the server of a binding is, starting it the first time that somebody asks."""
    folder = tmp_path_factory.mktemp("servers")
    faults = []
    with ExitStack() as running:
        yield cache(lambda binding: running.enter_context(server_of(binding, folder, faults)).url)
    assert faults == []


@pytest.mark.parametrize(("binding", "client", "case", "revision"), list(matrix()))
def test_each_end_gets_what_the_other_sent(url_of, binding, client, case, revision):
    heard = Heard()
    play(client, url_of(binding), {**settings_of(revision), **heard.settings}, case(heard))
