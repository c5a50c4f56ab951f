"""Run the scenario of a peer's client against a server, and read what each step saw."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.interop.raw import DEADLINE, Program


@dataclass(frozen=True, kw_only=True)
class Report:
    """How the scenario went: exit code, what each step saw in order, and stderr of client and server."""

    code: int
    steps: dict[str, dict[str, Any]]
    errors: str

    @property
    def failed(self) -> dict[str, str]:
        """The steps that did not go well, and why."""
        return {name: seen["failed"] for name, seen in self.steps.items() if "failed" in seen}


def run_client(
    client: Sequence[str],
    mode: str,
    server: Sequence[str],
    *,
    only: Sequence[str] = (),
    deadline: float = 2 * DEADLINE,
) -> Report:
    """Let the client start the server, talk to it in that mode, take all steps or only some, and close."""
    selection = ["--only", ",".join(only)] if only else []
    with Program([*client, *selection, mode, *server]) as program:
        outcome = program.finish(deadline)
    seen = [json.loads(line) for line in outcome.rest]
    return Report(code=outcome.code, steps={step.pop("step"): step for step in seen}, errors=outcome.errors)
