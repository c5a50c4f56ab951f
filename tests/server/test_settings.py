"""What servers are told of how they are served, checked before anybody comes."""

import pytest

from sansmcp.errors import LocalProtocolError
from sansmcp.server import check_principal_of


def nobody(_request):
    return None


@pytest.mark.parametrize(
    ("principal_of", "settings", "said"),
    [
        ("x", {}, "App: principal_of: expected a function, found 'x'"),
        (nobody, {"verify": nobody}, "App: principal_of and verify both say who calls; expected one"),
    ],
)
def test_what_cannot_say_who_calls_is_refused(principal_of, settings, said):
    with pytest.raises(LocalProtocolError) as refused:
        check_principal_of(principal_of, settings)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("principal_of", "settings"), [(None, {}), (None, {"verify": nobody}), (nobody, {"verify": None})]
)
def test_one_function_or_none_may_say_who_calls(principal_of, settings):
    check_principal_of(principal_of, settings)
