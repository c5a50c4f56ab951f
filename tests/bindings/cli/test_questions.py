"""Questions of a server: asked in a terminal, or answered from the command line."""

import os
import pty
import sys

import pytest
from tests.bindings.cli.commands import SERVER, Terminal, run

from sansmcp.client import accept, cancel, decline
from sansmcp.schema import (
    BooleanSchema,
    ElicitRequestFormParams,
    ElicitRequestURLParams,
    EnumOption,
    LegacyTitledEnumSchema,
    NumberSchema,
    RequestedSchema,
    TitledEnumItems,
    TitledMultiSelectEnumSchema,
    TitledSingleSelectEnumSchema,
)
from sansmcp_cli.questions import Questions
from sansmcp_cli.screen import Screen

ERAS = ["2025-11-25", "2026-07-28"]
ALL = ["--answer", "name=Ann", "--answer", "pieces=3", "--answer", "colour=red", "--answer", "extras=card"]


@pytest.fixture
def order(here):
    """Return what calls the tool that asks, without a terminal."""
    return lambda *options: run("call", *options, here, "--", "order")


@pytest.mark.parametrize("revision", ERAS)
def test_a_form_is_filled_in_field_by_field(revision) -> None:
    with Terminal("call", "--revision", revision, *SERVER, "--", "order") as terminal:
        terminal.wait_for("The server asks: What do you want?")
        terminal.wait_for("Answer it? [Y]es, [n]o, [c]ancel: ")
        terminal.type("what\n")
        terminal.wait_for("expected y, n or c, found 'what'")
        terminal.type("\n")
        terminal.wait_for("name (text): ")
        terminal.type("Ann\n")
        terminal.wait_for("How many pieces?")
        terminal.wait_for("pieces (integer): ")
        terminal.type("0\n")
        terminal.wait_for("expected at least 1, found 0; try again")
        terminal.wait_for("pieces (integer): ")
        terminal.type("3\n")
        terminal.wait_for("1. red")
        terminal.wait_for("2. blue")
        terminal.wait_for("colour (1 to 2): ")
        terminal.type("2\n")
        terminal.wait_for("extras (1 to 2, with commas between them): ")
        terminal.type("card, 1\n")
        terminal.wait_for("gift (yes or no) [no]: ")
        terminal.type("y\n")
        terminal.wait_for("day (date, may be left empty): ")
        terminal.type("\n")
        code, output = terminal.end()
    assert (code, output) == (0, "('Ann', 3, <Colour.BLUE: 'blue'>, ['card', 'ribbon'], True, None)\n")


@pytest.mark.parametrize("revision", ERAS)
@pytest.mark.parametrize(
    ("key", "outcome"), [("n\n", "declined"), ("c\n", "cancelled"), ("\x04", "cancelled")]
)
def test_a_question_may_be_declined_or_cancelled(revision, key, outcome) -> None:
    with Terminal("call", "--revision", revision, *SERVER, "--", "order") as terminal:
        terminal.wait_for("[c]ancel: ")
        terminal.type(key)
        code, output = terminal.end()
        assert (code, output) == (1, "")
        assert terminal.shown.rstrip().endswith(outcome)


def test_the_end_of_input_in_a_field_cancels() -> None:
    with Terminal("call", "--answer", "name=Ann", *SERVER, "--", "order") as terminal:
        terminal.wait_for("name: Ann")
        terminal.wait_for("pieces (integer): ")
        terminal.type("\x04")
        assert terminal.end() == (1, "")


@pytest.mark.parametrize("revision", ERAS)
def test_an_interrupt_ends_the_command_in_the_middle_of_a_question(revision) -> None:
    with Terminal("call", "--revision", revision, *SERVER, "--", "order") as terminal:
        terminal.wait_for("[c]ancel: ")
        os.kill(terminal.process.pid, 2)
        assert terminal.end() == (130, "")
        assert "interrupted" in terminal.shown
        assert "Fatal" not in terminal.shown


