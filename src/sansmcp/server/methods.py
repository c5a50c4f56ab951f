"""Methods of one's own: requests and notifications that are in no specification."""

from collections.abc import Callable, Mapping
from typing import Final

import attrs

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import METHODS, Kind, Method, SchemaError, Side
from sansmcp.schema.inference.reading import ObjectReader
from sansmcp.schema.inference.shapes import shape_of
from sansmcp.schema.inference.vocabulary import PLAIN, Vocabulary
from sansmcp.schema.inference.writing import Hook, plain, writer_of
from sansmcp.server.context import Context
from sansmcp.server.functions import Handler, handler_of
from sansmcp.server.targets import ArgumentsRefusedError, Target
from sansmcp.session import NotificationReceived, RequestReceived
from sansmcp.values import ABSENT, JSON, Value

# 2026-07-28, Tasks extension: these names are kept for it.
_RESERVED: Final = ("tasks/", "notifications/tasks")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class MethodOptions(Value):
    """What a user says of a method of their own, beside its name and its function."""

    blocks: bool = True
    """Whether a `def` may block."""
    vocabulary: Vocabulary = attrs.field(default=PLAIN, repr=False)
    """What is known of types beside what annotations say."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class MethodTarget(Target):
    """One request of a user's own."""

    run: Callable[[Mapping[str, JSON], Context | None], JSON]
    """Binds the params and calls the function."""
    write: Hook
    """Makes the result from what it returned."""

    def call(self, event: RequestReceived, context: Context | None, /) -> JSON:
        """Bind the params and call the function."""
        return self.run(event.params, context)

    def answer(self, value: JSON, _event: RequestReceived, /) -> JSON:
        """Return the result as an object."""
        written = {} if value is None else self.write(value)
        if type(written) is not dict:
            raise SchemaError("an object", written)
        meta = written.pop("_meta", None)
        return schema.Result(meta=meta, extra=written)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NotificationTarget(Value):
    """One notification of a user's own that clients send."""

    name: str
    """Its name, for logs."""
    is_async: bool
    """Whether `call` returns a coroutine."""
    blocks: bool
    """Whether `call` must not run on a loop's thread."""
    run: Callable[[Mapping[str, JSON], Context | None], JSON]
    """Binds the params and calls the function."""

    def call(self, event: NotificationReceived) -> JSON:
        """Bind the params and call the function."""
        return self.run(event.params, None)


def row_of(name: str, kind: Kind, sender: Side | None) -> Method:
    """Return the row of a method of one's own, in all revisions.

    Raises:
        LocalProtocolError: the specification or an extension of it has the name.
    """
    taken = any(method.name == name for method in METHODS.methods)
    if not name or taken or name.startswith(_RESERVED):
        raise LocalProtocolError(f"method {name!r:.80}: expected a name that the specification does not have")
    return Method(name=name, kind=kind, sender=sender, params=Mapping[str, JSON], result=Mapping[str, JSON])


def method_of(name: str, function: Callable[..., JSON], options: MethodOptions) -> MethodTarget:
    """Make a request of one's own of a function: its parameters are the params, its result is the result.

    Raises:
        LocalProtocolError: a type cannot be said.
    """
    handler = handler_of(function, blocks=options.blocks, vocabulary=options.vocabulary)
    return MethodTarget(
        name=name,
        is_async=handler.is_async,
        blocks=handler.blocks,
        wants_context=handler.context is not None,
        run=_runner(handler),
        write=plain
        if handler.returns is ABSENT
        else writer_of(shape_of(handler.returns, options.vocabulary)),
    )


def notification_of(name: str, function: Callable[..., JSON], options: MethodOptions) -> NotificationTarget:
    """Make a notification of one's own of a function: its parameters are the params.

    Raises:
        LocalProtocolError: a type cannot be said, or the function wants a Context.
    """
    handler = handler_of(function, blocks=options.blocks, vocabulary=options.vocabulary)
    if handler.context is not None:
        raise LocalProtocolError(f"{name}: a notification has no request, so there is no Context for it")
    return NotificationTarget(
        name=name, is_async=handler.is_async, blocks=handler.blocks, run=_runner(handler)
    )


def _runner(handler: Handler) -> Callable[[Mapping[str, JSON], Context | None], JSON]:
    if handler.inputs:
        # 2026-07-28, Multi Round-Trip Requests: tools, prompts and resources may ask back.
        raise LocalProtocolError(f"{handler.name}: only tools, prompts and resources can ask the client")
    read = ObjectReader(handler.fields).read

    def run(params: Mapping[str, JSON], context: Context | None) -> JSON:
        try:
            bound = read({name: value for name, value in params.items() if name != "_meta"})
        except SchemaError as error:
            error.under("params")
            raise ArgumentsRefusedError(str(error)) from error
        return handler.invoke(bound, context)

    return run
