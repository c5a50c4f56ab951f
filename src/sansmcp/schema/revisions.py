"""The revisions of the protocol and their two eras. Revisions are dates and compare as strings."""

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from sansmcp.values import Word

if TYPE_CHECKING:
    # Python itself has it from 3.13 on.
    from typing_extensions import TypeIs

Revision: TypeAlias = Literal["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]
"""A revision that this library speaks."""

REVISIONS: Final[tuple[Revision, ...]] = get_args(Revision)
"""All revisions, oldest first."""

LEGACY_REVISIONS: Final[tuple[Revision, ...]] = REVISIONS[:4]
"""The revisions with an `initialize` handshake and sessions, oldest first."""

MODERN_REVISIONS: Final[tuple[Revision, ...]] = REVISIONS[4:]
"""The revisions in which every request describes itself, oldest first."""

LATEST_LEGACY: Final[Revision] = LEGACY_REVISIONS[-1]
"""What a legacy handshake offers first."""

LATEST_MODERN: Final[Revision] = MODERN_REVISIONS[-1]
"""What a modern request names first."""


class Era(Word):
    """The two ways of talking; they differ in lifecycle, in transport, and in who may ask whom."""

    LEGACY = "legacy"
    MODERN = "modern"


def era_of(revision: Revision) -> Era:
    """Return the era of a revision."""
    return Era.MODERN if revision in MODERN_REVISIONS else Era.LEGACY


def is_revision(text: str) -> "TypeIs[Revision]":
    """Say whether this library speaks the revision that a peer named."""
    return text in REVISIONS
