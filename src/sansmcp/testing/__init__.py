"""Testing without I/O: both ends against each other, a virtual clock, and the suite for bindings.

`connect` joins a client and a `Server` in memory; `Pair` joins two sessions, for tests of the protocol
itself. `play` plays the `SCENARIOS` that every binding must get through on a `Harness` of the binding's.
"""

from sansmcp.testing.connected import (
    CLIENT_INFO,
    EVERY_CLIENT_CAPABILITY,
    EVERY_SERVER_CAPABILITY,
    SERVER_INFO,
    connected_pair,
)
from sansmcp.testing.environment import Calendar, SeededEnvironment, SeededRandom
from sansmcp.testing.event_lines import line_of, lines_of
from sansmcp.testing.harness import Ended, Harness, Raised, Returned, Setup, WasCancelled
from sansmcp.testing.in_memory import MemoryClient, Pause, Waiting, WorkCancelled, connect
from sansmcp.testing.pair import Line, Pair, Sender
from sansmcp.testing.play import Played, play
from sansmcp.testing.scenarios import SCENARIOS, scenario_named
from sansmcp.testing.steps import Ability, Peer, Scenario, Step
from sansmcp.testing.streams import Cut, byte_by_byte, pieces_of, whole
from sansmcp.testing.suite_server import NOTE, SUITE_METHODS, Hold, suite_server

__all__ = [
    "CLIENT_INFO",
    "EVERY_CLIENT_CAPABILITY",
    "EVERY_SERVER_CAPABILITY",
    "NOTE",
    "SCENARIOS",
    "SERVER_INFO",
    "SUITE_METHODS",
    "Ability",
    "Calendar",
    "Cut",
    "Ended",
    "Harness",
    "Hold",
    "Line",
    "MemoryClient",
    "Pair",
    "Pause",
    "Peer",
    "Played",
    "Raised",
    "Returned",
    "Scenario",
    "SeededEnvironment",
    "SeededRandom",
    "Sender",
    "Setup",
    "Step",
    "Waiting",
    "WasCancelled",
    "WorkCancelled",
    "byte_by_byte",
    "connect",
    "connected_pair",
    "line_of",
    "lines_of",
    "pieces_of",
    "play",
    "scenario_named",
    "suite_server",
    "whole",
]
