"""Functions of users as the server calls them."""

import functools
from typing import Annotated, get_args

import attrs
import pytest

from sansmcp.errors import LocalProtocolError
from sansmcp.server import Context, Description, Server
from sansmcp.server.functions import handler_of
from sansmcp.values import ABSENT


def names(handler):
    return [field.name for field in handler.fields]


def test_a_function_is_known_by_its_name_its_docstring_and_its_parameters():
    def forecast(city: str, days: Annotated[int, Description("1 to 10")] = 3, *, units: str = "C") -> str:
        """Forecast the weather.

        Args:
            city: Where to look.
            days: What the annotation says better.
        """
        return f"{city} {days} {units}"

    handler = handler_of(forecast, blocks=True)
    assert (handler.name, handler.description) == ("forecast", "Forecast the weather.")
    assert (handler.is_async, handler.blocks, handler.context) == (False, True, None)
    assert handler.returns is str
    city, days, units = handler.fields
    assert city.annotation == Annotated[str, Description("Where to look.")]
    assert (city.required, city.default) == (True, ABSENT)
    assert get_args(days.annotation) == (int, Description("1 to 10"))
    assert (days.required, days.default) == (False, 3)
    assert (units.annotation, units.default) == (str, "C")


def test_a_coroutine_function_never_blocks():
    async def wait() -> None: ...

    handler = handler_of(wait, blocks=True)
    assert (handler.is_async, handler.blocks) == (True, False)


def test_a_function_says_when_it_never_blocks():
    assert handler_of(lambda: None, blocks=False).blocks is False


@pytest.mark.parametrize("annotation", [Context, Context | None, "Context"])
def test_the_context_is_found_by_its_type(annotation):
    def tool(a, whatever=None): ...

    tool.__annotations__["whatever"] = annotation
    handler = handler_of(tool, blocks=True)
    assert handler.context == "whatever"
    assert names(handler) == ["a"]
    assert handler.returns is ABSENT


def test_methods_and_callable_objects_and_partials_are_handlers():
    class Tools:
        def method(self, a: int) -> int:
            return a

        async def __call__(self, a: int, b: str) -> str:
            return b * a

    bound = handler_of(Tools().method, blocks=True)
    assert (bound.name, names(bound), bound.returns) == ("method", ["a"], int)
    called = handler_of(Tools(), blocks=True)
    assert (called.name, names(called), called.is_async) == ("Tools", ["a", "b"], True)
    partial = handler_of(functools.partial(Tools().method, a=1), blocks=True)
    assert (partial.name, partial.fields[0].default) == ("method", 1)


def test_a_wrapped_function_keeps_its_parameters_and_its_colour():
    async def inner(a: int) -> str:
        return str(a)

    @functools.wraps(inner)
    def handing_on(*args, **kwargs):
        return inner(*args, **kwargs)

    def plain(a: int) -> str:
        return str(a)

    @functools.wraps(plain)
    async def awaiting(*args, **kwargs):
        return plain(*args, **kwargs)

    for wrapped in (handing_on, awaiting):
        handler = handler_of(wrapped, blocks=True)
        assert (names(handler), handler.is_async, handler.returns) == (["a"], True, str)
        assert handler.function is wrapped


def test_what_is_no_handler_is_refused():
    def generator():
        yield 1

    async def asynchronous():
        yield 1

    def positional(a, /): ...

    def many(*args): ...

    def named(**kwargs): ...

    @attrs.frozen
    class Made: ...

    for function, said in [
        (generator, "generator is a generator"),
        (asynchronous, "asynchronous is a generator"),
        (positional, "positional: the parameter 'a' has no name of its own in JSON"),
        (many, r"many: the parameter '\*args'"),
        (named, r"named: the parameter '\*\*kwargs'"),
        (Made, "is no handler; expected a function"),
        (7, "7 is no handler; expected a function"),
    ]:
        with pytest.raises(LocalProtocolError, match=said):
            handler_of(function, blocks=True)


def test_a_parameter_that_json_cannot_say_is_named():
    def tool(a: complex): ...

    with pytest.raises(LocalProtocolError, match=r"^tool\(a\): .* has no place in JSON"):
        handler_of(tool, blocks=True)


def test_a_name_in_place_of_a_function_is_told_where_names_go():
    with pytest.raises(LocalProtocolError, match=r"^'add' is no handler; .* for a name say name='add'"):
        handler_of("add", blocks=True)


def test_a_method_without_its_object_is_refused_and_the_bound_one_is_not():
    class Shop:
        def price(self, item: str): ...

    with pytest.raises(
        LocalProtocolError, match=r"^price is a method without its object; register the bound"
    ):
        handler_of(Shop.price, blocks=True)
    assert names(handler_of(Shop().price, blocks=True)) == ["item"]


def test_an_annotation_that_names_nothing_is_named():
    def tool(a: "Missing"): ...  # noqa: F821

    with pytest.raises(LocalProtocolError, match=r"^tool: an annotation names 'Missing'"):
        handler_of(tool, blocks=True)


def test_a_context_without_its_type_is_no_argument():
    def about(subject, ctx):
        return subject, ctx

    def summary(context):
        return str(context)

    server = Server("words", version="1")
    for function, name in ((about, "ctx"), (summary, "context")):
        said = f"{name} has no annotation, .*; write {name}: Context for the context of the call, or say"
        for register in (server.add_tool, server.add_prompt):
            with pytest.raises(LocalProtocolError, match=said):
                register(function)
    server.add_tool(summary, name="takes_all", input_schema={"type": "object"})
    summary.__annotations__["context"] = str
    server.add_tool(summary)
    assert list(server.tools) == ["takes_all", "summary"]
