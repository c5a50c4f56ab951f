"""Writes docs/states.md and its diagrams from the tables of the session, of HTTP and of HTTP/1.1.

Run it after a change of a table: `uv run python docs/generate_states.py`. A test fails while the files
are older than the tables.
"""

import ast
import enum
import html
import inspect
import itertools
from collections.abc import Mapping
from pathlib import Path

import attrs

from sansmcp.http import EXCHANGE, FOLLOWING, RESPONSE, SESSION, STREAM, HttpEffect
from sansmcp.session import DETECTION, LIFECYCLE, LINK, REQUEST, Effect
from sansmcp_h11 import CLIENT_CONNECTION, SERVER_CONNECTION

Table = Mapping[enum.Enum, Mapping[enum.Enum, tuple[Effect | HttpEffect | None, enum.Enum]]]

DOCS = Path(__file__).parent

ROW = 22
"""The height of a line of text in a diagram, in pixels."""
LETTER = 6.9
"""The width of a letter, generously: no font is measured here."""
LANE = 20
"""The distance of two lanes."""
COLOURS = ("#2f7fd8", "#c2700c", "#2a9d4a", "#cc3d84", "#7d5bd0", "#7a8494")
"""A colour for each state, readable on light and on dark ground."""


@attrs.frozen(kw_only=True)
class Chapter:
    """One table and what is to be said about it."""

    name: str
    """The name of the table, in small letters; the diagram's file is named so."""
    title: str
    """The heading."""
    text: str
    """What it is about."""
    table: Table
    """The table."""
    breach: str
    """What a pair without a row means."""


CHAPTERS = (
    Chapter(
        name="lifecycle",
        title="The lifecycle of a legacy session",
        text=(
            "The handshake and what may be said before, during and after it. Its inputs name who speaks, so "
            "both ends step through the same table. The modern era has no lifecycle: there a request is "
            "legal whenever the link is open."
        ),
        table=LIFECYCLE,
        breach=(
            "Whoever says anything else breaks the rules: our own side is told by `LocalProtocolError`, and "
            "nothing is sent; what the peer says becomes `ProtocolViolated`."
        ),
    ),
    Chapter(
        name="link",
        title="The link",
        text=(
            "The channel under a session, in either era. Whichever side ends it, what runs may finish first, "
            "for as long as `Timeouts` says."
        ),
        table=LINK,
        breach="Nothing else can happen to a link.",
    ),
    Chapter(
        name="request",
        title="A request",
        text=(
            "One request from its first byte to its last, at either end. A cancelled request stays until the "
            "work on it has come to its end, so that a late answer is known for what it is."
        ),
        table=REQUEST,
        breach=(
            "Commands that name a request in the wrong state raise `LocalProtocolError`; an answer from the "
            "peer to a request that is not in flight becomes `MessageDropped`."
        ),
    ),
    Chapter(
        name="detection",
        title="How a client learns the era of its server",
        text=(
            "A client that speaks both eras asks first; one that is told, by the revisions that it was given "
            "or by what an earlier session found out, does not, and asks when that proves wrong."
        ),
        table=DETECTION,
        breach="Nothing else is asked of this table.",
    ),
    Chapter(
        name="exchange",
        title="An exchange of a server over HTTP",
        text=(
            "One HTTP request and its response. What it carries decides whether the response is one piece or "
            "a stream of events; a client that goes away leaves what was carried, and that means a "
            "cancellation in the modern era alone."
        ),
        table=EXCHANGE,
        breach="Nothing else can happen to an exchange.",
    ),
    Chapter(
        name="stream",
        title="A stream of a server over HTTP",
        text=(
            "One stream of events of a legacy session: what belongs to one POST, or what belongs to no "
            "request. At most one exchange carries it, and it outlives exchanges."
        ),
        table=STREAM,
        breach="Nothing else can happen to a stream; a second listener is refused before it gets there.",
    ),
    Chapter(
        name="session",
        title="A session in the table of a server over HTTP",
        text="What keeps a legacy session from expiring, and what ends it.",
        table=SESSION,
        breach="Nothing else can happen to a session there.",
    ),
    Chapter(
        name="response",
        title="A response as a client over HTTP takes it",
        text=(
            "One request of a client and what comes back: a body, or a stream of events. What is over is "
            "read no more, whatever else comes."
        ),
        table=RESPONSE,
        breach="A second head, or a body before the first, is left alone.",
    ),
    Chapter(
        name="following",
        title="A stream as a client over HTTP follows it",
        text=(
            "What one POST brings, or what the server says by itself in a legacy session, over as many "
            "exchanges as it takes. A stream of the modern era is never taken up again."
        ),
        table=FOLLOWING,
        breach="Nothing else can happen to it.",
    ),
    Chapter(
        name="server_connection",
        title="A connection of a server that speaks HTTP/1.1",
        text=(
            "Requests come one after the other; what comes of the next one while an answer is due waits. A "
            "connection that is not to be used again ends with its answer."
        ),
        table=SERVER_CONNECTION,
        breach="Nothing else can happen to a connection.",
    ),
    Chapter(
        name="client_connection",
        title="A connection of a client that speaks HTTP/1.1",
        text=(
            "It carries one request after the other. A connection that cannot be used again ends with the "
            "response."
        ),
        table=CLIENT_CONNECTION,
        breach="A server that speaks without being asked ends the connection.",
    ),
)


