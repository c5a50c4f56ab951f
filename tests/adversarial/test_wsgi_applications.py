"""The cases of the corpus that judge an answer to one request, run against an application of WSGI.

What a server before the application decides, such as when a connection is closed, is not its to judge.
"""

import asyncio
import contextlib
import io

import pytest
from tests.adversarial.asking import Reply
from tests.adversarial.checks import one_or_more
from tests.adversarial.hosting import Host
from tests.adversarial.test_http_servers import OF_REQUESTS, wanted_of

import sansmcp_wsgi
from sansmcp.http import Headers


class WsgiHost(Host):
    """The server of the corpus as an application of WSGI."""

    def __init__(self, stimulus):
        super().__init__("machine", stimulus)
        self.app = sansmcp_wsgi.App(self.server, streams=False, async_runner=asyncio.run)

    def ask(self, wanted):
        reply = Reply()
        lines = {}
        for name, value in wanted.headers:
            # As the standard server folds and joins them.
            key = name.upper().replace("-", "_")
            key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
            lines[key] = f"{lines[key]},{value}" if key in lines else value

        def start_response(status, headers):
            reply.status, reply.headers = int(status.partition(" ")[0]), Headers(headers)

        environ = {
            **lines,
            "REQUEST_METHOD": wanted.method,
            "PATH_INFO": wanted.target,
            "wsgi.input": io.BytesIO(wanted.body),
            "wsgi.input_terminated": wanted.is_chunked,
            "wsgi.multithread": False,
        }
        reply.body = b"".join(self.app(environ, start_response))
        reply.is_over = True
        return reply


@pytest.mark.parametrize("stimulus", OF_REQUESTS, ids=str)
def test_an_application_of_wsgi_gives_the_verdict(stimulus):
    host = WsgiHost(stimulus)
    with contextlib.closing(host.app):
        judge(host, stimulus, host.ask(wanted_of(stimulus, host)))


def judge(host, stimulus, reply):
    """Check what is expected of the answer itself."""
    expected = stimulus.expected
    if "http_status" in expected:
        assert reply.status in one_or_more(expected["http_status"]), (reply.status, reply.body)
    if "handler_calls" in expected:
        assert len(host.calls) == expected["handler_calls"]
    if expected.get("http_status") == 200:
        assert reply.codes == set()
    elif "rpc_error" in expected:
        assert reply.codes
        assert reply.codes <= set(one_or_more(expected["rpc_error"]))
