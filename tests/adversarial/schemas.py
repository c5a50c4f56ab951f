"""Use the schemas of a case on the side under test: a server's own, and those of a client's server."""

import builtins
import socket
import tracemalloc
from unittest import mock

from tests.adversarial.running import Run, measured

from sansmcp.errors import LocalProtocolError, RemoteProtocolError
from sansmcp.schema import Author, SchemaError, validator_of
from sansmcp.server import Server


def run_schemas(stimulus):
    """Use every schema of a case; the notes of a run are what the schema came to."""
    return [run_schema(stimulus, schema, stimulus.input.get("value")) for schema in schemas_of(stimulus)]


def run_schema(stimulus, schema, value):
    """Give a schema to the side under test and check a value, with sockets and files out of reach."""
    run = Run(bench=None, way=str(schema)[:80])
    # What reads schemas is imported with the first one.
    validator_of({"type": "object"})
    with (
        mock.patch.object(socket, "socket", refuse),
        mock.patch.object(socket, "getaddrinfo", refuse),
        mock.patch.object(builtins, "open", refuse),
        measured(run),
    ):
        run.notes.append(outcome(stimulus, schema, value))
    return run


def outcome(stimulus, schema, value):
    """Return what a schema, or a check against it, came to."""
    author = Author.USER if stimulus.role == "server" else Author.PEER
    try:
        if stimulus.role == "server":
            register(schema)
        validator_of(schema, author=author).validate(value)
    except (LocalProtocolError, RemoteProtocolError, SchemaError) as error:
        return error
    return None


def register(schema):
    """Register a tool that gives and takes what fits a schema."""
    server = Server("schemas", version="1")

    def tool(arguments):
        return arguments

    server.add_tool(tool, output_schema=schema)
    server.add_tool(tool, name="both", input_schema={"type": "object", **schema})


def refuse(*arguments, **_options):
    """Stand in for what reaches outside the process."""
    raise AssertionError(f"reached for {arguments!r:.80}")


def schemas_of(stimulus):
    """Return the schemas of a case, written out."""
    written = [made(name) for name in stimulus.input.get("generate", ())]
    return [*stimulus.input.get("schemas", ()), *written]


def made(name):
    """Return a schema that the corpus describes by a name."""
    kind, _, levels = name.partition(":")
    if kind == "cycle":
        return {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}
    assert kind == "doubling", name
    definitions = {"d0": {"type": "object"}}
    for level in range(1, int(levels) + 1):
        definitions[f"d{level}"] = {"allOf": [{"$ref": f"#/$defs/d{level - 1}"}] * 2}
    return {"$ref": f"#/$defs/d{levels}", "$defs": definitions}


def peak_of_schemas(stimulus):
    """Return the most bytes of memory that are in use while the schemas of a case are used."""
    validator_of({"type": "object"})
    tracemalloc.start()
    try:
        run_schemas(stimulus)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
