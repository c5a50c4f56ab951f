"""The page of the states and its diagrams are what the tables say today."""

import pytest
from docs import generate_states

FILES = generate_states.files()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_page_and_its_diagrams_are_made_from_the_tables(path):
    assert path.read_text(encoding="utf-8") == FILES[path], "run: uv run python docs/generate_states.py"


@pytest.mark.parametrize("chapter", generate_states.CHAPTERS, ids=lambda chapter: chapter.name)
def test_a_diagram_names_every_state_and_every_input_with_a_row(chapter):
    drawn = generate_states.diagram(chapter)
    for state, moves in chapter.table.items():
        assert f">{state.value}<" in drawn
        assert all(happened.value in drawn for happened in moves)
