"""What sessions of one server share: found out once, and never what somebody else may say."""

import pytest
from tests.session.ends import SERVER, make_server, modern, take, tell

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import METHODS, REVISIONS, codec_for
from sansmcp.session import Shared
from sansmcp.testing import EVERY_SERVER_CAPABILITY


def test_what_is_offered_with_some_capabilities_is_no_matter_of_others():
    shared = Shared(SERVER)
    without = schema.ServerCapabilities()
    able, unable = make_server(shared=shared), make_server(shared=shared, capabilities=without)
    for server in (able, unable, able, unable):
        tell(server, modern(1, "tools/list"))
    answers = [message["error"]["code"] for message in take(unable)]
    assert (answers, [message.get("error") for message in take(able)]) == ([-32601, -32601], [])
    assert shared.offered(EVERY_SERVER_CAPABILITY) is not shared.offered(without)
    assert shared.offered(without) == {}


def test_only_the_last_few_capabilities_are_remembered():
    shared = Shared(SERVER)
    many = [schema.ServerCapabilities() for _ in range(20)]
    first = shared.offered(many[0])
    assert shared.offered(many[0]) is first
    for capabilities in many:
        shared.offered(capabilities)
    assert shared.offered(many[0]) is not first


def test_who_the_server_is_is_written_once_in_each_revision():
    shared = Shared(SERVER)
    for revision in REVISIONS:
        codec = codec_for(revision)
        assert shared.info_json(codec) == {"name": "server", "version": "1"}
        assert shared.info_json(codec) is shared.info_json(codec)
    assert (shared.info, shared.methods, shared.revisions) == (SERVER, METHODS, REVISIONS)


def test_capabilities_that_cannot_be_said_are_refused_each_time():
    shared = Shared(SERVER)
    unsayable = schema.ServerCapabilities(extensions={"no prefix": {}})
    for _ in range(2):
        with pytest.raises(LocalProtocolError, match="extension 'no prefix'"):
            shared.offered(unsayable)


@pytest.mark.parametrize(
    ("revisions", "text"),
    [
        ("2025-06-18", "revisions: expected a list, such as ['2025-06-18'], found a text"),
        ([], "revisions: expected at least one, found none"),
        (["2025-06-18", "2020-01-01"], "found ['2020-01-01']"),
    ],
)
def test_revisions_are_a_list_of_known_ones(revisions, text):
    with pytest.raises(LocalProtocolError) as caught:
        Shared(SERVER, None, revisions)
    assert text in str(caught.value)
