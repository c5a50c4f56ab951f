"""What the everything server offers that asks the client: its user, its model, its roots."""

from typing import Annotated, Literal

import attrs

from sansmcp import Accepted, Context, Elicit, Elicited, Roots, Sample, Server
from sansmcp.schema import (
    EnumOption,
    LegacyTitledEnumSchema,
    RequestedSchema,
    Root,
    TitledEnumItems,
    TitledMultiSelectEnumSchema,
    TitledSingleSelectEnumSchema,
    UntitledEnumItems,
    UntitledMultiSelectEnumSchema,
    UntitledSingleSelectEnumSchema,
)

OPTIONS = ("option1", "option2", "option3")
TITLED = tuple(EnumOption(const=f"value{number}", title=f"Value {number}") for number in (1, 2, 3))

CHOICES = RequestedSchema(
    properties={
        "untitledSingle": UntitledSingleSelectEnumSchema(enum=OPTIONS),
        "titledSingle": TitledSingleSelectEnumSchema(one_of=TITLED),
        "legacyEnum": LegacyTitledEnumSchema(enum=("opt1", "opt2"), enum_names=("One", "Two")),
        "untitledMulti": UntitledMultiSelectEnumSchema(items=UntitledEnumItems(enum=OPTIONS)),
        "titledMulti": TitledMultiSelectEnumSchema(items=TitledEnumItems(any_of=TITLED)),
    }
)
"""A form with each kind of choice."""


@attrs.frozen
class Account:
    """The form of `test_elicitation`."""

    username: str
    email: str


@attrs.frozen
class Defaults:
    """A form with a default for each kind of field."""

    name: str = "John Doe"
    age: int = 30
    score: float = 95.5
    status: Literal["active", "inactive", "pending"] = "active"
    verified: bool = True


@attrs.frozen
class Name:
    """A form with a name."""

    name: str


@attrs.frozen
class Colour:
    """A form with a colour."""

    color: str


@attrs.frozen
class Confirmation:
    """A form with a choice of yes or no."""

    ok: bool


@attrs.frozen
class Background:
    """The form of the prompt that asks."""

    context: str


def told(answer: Elicited[object]) -> str:
    """Say in words what came of asking."""
    return f"accepted: {answer.value}" if isinstance(answer, Accepted) else type(answer).__name__.lower()


def add_questions(server: Server) -> None:
    """Tools that ask while they run, in either era."""

    @server.tool
    def test_sampling(prompt: str, ctx: Context) -> str:
        """Ask the model."""
        return f"The model says: {ctx.sample('answer', prompt, max_tokens=100).text}"

    @server.tool
    def test_elicitation(message: str, ctx: Context) -> str:
        """Ask the user for an account."""
        return told(ctx.elicit("account", message, Account))

    @server.tool
    def test_elicitation_sep1034_defaults(ctx: Context) -> str:
        """Show a form with defaults."""
        return told(ctx.elicit("defaults", "Is this right?", Defaults))

    @server.tool
    def test_elicitation_sep1330_enums(ctx: Context) -> str:
        """Show a form with choices."""
        return told(ctx.elicit("choices", "Choose, please.", CHOICES))

    @server.tool
    def test_missing_capability(ctx: Context) -> str:
        """Ask a model that not every client has."""
        return ctx.sample("answer", "Are you there?").text

    @server.tool
    def test_streaming_elicitation(ctx: Context) -> str:
        """Report progress, ask the user, and report progress again."""
        ctx.progress(1, total=2, message="asking")
        ctx.drain()
        answer = ctx.elicit("user_name", "What is your name?", Name)
        ctx.progress(2, total=2, message="answered")
        return f"Hello, {answer.value.name}!" if isinstance(answer, Accepted) else told(answer)


def add_declared_questions(server: Server) -> None:
    """Tools whose questions are put before they start."""

    @server.tool
    def test_input_required_result_elicitation(
        user_name: Annotated[Elicited[Name], Elicit("What is your name?")],
    ) -> str:
        """Greet the user."""
        return f"Hello, {user_name.value.name}!" if isinstance(user_name, Accepted) else told(user_name)

    @server.tool
    def test_input_required_result_sampling(
        capital_question: Annotated[str, Sample("What is the capital of France?", max_tokens=100)],
    ) -> str:
        """Return what the model says."""
        return capital_question

    @server.tool
    def test_input_required_result_list_roots(client_roots: Annotated[tuple[Root, ...], Roots()]) -> str:
        """Name the roots."""
        return ", ".join(root.uri for root in client_roots)

    @server.tool
    def test_input_required_result_multiple_inputs(
        user_name: Annotated[Name, Elicit("What is your name?")],
        greeting: Annotated[str, Sample("How does one greet?", max_tokens=50)],
        client_roots: Annotated[tuple[Root, ...], Roots()],
    ) -> str:
        """Ask for three things at once."""
        return f"{greeting} {user_name.name} works in {len(client_roots)} roots."

    @server.tool
    def test_input_required_result_capabilities(
        user_name: Annotated[Elicited[Name] | None, Elicit("What is your name?")] = None,
        greeting: Annotated[str, Sample("How does one greet?", max_tokens=50)] = "Hello,",
        client_roots: Annotated[tuple[Root, ...], Roots()] = (),
    ) -> str:
        """Ask for what the client can give."""
        who = user_name.value.name if isinstance(user_name, Accepted) else "whoever you are"
        return f"{greeting} {who}, at home in {len(client_roots)} roots."


def add_rounds(server: Server) -> None:
    """Tools that keep something from round to round, and a prompt that asks."""

    @server.tool
    def test_input_required_result_request_state(ctx: Context) -> str:
        """Keep a value while the user is asked."""
        kept = ctx.once("kept", lambda: "state-ok")
        return f"{kept}: {told(ctx.elicit('confirm', 'Is that all right?', Confirmation))}"

    @server.tool
    def test_input_required_result_tampered_state(ctx: Context) -> str:
        """Keep a value that nobody else may change."""
        kept = ctx.once("kept", lambda: "sealed")
        return f"{kept}: {told(ctx.elicit('confirm', 'Is that all right?', Confirmation))}"

    @server.tool
    def test_input_required_result_multi_round(ctx: Context) -> str:
        """Ask a second question once the first is answered."""
        name = ctx.elicit("name", "What is your name?", Name)
        colour = ctx.elicit("color", "Which colour do you like?", Colour)
        return f"{told(name)}; {told(colour)}"

    @server.prompt
    def test_input_required_result_prompt(
        user_context: Annotated[Background, Elicit("What is it about?")],
    ) -> str:
        """Write about what the user says."""
        return f"Write about {user_context.context}."
