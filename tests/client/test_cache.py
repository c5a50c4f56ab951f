"""Results that are used again: as long as the server says, for whom it says, and never past a change.

Source: 2026-07-28, Caching.
"""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.client.answering import Answering, Awaited, awaiting

from sansmcp import errors, schema
from sansmcp.client import ResponseCache, list_prompts, list_resources, list_tools, read_resource
from sansmcp.client.cache import MAX_SECONDS, question_of
from sansmcp.client.calls import get_prompt
from sansmcp.session import Change, ChangeKind, Restart

MODERN = "2026-07-28"
TOOLS = ("tools/list", None)
TOOL = schema.Tool(name="add", input_schema={"type": "object"})


def tools(ttl_ms=1000, scope="private", *, names=("add",), cursor=None):
    return schema.ListToolsResult(
        tools=tuple(schema.Tool(name=name, input_schema={"type": "object"}) for name in names),
        ttl_ms=ttl_ms,
        cache_scope=scope,
        next_cursor=cursor,
    )


def note(text="a", *, ttl_ms=1000, scope="private", uri="notes://a"):
    contents = (schema.TextResourceContents(uri=uri, text=text),)
    return schema.ReadResourceResult(contents=contents, ttl_ms=ttl_ms, cache_scope=scope)


def keep(view, question, result, now=0.0):
    view.keep(question, result, now, changes=view.changes_to(question))


# The store


def test_a_result_is_served_until_its_time_is_up_and_not_a_moment_longer():
    view = ResponseCache().view("s")
    result = tools(1500)
    keep(view, TOOLS, result, now=10.0)
    assert view.get(TOOLS, 11.499) is result
    assert view.get(TOOLS, 11.5) is None
    assert view.get(TOOLS, 11.5, stale=True) is result


@pytest.mark.parametrize("ttl_ms", [0, -5])
def test_a_result_that_says_so_is_not_kept(ttl_ms):
    store = ResponseCache()
    keep(store.view("s"), TOOLS, tools(ttl_ms))
    assert len(store) == 0


def test_nobody_promises_anything_for_more_than_a_day():
    view = ResponseCache().view("s")
    keep(view, TOOLS, tools(10**15))
    assert view.get(TOOLS, MAX_SECONDS - 1) is not None
    assert view.get(TOOLS, MAX_SECONDS) is None


def test_what_is_private_is_its_principals_alone_and_what_is_public_is_everybodys():
    store = ResponseCache()
    views = [store.view("s", principal=name) for name in ("alice", "bob", None, None, "public")]
    keep(views[0], TOOLS, tools())
    assert [view.get(TOOLS, 0.0) is None for view in views] == [False, True, True, True, True]
    keep(views[0], TOOLS, tools(scope="public"))
    assert [view.get(TOOLS, 0.0) is None for view in views] == [False] * 5
    assert store.view("another", principal="alice").get(TOOLS, 0.0) is None


def test_what_has_become_private_is_public_no_more():
    store = ResponseCache()
    alice, bob = store.view("s", principal="alice"), store.view("s", principal="bob")
    keep(alice, TOOLS, tools(scope="public"))
    keep(bob, TOOLS, tools(names=("bobs",)))
    assert alice.get(TOOLS, 0.0) is None
    assert bob.get(TOOLS, 0.0).tools[0].name == "bobs"


QUESTIONS = st.sampled_from(
    [TOOLS, ("tools/list", "2"), ("resources/read", "a://1"), ("resources/read", "a://2")]
)
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("keep"),
            st.sampled_from(["alice", "bob", None]),
            QUESTIONS,
            st.sampled_from(["private", "public"]),
            st.integers(0, 5000),
        ),
        st.tuples(st.just("wait"), st.floats(0.0, 3.0)),
        st.tuples(st.just("change"), st.sampled_from(list(ChangeKind))),
    ),
    max_size=30,
)


@given(STEPS)
def test_no_result_ever_reaches_a_principal_it_is_not_for_nor_outlives_its_time_or_a_change(steps):
    store, now = ResponseCache(entries=3), 0.0
    views = {name: store.view("s", principal=name) for name in ("alice", "bob", None)}
    kept = []
    for step in steps:
        match step:
            case ("keep", name, question, scope, ttl_ms):
                result = (
                    tools(ttl_ms, scope) if question[0] == "tools/list" else note(ttl_ms=ttl_ms, scope=scope)
                )
                keep(views[name], question, result, now)
                kept.append((result, name, question, scope, now + ttl_ms / 1000))
            case ("wait", seconds):
                now += seconds
            case ("change", kind):
                views["alice"].changed(
                    Change(kind=kind, uri="a://1" if kind is ChangeKind.RESOURCE else None)
                )
                kept = [one for one in kept if not concerns(kind, one[2])]
        for name, view in views.items():
            for question in {one[2] for one in kept} | {TOOLS}:
                served = view.get(question, now)
                if served is not None:
                    assert any(
                        result is served
                        and asked == question
                        and now < until
                        and (who == name or scope == "public")
                        for result, who, asked, scope, until in kept
                    )


