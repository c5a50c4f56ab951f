"""The revisions and their eras."""

import pytest

from sansmcp.schema import (
    LATEST_LEGACY,
    LATEST_MODERN,
    LEGACY_REVISIONS,
    MODERN_REVISIONS,
    REVISIONS,
    Era,
    era_of,
    is_revision,
)


def test_revisions_are_sorted_as_strings_and_split_into_two_eras():
    assert list(REVISIONS) == sorted(REVISIONS)
    assert LEGACY_REVISIONS + MODERN_REVISIONS == REVISIONS
    assert (LATEST_LEGACY, LATEST_MODERN) == ("2025-11-25", "2026-07-28")


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_revision_is_legacy_up_to_2025_11_25_and_modern_from_then_on(revision):
    assert era_of(revision) is (Era.LEGACY if revision <= "2025-11-25" else Era.MODERN)


def test_only_the_five_are_revisions():
    assert all(is_revision(revision) for revision in REVISIONS)
    assert not any(is_revision(text) for text in ("", "2025-06-19", "2025-06-18 ", "DRAFT-2026-v1"))
