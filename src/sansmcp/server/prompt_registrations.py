"""How functions become prompts."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar, overload

from sansmcp import schema
from sansmcp.server.completions import Source
from sansmcp.server.handles import Handles, PromptHandle
from sansmcp.server.offering import Offering
from sansmcp.server.offers import prompt_offer
from sansmcp.server.prompts import PromptOptions
from sansmcp.values import JSON

F = TypeVar("F", bound=Callable[..., object])


class PromptRegistrations(Offering):
    """The part of a `Server` that is told of prompts."""

    @property
    def prompts(self) -> Mapping[str, PromptHandle]:
        """The handles of the prompts by name, in order; it is always as it is now."""
        return Handles(self._ledger, "prompts", PromptHandle)

    @overload
    def prompt(self, function: F, /) -> F: ...
    @overload
    def prompt(
        self,
        function: None = None,
        /,
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        icons: Sequence[schema.Icon] = (),
        meta: Mapping[str, JSON] | None = None,
        completers: Mapping[str, Source] | None = None,
        blocks: bool = True,
    ) -> Callable[[F], F]: ...
    def prompt(
        self,
        function: F | None = None,
        /,
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        icons: Sequence[schema.Icon] = (),
        meta: Mapping[str, JSON] | None = None,
        completers: Mapping[str, Source] | None = None,
        blocks: bool = True,
    ) -> F | Callable[[F], F]:
        """Register a function as a prompt, as a decorator with or without arguments; see `add_prompt`."""

        def register(function: F) -> F:
            self.add_prompt(
                function,
                name=name,
                title=title,
                description=description,
                icons=icons,
                meta=meta,
                completers=completers,
                blocks=blocks,
            )
            return function

        return register if function is None else register(function)

    def add_prompt(
        self,
        function: Callable[..., object],
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        icons: Sequence[schema.Icon] = (),
        meta: Mapping[str, JSON] | None = None,
        completers: Mapping[str, Source] | None = None,
        blocks: bool = True,
    ) -> PromptHandle:
        """Register a function as a prompt.

        Its parameters are the arguments, which clients send as texts: one that is annotated as something
        else is read as JSON. It returns a text, content, a `PromptMessage`, a list of such, or a
        `GetPromptResult`.

        Args:
            function: a `def` or an `async def`.
            name: its name for programs; by default the function's.
            title: its name for people.
            description: what it is for; by default the function's docstring.
            icons: pictures that stand for it.
            meta: what travels beside it in lists.
            completers: what proposes values for arguments, by argument: a function, or texts.
            blocks: whether a `def` may block.

        Returns:
            What changes and removes it.

        Raises:
            LocalProtocolError: the name is taken, or a type cannot be said in JSON.
        """
        options = PromptOptions(
            name=name,
            title=title,
            description=description,
            icons=tuple(icons),
            meta=meta,
            completers=dict(completers or {}),
            blocks=blocks,
            vocabulary=self._inference.vocabulary,
        )
        offer = prompt_offer(function, options, self._ledger.revisions)
        return PromptHandle(self._ledger, "prompts", self._ledger.add("prompts", offer))
