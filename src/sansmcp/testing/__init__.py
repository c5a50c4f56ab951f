"""Testing without I/O: both ends against each other, a virtual clock, seeded randomness."""

from sansmcp.testing.connected import (
    CLIENT_INFO,
    EVERY_CLIENT_CAPABILITY,
    EVERY_SERVER_CAPABILITY,
    SERVER_INFO,
    connected_pair,
)
from sansmcp.testing.environment import Calendar, SeededEnvironment, SeededRandom
from sansmcp.testing.pair import Line, Pair, Sender
from sansmcp.testing.streams import Cut, byte_by_byte, pieces_of, whole

__all__ = [
    "CLIENT_INFO",
    "EVERY_CLIENT_CAPABILITY",
    "EVERY_SERVER_CAPABILITY",
    "SERVER_INFO",
    "Calendar",
    "Cut",
    "Line",
    "Pair",
    "SeededEnvironment",
    "SeededRandom",
    "Sender",
    "byte_by_byte",
    "connected_pair",
    "pieces_of",
    "whole",
]
