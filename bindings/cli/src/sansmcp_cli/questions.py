"""What a server asks its user: put to whoever sits at the terminal, or answered from the command line."""

import os
import threading
from collections.abc import Mapping

from sansmcp.client import accept, cancel, decline
from sansmcp.schema import (
    ElicitRequestFormParams,
    ElicitRequestParams,
    ElicitRequestURLParams,
    ElicitResult,
    ElicitValue,
    PrimitiveSchemaDefinition,
)
from sansmcp_cli.arguments import near
from sansmcp_cli.fields import choices_of, default_text, hint_of, read_field
from sansmcp_cli.screen import Screen


class Hangup(Exception):
    """Whoever sat at the terminal ended the input."""


class Questions:
    """Asks; one question at a time.

    Args:
        screen: where the questions are shown.
        terminal: the descriptor where the answers are typed; None if nobody is there.
        answers: what is known already, by the names of fields.
    """

    def __init__(self, screen: Screen, terminal: int | None, answers: Mapping[str, str]) -> None:
        self._screen = screen
        self._terminal = terminal
        self._answers = answers
        self._lock = threading.Lock()
        self._typed = b""

    def answer(self, params: ElicitRequestParams) -> ElicitResult:
        """Ask the user what a server asks.

        Args:
            params: the question.
        """
        with self._lock:
            try:
                if isinstance(params, ElicitRequestURLParams):
                    return self._visit(params)
                return self._fill_in(params)
            except Hangup:
                self._screen.say("", "cancelled")
                return cancel()

    def _visit(self, params: ElicitRequestURLParams) -> ElicitResult:
        self._screen.say(
            f"The server asks you to visit a page: {_indented(params.message)}", f"  {params.url}"
        )
        if self._terminal is None:
            self._screen.say("declined: standard input is no terminal, so nobody can agree")
            return decline()
        # Never opened from here: the user sees where it leads, and decides.
        return self._agree("Open it yourself if you trust it. Have you done what it asks?") or accept()

    def _fill_in(self, params: ElicitRequestFormParams) -> ElicitResult:
        self._screen.say(f"The server asks: {_indented(params.message)}")
        known = self._known(params)
        if self._terminal is None:
            return self._without_user(params, known)
        refusal = None if known else self._agree("Answer it?")
        if refusal is not None:
            return refusal
        for name, field in params.requested_schema.properties.items():
            if name not in known and (value := self._ask(params, name, field)) is not None:
                known[name] = value
        return accept(known)

    def _known(self, params: ElicitRequestFormParams) -> dict[str, ElicitValue]:
        """Return what the command line says about a form."""
        known: dict[str, ElicitValue] = {}
        for name in params.requested_schema.properties:
            if name not in self._answers:
                continue
            try:
                known[name] = read_field(params, name, self._answers[name])
            except ValueError as error:
                self._screen.say(f"--answer {name}: {error}")
            else:
                self._screen.say(f"  {name}: {self._answers[name]}")
        return known

    def _without_user(self, params: ElicitRequestFormParams, known: dict[str, ElicitValue]) -> ElicitResult:
        form = params.requested_schema
        missing = [
            name
            for name in form.required or ()
            if name not in known and (name not in form.properties or form.properties[name].default is None)
        ]
        # What was left to its defaults altogether was agreed to by nobody.
        if known and not missing:
            return accept(known)
        wanted = missing or [name for name in form.properties if name not in known]
        options = " ".join(f"--answer {name}=..." for name in wanted)
        advice = f"; answer with {options}" if options else ""
        for name in self._answers:
            if name not in form.properties:
                advice += f"; no field here is called {name!r}{near(name, form.properties)}"
        self._screen.say(f"declined: standard input is no terminal{advice}")
        return decline()

    def _agree(self, question: str) -> ElicitResult | None:
        """Ask for consent; return the refusal, or None."""
        while True:
            self._screen.prompt(f"{question} [Y]es, [n]o, [c]ancel: ")
            match self._read().lower():
                case "" | "y" | "yes":
                    return None
                case "n" | "no":
                    return decline()
                case "c" | "cancel":
                    return cancel()
                case found:
                    self._screen.say(f"expected y, n or c, found {found!r}")

    def _ask(
        self, params: ElicitRequestFormParams, name: str, field: PrimitiveSchemaDefinition
    ) -> ElicitValue | None:
        """Ask for one field; None if it stays as it is."""
        is_required = name in (params.requested_schema.required or ())
        if field.description:
            self._screen.say(f"  {field.description}")
        for number, (_, label) in enumerate(choices_of(field), start=1):
            self._screen.say(f"  {number}. {label}")
        has_default = field.default is not None
        default = f" [{default_text(field)}]" if has_default else ""
        optional = "" if is_required or has_default else ", may be left empty"
        while True:
            self._screen.prompt(f"  {field.title or name} ({hint_of(field)}{optional}){default}: ")
            text = self._read()
            if not text and (has_default or not is_required):
                return None
            try:
                return read_field(params, name, text)
            except ValueError as error:
                self._screen.say(f"  {error}; try again, or end the input (Ctrl-D) to cancel")

    def _read(self) -> str:
        if self._terminal is None:
            raise AssertionError("unreachable: nobody is asked where there is no terminal")
        # Not `input`: a thread that waits in it holds a lock that the interpreter wants at its exit.
        while b"\n" not in self._typed:
            typed = os.read(self._terminal, 4096)
            if not typed:
                raise Hangup
            self._typed += typed
        line, _, self._typed = self._typed.partition(b"\n")
        return line.decode(errors="replace").strip()


def _indented(message: str) -> str:
    """Set off the lines of a message, so that none of them looks like one of ours."""
    return "\n  ".join(message.splitlines())