@pytest.mark.parametrize("revision", ERAS)
def test_a_form_is_answered_from_the_command_line(order, revision) -> None:
    done = order("--revision", revision, *ALL)
    assert done.stdout == "('Ann', 3, <Colour.RED: 'red'>, ['card'], False, None)\n", done.stderr


def test_without_a_terminal_a_question_is_declined_and_the_answers_that_lack_are_named(order) -> None:
    done = order()
    assert (done.returncode, done.stdout) == (1, "")
    assert "declined: standard input is no terminal; answer with --answer name=..." in done.stderr
    done = order("--answer", "name=Ann", "--answer", "pieces=0", "--answer", "unknown=1")
    assert done.returncode == 1
    assert "--answer pieces: expected at least 1, found 0" in done.stderr
    assert (
        "--answer pieces=... --answer colour=... --answer extras=...; no field here is called 'unknown'\n"
        in done.stderr
    )


def test_on_a_terminal_progress_takes_one_line_that_goes_away() -> None:
    with Terminal("call", *SERVER, "--", "count", output_shown=True) as terminal:
        code, _ = terminal.end()
        assert code == 0
        assert "\r\x1b[K2 of 2 step 2\\x1b[31m\r\x1b[K" in terminal.shown
        assert terminal.shown.endswith("done\r\n")


VISIT = ElicitRequestURLParams(message="Sign in", url="https://example.org/a?b=\x1b[2J", elicitation_id="1")


@pytest.mark.parametrize(("key", "answer"), [("y\n", accept()), ("n\n", decline()), ("c\n", cancel())])
def test_a_page_is_shown_in_full_and_left_to_the_user(key, answer, capsys) -> None:
    ours, theirs = pty.openpty()
    try:
        os.write(ours, key.encode())
        assert Questions(Screen(sys.stderr), theirs, {}).answer(VISIT) == answer
    finally:
        os.close(ours)
        os.close(theirs)
    assert "  https://example.org/a?b=\\x1b[2J\n" in capsys.readouterr().err


def test_without_a_terminal_nobody_agrees_to_a_page(capsys) -> None:
    assert Questions(Screen(sys.stderr), None, {}).answer(VISIT) == decline()
    assert "declined" in capsys.readouterr().err


FORM = ElicitRequestFormParams(
    message="Choose\nAnswer it? [Y]es",
    requested_schema=RequestedSchema(
        properties={
            "legacy": LegacyTitledEnumSchema(enum=("a", "b"), enum_names=("An A", "A B"), default="b"),
            "titled": TitledSingleSelectEnumSchema(one_of=(EnumOption(const="c", title="A C"),)),
            "several": TitledMultiSelectEnumSchema(
                items=TitledEnumItems(any_of=(EnumOption(const="d", title="A D"),)), default=("d",)
            ),
            "sure": BooleanSchema(default=True),
            "share": NumberSchema(type="number", default=0.5),
        }
    ),
)


def test_choices_are_shown_by_their_labels_and_answered_by_their_values(capsys) -> None:
    ours, theirs = pty.openpty()
    try:
        os.write(ours, b"\n2\nA C\nd\nno\n\n")
        found = Questions(Screen(sys.stderr), theirs, {}).answer(FORM)
    finally:
        os.close(ours)
        os.close(theirs)
    assert found == accept({"legacy": "b", "titled": "c", "several": ["d"], "sure": False})
    shown = capsys.readouterr().err
    assert shown.startswith("The server asks: Choose\n  Answer it? [Y]es\nAnswer it? ")
    assert "legacy (1 to 2) [A B]: " in shown
    assert "titled (1 to 1, may be left empty): " in shown
    assert "several (1 to 1, with commas between them) [A D]: " in shown
    assert "sure (yes or no) [yes]: " in shown
    assert "share (number) [0.5]: " in shown
