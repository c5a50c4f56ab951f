"""The servers behind one client: joined lists, and who a call is for.

Tools and prompts have the name of their server before their own. Lists are joined page by page: a cursor of
the group names the server, and holds the server's own.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Final, Generic, TypeAlias, TypeVar

import attrs

from sansmcp import schema
from sansmcp.client.calls import Call, list_resource_templates, list_resources
from sansmcp.client.pages import MAX_PAGES, Walk, walk
from sansmcp.errors import CallEnded, LocalProtocolError, NotConnected, RemoteProtocolError, RequestLost
from sansmcp.session import MissingCapability
from sansmcp.values import JSON

T = TypeVar("T")
ClientT = TypeVar("ClientT")

Ask: TypeAlias = Callable[..., Call[JSON]]
"""Makes the call for a page of a list."""

# As many as 64 pages of some hundreds; what was listed long ago may be listed again.
_MOST_URIS: Final = 16_384

_EMPTY: Final[Mapping[str, JSON]] = {
    "tools/list": schema.ListToolsResult(tools=()),
    "prompts/list": schema.ListPromptsResult(prompts=()),
    "resources/list": schema.ListResourcesResult(resources=()),
    "resources/templates/list": schema.ListResourceTemplatesResult(resource_templates=()),
}

_PAGES: Final = tuple(type(page) for page in _EMPTY.values())

_GONE: Final = (NotConnected, RequestLost)

LOSSES: Final = (NotConnected, CallEnded, RemoteProtocolError, MissingCapability)
"""What may keep one server out of a joined list; the others are listed all the same."""


class Members(Generic[ClientT]):
    """The clients of a group by name, in order; any of them may go at any time.

    Args:
        separator: what stands between the name of a server and that of its tool or prompt.
    """

    def __init__(self, separator: str) -> None:
        self._separator = separator
        self._clients: dict[str, ClientT] = {}
        # Those that have left too: a list that is walked over goes on after them.
        self._order: dict[str, None] = {}
        self._lost: dict[str, Exception] = {}
        self._uris: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._templates: OrderedDict[str, tuple[str, ...]] = OrderedDict()

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._clients))

    def __len__(self) -> int:
        return len(self._clients)

    def __getitem__(self, name: str) -> ClientT:
        client = self._clients.get(name)
        if client is None:
            there = ", ".join(map(repr, self._clients)) or "none"
            raise LocalProtocolError(f"there is no server {name!r:.80} in the group; there are: {there:.200}")
        return client

    @property
    def lost(self) -> Mapping[str, Exception]:
        """Why servers could not be reached when they were last asked."""
        return dict(self._lost)

    def add(self, name: str, client: ClientT) -> None:
        """Take a server in.

        Raises:
            LocalProtocolError: the name is taken, or names of tools would be ambiguous with it.
        """
        for other in self._clients:
            if name == other:
                raise LocalProtocolError(
                    f"the group has a server {name!r:.80} already; give this one another name"
                )
            short, long = sorted((name, other), key=len)
            if long.startswith(short + self._separator):
                raise LocalProtocolError(
                    f"{short!r:.80} and {long!r:.80} cannot both be in the group: it would not be clear "
                    f"whose tool {long + self._separator}x is; give one another name, or the group another "
                    "separator"
                )
        # At the end, also where it was there before.
        self._order.pop(name, None)
        self._order[name] = None
        self._clients[name] = client
        self._lost.pop(name, None)

    def remove(self, name: str) -> ClientT:
        """Take a server out, which goes on living.

        Raises:
            LocalProtocolError: there is none of that name.
        """
        client = self[name]
        del self._clients[name]
        return client

    def lose(self, name: str, error: Exception) -> None:
        """Take note that a server could not be reached."""
        self._lost[name] = error

    def instead(self, name: str, call: Call[T], error: Exception) -> T:
        """Return the page of a joined list in the place of one that a server did not give.

        Raises:
            Exception: the error, where the call is for no list.
        """
        is_list = call.method in _EMPTY
        if isinstance(error, _GONE) or (is_list and not isinstance(error, MissingCapability)):
            self.lose(name, error)
        if not is_list:
            raise error
        return call.read(attrs.evolve(_EMPTY[call.method], next_cursor=self._after(name)))

    # Who a call is for

    def search(self, call: Call[JSON]) -> Walk[JSON]:
        """Ask for the lists that say who a call is for, where no list has said so yet.

        Args:
            call: a call of the group.

        Returns:
            The calls of the group to make before `route`.
        """
        match call.params:
            case schema.ReadResourceRequestParams(uri=uri) if not self._owners(uri):
                lists: tuple[Ask, ...] = (list_resource_templates, list_resources)
            case schema.CompleteRequestParams(ref=schema.ResourceTemplateReference(uri=uri)) if not (
                self._present(self._templates.get(uri, ()))
            ):
                lists = (list_resource_templates,)
            case _:
                return
        if len(self._clients) < 2:
            return
        times = {"timeout": call.timeout, "maximum": call.maximum}
        for ask in lists:
            # A list without an end says nothing of the other one.
            with suppress(RemoteProtocolError):
                yield from walk(partial(ask, **times), MAX_PAGES * len(self._clients))

    def route(self, call: Call[T]) -> tuple[str | None, Call[T]]:
        """Return the server that a call of the group is for, and the call to make there.

        None for a page of a list whose server has left, with none after it: the call reads None as that.

        Raises:
            LocalProtocolError: it is not clear which server is meant.
        """
        params = call.params
        match params:
            case schema.CallToolRequestParams() | schema.GetPromptRequestParams():
                name, own = self._split(params.name)
                return name, attrs.evolve(call, params=attrs.evolve(params, name=own))
            case schema.PaginatedRequestParams() if call.method in _EMPTY:
                return self._route_list(call, params)
            case schema.ReadResourceRequestParams():
                return self._only(self._owners(params.uri), params.uri), call
            case schema.CompleteRequestParams():
                return self._route_completion(call, params)
            case _:
                raise LocalProtocolError(f"{call.method}: it goes to one server: group['name'] is its client")

    def _route_list(self, call: Call[T], params: schema.PaginatedRequestParams) -> tuple[str | None, Call[T]]:
        name, cursor = self._place(call, params.cursor)
        if name is None:
            return None, attrs.evolve(call, read=lambda _: call.read(_EMPTY[call.method]))
        inner = attrs.evolve(call, params=attrs.evolve(params, cursor=cursor))
        return name, attrs.evolve(inner, read=lambda page: call.read(self._joined(name, page)))

    def _split(self, name: str) -> tuple[str, str]:
        for server in self._clients:
            prefix = server + self._separator
            if name.startswith(prefix):
                return server, name.removeprefix(prefix)
        there = ", ".join(f"{server}{self._separator}..." for server in self._clients) or "none"
        raise LocalProtocolError(f"{name!r:.80} begins with the name of no server; there are: {there:.200}")

    def _place(self, call: Call[T], cursor: str | None) -> tuple[str | None, str | None]:
        """Return the server and its own cursor that a cursor of the group means."""
        if cursor is None:
            return next(iter(self._clients), None), None
        kind, _, rest = cursor.partition(":")
        length, _, rest = rest.partition(":")
        try:
            size = int(length)
        except ValueError:
            raise LocalProtocolError(f"{call.method}: {cursor!r:.80} is no cursor of this group") from None
        name, own = rest[:size], rest[size:]
        if name not in self._clients:
            return self._following(name), None
        return name, own if kind == "in" else None

    def _after(self, name: str) -> str | None:
        """Return the cursor at which the server after one begins."""
        following = self._following(name)
        return None if following is None else f"at:{len(following)}:{following}"

    def _following(self, name: str) -> str | None:
        names = list(self._order)
        later = names[names.index(name) + 1 :] if name in self._order else []
        return next((other for other in later if other in self._clients), None)

    def _joined(self, name: str, page: JSON) -> JSON:
        """Return a page of a server as one of the group."""
        self._lost.pop(name, None)
        if not isinstance(page, _PAGES):
            # It is for the call to complain of.
            return page
        inner = page.next_cursor
        cursor = self._after(name) if inner is None else f"in:{len(name)}:{name}{inner}"
        match page:
            case schema.ListToolsResult():
                return attrs.evolve(page, tools=self._prefixed(name, page.tools), next_cursor=cursor)
            case schema.ListPromptsResult():
                return attrs.evolve(page, prompts=self._prefixed(name, page.prompts), next_cursor=cursor)
            case schema.ListResourcesResult():
                for resource in page.resources:
                    _remember(self._uris, resource.uri, name)
            case _:
                for template in page.resource_templates:
                    _remember(self._templates, template.uri_template, name)
        return attrs.evolve(page, next_cursor=cursor)

    def _prefixed(self, name: str, things: JSON) -> JSON:
        return tuple(attrs.evolve(thing, name=f"{name}{self._separator}{thing.name}") for thing in things)

    def _owners(self, uri: str) -> tuple[str, ...]:
        owners = self._present(self._uris.get(uri, ()))
        if owners:
            return owners
        found = {
            owner
            for template, names in self._templates.items()
            if uri.startswith(template.partition("{")[0])
            for owner in self._present(names)
        }
        return tuple(sorted(found))

    def _only(self, owners: tuple[str, ...], what: str) -> str:
        owners = owners or (tuple(self._clients) if len(self._clients) == 1 else ())
        if len(owners) == 1:
            return owners[0]
        found = f"several servers have it: {', '.join(owners)}" if owners else "no server lists it"
        raise LocalProtocolError(f"{what!r:.80}: {found:.200}; say which: group['name'] is its client")

    def _present(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if name in self._clients)

    def _route_completion(self, call: Call[T], params: schema.CompleteRequestParams) -> tuple[str, Call[T]]:
        ref = params.ref
        if isinstance(ref, schema.PromptReference):
            name, own = self._split(ref.name)
            evolved = attrs.evolve(params, ref=attrs.evolve(ref, name=own))
            return name, attrs.evolve(call, params=evolved)
        return self._only(self._present(self._templates.get(ref.uri, ())), ref.uri), call


def _remember(places: OrderedDict[str, tuple[str, ...]], what: str, name: str) -> None:
    places[what] = tuple(dict.fromkeys((*places.get(what, ()), name)))
    places.move_to_end(what)
    while len(places) > _MOST_URIS:
        places.popitem(last=False)
