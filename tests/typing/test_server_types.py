"""What authors of servers type; this module is only type-checked, by mypy and by pyright."""

import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Annotated, assert_never, assert_type

import attrs

import sansmcp_asyncio
import sansmcp_threads
import sansmcp_trio
from sansmcp import schema
from sansmcp.environment import Environment
from sansmcp.server import (
    Accepted,
    Cancelled,
    Complete,
    Content,
    Context,
    Declined,
    Elicit,
    Elicited,
    Image,
    Invocation,
    NotificationInvocation,
    Outlet,
    ResourceTemplateHandle,
    RootList,
    Roots,
    Sample,
    Sampled,
    Server,
)
from sansmcp.session import NotificationReceived, RequestReceived, ServerSession
from sansmcp.values import JSON

server = Server("typed", version="1")


@attrs.frozen
class Country:
    code: str


@server.tool
def plain(city: str, days: int = 3, *, ctx: Context) -> float:
    return len(city) * days * (0.5 if ctx.cancelled else 1.0)


@server.tool(name="other", annotations=schema.ToolAnnotations(read_only_hint=True), blocks=False)
async def told(city: str) -> Country:
    return Country(city)


@server.prompt
def prompt(text: str) -> str:
    return text


@server.prompt(title="Prompt")
def titled(text: str) -> str:
    return text


@server.resource("a:b", mime_type="text/plain")
def resource() -> bytes:
    return b""


@server.resource("a:{b}", guards_paths=False)
async def family(b: int) -> str:
    return str(b)


@server.completer("prompt", "text")
def texts(typed: str) -> list[str]:
    return [typed]


@server.completer
async def everything(asked: schema.CompleteRequestParams) -> list[str]:
    return [asked.argument.value]


@server.prompt(completers={"text": ["a", "b"]})
def completed(text: Annotated[str, Complete(texts)]) -> list[Content | str]:
    return [text, Image(b"", "image/png")]


def of_offers() -> None:
    untouched: Callable[[int], Coroutine[JSON, JSON, str]] = family
    assert untouched is family
    assert_type(texts("a"), list[str])
    assert_type(server.add_resource_template("a:{c}", texts), ResourceTemplateHandle)
    assert_type(server.resource_templates["a:{c}"].definition, schema.ResourceTemplate)
    assert_type(Image(b"", "image/png").block, schema.ImageContent)


@server.method("acme/search")
def method(query: str) -> dict[str, str]:
    return {"query": query}


@server.notification("notifications/acme/moved")
def notification(to: str) -> None:
    del to


def decorators_keep_the_types_of_functions(ctx: Context) -> None:
    assert_type(plain("a", 2, ctx=ctx), float)
    awaited: Awaitable[Country] = told("a")
    del awaited
    assert_type(prompt("a"), str)
    assert_type(titled("a"), str)
    assert_type(resource(), bytes)
    assert_type(method("a"), dict[str, str])
    assert_type(notification("a"), None)


def what_comes_of_a_form_is_matched_to_the_end(ctx: Context) -> str:
    came = ctx.elicit("country", "Which country?", Country)
    assert_type(came, Accepted[Country] | Declined | Cancelled)
    match came:
        case Accepted(country):
            assert_type(country, Country)
            return country.code
        case Declined() | Cancelled():
            return ""
        case _:
            assert_never(came)


def a_form_by_hand_gives_what_was_filled_in(ctx: Context, form: schema.RequestedSchema) -> None:
    came = ctx.elicit("country", "Which country?", form)
    assert_type(came, Accepted[Mapping[str, JSON]] | Declined | Cancelled)


async def what_comes_of_a_question_may_be_awaited(ctx: Context) -> None:
    assert_type(await ctx.sample("key", "Say hello"), Sampled)
    assert_type(await ctx.roots(), RootList)
    await ctx.drain()
    match await ctx.elicit("days", "How many?", int):
        case Accepted(days):
            assert_type(days, int)
        case _:
            pass


def a_context_knows_the_types_of_its_answers(ctx: Context, params: schema.CreateMessageRequestParams) -> None:
    assert_type(ctx.sample("key", params), Sampled)
    assert_type(ctx.roots(), RootList)
    assert_type(ctx.client.info, schema.Implementation | None)


def a_binding_needs_no_casts(environment: Environment, event: RequestReceived, outlet: Outlet) -> None:
    session: ServerSession = server.open_session(environment)
    invocation = server.resolve(event, session, outlet)
    assert_type(invocation, Invocation)
    assert_type(invocation.call(), JSON)


def a_notification_may_have_no_handler(event: NotificationReceived) -> None:
    assert_type(server.resolve_notification(event), NotificationInvocation | None)


@server.tool
async def asking(
    city: str,
    days: Annotated[Elicited[int], Elicit("How many days in {city}?")],
    sure: Annotated[bool, Elicit(lambda city: f"Sure of {city}?")],
    said: Annotated[Sampled, Sample("What is {city}?", max_tokens=9)],
    roots: Annotated[tuple[schema.Root, ...], Roots()] = (),
) -> str:
    match days:
        case Accepted(number):
            assert_type(number, int)
        case Declined() | Cancelled():
            pass
        case _:
            assert_never(days)
    return f"{city} {sure} {said.text} {len(roots)}"


def handles_are_texts(ctx: Context) -> None:
    assert_type(ctx.handles.new({"a": 1}), str)
    assert_type(ctx.client.can("roots"), bool)
    assert_type(ctx.client.principal, str | None)


def a_handler_logs_by_the_bridge_of_its_binding() -> None:
    for handler in (sansmcp_asyncio.LogHandler, sansmcp_trio.LogHandler, sansmcp_threads.LogHandler):
        handler(server, "INFO").setLevel(logging.WARNING)
