"""The steps of the Python peers' clients that look at everything our server offers; see `our_features.py`.

Imported under the interpreters of the peers, both of which have `mcp_types` and a client with the calls of
`Surface`.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio
from mcp.shared.exceptions import MCPError
from mcp_types import PromptReference, ResourceTemplateReference
from taking import PATIENCE, Notebook, Seen

BOARD = "board://main"


def plain(model: Any) -> Any:
    """Return what was received as JSON, under the names of the wire."""
    return model.model_dump(by_alias=True, mode="json", exclude_none=True)


class Surface:
    """A connected client in the words of the steps; its attributes are calls of the peer's own.

    Each returns the whole result. `call(name, arguments, meta)`, `complete(ref, argument, context)`.
    """

    def __init__(
        self,
        notebook: Notebook,
        revision: str,
        *,
        client: Any,
        lists: Mapping[str, Callable[..., Awaitable[Any]]],
        read: Callable[..., Awaitable[Any]],
        prompt: Callable[..., Awaitable[Any]],
        call: Callable[..., Awaitable[Any]],
        complete: Callable[..., Awaitable[Any]],
    ) -> None:
        self.notebook = notebook
        self.revision = revision
        self.client = client
        self.lists = lists
        self.read = read
        self.prompt = prompt
        self.call = call
        self.complete = complete

    @property
    def modern(self) -> bool:
        """Whether the connection is of the modern era."""
        return self.revision == "2026-07-28"

    async def pages(self, kind: str) -> tuple[int, list[Seen]]:
        """Walk over a list, and return how many pages it had and what was on them."""
        items: list[Seen] = []
        cursor: str | None = None
        count = 0
        while count == 0 or cursor is not None:
            page = await self.lists[kind](cursor=cursor)
            count += 1
            items += plain(page)[kind]
            cursor = page.next_cursor
        return count, items

    async def ended(self, call: Callable[[], Awaitable[Any]]) -> Seen:
        """Return how a call ended, well or not."""
        try:
            return dict(plain(await call()))
        except MCPError as error:
            return {"code": error.code, "message": error.message}


async def lists(surface: Surface) -> Seen:
    """Walk over all lists."""
    seen = {kind: await surface.pages(kind) for kind in surface.lists}
    return {kind: {"pages": pages, "items": items} for kind, (pages, items) in seen.items()}


async def templates(surface: Surface) -> Seen:
    """Read what templates expand to, and what none does."""
    return {
        "note": plain(await surface.read("note://home/7")),
        "found": plain(await surface.read("find://notes?words=milk&limit=2")),
        "ill_typed": await surface.ended(lambda: surface.read("note://home/seven")),
        "outside": await surface.ended(lambda: surface.read("note://../7")),
        "bytes": plain(await surface.read("item://3")),
    }


async def prompts(surface: Surface) -> Seen:
    """Get a prompt with typed arguments, right and wrong."""
    good = {"folder": "home", "number": "1", "tone": "frank"}
    return {
        "good": plain(await surface.prompt("review", good)),
        "ill_typed": await surface.ended(lambda: surface.prompt("review", {**good, "number": "one"})),
        "missing": await surface.ended(lambda: surface.prompt("review", {"folder": "home"})),
        "unknown": await surface.ended(lambda: surface.prompt("nobody", {})),
    }


async def completions(surface: Surface) -> Seen:
    """Complete arguments of a prompt and of a template."""
    review = PromptReference(type="ref/prompt", name="review")
    note = ResourceTemplateReference(type="ref/resource", uri="note://{folder}/{number}")
    number = {"name": "number", "value": "1"}
    return {
        "tone": plain(await surface.complete(review, {"name": "tone", "value": "f"}, None)),
        "folder": plain(await surface.complete(note, {"name": "folder", "value": "w"}, None)),
        "number": plain(await surface.complete(review, number, {"folder": "home"})),
        "unknown": await surface.ended(lambda: surface.complete(review, {"name": "no", "value": ""}, None)),
    }


async def results(surface: Surface) -> Seen:
    """Call tools whose results are of every kind."""
    return {
        "kinds": plain(await surface.call("kinds", {}, None)),
        "object": plain(await surface.call("today", {"city": "Rome"}, None)),
        "list": plain(await surface.call("forecast", {"city": "Rome"}, None)),
        "nothing": plain(await surface.call("nothing", {}, None)),
        "beside": plain(await surface.call("beside", {}, {"x/y": [1, {"z": None}]})),
        "regional": plain(await surface.call("regional", {"region": "north"}, None)),
    }


async def errors(surface: Surface) -> Seen:
    """Call what fails, in every way."""
    return {
        "masked": await surface.ended(lambda: surface.call("crashes", {}, None)),
        "wrong_type": await surface.ended(lambda: surface.call("forecast", {"city": 1}, None)),
        "too_many": await surface.ended(lambda: surface.call("forecast", {"city": "Rome", "days": 4}, None)),
        "missing": await surface.ended(lambda: surface.call("forecast", {}, None)),
        "unknown": await surface.ended(lambda: surface.call("nobody", {}, None)),
    }


async def questions(surface: Surface) -> Seen:
    """Answer questions of every kind that the revision has."""
    seen: Seen = {}
    for tool in ("orders", "pays", "chats", "rooted"):
        before = len(surface.notebook.questions)
        seen[tool] = await surface.ended(lambda tool=tool: surface.call(tool, {}, None))  # type: ignore[misc]
        seen[f"{tool}_asked"] = surface.notebook.questions[before:]
    seen["books"] = await surface.ended(lambda: surface.call("books", {"city": "Paris"}, None))
    return seen


async def levels(surface: Surface) -> Seen:
    """Hear from one level up."""
    notebook = surface.notebook
    before = len(notebook.logs)
    if surface.modern:
        await surface.call("speaks", {}, {"io.modelcontextprotocol/logLevel": "error"})
    else:
        await surface.client.set_logging_level("error")
        await surface.call("speaks", {}, None)
    await notebook.until(lambda: any(record["level"] == "emergency" for record in notebook.logs[before:]))
    return {"levels": [record["level"] for record in notebook.logs[before:]]}


async def changes(surface: Surface) -> Seen:
    """Be told of changes at run time, in the way of the era."""
    if surface.modern:
        listening = surface.client.listen(
            tools_list_changed=True, prompts_list_changed=True, resources_list_changed=True
        )
        async with listening as subscription:
            await surface.call("grows", {}, None)
            told: set[str] = set()
            with anyio.fail_after(PATIENCE):
                async for event in subscription:
                    told.add(type(event).__name__)
                    if len(told) == 3:
                        break
    else:
        before = len(surface.notebook.notices)
        await surface.call("grows", {}, None)
        notices = surface.notebook.notices
        await surface.notebook.until(lambda: len(set(notices[before:])) == 3)
        told = set(notices[before:])
    _, tools = await surface.pages("tools")
    late = await surface.call("late", {}, None)
    await surface.call("shrinks", {}, None)
    gone = await surface.ended(lambda: surface.call("late", {}, None))
    return {
        "told": sorted(told),
        "late": "late" in {tool["name"] for tool in tools},
        "said": plain(late),
        "gone": gone,
    }


async def updates(surface: Surface) -> Seen:
    """Be told of an update of a resource, in the way of the era, and read it again."""
    first = plain(await surface.read(BOARD))["contents"][0]["text"]
    if surface.modern:
        async with surface.client.listen(resource_subscriptions=[BOARD]) as subscription:
            await surface.call("touches", {}, None)
            with anyio.fail_after(PATIENCE):
                async for event in subscription:
                    told = event.uri
                    break
            again = plain(await surface.read(BOARD))["contents"][0]["text"]
    else:
        await surface.client.subscribe_resource(BOARD)
        before = len(surface.notebook.notices)
        await surface.call("touches", {}, None)
        notices = surface.notebook.notices
        await surface.notebook.until(lambda: "notifications/resources/updated" in notices[before:])
        told = BOARD
        again = plain(await surface.read(BOARD))["contents"][0]["text"]
        await surface.client.unsubscribe_resource(BOARD)
    return {"first": first, "told": told, "again": again}


async def cached(surface: Surface) -> Seen:
    """Read three times: where the server says that it stays fresh, the others come from the cache."""
    texts = [plain(await surface.read(BOARD))["contents"][0]["text"] for _ in range(3)]
    return {"same": len(set(texts)) == 1}


FEATURES = (lists, templates, prompts, completions, results, errors, questions, levels)
"""What both clients can do."""

TOLD = (changes, updates, cached)
"""What the client of the SDK alone does: it listens, and keeps results unasked."""


def filled(schema: Mapping[str, Any]) -> Seen:
    """Fill in what a form asks for, and leave out what has a default."""
    content = {"name": "Ada", "colour": "green", "extras": ["milk", "sugar"], "state": "Ohio"}
    return {name: content[name] for name in schema["properties"] if name in content}
