"""Read the URIs of a case from a server that has its template, and see what the handler was given."""

from tests.adversarial.running import Run, measured
from tests.server.conversation import Conversation

from sansmcp.schema import UriTemplate
from sansmcp.server import Server


def run_uris(stimulus):
    """Read every URI of a case; the notes of a run are the URI, what matched, and the answer."""
    expected = stimulus.input.get("each") or [{"uri": text_of(stimulus.input["uri_parts"])}]
    return [run_uri(stimulus, each["uri"]) for each in expected]


def run_uri(stimulus, uri):
    """Read one URI; what matched is None where no handler was called."""
    seen = []
    server = server_of(stimulus.input["template"], seen)
    run = Run(bench=Conversation(server, stimulus.revision), way=uri[:80])
    with measured(run):
        (answer,) = run.bench.request("resources/read", uri=uri)
    run.notes += [uri, seen[0] if seen else None, answer]
    return run


def server_of(template, seen):
    """Return a server with a template; `seen` takes the values that its function is given."""
    (name,) = UriTemplate(template).variables
    server = Server("matching", version="1")

    def resource(**values):
        seen.append(values)
        return "found"

    if "*" in template:

        def handler(id: list[str]):  # noqa: A002 - the template names it so
            return resource(id=id)
    else:

        def handler(name: str):
            return resource(name=name)

    assert name in handler.__annotations__
    server.add_resource_template(template, handler)
    return server


def text_of(parts):
    """Write out a text that is described by its parts."""
    return "".join(part.get("text") or part["repeat"] * part["n"] for part in parts)
