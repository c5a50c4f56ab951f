"""The binding is made of machines: it does no I/O, reads no clock, and stays within the size of the core."""

from pathlib import Path

from tests.floors import cycles, impure_code, modules_under, oversize
from tests.test_parts import REACHES_OUTSIDE, loaded_by

SOURCES = Path(__file__).parents[3] / "bindings" / "h11" / "src"


def test_it_does_no_io_reads_no_clock_and_has_no_coroutine():
    modules = modules_under(SOURCES)
    assert {module.name for module in modules} > {"sansmcp_h11.server", "sansmcp_h11.client"}
    assert impure_code(modules) == []


def test_its_files_and_functions_stay_within_their_budget():
    modules = modules_under(SOURCES)
    assert oversize(modules) == []
    assert cycles(modules) == []


def test_it_loads_nothing_that_reaches_outside():
    loaded = loaded_by("import sansmcp_h11")
    assert "h11" in loaded
    assert loaded.intersection(REACHES_OUTSIDE) == set()
