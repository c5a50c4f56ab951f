"""All scenarios; importing a module enters what it has."""

from tests.transcripts import (
    scenarios_asking,
    scenarios_calling,
    scenarios_connecting,
    scenarios_ending,
    scenarios_faults,
    scenarios_http_heads,
    scenarios_http_sessions,
    scenarios_http_streams,
    scenarios_listening,
    scenarios_plain,
)
from tests.transcripts.registry import HTTP_SCENARIOS, SCENARIOS

ALL_SCENARIOS = (*SCENARIOS, *HTTP_SCENARIOS)

__all__ = [
    "ALL_SCENARIOS",
    "HTTP_SCENARIOS",
    "SCENARIOS",
    "scenarios_asking",
    "scenarios_calling",
    "scenarios_connecting",
    "scenarios_ending",
    "scenarios_faults",
    "scenarios_http_heads",
    "scenarios_http_sessions",
    "scenarios_http_streams",
    "scenarios_listening",
    "scenarios_plain",
]
