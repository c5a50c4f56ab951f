"""What a client shows of its connection: the parts underneath, and what is known of the server."""

import pytest
from tests.client.told import Told
from tests.session.ends import MODERN

from sansmcp.client import KnownServer
from sansmcp.errors import NotConnected
from sansmcp.schema import REVISIONS


class Shown(KnownServer):
    def __init__(self, told):
        self._connection = told.connection
        self._endpoint = told.both.client


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_client_shows_what_is_known_of_its_server(revision):
    told = Told(revision).connect()
    shown = Shown(told)
    assert shown.endpoint is told.both.client
    assert shown.session is told.both.client.session
    assert shown.revision == revision
    assert shown.finding.revision == revision
    assert shown.server_info == told.connection.connected.server_info
    assert shown.server_capabilities == shown.finding.capabilities
    assert shown.instructions == shown.finding.instructions
    assert shown.disconnected is None


def test_nothing_is_known_before_there_is_a_connection():
    shown = Shown(Told(MODERN))
    with pytest.raises(NotConnected):
        _ = shown.revision


def test_the_end_is_shown_when_it_has_come():
    told = Told(MODERN).connect()
    told.both.lose()
    assert Shown(told).disconnected.reason == "the server died"
