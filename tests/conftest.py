"""Settings of every test; `effort` says how hard the property tests try."""

import gc
import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import settings
from tests.effort import EXAMPLES, PATIENT, PROFILE

# Hundreds of processes are started here, and each would compile all that it imports where Python is told to
# keep nothing compiled; what is kept is kept out of the tree then.
if sys.dont_write_bytecode:
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(Path(__file__).parents[1] / ".pytest_cache" / "bytecode")
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# What these find is told as fully as what a test finds itself.
pytest.register_assert_rewrite(
    "tests.adversarial.checks",
    "tests.adversarial.words_of_messages",
    "tests.adversarial.words_of_sessions",
    "tests.stateful.model",
    "tests.transcripts.cuts",
)

for name, examples in EXAMPLES.items():
    settings.register_profile(name, max_examples=examples, print_blob=name != "dev", **PATIENT)
settings.load_profile(PROFILE)

# Shells let what they start in the background ignore the keys that interrupt, and so would every process
# that a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Let collections of cycles go through what tests make, and not through all the tests themselves."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
