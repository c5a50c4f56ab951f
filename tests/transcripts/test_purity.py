"""Every transcript is played with files, sockets, clocks, chance and streams replaced by what raises.

Those of HTTP are played so as exchanges and as bytes of HTTP/1.1, and say the same each time.

Source: the core does no I/O; bytes, messages and the time go in, events and actions come out.
"""

import os
import random
import secrets
import socket
import subprocess
import sys
import time

import pytest
from tests.adversarial.bench import ServerBench
from tests.transcripts.carrying import ByBytes, ByExchanges
from tests.transcripts.cuts import happened
from tests.transcripts.outside import Outside, outside_gone
from tests.transcripts.scenarios import HTTP_SCENARIOS, SCENARIOS

from sansmcp.schema import LEGACY_REVISIONS, REVISIONS


def outcome_of(function):
    """Run something with the outside gone; return what it raises, and look at it when all is back."""
    with outside_gone():
        try:
            function()
        except Outside as error:
            return str(error)
    return None


@pytest.mark.parametrize("revision", REVISIONS)
def test_no_transcript_needs_anything_outside(revision):
    played = [scenario for scenario in SCENARIOS if scenario.revision == revision]
    for scenario in played:
        assert outcome_of(scenario.play) is None, str(scenario)
    assert len(played) > 50


@pytest.mark.parametrize("revision", REVISIONS)
def test_no_transcript_of_http_needs_anything_outside_and_each_playing_is_the_same(revision):
    played = [scenario for scenario in HTTP_SCENARIOS if scenario.revision == revision]
    for scenario in played:
        golden, found = scenario.golden.read_text(encoding="utf-8"), []
        for carrier in (ByExchanges, ByBytes):
            stopped_by = outcome_of(lambda: found.append(scenario.play(carrier=carrier)))  # noqa: B023 - called at once
            assert stopped_by is None, str(scenario)
        assert [scenario.text_of(recording) for recording in found] == [golden, golden], str(scenario)
        assert happened(found[0]) == happened(found[1]), str(scenario)
    assert len(played) > 20


@pytest.mark.parametrize("revision", REVISIONS)
def test_no_handler_is_called_with_the_help_of_anything_outside(revision):
    def converse():
        bench = ServerBench(revision)
        name, arguments = b'{"name":"echo","arguments":{"x":"hello"}', b"{}"
        meta = (
            b'"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",'
            b'"io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}'
        )
        for number, call in enumerate((name, b'{"name":"asks","arguments":' + arguments), 1):
            params = call + (b"}" if revision in LEGACY_REVISIONS else b"," + meta + b"}")
            message = b'{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":%s}' % (number, params)
            bench.feed_message(message)
        answers.extend(bench.messages)

    answers = []
    assert outcome_of(converse) is None
    assert len(answers) == 2


@pytest.mark.parametrize(
    "use",
    [
        lambda: open(__file__),  # noqa: PTH123, SIM115 - it is the builtin that must be gone
        lambda: print("hello"),  # noqa: T201
        lambda: os.urandom(8),
        lambda: secrets.token_hex(),  # noqa: PLW0108 - looked up when it is called
        lambda: random.random(),  # noqa: PLW0108 - looked up when it is called
        lambda: time.monotonic(),  # noqa: PLW0108 - looked up when it is called
        lambda: time.sleep(0),
        lambda: socket.socket(),  # noqa: PLW0108 - looked up when it is called
        lambda: subprocess.Popen(["true"]),
        lambda: sys.stdout.write("hello"),
    ],
)
def test_whatever_lies_outside_is_gone_meanwhile(use):
    assert outcome_of(use) is not None


def test_everything_outside_is_back_afterwards():
    before = open, time.monotonic, sys.stdout
    assert outcome_of(lambda: None) is None
    assert before == (open, time.monotonic, sys.stdout)
