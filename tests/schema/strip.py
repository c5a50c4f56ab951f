"""Make the files in `data` from the official ones: their structure without their prose.

Run it with the folder that holds the schemas (`<revision>/schema.json`) and, for the newest revision, the
examples (`<revision>/examples/<definition>/<name>.json`):

    python tests/schema/strip.py path/to/schemas
"""

import json
import sys
from pathlib import Path

DATA = Path(__file__).parent / "data"
PROSE = {"description", "title", "$comment"}
# Their values are schemas by name: a property may well be called "description".
NAMED = {"properties", "patternProperties", "definitions", "$defs"}
# Their values are data.
VALUES = {"const", "enum", "default", "required"}


def without_prose(schema):
    """Take what is only said to people out of a JSON Schema."""
    if isinstance(schema, list):
        return [without_prose(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    stripped = {}
    for keyword, value in schema.items():
        if keyword in PROSE:
            continue
        if keyword in NAMED:
            stripped[keyword] = {name: without_prose(inner) for name, inner in value.items()}
        else:
            stripped[keyword] = value if keyword in VALUES else without_prose(value)
    return stripped


def without_sentences(value):
    """Put two words in place of every text of an example that is longer than three."""
    if isinstance(value, dict):
        return {name: without_sentences(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [without_sentences(item) for item in value]
    return "some text" if isinstance(value, str) and len(value.split()) > 3 else value


def write(path, value):
    """Write a data file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def main(source, target=DATA):
    """Make all data files."""
    for schema in sorted(source.glob("20*/schema.json")):
        stripped = without_prose(json.loads(schema.read_text(encoding="utf-8")))
        write(target / f"{schema.parent.name}.json", stripped)
    for definition in sorted(source.glob("20*/examples/*")):
        examples = {
            path.stem: without_sentences(json.loads(path.read_text(encoding="utf-8")))
            for path in sorted(definition.glob("*.json"))
        }
        write(target / "examples" / f"{definition.name}.json", examples)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
