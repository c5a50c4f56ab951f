"""How functions become what proposes values for arguments."""

from collections.abc import Callable
from typing import TypeVar, overload

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.server.completions import Completer, catch_all_of, completer_of
from sansmcp.server.handles import Completable, PromptHandle, ResourceTemplateHandle
from sansmcp.server.offering import Offering
from sansmcp.server.registry import Registry

F = TypeVar("F", bound=Callable[..., object])


class CompleterRegistrations(Offering):
    """The part of a `Server` that is told what proposes values for arguments."""

    @overload
    def completer(self, function: F, /) -> F: ...
    @overload
    def completer(self, of: str, argument: str, /, *, blocks: bool = True) -> Callable[[F], F]: ...
    def completer(
        self, of: F | str, argument: str | None = None, /, *, blocks: bool = True
    ) -> F | Callable[[F], F]:
        """Register a function as a completer, as a decorator of either form; see `add_completer`."""
        if not isinstance(of, str):
            self.add_completer(of)
            return of

        def register(function: F) -> F:
            self.add_completer(function, of, argument, blocks=blocks)
            return function

        return register

    def add_completer(
        self,
        function: Callable[..., object],
        of: str | None = None,
        argument: str | None = None,
        *,
        blocks: bool = True,
    ) -> None:
        """Register a function that proposes values for an argument, or for every argument.

        For one argument it takes what was typed, then, if it likes, the arguments that are settled already as
        a mapping. For all it takes the `CompleteRequestParams`, and is asked where nothing else proposes.
        Both may take a `Context`. It returns texts, the best first, of which the client gets a hundred; or
        a `Completion`.

        Args:
            function: a `def` or an `async def`.
            of: the prompt by its name, or the resource template by its text; None for all of them.
            argument: the argument of the prompt, or the variable of the template.
            blocks: whether a `def` may block.

        Raises:
            LocalProtocolError: there is no such prompt, template or argument, or the function takes
                something else.
        """
        if isinstance(function, str):
            raise LocalProtocolError(
                f"add_completer: expected the function first, add_completer(function, 'prompt', 'argument'); "
                f"found {function!r:.80}"
            )
        if (of is None) is not (argument is None):
            raise LocalProtocolError(
                f"add_completer: expected a prompt or template and its argument, or neither; "
                f"found {of!r:.80} and {argument!r:.80}"
            )
        if of is None or argument is None:
            self._complete_everything(catch_all_of(function, blocks=blocks))
        else:
            self._completable(of).complete(argument, completer_of(function, blocks=blocks))

    def _complete_everything(self, completer: Completer) -> None:
        def step(registry: Registry) -> Registry:
            if registry.completer is not None:
                raise LocalProtocolError(
                    f"{registry.completer.name!r} completes everything already; register one such function"
                )
            return attrs.evolve(registry, completer=completer)

        self._ledger.change(step)

    def _completable(self, of: str) -> Completable:
        registry = self._ledger.registry
        handles = {"prompts": PromptHandle, "resource_templates": ResourceTemplateHandle}
        for shelf, handle in handles.items():
            offer = registry.shelf(shelf).offers.get(of)
            if offer is not None:
                return handle(self._ledger, shelf, offer.position)
        raise LocalProtocolError(
            f"there is no prompt or resource template {of!r:.80} to complete; register it first"
        )
