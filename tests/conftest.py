"""Settings of every test: how hard the property tests try.

`dev` is the default and takes seconds; `ci` is chosen by HYPOTHESIS_PROFILE=ci and is what the property
that no input raises is held against: 10 000 examples.
"""

import os

from hypothesis import HealthCheck, settings

# A slow machine is no failure: a test that takes too long is ended by the guard against hanging.
settings.register_profile("dev", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "ci",
    max_examples=10_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
