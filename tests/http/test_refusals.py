"""Responses to requests that are not served; ids as revisions.md, section 12, reads them."""

import json

import pytest

from sansmcp.http import Refused, ResponseBody, ResponseEnd, ResponseHead, response

REFUSED = Refused(status=405, reason="for us", code=-32600, message="for them", headers=(("allow", "POST"),))


def body_of(actions):
    head, body, end = actions
    assert (type(head), type(body), end) == (ResponseHead, ResponseBody, ResponseEnd())
    assert dict(head.headers)["content-length"] == str(len(body.data))
    assert dict(head.headers)["content-type"] == "application/json"
    return json.loads(body.data)


def test_a_refusal_is_an_error_object_that_hides_the_reason():
    actions = response(REFUSED, request_id=7, headers=(("vary", "Origin"),))
    assert body_of(actions) == {"jsonrpc": "2.0", "id": 7, "error": {"code": -32600, "message": "for them"}}
    (head, *_) = actions
    assert (head.status, head.close) == (405, False)
    assert head.headers[:2] == (("allow", "POST"), ("vary", "Origin"))


def test_a_refusal_without_a_code_has_no_body():
    refused = Refused(status=503, reason="too many sessions", close=True)
    assert response(refused, headers=(("vary", "Origin"),)) == [
        ResponseHead(status=503, headers=(("vary", "Origin"), ("content-length", "0")), close=True),
        ResponseEnd(),
    ]


@pytest.mark.parametrize("revision", [None, "2025-11-25", "2026-07-28"])
def test_an_unknown_request_has_no_id(revision):
    assert "id" not in body_of(response(REFUSED, revision=revision))


@pytest.mark.parametrize("revision", ["2024-11-05", "2025-03-26", "2025-06-18"])
def test_an_unknown_request_has_the_id_null_in_older_revisions(revision):
    assert body_of(response(REFUSED, revision=revision))["id"] is None
    assert body_of(response(REFUSED, revision=revision, request_id="a"))["id"] == "a"


def test_the_data_of_an_error_is_there_where_it_has_some():
    refused = Refused(status=400, reason="", code=-32022, message="no", data={"supported": []})
    assert body_of(response(refused))["error"]["data"] == {"supported": []}
