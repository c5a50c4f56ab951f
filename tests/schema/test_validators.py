"""Which schemas share a validator."""

import pytest

from sansmcp.schema import validator_of


@pytest.mark.parametrize(("letters", "is_shared"), [(65_523, True), (65_524, False), (200_000, False)])
def test_equal_schemas_share_a_validator_unless_they_are_long(letters, is_shared):
    def schema():
        return {"title": "a" * letters}

    first, second = validator_of(schema()), validator_of(schema())
    assert (first is second) is is_shared
    first.validate(1)
    second.validate(1)
