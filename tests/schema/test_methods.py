"""The table of methods, held against the official unions of requests and notifications."""

import attrs
import pytest
from tests.schema.official import CLASSES, definitions, mapped, merged

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import (
    METHODS,
    REVISIONS,
    CallToolRequestParams,
    CallToolResult,
    InitializeRequestParams,
    Kind,
    ListToolsResult,
    Method,
    PaginatedRequestParams,
    SchemaError,
    Side,
    codec_for,
)


def official(revision, union):
    """Return the names of the methods in a union of messages, and their definitions."""
    found = definitions(revision)[union]
    parts = [part["$ref"].rpartition("/")[2] for part in found["anyOf"]] if "anyOf" in found else None
    # With a single kind of message the union is that message.
    parts = parts or ["CancelledNotification"]
    return {definitions(revision)[name]["properties"]["method"]["const"]: name for name in parts}


def ours(revision, side, kind):
    names = {method.name for method in METHODS.methods}
    return {name for name in names if METHODS.lookup(name, revision, side, kind)}


PAIRS = [(revision, side, kind) for revision in REVISIONS for side in Side for kind in Kind]


@pytest.mark.parametrize(("revision", "side", "kind"), PAIRS)
def test_each_side_sends_exactly_what_the_schema_lets_it_send(revision, side, kind):
    union = side.value.capitalize() + kind.value.capitalize()
    expected = official(revision, union) if union in definitions(revision) else {}
    assert ours(revision, side, kind) == expected.keys()


@pytest.mark.parametrize(("revision", "side", "kind"), PAIRS)
def test_the_params_are_those_of_the_definition(revision, side, kind):
    union = side.value.capitalize() + kind.value.capitalize()
    if union not in definitions(revision):
        return
    for method, name in official(revision, union).items():
        row = METHODS.lookup(method, revision, side, kind)
        if name == "ElicitRequest":
            assert {cls.__name__ for cls in row.params.__args__} == {
                "ElicitRequestFormParams",
                "ElicitRequestURLParams",
            }
        elif name == "ListRootsRequest":
            assert row.params is CLASSES["ListRootsRequestParams"]
        else:
            assert row.params is mapped(revision)[name][0]


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_result_is_one_that_the_schema_lets_the_receiver_answer_with(revision):
    answers = {side: set() for side in Side}
    for side in Side:
        found = definitions(revision)[f"{side.value.capitalize()}Result"]
        for part in found.get("anyOf", [found]):
            answers[side].add(part["$ref"].rpartition("/")[2] if "$ref" in part else "Result")
    for side in Side:
        for name in ours(revision, side, Kind.REQUEST):
            result = METHODS.lookup(name, revision, side, Kind.REQUEST).result
            assert result.__name__ in answers[side.other]


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_result_says_how_long_it_may_be_kept_if_and_only_if_the_row_says_so(revision):
    for method in METHODS.methods:
        if method.result is not None and method.since <= revision <= method.until:
            schema = merged(revision, definitions(revision)[method.result.__name__])
            says_so = "ttlMs" in schema.get("properties", {})
            assert says_so is (method.cacheable and revision == "2026-07-28")


@pytest.mark.parametrize("revision", ["2026-07-28"])
def test_a_request_takes_answers_if_and_only_if_it_may_be_answered_with_questions(revision):
    for name in ours(revision, Side.CLIENT, Kind.REQUEST):
        method = METHODS.lookup(name, revision, Side.CLIENT, Kind.REQUEST)
        assert ("input_responses" in attrs.fields_dict(method.params)) is method.input_required


C, S, ASK, TELL = Side.CLIENT, Side.SERVER, Kind.REQUEST, Kind.NOTIFICATION


@pytest.mark.parametrize(
    ("name", "revision", "sender", "kind", "capability"),
    [
        ("tools/call", "2024-11-05", C, ASK, "tools"),
        ("prompts/get", "2025-11-25", C, ASK, "prompts"),
        ("resources/read", "2026-07-28", C, ASK, "resources"),
        ("resources/subscribe", "2025-11-25", C, ASK, "resources.subscribe"),
        ("resources/unsubscribe", "2025-11-25", C, ASK, "resources.subscribe"),
        ("completion/complete", "2024-11-05", C, ASK, None),
        ("completion/complete", "2025-03-26", C, ASK, "completions"),
        ("logging/setLevel", "2025-11-25", C, ASK, "logging"),
        ("ping", "2025-11-25", S, ASK, None),
        ("roots/list", "2025-11-25", S, ASK, "roots"),
        ("sampling/createMessage", "2024-11-05", S, ASK, "sampling"),
        ("elicitation/create", "2025-06-18", S, ASK, "elicitation"),
        ("tasks/get", "2025-11-25", C, ASK, "tasks"),
        ("tasks/list", "2025-11-25", S, ASK, "tasks.list"),
        ("tasks/cancel", "2025-11-25", C, ASK, "tasks.cancel"),
        ("notifications/message", "2026-07-28", S, TELL, "logging"),
        ("notifications/tools/list_changed", "2026-07-28", S, TELL, "tools.listChanged"),
        ("notifications/resources/updated", "2025-11-25", S, TELL, "resources.subscribe"),
        ("notifications/roots/list_changed", "2025-11-25", C, TELL, "roots.listChanged"),
        ("notifications/progress", "2025-11-25", C, TELL, None),
    ],
)
def test_a_message_needs_the_capability_of_its_receiver_or_as_news_of_its_sender(
    name, revision, sender, kind, capability
):
    assert METHODS.lookup(name, revision, sender, kind).capability_in(revision) == capability