# The page


INTRODUCTION = """\
<!-- Written by docs/generate_states.py; run it instead of editing this page. -->

# The states

All that moves a state in a session is a row of one of four tables, and the session does what the row says;
a server over HTTP has three more, a client over HTTP two, and each connection of HTTP/1.1 one. This page is
made from the tables themselves; in the code they are `LIFECYCLE`, `LINK`, `REQUEST` and `DETECTION` of
[sansmcp.session](api/session.md), `EXCHANGE`, `STREAM`, `SESSION`, `RESPONSE` and `FOLLOWING` of
[sansmcp.http](api/http.md), and `SERVER_CONNECTION` and `CLIENT_CONNECTION` of [sansmcp_h11](api/h11.md).

In the diagrams each box is a state. Its lines are the inputs that lead out of it, with the effect after a
stroke; a line runs to the lane of the next state and joins it at the dot. Inputs that leave the state as it
is stand in grey.
"""


def page() -> str:
    """Return the text of docs/states.md."""
    return "\n".join((INTRODUCTION, *(_chapter(chapter) for chapter in CHAPTERS)))


def _chapter(chapter: Chapter) -> str:
    diagram = f"```{{raw}} html\n:file: diagrams/{chapter.name}.svg\n```"
    states = "\n\n".join(
        f"{state.value}\n: {text}"
        for state, text in zip(chapter.table, _meanings(chapter.table), strict=True)
    )
    head = "| In | on | goes to | and does |\n| --- | --- | --- | --- |\n"
    rows = "\n".join(
        f"| {state.value} | {happened.value} | {following.value} | {'' if effect is None else effect.value} |"
        for state, moves in chapter.table.items()
        for happened, (effect, following) in moves.items()
    )
    return (
        "\n\n".join((f"## {chapter.title}", chapter.text, diagram, states, head + rows, chapter.breach))
        + "\n"
    )


def _meanings(table: Table) -> list[str]:
    """Read the docstrings under the members of the enumeration of the states."""
    source = ast.parse(inspect.getsource(type(next(iter(table)))))
    body = source.body[0].body
    return [
        inspect.cleandoc(text.value.value)
        for member, text in itertools.pairwise(body)
        if isinstance(member, ast.Assign)
    ]


# The diagrams


@attrs.frozen(kw_only=True)
class Box:
    """One state in a diagram."""

    state: enum.Enum
    """The state."""
    top: int
    """Where it begins."""
    exits: tuple[tuple[str, enum.Enum], ...]
    """The lines that lead elsewhere: what they say, and where they lead."""
    stays: tuple[str, ...]
    """The lines that lead nowhere."""

    @property
    def height(self) -> int:
        """How high it is."""
        return ROW * (1 + len(self.exits) + len(self.stays)) + 8

    @property
    def entry(self) -> int:
        """Where the lane ends that leads here."""
        return self.top + ROW // 2 + 2

    def exit(self, number: int) -> int:
        """Where a line leaves."""
        return self.top + ROW * (1 + number) + ROW // 2 + 4


