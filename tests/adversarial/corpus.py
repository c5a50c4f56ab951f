"""The corpus of hostile input: one JSON object a line, each a case with its input and what is expected.

A case never changes to pass. `plain` are the cases that bytes, a script and the virtual clock suffice
for; the others need a transport or a process.
"""

import json
from pathlib import Path

import attrs
from tests.requirements.deferred import deferred_cases

from sansmcp.schema import MODERN_REVISIONS

CORPUS = Path(__file__).parent / "adversarial.jsonl"

CAPABILITIES = {
    "roots": {"listChanged": True},
    "sampling": {},
    "elicitation": {},
}
"""What the clients of the corpus can do, where the case does not say."""


IN_MEMORY = frozenset({"stdio-eof-drain", "stdio-request-flood"})
"""Cases of real processes whose every expectation can be seen without one, too."""


@attrs.frozen(kw_only=True)
class Case:
    """One line of the corpus."""

    id: str
    tier: int
    transport: str
    role: str
    spec: tuple[str, ...]
    kind: str
    input: dict
    expected: dict

    def __str__(self):
        return self.id


@attrs.frozen(kw_only=True)
class Stimulus:
    """One input of a case, in one revision and for one role, with all that is expected of it."""

    case: Case
    number: int
    revision: str
    role: str
    input: dict
    expected: dict

    def __str__(self):
        return f"{self.case.id}-{self.number}-{self.revision}-{self.role}"

    @property
    def modern(self):
        """Whether the revision is of the modern era."""
        return self.revision in MODERN_REVISIONS


def read_cases(path=CORPUS):
    """Return all cases."""
    cases = []
    for line in path.read_text(encoding="utf-8").strip("\n").split("\n"):
        row = json.loads(line)
        cases.append(
            Case(
                id=row["id"],
                tier=row["tier"],
                transport=row["transport"],
                role=row["role"],
                spec=tuple(row["spec"]),
                kind=row["input"]["kind"],
                input=row["input"],
                expected=row["expected"],
            )
        )
    return tuple(cases)


def plain_cases():
    """Return the cases that are run here."""
    return tuple(case for case in read_cases() if is_plain(case) and case.id not in deferred_cases())


def http_cases():
    """Return the cases of servers and clients over HTTP that are run without a process of their own."""
    return tuple(case for case in read_cases() if is_http(case) and case.id not in deferred_cases())


def is_http(case):
    """Whether a case is about HTTP and needs no process; what a list of tools says of headers is."""
    is_carried = case.transport in {"http-server", "http-client"} and case.tier < 3
    return is_carried or case.kind == "tools_list"


def is_plain(case):
    """Whether a case needs neither a transport of its own nor a process."""
    framed = case.transport == "stdio" and (case.tier < 3 or case.id in IN_MEMORY)
    return (case.transport == "core" and not is_http(case)) or framed


def stimuli_of(case):
    """Return the inputs of a case, one for each revision and role."""
    inputs = case.input["inputs"] if case.kind == "each" else [case.input]
    return [
        Stimulus(
            case=case,
            number=number,
            revision=revision,
            role=role,
            input={**shared(case), **each} if case.kind == "each" else each,
            expected=expected_in(revision, {**case.expected, **each.get("expected", {})}),
        )
        for number, each in enumerate(inputs)
        for revision in each.get("spec", case.spec)
        for role in roles_of(each.get("role", case.role))
    ]


def roles_of(role):
    """Return the sides under test."""
    return ("server", "client") if role == "both" else (role,)


def shared(case):
    """Return what the inputs of a case have in common."""
    return {name: value for name, value in case.input.items() if name not in {"kind", "inputs"}}


def expected_in(revision, expected):
    """Return what is expected in a revision, with what `by_revision` says of it."""
    found = dict(expected)
    by_revision = found.pop("by_revision", {})
    era = "modern" if revision in MODERN_REVISIONS else "legacy"
    return {**found, **by_revision.get(era, {}), **by_revision.get(revision, {})}


def meta_of(revision, capabilities):
    """Return the `_meta` member that a request of a revision needs."""
    if revision not in MODERN_REVISIONS:
        return '"_meta":{}'
    meta = {
        "io.modelcontextprotocol/protocolVersion": revision,
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    }
    return f'"_meta":{json.dumps(meta, separators=(",", ":"))}'


def written(text, stimulus, tokens):
    """Put values in the place of the tokens of a text; the longest names first."""
    capabilities = stimulus.input.get("client_capabilities", CAPABILITIES)
    known = {"$META": meta_of(stimulus.revision, capabilities), "$REV": stimulus.revision, **tokens}
    for name in sorted(known, key=len, reverse=True):
        text = text.replace(name, known[name])
    return text


def bytes_of(stimulus, tokens):
    """Return the bytes of an input of the kind `bytes`."""
    encoding = stimulus.input.get("encode", "utf-8")
    return b"".join(part_of(part, stimulus, tokens, encoding) for part in stimulus.input["parts"])


def part_of(part, stimulus, tokens, encoding):
    """Return the bytes of one part."""
    if "hex" in part:
        return bytes.fromhex(part["hex"])
    if "repeat" in part:
        return part["repeat"].encode(encoding) * part["n"]
    return written(part["text"], stimulus, tokens).encode(encoding)
