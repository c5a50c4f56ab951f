"""The everything server, as its author would write it: one `Server` for every binding.

What the suite asks for says `sansmcp`'s documentation of it, docs/conformance.md; the names are the suite's.
All handlers are a `def`, which every binding runs.
"""

from tests.conformance.asking_offers import add_declared_questions, add_questions, add_rounds
from tests.conformance.plain_offers import (
    add_changes,
    add_content_tools,
    add_prompts,
    add_resources,
    add_schema_tools,
    add_slow_tools,
)

from sansmcp import Server


def build() -> Server:
    """Return a server with all that the suite asks for."""
    server = Server("sansmcp-everything", version="1.0.0", title="Everything", instructions="For the suite.")
    for add in (
        add_content_tools,
        add_slow_tools,
        add_schema_tools,
        add_changes,
        add_questions,
        add_declared_questions,
        add_rounds,
        add_prompts,
        add_resources,
    ):
        add(server)
    return server
