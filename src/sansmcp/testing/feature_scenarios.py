"""The scenarios of the published suite about what servers offer and clients ask."""

from collections.abc import Mapping
from typing import Final

from sansmcp import client
from sansmcp.client import (
    call_tool,
    complete,
    get_prompt,
    list_resource_templates,
    list_resources,
    read_resource,
    set_log_level,
)
from sansmcp.schema import PromptReference, ResourceTemplateReference, Revision, Side
from sansmcp.testing.expectations import Answer, Refused, Shows, ToolFailed
from sansmcp.testing.steps import (
    Ask,
    Asked,
    Await,
    Call,
    Change,
    Close,
    Listen,
    Notify,
    Open,
    Pages,
    Scenario,
    Seen,
    Settles,
    Step,
    Updated,
)
from sansmcp.testing.suite_offers import ITEMS, Town
from sansmcp.values import JSON

# The revisions whose clients can be asked by `elicitation/create`, and those of them that know pages and
# models that call tools.
_ASKING: Final[tuple[Revision, ...]] = ("2025-06-18", "2025-11-25", "2026-07-28")
_SHOWING: Final[tuple[Revision, ...]] = ("2025-11-25", "2026-07-28")

# The revisions that keep to the kinds of content and to structured results.
_STRUCTURED: Final[tuple[Revision, ...]] = ("2025-06-18", "2025-11-25", "2026-07-28")

_STREET: Final = ResourceTemplateReference(uri="street://{name}/{number}")
_GREET: Final = PromptReference(name="greet")

_NAMES: Final = (*(f"item {number}" for number in range(ITEMS)), "Paris", "Rome")


def _asked(label: str, call: client.Call[JSON], values: Mapping[str, JSON]) -> tuple[Step, ...]:
    return (Ask(label, call), Await(label, Shows(values)))


_OFFERS: Final = (
    Scenario(
        name="a_template_is_read_under_the_uris_that_fit_it",
        steps=(
            Open(),
            *_asked(
                "templates",
                list_resource_templates(),
                {"resource_templates.0.uri_template": "street://{name}/{number}"},
            ),
            *_asked("fits", read_resource("street://Rome/7"), {"contents.0.text": "Rome 8 comes next"}),
            Ask("no number", read_resource("street://Rome/seven")),
            Await("no number", Refused((-32002, -32602))),
            Ask("too far", read_resource("street://Rome/999999")),
            Await("too far", Refused((-32002, -32602))),
            Close(),
        ),
        traced=True,
    ),
    Scenario(
        name="prompts_and_completion_take_typed_arguments",
        steps=(
            Open(),
            *_asked(
                "greeting",
                get_prompt("greet", {"name": "Ada", "times": "2", "tone": "cool"}),
                {"messages.0.content.text": "Greet Ada 3 times in a cool tone."},
            ),
            Ask("no tone", get_prompt("greet", {"name": "Ada", "tone": "loud"})),
            Await("no tone", Refused((-32602,))),
            *_asked("name", complete(_GREET, "name", "r"), {"completion.values": ("Rome",)}),
            *_asked("tone", complete(_GREET, "tone", ""), {"completion.values": ("kind", "cool")}),
            *_asked("number", complete(_STREET, "number", "1"), {"completion.values.0": "10"}),
            Close(),
        ),
        revisions=("2024-11-05", "2025-03-26"),
        traced=True,
    ),
    Scenario(
        name="completion_knows_the_arguments_that_are_settled",
        steps=(
            Open(),
            *_asked("tone", complete(_GREET, "tone", "c"), {"completion.values": ("cool",)}),
            *_asked(
                "number",
                complete(_STREET, "number", "1", context={"name": "Rome"}),
                {"completion.values": ("14",), "completion.total": 1, "completion.has_more": False},
            ),
            Ask("nothing", complete(_GREET, "nothing", "1")),
            Await("nothing", Refused((-32602,))),
            Close(),
        ),
        revisions=_STRUCTURED,
        traced=True,
    ),
    Scenario(
        name="pages_hold_every_item_once_and_in_order",
        steps=(Open(), Pages(list_resources, "resources", 3, _NAMES), Close()),
        traced=True,
    ),
    Scenario(
        name="content_of_every_kind_arrives",
        steps=(
            Open(),
            *_asked(
                "kinds",
                call_tool("kinds"),
                {
                    "content.0.text": "words",
                    "content.1.data": "AAE=",
                    "content.1.mime_type": "image/png",
                    "content.2.data": "AgM=",
                    "content.3.uri": "place://Rome",
                    "content.4.resource.text": "Paris",
                },
            ),
            Close(),
        ),
        revisions=_STRUCTURED,
        traced=True,
    ),
    Scenario(
        name="a_structured_result_is_read_into_a_type",
        steps=(
            Open(),
            *_asked(
                "town",
                call_tool("town", {"name": "Rome"}, result_type=Town),
                {"name": "Rome", "people": 37_713, "tags": ["old"]},
            ),
            *_asked("number", call_tool("add", {"a": 1, "b": 2}, result_type=int), {"real": 3}),
            Close(),
        ),
        revisions=_STRUCTURED,
        traced=True,
    ),
    Scenario(
        name="what_was_read_is_used_again_while_it_is_fresh",
        steps=(
            Open(),
            *_asked("first", read_resource("place://Paris"), {"contents.0.text": "Paris, read 1 times"}),
            *_asked("again", read_resource("place://Paris"), {"contents.0.text": "Paris, read 1 times"}),
            *_asked("other", read_resource("place://Rome"), {"contents.0.text": "Rome, read 2 times"}),
            Listen("place://Paris"),
            Change("update a resource"),
            Updated("place://Paris"),
            *_asked("updated", read_resource("place://Paris"), {"contents.0.text": "Paris, read 3 times"}),
            Close(),
        ),
        revisions=("2026-07-28",),
        traced=True,
    ),
)

