"""The lifespan of a server in memory: an async one is stepped, since there is no loop to wait for it."""

from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType
from typing import cast

from sansmcp.server import Living
from sansmcp.values import JSON


def stepped(found: Living, let_pass: Callable[[float], None]) -> AbstractContextManager[JSON]:
    """Return a lifespan as a plain context manager.

    Args:
        found: the lifespan, of either colour.
        let_pass: lets so many seconds pass, where it awaits `Pause`.
    """
    return found if isinstance(found, AbstractContextManager) else _Stepped(found, let_pass)


class _Stepped(AbstractContextManager[JSON]):
    def __init__(self, found: AbstractAsyncContextManager[JSON], let_pass: Callable[[float], None]) -> None:
        self._found = found
        self._let_pass = let_pass

    def __enter__(self) -> JSON:
        return self._run(cast("Coroutine[JSON, None, JSON]", self._found.__aenter__()))

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        leaving = self._found.__aexit__(exception_type, exception, traceback)
        found: bool | None = self._run(cast("Coroutine[JSON, None, bool | None]", leaving))
        return found

    def _run(self, coroutine: Coroutine[JSON, None, JSON]) -> JSON:
        while True:
            try:
                found = coroutine.send(None)
            except StopIteration as end:
                return end.value
            if not isinstance(found, float):
                coroutine.close()
                raise TypeError(f"the lifespan awaits {found!r:.80}; here is no loop that could wait")
            self._let_pass(found)
