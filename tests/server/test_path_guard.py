"""Values that would lead out of a folder are told from those that stay in it.

Source: RFC 3986, sections 2.4 and 3.3.
"""

import ntpath
import posixpath
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansmcp.server.path_guard import is_safe

NASTY = st.text(st.sampled_from("ab.%/\\: \0c25eEfF"), max_size=12) | st.text(max_size=12)


@pytest.mark.parametrize("separators", [False, True])
@pytest.mark.parametrize(
    "value",
    [
        "..",
        ".",
        "../a",
        "/a",
        "\\a",
        "a\\..\\b",
        "C:",
        "c:a",
        "2:",
        "a\0b",
        "%2e%2e",
        "%252E",
        "%5c",
        "%3A",
        "%00",
        "...",
        ".. ",
    ],
)
def test_what_leads_elsewhere_is_not_safe(value, separators):
    assert not is_safe(value, separators=separators)


@pytest.mark.parametrize("value", ["a/..", "a/../b", "a/./b", "a/.. /b", "//a"])
def test_no_step_of_a_path_leads_elsewhere(value):
    assert not is_safe(value, separators=True)


@pytest.mark.parametrize("value", ["", "a", "a.b", ".hidden", "a..b", "..a", "100%", "ab:c", "%20", " ", "ä"])
def test_what_stays_is_safe(value):
    assert is_safe(value, separators=False)


def test_slashes_are_for_paths():
    assert is_safe("a/b.c/d", separators=True)
    assert not is_safe("a/b", separators=False)


@given(NASTY)
def test_a_safe_value_is_below_the_folder_it_is_joined_to_on_every_system(value):
    for separators in (False, True):
        if not is_safe(value, separators=separators):
            continue
        for path, root in ((posixpath, "/root/folder"), (ntpath, "C:\\root\\folder")):
            joined = path.normpath(path.join(root, value))
            assert joined == root or joined.startswith(root + path.sep), (value, joined)
            if not separators:
                assert path.dirname(joined) in {root, path.dirname(root)}


@given(NASTY, st.integers(1, 4))
def test_a_value_that_is_decoded_again_and_again_stays_safe_or_was_never_safe(value, times):
    if is_safe(value, separators=True):
        for _ in range(times):
            value = unquote(value)
            assert ".." not in value.replace("\\", "/").split("/")
            assert not value.startswith(("/", "\\"))
            assert "\0" not in value
