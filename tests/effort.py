"""How hard the property tests try: chosen by HYPOTHESIS_PROFILE, which is dev, ci or long."""

import os

from hypothesis import settings

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "dev")

EXAMPLES = {"dev": 25, "ci": 300, "long": 10_000}
"""Examples of each property."""

against_garbage = settings(max_examples={"dev": 50, "ci": 10_000, "long": 100_000}[PROFILE])
"""The properties that nothing a peer sends raises: they are what a server on a network stands on."""