def concerns(kind, question):
    if kind is ChangeKind.RESOURCE:
        return question == ("resources/read", "a://1")
    return kind is ChangeKind.TOOLS and question[0] == "tools/list"


def test_the_store_is_bounded_by_number_and_what_was_not_used_for_longest_goes():
    view = ResponseCache(entries=2).view("s")
    for uri in ("a://1", "a://2"):
        keep(view, ("resources/read", uri), note())
    view.get(("resources/read", "a://1"), 0.0)
    keep(view, ("resources/read", "a://3"), note())
    assert view.get(("resources/read", "a://1"), 0.0) is not None
    assert view.get(("resources/read", "a://2"), 0.0) is None


def test_the_store_is_bounded_by_size_and_what_is_too_large_is_not_kept():
    store = ResponseCache(size=10_000)
    view = store.view("s")
    for uri in ("a://1", "a://2", "a://3"):
        keep(view, ("resources/read", uri), note("x" * 4000))
    assert len(store) == 2
    keep(view, ("resources/read", "a://4"), note("x" * 40_000))
    assert view.get(("resources/read", "a://4"), 0.0) is None
    store.clear()
    assert len(store) == 0


def test_what_was_asked_for_before_a_change_is_not_kept_after_it():
    view = ResponseCache().view("s")
    changes = view.changes_to(TOOLS)
    view.changed(Change(kind=ChangeKind.TOOLS))
    view.keep(TOOLS, tools(), 0.0, changes=changes)
    assert view.get(TOOLS, 0.0) is None


def test_a_change_that_one_client_hears_of_counts_for_all_who_share_the_store():
    store = ResponseCache()
    alice, bob = store.view("s", principal="alice"), store.view("s", principal="bob")
    keep(bob, TOOLS, tools())
    asked = bob.changes_to(TOOLS)
    alice.changed(Change(kind=ChangeKind.TOOLS))
    assert bob.get(TOOLS, 0.0) is None
    bob.keep(TOOLS, tools(), 0.0, changes=asked)
    assert bob.get(TOOLS, 0.0) is None


def test_a_view_forgets_its_server_and_no_other():
    store = ResponseCache(lock=threading.Lock())
    one, other = store.view("one"), store.view("other")
    keep(one, TOOLS, tools())
    keep(other, TOOLS, tools())
    one.clear()
    assert one.get(TOOLS, 0.0) is None
    assert other.get(TOOLS, 0.0) is not None


@pytest.mark.parametrize(
    ("method", "params", "expected"),
    [
        ("tools/list", schema.PaginatedRequestParams(cursor="2"), ("tools/list", "2")),
        ("tools/list", schema.PaginatedRequestParams(meta={"a": 1}), None),
        ("tools/list", schema.PaginatedRequestParams(extra={"a": 1}), None),
        ("tasks/list", schema.PaginatedRequestParams(), None),
        ("resources/read", schema.ReadResourceRequestParams(uri="a://1"), ("resources/read", "a://1")),
        ("resources/read", schema.ReadResourceRequestParams(uri="a://1", request_state="s"), None),
        ("resources/read", schema.ReadResourceRequestParams(uri="a://1", input_responses={}), None),
        ("resources/read", schema.ReadResourceRequestParams(uri="a://1", meta={"a": 1}), None),
        ("acme/read", schema.ReadResourceRequestParams(uri="a://1"), None),
        ("prompts/get", schema.GetPromptRequestParams(name="x"), None),
        ("tools/list", {"cursor": "2"}, None),
    ],
)
def test_only_calls_whose_every_parameter_is_known_have_results_that_are_kept(method, params, expected):
    assert question_of(method, params) == expected


# A client


def client(*, ttl_ms=1000, scope="private", **settings):
    answers = {
        "tools/list": lambda event: tools(ttl_ms, scope, cursor="2" if event.params.cursor is None else None),
        "prompts/list": schema.ListPromptsResult(prompts=(), ttl_ms=ttl_ms),
        "resources/list": schema.ListResourcesResult(resources=(), ttl_ms=ttl_ms),
        "resources/read": lambda event: note(uri=event.params.uri, ttl_ms=ttl_ms),
        "prompts/get": schema.GetPromptResult(messages=()),
    }
    return Answering(MODERN, answers=answers, **settings).connect()


def test_a_list_is_asked_for_once_while_it_is_fresh_each_page_for_itself():
    told = client()
    first, again, second = told.ask(list_tools()), told.ask(list_tools()), told.ask(list_tools("2"))
    assert first == again != second
    assert len(told.asked("tools/list")) == 2
    told.advance(1.0)
    assert len(told.asked("tools/list")) == 2
    told.ask(list_tools())
    assert len(told.asked("tools/list")) == 3


def test_what_may_not_be_kept_is_asked_for_each_time():
    told = client()
    for _ in range(2):
        told.ask(get_prompt("x"))
        told.ask(read_resource("notes://a", meta={"traceparent": "00-1"}))
    assert [len(told.asked(method)) for method in ("prompts/get", "resources/read")] == [2, 2]


