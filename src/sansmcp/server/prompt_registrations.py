"""How functions become prompts."""

from collections.abc import Callable, Mapping
from typing import TypeVar, Unpack, overload

from sansmcp.errors import refuse_unknown
from sansmcp.server.handles import Handles, PromptHandle
from sansmcp.server.offer_settings import PromptSettings
from sansmcp.server.offering import Offering
from sansmcp.server.offers import prompt_offer
from sansmcp.server.prompts import PromptOptions

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
    def prompt(self, function: None = None, /, **settings: Unpack[PromptSettings]) -> Callable[[F], F]: ...
    def prompt(
        self, function: F | None = None, /, **settings: Unpack[PromptSettings]
    ) -> F | Callable[[F], F]:
        """Register a function as a prompt, as a decorator with or without arguments; see `add_prompt`."""

        def register(function: F) -> F:
            self.add_prompt(function, **settings)
            return function

        return register if function is None else register(function)

    def add_prompt(self, function: Callable[..., object], **settings: Unpack[PromptSettings]) -> PromptHandle:
        """Register a function as a prompt.

        Its parameters are the arguments, which clients send as texts: one that is annotated as something
        else is read as JSON. It returns a text, content, a `PromptMessage`, a list of such, or a
        `GetPromptResult`.

        Args:
            function: a `def` or an `async def`.
            settings: what else is said of it; see `PromptSettings`.

        Returns:
            What changes and removes it.

        Raises:
            LocalProtocolError: there is no such setting, the name is taken, or a type cannot be said in JSON.
        """
        refuse_unknown("add_prompt", settings, PromptSettings.__annotations__)
        options = PromptOptions(**settings, vocabulary=self._inference.vocabulary)
        offer = prompt_offer(function, options, self._ledger.revisions)
        return PromptHandle(self._ledger, "prompts", self._ledger.add("prompts", offer))
