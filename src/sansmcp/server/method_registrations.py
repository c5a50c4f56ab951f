"""How functions become methods of one's own."""

from collections.abc import Callable
from typing import TypeVar

from sansmcp.server.handles import MethodHandle, NotificationHandle
from sansmcp.server.methods import MethodOptions
from sansmcp.server.offering import Offering
from sansmcp.server.offers import method_offer, notification_offer

F = TypeVar("F", bound=Callable[..., object])


class MethodRegistrations(Offering):
    """The part of a `Server` that is told of methods of one's own."""

    def method(self, name: str, *, blocks: bool = True) -> Callable[[F], F]:
        """Register a function as what answers a request of one's own, as a decorator; see `add_method`."""

        def register(function: F) -> F:
            self.add_method(name, function, blocks=blocks)
            return function

        return register

    def add_method(self, name: str, function: Callable[..., object], *, blocks: bool = True) -> MethodHandle:
        """Register a function as what answers a request that is in no specification.

        Its parameters are the params, and what it returns is an object or nothing. A session knows the
        methods that were there when it was opened.

        Args:
            name: the method, such as `acme/search`.
            function: a `def` or an `async def`.
            blocks: whether a `def` may block.

        Returns:
            What changes and removes it.

        Raises:
            LocalProtocolError: the name is taken, here or in the specification, or a type cannot be said.
        """
        offer = method_offer(
            name, function, MethodOptions(blocks=blocks, vocabulary=self._inference.vocabulary)
        )
        return MethodHandle(self._ledger, "methods", self._ledger.add("methods", offer))

    def notification(self, name: str, *, blocks: bool = True) -> Callable[[F], F]:
        """Register a function for a notification of one's own, as a decorator; see `add_notification`."""

        def register(function: F) -> F:
            self.add_notification(name, function, blocks=blocks)
            return function

        return register

    def add_notification(
        self, name: str, function: Callable[..., object] | None = None, *, blocks: bool = True
    ) -> NotificationHandle:
        """Register a notification that is in no specification, to be sent and to be received.

        Args:
            name: the method, such as `notifications/acme/moved`.
            function: what is called when a client sends it; its parameters are the params.
            blocks: whether a `def` may block.

        Returns:
            What changes and removes it.

        Raises:
            LocalProtocolError: the name is taken, here or in the specification, or a type cannot be said.
        """
        offer = notification_offer(
            name, function, MethodOptions(blocks=blocks, vocabulary=self._inference.vocabulary)
        )
        return NotificationHandle(self._ledger, "notifications", self._ledger.add("notifications", offer))
