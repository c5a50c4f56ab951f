"""Scenarios of our own between our client and our server, for what the suite looks at without looking at it.

Several of its scenarios pass whatever comes back. Here each asserts on what arrives at the other end.
"""

from itertools import count

import attrs
import pytest
from tests.conformance.plain_offers import WATCHED
from tests.conformance.scenarios import all_tools, text_of

from sansmcp import RequestFailed
from sansmcp.client import call_tool, get_prompt, list_tools, request, set_log_level
from sansmcp.session import ChangeKind

MODERN = "2026-07-28"
LEGACY = "2025-11-25"
FORMS = ("2025-06-18", LEGACY, MODERN)
ALL = ("2025-03-26", *FORMS)

A_WHILE = 500
"""How many calls a scenario waits for what comes beside them."""


@attrs.define
class Heard:
    """What a client was told beside its answers."""

    records: list = attrs.field(factory=list)
    changes: list = attrs.field(factory=list)

    @property
    def kinds(self):
        """The kinds of the changes."""
        return [heard.change.kind for heard in self.changes]

    @property
    def settings(self):
        """What a client is given to hear with."""
        return {"on_log": self.records.append, "on_change": self.changes.append}


def streaming_form(_heard):
    progress = []
    result = yield call_tool("test_streaming_elicitation", {}, on_progress=progress.append)
    assert text_of(result) == "Hello, Alice!"
    assert [(step.progress, step.message) for step in progress] == [(1, "asking"), (2, "answered")]


def records_of_a_level(heard):
    yield set_log_level("info")
    yield from records_without_a_level(heard, ["info", "warning"])


def records_without_a_level(heard, levels=()):
    assert text_of((yield call_tool("test_logging_tool", {}))) == "Logged at three levels."
    assert [record.level for record in heard.records] == list(levels)


def every_record(heard):
    yield set_log_level("debug")
    assert text_of((yield call_tool("test_tool_with_logging", {}))) == "All is logged."
    assert [record.data for record in heard.records] == ["started", "half way", "finished"]


def progress_rises(_heard):
    progress = []
    result = yield call_tool("test_tool_with_progress", {}, on_progress=progress.append)
    assert text_of(result) == "All is done."
    assert [step.progress for step in progress] == [0, 50, 100]


def answers_reach_the_handler(_heard):
    account = yield call_tool("test_elicitation", {"message": "Who?"})
    assert text_of(account) == "accepted: Account(username='alice', email='alice@example.com')"
    assert text_of((yield call_tool("test_input_required_result_elicitation", {}))) == "Hello, Alice!"


def what_the_model_says_reaches_the_handler(_heard):
    said = yield call_tool("test_sampling", {"prompt": "Speak."})
    assert text_of(said) == "The model says: An answer of at most 100 tokens."
    assert text_of((yield call_tool("test_input_required_result_list_roots", {}))) == "file:///home/alice"


def choices_and_defaults_reach_the_handler(_heard):
    said = text_of((yield call_tool("test_elicitation_sep1034_defaults", {})))
    assert said == ("accepted: Defaults(name='John Doe', age=30, score=95.5, status='active', verified=True)")
    said = text_of((yield call_tool("test_elicitation_sep1330_enums", {})))
    for choice in ("'option1'", "'value2'", "'opt1'", "['option1', 'option3']", "['value1']"):
        assert choice in said


def state_comes_back(_heard):
    for tool, kept in (("request_state", "state-ok"), ("tampered_state", "sealed")):
        said = text_of((yield call_tool(f"test_input_required_result_{tool}", {})))
        assert said == f"{kept}: accepted: Confirmation(ok=True)"


def rounds_are_taken_one_by_one(_heard):
    said = text_of((yield call_tool("test_input_required_result_multi_round", {})))
    assert said == "accepted: Name(name='Alice'); accepted: Colour(color='blue')"
    said = text_of((yield call_tool("test_input_required_result_multiple_inputs", {})))
    assert said == "An answer of at most 50 tokens. Alice works in 1 roots."


def a_prompt_asks(_heard):
    result = yield get_prompt("test_input_required_result_prompt")
    assert [message.content.text for message in result.messages] == ["Write about conformance."]


def the_response_ends_in_mid_call(_heard):
    assert text_of((yield call_tool("test_reconnection", {}))) == "You came again."


def updates_are_heard_while_subscribed(heard):
    yield request("resources/subscribe", {"uri": WATCHED})
    yield call_tool("test_trigger_resource_update", {})
    yield from until(lambda: heard.changes)
    assert [(told.change.kind, told.change.uri) for told in heard.changes] == [(ChangeKind.RESOURCE, WATCHED)]
    yield request("resources/unsubscribe", {"uri": WATCHED})
    yield call_tool("test_trigger_resource_update", {})
    # What changes next is told: what was not told until then will not be any more.
    yield call_tool("test_trigger_tool_change", {})
    yield from until(lambda: len(heard.changes) > 1)
    assert heard.kinds[1:] == [ChangeKind.TOOLS]


def changes_of_lists_are_heard(heard):
    before = yield from all_tools()
    yield call_tool("test_trigger_tool_change", {})
    yield from until(lambda: ChangeKind.TOOLS in heard.kinds)
    after = yield from all_tools()
    assert set(before) ^ set(after) == {"test_added_tool"}


def what_there_is_not_is_named(_heard):
    with pytest.raises(RequestFailed) as failure:
        yield call_tool("test_no_such_tool", {})
    assert failure.value.code == -32602


def until(happened):
    """Make calls until something has happened beside them."""
    for calls in count():
        if happened():
            return
        assert calls < A_WHILE, "it did not happen"
        yield list_tools()


CASES = (
    (streaming_form, FORMS),
    (records_of_a_level, ALL),
    (records_without_a_level, (MODERN,)),
    (every_record, ALL),
    (progress_rises, ALL),
    (answers_reach_the_handler, FORMS),
    (what_the_model_says_reaches_the_handler, ALL),
    (choices_and_defaults_reach_the_handler, (LEGACY, MODERN)),
    (state_comes_back, FORMS),
    (rounds_are_taken_one_by_one, FORMS),
    (a_prompt_asks, FORMS),
    (the_response_ends_in_mid_call, ALL),
    (updates_are_heard_while_subscribed, (LEGACY,)),
    (changes_of_lists_are_heard, (LEGACY, MODERN)),
    (what_there_is_not_is_named, ALL),
)
"""Each with the revisions that have what it needs."""

BESIDE_ANSWERS = frozenset(
    {
        streaming_form,
        records_of_a_level,
        every_record,
        progress_rises,
        the_response_ends_in_mid_call,
        updates_are_heard_while_subscribed,
        changes_of_lists_are_heard,
    }
)
"""Those that hear what comes beside an answer, and so need streams; in the legacy era questions do too."""
