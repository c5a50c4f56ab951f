"""How hard the property tests try: chosen by HYPOTHESIS_PROFILE, which is dev, ci or long."""

import os

from hypothesis import HealthCheck, settings

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "dev")

EXAMPLES = {"dev": 25, "ci": 300, "long": 10_000}
"""Examples of each property."""

# A slow machine is no failure: a test that takes too long is ended by the guard against hanging.
PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
"""Settings of every property; what is settled here is settled before a profile is loaded."""

against_garbage = settings(max_examples={"dev": 50, "ci": 10_000, "long": 100_000}[PROFILE], **PATIENT)
"""The properties that nothing a peer sends raises: they are what a server on a network stands on."""