def test_without_a_cache_every_call_is_made():
    told = client(cache=None)
    for _ in range(2):
        told.ask(list_tools())
    assert len(told.asked("tools/list")) == 2


@pytest.mark.parametrize(
    ("change", "call", "others"),
    [
        (Change(kind=ChangeKind.TOOLS), list_tools(), list_prompts()),
        (Change(kind=ChangeKind.PROMPTS), list_prompts(), list_tools()),
        (Change(kind=ChangeKind.RESOURCES), list_resources(), list_tools()),
    ],
)
def test_a_change_ends_the_freshness_of_what_it_concerns_and_of_nothing_else(change, call, others):
    told = client(on_change=print)
    for _ in range(2):
        told.ask(call)
        told.ask(others)
    told.publish(change)
    told.ask(call)
    told.ask(others)
    assert [len(told.asked(each.method)) for each in (call, others)] == [2, 1]


def test_a_resource_that_was_updated_is_read_again():
    told = client()
    changes = with_updates(told, "notes://a")
    for uri in ("notes://a", "notes://b"):
        told.ask(read_resource(uri))
    told.publish(Change(kind=ChangeKind.RESOURCE, uri="notes://a"))
    for uri in ("notes://a", "notes://b"):
        told.ask(read_resource(uri))
    assert [event.params.uri for event in told.asked("resources/read")] == [
        "notes://a",
        "notes://b",
        "notes://a",
    ]
    changes.close()


def with_updates(told, *uris):
    """Listen to resources, for as long as what is returned is kept."""
    changes = Awaited(told).resource_updates(*uris)
    return awaiting(changes.__aenter__()).result()


def test_what_came_of_answers_of_the_user_is_never_kept():
    question = schema.InputRequest(
        method="elicitation/create",
        params=schema.ElicitRequestFormParams(
            message="Who?", requested_schema=schema.RequestedSchema(properties={"who": schema.StringSchema()})
        ),
    )
    told = client(elicitation=lambda _: schema.ElicitResult(action="accept", content={"who": "me"}))
    told.answers["resources/read"] = lambda event: note() if event.params.input_responses else {"q": question}
    for _ in range(2):
        told.ask(read_resource("notes://a"))
    assert len(told.asked("resources/read")) == 4


def test_a_cursor_that_the_server_refuses_takes_all_pages_of_its_list_with_it():
    told = client()
    told.ask(list_tools())
    told.answers["tools/list"] = lambda event: (
        ValueError("no such cursor") if event.params.cursor else tools()
    )
    with pytest.raises(errors.RequestFailed):
        told.ask(list_tools("2"))
    told.ask(list_tools())
    assert len(told.asked("tools/list")) == 3


def test_an_old_result_is_served_where_the_server_cannot_be_asked_if_that_was_said():
    told = client(cache=ResponseCache().view("s", serve_stale=True))
    kept = told.ask(list_tools())
    told.advance(2.0)
    told.answers.clear()
    waiter = told.begin(list_tools())
    told.advance(60.0)
    assert waiter.result(timeout=0) == kept
    told.both.lose()
    assert told.ask(list_tools()) == kept
    with pytest.raises(errors.NotConnected):
        told.ask(list_prompts())


def test_and_otherwise_it_is_not():
    told = client()
    told.ask(list_tools())
    told.advance(2.0)
    told.both.lose()
    with pytest.raises(errors.NotConnected):
        told.ask(list_tools())


def test_an_error_of_the_server_is_told_and_no_old_result_hides_it():
    told = client(cache=ResponseCache().view("s", serve_stale=True))
    told.ask(list_tools())
    told.advance(2.0)
    told.answers["tools/list"] = ValueError("no")
    with pytest.raises(errors.RequestFailed):
        told.ask(list_tools())


def test_after_a_lost_connection_nothing_is_fresh_that_was_listened_for():
    told = client(on_change=print, restart=Restart())
    told.ask(list_tools())
    told.both.lose()
    told.advance(1.0)
    told.ask(list_tools())
    assert len(told.asked("tools/list")) == 2


def test_results_of_legacy_servers_say_nothing_of_it_and_are_not_kept():
    told = Answering("2025-11-25", answers={"tools/list": tools(0)}).connect()
    for _ in range(2):
        told.ask(list_tools())
    assert len(told.asked("tools/list")) == 2


def test_a_change_leaves_an_old_result_where_old_ones_are_served():
    view = ResponseCache().view("s", serve_stale=True)
    keep(view, TOOLS, tools())
    view.changed(Change(kind=ChangeKind.TOOLS))
    assert view.get(TOOLS, 0.0) is None
    assert view.get(TOOLS, 0.0, stale=True) is not None


def test_a_client_without_a_cache_hears_of_changes_refusals_and_losses_all_the_same():
    told = client(cache=None, on_change=print, restart=Restart())
    told.publish(Change(kind=ChangeKind.TOOLS))
    told.answers["tools/list"] = ValueError("no")
    with pytest.raises(errors.RequestFailed):
        told.ask(list_tools())
    told.both.lose()
    told.advance(1.0)
    told.answers["tools/list"] = tools()
    assert told.ask(list_tools()).tools == (TOOL,)
