"""What was measured, round by round, and the tables that docs/performance.md shows."""

import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

ASYNC_DEF = "`async def`"
DEF = "`def`"
INLINE = "`def` that never blocks"


class Server(NamedTuple):
    """A server under test: whose it is, how its tools are written, what starts it."""

    name: str
    tools: str
    command: tuple[str, ...]


class Question(NamedTuple):
    """What is asked of every server: its heading, and the unit of the answer with its size."""

    name: str
    unit: str
    size: float


Figures = Mapping[Question, Mapping[Server, Sequence[float]]]
"""Of each question and server one value a round; values of one round were taken in turns."""


class Row(NamedTuple):
    """The median of a server's values, and of their ratios to each peer's in the same round."""

    server: Server
    median: float
    ratios: tuple[float, ...]


def rows(values: Mapping[Server, Sequence[float]], peers: Sequence[Server]) -> Iterator[Row]:
    """Yield a row for each server."""
    for server, own in values.items():
        ratios = tuple(
            statistics.median(one / other for one, other in zip(own, values[peer], strict=True))
            for peer in peers
        )
        yield Row(server, statistics.median(own), ratios)


def as_tables(figures: Figures, peers: Sequence[Server]) -> str:
    """Return a table in Markdown for each question."""
    lines = []
    for question, values in figures.items():
        lines += [f"### {question.name}", ""]
        against = " | ".join(f"of {peer.name}, {peer.tools}" for peer in peers)
        lines += [
            f"| server | tools | {question.unit} | {against} |",
            "| --- | --- " + "| ---: " * (len(peers) + 1) + "|",
        ]
        for server, median, ratios in rows(values, peers):
            shares = " | ".join(
                "1" if server == peer else share(ratio) for peer, ratio in zip(peers, ratios, strict=True)
            )
            lines.append(f"| {server.name} | {server.tools} | {_digits(median / question.size)} | {shares} |")
        lines.append("")
    return "\n".join(lines)


def as_json(figures: Figures, peers: Sequence[Server]) -> str:
    """Return the same as a document: seconds, bytes and ratios, not rounded."""
    return json.dumps(
        {
            question.name: [
                {
                    "server": server.name,
                    "tools": server.tools,
                    "median": median,
                    "ratios": {
                        f"{peer.name}, {peer.tools}": ratio for peer, ratio in zip(peers, ratios, strict=True)
                    },
                    "rounds": list(values[server]),
                }
                for server, median, ratios in rows(values, peers)
            ]
            for question, values in figures.items()
        },
        indent=2,
    )


def _digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def share(ratio: float) -> str:
    """Return a ratio as the aims have it: "at most 1/15"."""
    return f"1/{1 / ratio:.1f}" if ratio < 1 else f"{ratio:.2f}"
