"""What is taken out of bytes before anybody sees them, and what is not."""

import json

import pytest

from sansmcp.trace import mask_secrets


@pytest.mark.parametrize(
    ("data", "masked"),
    [
        (b'{"requestState": "v1.abc"}', b'{"requestState": "***"}'),
        (b'{"request_state":"a\\"b\\\\","x":1}', b'{"request_state":"***","x":1}'),
        (b'{"access_token":"cut off', b'{"access_token":"***'),
        (b'{"Authorization": "Bearer abc.def"}', b'{"Authorization": "***"}'),
        (b'{"text":"send Bearer abc.def-_~+/= now"}', b'{"text":"send Bearer *** now"}'),
        (b"Authorization: Bearer abc\r\nHost: h\r\n", b"Authorization: ***\r\nHost: h\r\n"),
        (b"Host: h\r\nmcp-session-id:7f\r\n", b"Host: h\r\nmcp-session-id:***\r\n"),
        (b"Set-Cookie: a=b; Secure\n", b"Set-Cookie: ***\n"),
        (b"GET /cb?state=1&access_token=abc&x=2 HTTP/1.1", b"GET /cb?state=1&access_token=***&x=2 HTTP/1.1"),
        (
            b"grant_type=x&client_secret=s%20t&code_verifier=v",
            b"grant_type=x&client_secret=***&code_verifier=***",
        ),
        (b"proxy: Basic dXNlcjpwYXNz", b"proxy: Basic ***"),
    ],
)
def test_a_secret_is_masked_wherever_it_usually_stands(data, masked):
    assert mask_secrets(data) == masked
    assert mask_secrets(masked) == masked


@pytest.mark.parametrize(
    "token", ["plain", 'with "quotes"', "back\\slash", "line\nbreak", "\\\\", '\\"', "é"]
)
def test_a_secret_in_a_document_within_a_document_is_masked(token):
    inner = json.dumps({"client_secret": token, "next": "kept"})
    masked = mask_secrets(json.dumps({"text": inner}).encode())
    found = json.loads(json.loads(masked)["text"])
    assert found == {"client_secret": "***", "next": "kept"}


@pytest.mark.parametrize("token", ["plain", 'with "quotes"', "back\\slash", "\\\\", '\\"', "é", ""])
def test_what_is_left_of_a_message_is_as_it_was(token):
    masked = mask_secrets(
        json.dumps({"id": 1, "params": {"requestState": token, "next": [1, "kept"]}}).encode()
    )
    assert json.loads(masked) == {"id": 1, "params": {"requestState": "***", "next": [1, "kept"]}}


@pytest.mark.parametrize(
    "data",
    [
        b'{"progressToken": 7, "token": "the word alone is no secret"}',
        b'{"_meta": {"progressToken": "abc"}}',
        b'{"method": "tools/list", "id": 1}',
        b"the bearer of this",
        b"",
    ],
)
def test_what_is_no_secret_stays(data):
    assert mask_secrets(data) == data
