"""The way to validators, which are built once for each schema.

What reads schemas is imported when the first one is there.
"""

import json
from functools import lru_cache
from typing import Final

from sansmcp.schema.schema_limits import DEFAULT_LIMITS, Author, SchemaLimits, Validator
from sansmcp.values import JSON

# Schemas of hundreds of fields are shorter; what servers send could fill the memory otherwise.
_KEPT_TEXT: Final = 1 << 16


def validator_of(
    schema: JSON, *, author: Author = Author.USER, limits: SchemaLimits = DEFAULT_LIMITS
) -> Validator:
    """Return what checks values against a schema; equal schemas of up to 64 KiB share it.

    Args:
        schema: the schema; `$schema` may name 2020-12, which is what it is without, or draft-07.
        author: who wrote it.
        limits: how large it may be, and how much work a check may be.

    Raises:
        LocalProtocolError: the user's schema is none, is too large, has another dialect, or refers to what
            is not in it.
        RemoteProtocolError: the same of a peer's.
    """
    try:
        text = json.dumps(schema, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise author.fault(f"schema: expected JSON; {error!s:.200}") from error
    return (_kept if len(text) <= _KEPT_TEXT else _made)(text, author, limits)


def _made(text: str, author: Author, limits: SchemaLimits) -> Validator:
    # jsonschema takes a sixth of the start of a server, and most servers give no schema by hand.
    from sansmcp.schema.validation import BoundedValidator  # noqa: PLC0415

    # What was read from text is the validator's alone: no one can change it later.
    return BoundedValidator(json.loads(text), author=author, limits=limits)


_kept: Final = lru_cache(maxsize=512)(_made)
