"""All scenarios; importing a module enters what it has."""

from tests.transcripts import (
    scenarios_asking,
    scenarios_calling,
    scenarios_connecting,
    scenarios_ending,
    scenarios_faults,
    scenarios_listening,
    scenarios_plain,
)
from tests.transcripts.registry import SCENARIOS

__all__ = [
    "SCENARIOS",
    "scenarios_asking",
    "scenarios_calling",
    "scenarios_connecting",
    "scenarios_ending",
    "scenarios_faults",
    "scenarios_listening",
    "scenarios_plain",
]
