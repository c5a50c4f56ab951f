"""Schemas given by hand; what reads them is imported when the first one is there."""

from typing import TYPE_CHECKING

from sansmcp.values import JSON

if TYPE_CHECKING:
    from sansmcp.server.validation import Validator


def validator_of(schema: JSON) -> "Validator":
    """Return what checks values against a schema.

    Raises:
        LocalProtocolError: it is no schema, has another dialect, or refers to what is not in it.
    """
    # jsonschema takes a sixth of the start of a server, and most servers give no schema by hand.
    from sansmcp.server.validation import Validator  # noqa: PLC0415

    return Validator(schema)
