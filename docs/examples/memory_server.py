"""A memory for models: things, what is known of them, and how they are related, kept in a file.

Run it with `python memory_server.py memory.json`.
"""

import json
import sys
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sansmcp import ResourceNotFound, Server, ToolError
from sansmcp_asyncio import serve_stdio


@dataclass
class Relation:
    kind: str
    to: str


@dataclass
class Thing:
    name: str
    kind: str
    facts: list[str] = field(default_factory=list[str])
    relations: list[Relation] = field(default_factory=list[Relation])


class Memory:
    """All things, in a file that is replaced as a whole; handlers run on several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.lock = threading.RLock()
        self.things: dict[str, Thing] = {}
        with suppress(FileNotFoundError):
            for saved in json.loads(path.read_text(encoding="utf-8")):
                relations = [Relation(**relation) for relation in saved.pop("relations")]
                self.things[saved["name"]] = Thing(**saved, relations=relations)

    def save(self) -> None:
        draft = self._path.with_suffix(".draft")
        draft.write_text(json.dumps([asdict(thing) for thing in self.things.values()]), encoding="utf-8")
        draft.replace(self._path)

    def get(self, name: str) -> Thing:
        try:
            return self.things[name]
        except KeyError:
            raise ToolError(f"there is nothing named {name!r}; known are {sorted(self.things)}") from None


server = Server("memory", version="1.0", instructions="Look things up with search before you answer.")
memory = Memory(Path(sys.argv[1] if len(sys.argv) > 1 else "memory.json"))


@server.tool
def remember(name: str, kind: str, facts: list[str]) -> Thing:
    """Remember a thing, or more facts of one that is known.

    Args:
        name: its name, by which it is found again.
        kind: what it is, such as person or place.
        facts: one sentence each.
    """
    with memory.lock:
        thing = memory.things.setdefault(name, Thing(name, kind))
        thing.facts += [fact for fact in facts if fact not in thing.facts]
        memory.save()
        return thing


@server.tool
def relate(name: str, relation: str, to: str) -> Thing:
    """Remember how one thing is related to another, such as 'works at'."""
    with memory.lock:
        thing, other = memory.get(name), memory.get(to)
        thing.relations.append(Relation(relation, other.name))
        memory.save()
        return thing


@server.tool
def search(text: str) -> list[Thing]:
    """Find things by a part of their name, their kind or a fact."""
    with memory.lock:
        return [
            thing
            for thing in memory.things.values()
            if any(text.lower() in said.lower() for said in (thing.name, thing.kind, *thing.facts))
        ]


@server.tool
def forget(name: str) -> None:
    """Forget a thing, and how others are related to it."""
    with memory.lock:
        del memory.things[memory.get(name).name]
        for thing in memory.things.values():
            thing.relations = [relation for relation in thing.relations if relation.to != name]
        memory.save()
    server.resource_updated(f"memory://things/{name}")


@server.resource("memory://things/{name}")
def thing(name: str) -> str:
    """All that is known of a thing, in words."""
    with memory.lock:
        if name not in memory.things:
            raise ResourceNotFound(f"memory://things/{name}")
        known = memory.things[name]
        relations = [f"{name} {relation.kind} {relation.to}." for relation in known.relations]
        return "\n".join([f"{name}, a {known.kind}.", *known.facts, *relations])


if __name__ == "__main__":
    serve_stdio(server)
