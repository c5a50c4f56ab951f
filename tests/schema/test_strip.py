"""The data files hold the structure of the official schemas and none of their prose."""

import json

import pytest
from tests.schema.official import DATA
from tests.schema.strip import main, without_prose, without_sentences


def test_prose_goes_and_properties_that_are_called_like_it_stay():
    schema = {
        "title": "Tool",
        "description": "Definition of a tool.",
        "properties": {
            "description": {"type": "string", "description": "What it does."},
            "title": {"type": "string", "title": "Title"},
        },
        "anyOf": [{"description": "Either", "const": {"title": "kept"}}],
        "required": ["description", "title"],
    }
    assert without_prose(schema) == {
        "properties": {"description": {"type": "string"}, "title": {"type": "string"}},
        "anyOf": [{"const": {"title": "kept"}}],
        "required": ["description", "title"],
    }


def test_sentences_of_examples_go_and_words_stay():
    assert without_sentences({"a": ["one two three", "one two three four", 1]}) == {
        "a": ["one two three", "some text", 1]
    }


@pytest.mark.parametrize("path", sorted(DATA.glob("*.json")), ids=lambda path: path.stem)
def test_the_schemas_here_are_without_prose(path):
    schema = json.loads(path.read_text(encoding="utf-8"))
    assert without_prose(schema) == schema


def test_the_script_makes_the_files_that_are_here(tmp_path):
    for path in DATA.glob("*.json"):
        folder = tmp_path / "source" / path.stem
        folder.mkdir(parents=True)
        (folder / "schema.json").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    for path in (DATA / "examples").glob("*.json"):
        folder = tmp_path / "source" / "2026-07-28" / "examples" / path.stem
        folder.mkdir(parents=True)
        for name, example in json.loads(path.read_text(encoding="utf-8")).items():
            (folder / f"{name}.json").write_text(json.dumps(example), encoding="utf-8")
    main(tmp_path / "source", tmp_path / "made")
    made = {path.relative_to(tmp_path / "made"): path for path in (tmp_path / "made").rglob("*.json")}
    assert made.keys() == {path.relative_to(DATA) for path in DATA.rglob("*.json")}
    for name, path in made.items():
        assert path.read_text(encoding="utf-8") == (DATA / name).read_text(encoding="utf-8")
