"""The tables of docs/conformance.md, made of what is expected; run as a program it writes them there."""

from itertools import groupby

from tests.conformance.expectations import BOUNDS, FLOORS, OWED
from tests.conformance.suite import REVISIONS, ROOT

PAGE = ROOT / "docs" / "conformance.md"


def floors(side: str) -> str:
    """Return the table of one side: how many checks of each scenario must succeed in each revision."""
    rows = [
        [f"`{name}`", *(str(floors.get(revision, "")) for revision in REVISIONS)]
        for name, floors in FLOORS[side].items()
    ]
    return table([side, *REVISIONS], rows)


def differences() -> str:
    """Return what single bindings cannot do, and why."""
    rows = [[binding, f"`{name}`", why] for binding, bounds in BOUNDS.items() for name, why in bounds.items()]
    return table(["binding", "scenario", "why"], rows)


def owed() -> str:
    """Return what is left to later, by reason."""
    reasons = groupby(sorted(OWED, key=OWED.__getitem__), OWED.__getitem__)
    rows = [[", ".join(f"`{name}`" for name in names), why] for why, names in reasons]
    return table(["scenarios", "why"], rows)


def table(head: list[str], rows: list[list[str]]) -> str:
    """Write a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines)


def written(page: str) -> str:
    """Return a page with its tables as they are to be."""
    for mark, text in (
        ("server", floors("server")),
        ("client", floors("client")),
        ("differences", differences()),
        ("owed", owed()),
    ):
        before, begin, rest = page.partition(f"<!-- {mark} -->\n")
        _, end, after = rest.partition(f"<!-- end of {mark} -->\n")
        assert begin, f"{PAGE.name} has no place for {mark}"
        assert end, f"{PAGE.name} has no end of {mark}"
        page = f"{before}{begin}\n{text}\n{end}{after}"
    return page


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
