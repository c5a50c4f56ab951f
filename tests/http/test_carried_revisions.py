"""Which revisions the two transports carry (2024-11-05 has a transport of its own)."""

import json

import pytest
from tests.http.server.exchanging import Exchanging

from sansmcp import Server
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS


def initialize(revision: str) -> bytes:
    params = {"protocolVersion": revision, "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}).encode()


FIELDS = [("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")]


def test_streamable_http_answers_an_older_revision_with_one_that_it_carries() -> None:
    world = Exchanging(Server("s", version="1"))
    reply = world.request("POST", FIELDS, initialize("2024-11-05"))
    assert reply.json["result"]["protocolVersion"] == "2025-11-25"


def test_a_server_of_the_oldest_revision_alone_says_which_transport_carries_it() -> None:
    with pytest.raises(LocalProtocolError, match="serve 2024-11-05 with http_sse=True"):
        Exchanging(Server("s", version="1", revisions=REVISIONS[:1]))
    Exchanging(Server("s", version="1", revisions=REVISIONS[:1]), http_sse=True)