_CHANGES: Final = (
    Scenario(
        name="a_change_at_run_time_is_told_to_clients_that_want_to_know",
        steps=(
            Open(hears_changes=True),
            Change("add a tool"),
            Seen(Side.CLIENT, "ChangeReceived", 1),
            Call("late", "late"),
            Await("late", Answer("better than never")),
            Change("disable a tool"),
            Seen(Side.CLIENT, "ChangeReceived", 2),
            Call("gone", "echo", {"text": "x"}),
            Await("gone", Refused((-32602,))),
            Change("remove a resource"),
            Seen(Side.CLIENT, "ChangeReceived", 3),
            Pages(list_resources, "resources", 3, _NAMES[1:]),
            Close(),
        ),
        traced=True,
    ),
    Scenario(
        name="an_update_of_a_resource_reaches_who_listens",
        steps=(
            Open(),
            Listen("place://Paris"),
            Change("update a resource"),
            Updated("place://Paris"),
            Change("update a resource"),
            Updated("place://Paris"),
            Close(),
        ),
        traced=True,
    ),
)

_QUESTIONS: Final = (
    Scenario(
        name="a_declared_input_is_asked_for_before_the_tool_runs_once",
        steps=(
            Open(),
            Call("first", "book", {"city": "Paris"}),
            Await("first", Answer("booked Paris in Texas in run 1")),
            Call("second", "book", {"city": "Rome"}),
            Await("second", Answer("booked Rome in Texas in run 2")),
            Close(),
        ),
        revisions=_ASKING,
        traced=True,
    ),
    Scenario(
        name="a_declared_input_that_is_declined_ends_the_call",
        steps=(
            Open(asked=Asked.DECLINES),
            Call("booking", "book", {"city": "Paris"}),
            Await("booking", ToolFailed()),
            Close(),
        ),
        revisions=_ASKING,
    ),
    Scenario(
        name="a_user_is_sent_to_a_page",
        steps=(Open(), Call("paying", "pay"), Await("paying", Answer("paid")), Close()),
        revisions=_SHOWING,
        traced=True,
    ),
    Scenario(
        name="a_page_that_is_declined_reaches_the_tool",
        steps=(Open(asked=Asked.DECLINES), Call("paying", "pay"), Await("paying", ToolFailed()), Close()),
        revisions=_SHOWING,
    ),
    Scenario(
        name="a_model_calls_a_tool_of_the_servers_choice",
        steps=(Open(), Call("chat", "chat"), Await("chat", Answer("sunny in Paris, I hear")), Close()),
        revisions=_SHOWING,
        traced=True,
    ),
    Scenario(
        name="a_tool_is_told_the_roots",
        steps=(Open(), Call("roots", "rooted"), Await("roots", Answer("file:///suite")), Close()),
        traced=True,
    ),
)

_PASSING: Final = (
    Scenario(
        name="middleware_changes_what_passes_in_both_directions",
        steps=(
            Open(wrapped=True),
            Call("sum", "add", {"a": 1, "b": 2}),
            Await("sum", Answer("=113")),
            Call("failing", "fail"),
            Await("failing", ToolFailed()),
            Call("faltering", "falter"),
            Await("faltering", Answer("=in the end")),
            *(Notify(number) for number in (12, 13, 14)),
            Settles("noted", "=12 14"),
            Change("add a tool"),
            Settles("late", "=better than never"),
            Close(),
        ),
    ),
    Scenario(
        name="middleware_of_a_client_changes_what_its_user_says",
        steps=(
            Open(wrapped=True),
            Call("asking", "ask", {"city": "Paris"}),
            Await("asking", Answer("=Paris in TEXAS")),
            Call("roots", "rooted"),
            Await("roots", Answer("=file:///suite")),
            Close(),
        ),
        revisions=_ASKING,
        traced=True,
    ),
    Scenario(
        name="a_tool_that_drains_loses_none_of_what_it_says",
        steps=(
            Open(),
            *_asked("level", set_log_level("info"), {}),
            Call("talking", "talk", {"records": 4, "size": 600_000}),
            Await("talking", Answer("said")),
            Seen(Side.CLIENT, "LogReceived", 4),
            Close(),
        ),
    ),
)

FEATURES: Final[tuple[Scenario, ...]] = (*_OFFERS, *_CHANGES, *_QUESTIONS, *_PASSING)
"""What a server offers, how it changes, what it asks, and what stands in between."""