def test_every_capability_is_a_path_into_the_declared_ones():
    for method in METHODS.methods:
        if method.capability is None:
            continue
        declarer = method.sender if method.kind is Kind.NOTIFICATION else None
        sides = [declarer] if declarer else [method.sender.other] if method.sender is not None else list(Side)
        for side in sides:
            schema = definitions(method.until)[f"{side.value.capitalize()}Capabilities"]
            for step in method.capability.split("."):
                assert step in schema["properties"], method.name
                schema = schema["properties"][step]


def test_a_name_is_not_found_in_another_revision_direction_or_kind():
    assert METHODS.lookup("server/discover", "2025-11-25", Side.CLIENT, Kind.REQUEST) is None
    assert METHODS.lookup("initialize", "2026-07-28", Side.CLIENT, Kind.REQUEST) is None
    assert METHODS.lookup("tools/call", "2025-11-25", Side.SERVER, Kind.REQUEST) is None
    assert METHODS.lookup("tools/call", "2025-11-25", Side.CLIENT, Kind.NOTIFICATION) is None
    assert METHODS.lookup("notifications/progress", "2026-07-28", Side.CLIENT, Kind.NOTIFICATION) is None
    assert METHODS.lookup("notifications/progress", "2026-07-28", Side.SERVER, Kind.NOTIFICATION) is not None


def test_the_row_of_a_call_tells_what_the_other_floors_need():
    call = METHODS.lookup("tools/call", "2026-07-28", Side.CLIENT, Kind.REQUEST)
    assert (call.params, call.result) == (CallToolRequestParams, CallToolResult)
    assert (call.name_header, call.input_required, call.cacheable, call.cancellable) == (
        "name",
        True,
        False,
        True,
    )
    listing = METHODS.lookup("tools/list", "2026-07-28", Side.CLIENT, Kind.REQUEST)
    assert (listing.params, listing.result) == (PaginatedRequestParams, ListToolsResult)
    assert (listing.name_header, listing.input_required, listing.cacheable) == (None, False, True)
    initialize = METHODS.lookup("initialize", "2025-06-18", Side.CLIENT, Kind.REQUEST)
    assert (initialize.params, initialize.cancellable) == (InitializeRequestParams, False)


def test_the_revisions_of_a_method_are_those_in_which_anybody_may_send_it():
    assert METHODS.revisions_of("elicitation/create") == ("2025-06-18", "2025-11-25")
    assert METHODS.revisions_of("notifications/progress") == REVISIONS
    assert METHODS.revisions_of("tools/cull") == ()


def test_a_table_can_be_extended_with_methods_of_ones_own_and_stays_as_it_was():
    own = Method(
        name="com.example/sum",
        kind=Kind.REQUEST,
        sender=Side.CLIENT,
        params=CallToolRequestParams,
        result=CallToolResult,
        since="2026-07-28",
    )
    newer = attrs.evolve(
        METHODS.lookup("tools/call", "2026-07-28", Side.CLIENT, Kind.REQUEST), result=ListToolsResult
    )
    table = METHODS.extended(own, newer)
    assert table.lookup("com.example/sum", "2026-07-28", Side.CLIENT, Kind.REQUEST) is own
    assert table.lookup("com.example/sum", "2025-11-25", Side.CLIENT, Kind.REQUEST) is None
    assert table.lookup("tools/call", "2026-07-28", Side.CLIENT, Kind.REQUEST) is newer
    assert METHODS.lookup("com.example/sum", "2026-07-28", Side.CLIENT, Kind.REQUEST) is None
    assert METHODS.lookup("tools/call", "2026-07-28", Side.CLIENT, Kind.REQUEST) is not newer


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_codec_reads_the_params_and_results_of_every_row_of_its_revision(revision):
    codec = codec_for(revision)
    unknown = []
    for method in METHODS.methods:
        if method.since <= revision <= method.until:
            for type_ in filter(None, (method.params, method.result)):
                # An empty object fits some types and not others; a type that the revision lacks fits none.
                try:
                    codec.structure_reporting(type_, {})
                except SchemaError:
                    continue
                except LocalProtocolError:
                    unknown.append(method.name)
    assert unknown == []