def diagram(chapter: Chapter) -> str:
    """Draw a table: the states under each other, with the lanes between them on the right."""
    boxes = _boxes(chapter.table)
    lines = [text for box in boxes for text, _ in box.exits] + [text for box in boxes for text in box.stays]
    width = int(max(map(len, lines)) * LETTER) + 24
    spans = _spans(boxes)
    columns = _columns(spans)
    colours = {state: COLOURS[number % len(COLOURS)] for number, state in enumerate(chapter.table)}
    lanes = {state: 16 + width + LANE * column for state, column in columns.items()}
    total = 16 + width + LANE * (max(columns.values()) + 1)
    height = boxes[-1].top + boxes[-1].height + 2
    size = f'viewBox="0 0 {total} {height}" width="{total}" height="{height}"'
    font = 'font-family="sans-serif" font-size="13"'
    parts = [
        f'<div class="diagram"><svg {size} role="img" xmlns="http://www.w3.org/2000/svg" {font}>',
        f"<title>{chapter.title}</title>",
        *(_draw_box(box, width, colours[box.state]) for box in boxes),
        *(_draw_lane(lanes[state], *spans[state], colours[state]) for state in spans),
        *(_draw_ends(box, width, lanes, colours) for box in boxes),
        "</svg></div>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _boxes(table: Table) -> list[Box]:
    boxes: list[Box] = []
    top = 2
    for state, moves in table.items():
        exits = [
            (_label(happened, effect), to) for happened, (effect, to) in moves.items() if to is not state
        ]
        stays = [_label(happened, effect) for happened, (effect, to) in moves.items() if to is state]
        boxes.append(Box(state=state, top=top, exits=tuple(exits), stays=tuple(stays)))
        top += boxes[-1].height + 14
    return boxes


def _label(happened: enum.Enum, effect: Effect | HttpEffect | None) -> str:
    return html.escape(happened.value if effect is None else f"{happened.value} / {effect.value}")


def _spans(boxes: list[Box]) -> dict[enum.Enum, tuple[int, int]]:
    """Return from where to where the lane of each state reaches."""
    entries = {box.state: box.entry for box in boxes}
    reached: dict[enum.Enum, list[int]] = {}
    for box in boxes:
        for number, (_, to) in enumerate(box.exits):
            reached.setdefault(to, [entries[to]]).append(box.exit(number))
    return {state: (min(places), max(places)) for state, places in reached.items()}


def _columns(spans: dict[enum.Enum, tuple[int, int]]) -> dict[enum.Enum, int]:
    """Give each lane the innermost column where it meets no other; short ones go first."""
    columns: dict[enum.Enum, int] = {}
    for state in sorted(spans, key=lambda state: spans[state][1] - spans[state][0]):
        low, high = spans[state]
        taken = {
            column
            for other, column in columns.items()
            if spans[other][0] - LANE < high and low < spans[other][1] + LANE
        }
        columns[state] = next(column for column in range(len(spans)) if column not in taken)
    return columns


def _draw_box(box: Box, width: int, colour: str) -> str:
    place = f'x="1" y="{box.top}" width="{width}" height="{box.height}" rx="6"'
    parts = [
        f'<rect {place} fill="currentColor" fill-opacity="0.04" stroke="{colour}" stroke-width="1.5"/>',
        f'<text x="12" y="{box.entry + 5}" font-weight="bold" fill="{colour}">{box.state.value}</text>',
    ]
    for number, (text, _) in enumerate(box.exits):
        parts.append(f'<text x="12" y="{box.exit(number) + 4}" fill="currentColor">{text}</text>')
    for number, text in enumerate(box.stays, len(box.exits)):
        place = box.exit(number) + 4
        parts.append(f'<text x="12" y="{place}" fill="currentColor" fill-opacity="0.55">{text}</text>')
    return "\n".join(parts)


def _draw_lane(x: int, low: int, high: int, colour: str) -> str:
    return f'<path d="M{x} {low}V{high}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def _draw_ends(box: Box, width: int, lanes: Mapping[enum.Enum, int], colours: Mapping[enum.Enum, str]) -> str:
    """Draw what joins a box to the lanes: its lines out, and the arrow in."""
    edge = width + 1
    parts: list[str] = []
    for number, (_, to) in enumerate(box.exits):
        x, y = lanes[to], box.exit(number)
        parts.append(f'<path d="M{edge} {y}H{x}" fill="none" stroke="{colours[to]}" stroke-width="1.5"/>')
        parts.append(f'<circle cx="{x}" cy="{y}" r="3" fill="{colours[to]}"/>')
    if box.state in lanes:
        x, y, colour = lanes[box.state], box.entry, colours[box.state]
        parts.append(f'<path d="M{x} {y}H{edge + 7}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts.append(f'<path d="M{edge} {y}l8 -4v8z" fill="{colour}"/>')
    return "\n".join(parts)


def files() -> dict[Path, str]:
    """Return what each generated file is to contain."""
    diagrams = {DOCS / "diagrams" / f"{chapter.name}.svg": diagram(chapter) for chapter in CHAPTERS}
    return {DOCS / "states.md": page(), **diagrams}


def main() -> None:
    """Write the files."""
    for path, text in files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
