"""What must come out: the scenarios, how many checks of each must succeed, and what later changes bring."""

from collections.abc import Mapping

AUTHORIZATION = "the client has no authorization yet"
TASKS = "the tasks extension is not there yet"
SKILLS = "the skills extension is not there yet"

OWED: Mapping[str, str] = {
    "auth/metadata-default": AUTHORIZATION,
    "auth/metadata-var1": AUTHORIZATION,
    "auth/metadata-var2": AUTHORIZATION,
    "auth/metadata-var3": AUTHORIZATION,
    "auth/basic-cimd": AUTHORIZATION,
    "auth/scope-from-www-authenticate": AUTHORIZATION,
    "auth/scope-from-scopes-supported": AUTHORIZATION,
    "auth/scope-omitted-when-undefined": AUTHORIZATION,
    "auth/scope-step-up": AUTHORIZATION,
    "auth/scope-retry-limit": AUTHORIZATION,
    "auth/token-endpoint-auth-basic": AUTHORIZATION,
    "auth/token-endpoint-auth-post": AUTHORIZATION,
    "auth/token-endpoint-auth-none": AUTHORIZATION,
    "auth/pre-registration": AUTHORIZATION,
    "auth/2025-03-26-oauth-metadata-backcompat": AUTHORIZATION,
    "auth/2025-03-26-oauth-endpoint-fallback": AUTHORIZATION,
    "auth/resource-mismatch": AUTHORIZATION,
    "auth/offline-access-scope": AUTHORIZATION,
    "auth/offline-access-not-supported": AUTHORIZATION,
    "auth/authorization-server-migration": AUTHORIZATION,
    "auth/iss-supported": AUTHORIZATION,
    "auth/iss-not-advertised": AUTHORIZATION,
    "auth/iss-supported-missing": AUTHORIZATION,
    "auth/iss-wrong-issuer": AUTHORIZATION,
    "auth/iss-unexpected": AUTHORIZATION,
    "auth/iss-normalized": AUTHORIZATION,
    "auth/metadata-issuer-mismatch": AUTHORIZATION,
    "auth/client-credentials-jwt": AUTHORIZATION,
    "auth/client-credentials-basic": AUTHORIZATION,
    "auth/enterprise-managed-authorization": AUTHORIZATION,
    "auth/dpop": AUTHORIZATION,
    "auth/dpop-nonce": AUTHORIZATION,
    "auth/wif-jwt-bearer": AUTHORIZATION,
    "sep-2640-client-no-prefetch": SKILLS,
    "sep-2640-client-verify-digest": SKILLS,
    "sep-2640-client-verify-size": SKILLS,
    "sep-2640-client-verify-frontmatter": SKILLS,
    "sep-2640-skills-directory": SKILLS,
    "sep-2640-skills-enumeration": SKILLS,
    "sep-2640-skills-manifest": SKILLS,
    "tasks-lifecycle": TASKS,
    "tasks-capability-negotiation": TASKS,
    "tasks-wire-fields": TASKS,
    "tasks-request-state-removal": TASKS,
    "tasks-mrtr-input": TASKS,
    "tasks-request-headers": TASKS,
    "tasks-dispatch-and-envelope": TASKS,
    "tasks-status-notifications": TASKS,
    "tasks-required-task-error": TASKS,
    "tasks-mrtr-composition": TASKS,
}
"""The scenarios that nothing is said about yet, each with the reason. The list only gets shorter."""

SKIPPED_WHOLE = frozenset(
    {"tasks-status-notifications"} | {name for name, why in OWED.items() if why == SKILLS}
)
"""Those of them that the suite skips for a server without the extension, and so counts as passing."""

_B, _C, _D, _E = "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"

SERVER_FLOORS: Mapping[str, Mapping[str, int]] = {
    "server-initialize": {_C: 3, _D: 3},
    "server-session-lifecycle": {_B: 3, _C: 3, _D: 3},
    "server-stateless": {_E: 30},
    "logging-set-level": {_C: 2, _D: 2},
    "ping": {_C: 2, _D: 2},
    "completion-complete": {_C: 2, _D: 2, _E: 2},
    "tools-list": {_C: 2, _D: 3, _E: 4},
    "tools-call-simple-text": {_C: 2, _D: 2, _E: 2},
    "tools-call-image": {_C: 2, _D: 2, _E: 2},
    "tools-call-audio": {_C: 2, _D: 2, _E: 2},
    "tools-call-embedded-resource": {_C: 2, _D: 2, _E: 2},
    "tools-call-mixed-content": {_C: 2, _D: 2, _E: 2},
    "tools-call-with-logging": {_C: 2, _D: 2},
    "tools-call-error": {_C: 2, _D: 2, _E: 2},
    "tools-call-with-progress": {_C: 2, _D: 2, _E: 2},
    "tools-call-sampling": {_C: 2, _D: 2},
    "tools-call-elicitation": {_C: 2, _D: 2},
    "json-schema-2020-12": {_D: 8, _E: 8},
    "elicitation-sep1034-defaults": {_D: 6},
    "server-sse-polling": {_D: 3},
    "server-sse-multiple-streams": {_D: 2, _E: 1},
    "elicitation-sep1330-enums": {_D: 6},
    "resources-list": {_C: 2, _D: 2, _E: 2},
    "resources-read-text": {_C: 2, _D: 2, _E: 2},
    "resources-read-binary": {_C: 2, _D: 2, _E: 2},
    "resources-templates-read": {_C: 2, _D: 2, _E: 2},
    "resources-subscribe": {_C: 2, _D: 2},
    "resources-unsubscribe": {_C: 2, _D: 2},
    "sep-2164-resource-not-found": {_E: 4},
    "prompts-list": {_C: 2, _D: 2, _E: 2},
    "prompts-get-simple": {_C: 2, _D: 2, _E: 2},
    "prompts-get-with-args": {_C: 2, _D: 2, _E: 2},
    "prompts-get-embedded-resource": {_C: 2, _D: 2, _E: 2},
    "prompts-get-with-image": {_C: 2, _D: 2, _E: 2},
    "dns-rebinding-protection": {_D: 2, _E: 2},
    "caching": {_E: 8},
    "http-header-validation": {_E: 14},
    "http-custom-header-server-validation": {_E: 10},
    "input-required-result-basic-elicitation": {_E: 3},
    "input-required-result-basic-sampling": {_E: 3},
    "input-required-result-basic-list-roots": {_E: 3},
    "input-required-result-request-state": {_E: 3},
    "input-required-result-multiple-input-requests": {_E: 3},
    "input-required-result-multi-round": {_E: 4},
    "input-required-result-missing-input-response": {_E: 2},
    "input-required-result-non-tool-request": {_E: 3},
    "input-required-result-result-type": {_E: 2},
    "input-required-result-unsupported-methods": {_E: 2},
    "input-required-result-tampered-state": {_E: 2},
    "input-required-result-capability-check": {_E: 2},
    "input-required-result-ignore-extra-params": {_E: 2},
    "input-required-result-validate-input": {_E: 3},
}
"""How many checks of a server must succeed at least, by scenario and revision."""

CLIENT_FLOORS: Mapping[str, Mapping[str, int]] = {
    "initialize": {_C: 1, _D: 1},
    "tools_call": {_C: 2, _D: 2, _E: 2},
    "elicitation-sep1034-client-defaults": {_D: 5},
    "sse-retry": {_D: 3},
    "request-metadata": {_E: 8},
    "sep-2322-client-request-state": {_E: 5},
    "http-standard-headers": {_E: 9},
    "http-custom-headers": {_E: 18},
    "http-invalid-tool-headers": {_E: 12},
    "json-schema-ref-no-deref": {_E: 1},
    "json-schema-2020-12-preservation": {_D: 9, _E: 9},
}
"""The same for a client."""

FLOORS: Mapping[str, Mapping[str, Mapping[str, int]]] = {"server": SERVER_FLOORS, "client": CLIENT_FLOORS}

WITHOUT_STREAMS: Mapping[tuple[str, str], int] = {("server-sse-multiple-streams", _D): 1}
"""Other floors where a result that nothing precedes is no event: then there are no streams to look at."""

ALLOWED_SKIPS: Mapping[str, frozenset[str]] = {
    "http-standard-headers": frozenset(
        {"ClientMcpMethodHeader_initialize", "ClientMcpMethodHeader_notifications_initialized"}
    )
}
"""The checks that cannot be had: a modern client never sends `initialize` and its notification."""


def default_wire(side: str, scenario: str) -> str:
    """Return the revision that a scenario runs at where none is said.

    That is 2025-11-25 for each that has it, and the newest for those that came with it.
    """
    return _D if _D in FLOORS[side][scenario] else _E


_NO_QUESTIONS = "a client of the legacy era is asked on a stream"
_NO_NOTICES = "what comes beside an answer travels on a stream"

BOUNDS: Mapping[str, Mapping[str, str]] = {
    "wsgi-single": {
        "server-stateless": "listening needs a stream, so what to listen to is not declared: five skips",
        "logging-set-level": _NO_NOTICES,
        "tools-call-with-logging": _NO_NOTICES,
        "tools-call-with-progress": _NO_NOTICES,
        "resources-subscribe": _NO_NOTICES,
        "resources-unsubscribe": _NO_NOTICES,
        "tools-call-sampling": _NO_QUESTIONS,
        "tools-call-elicitation": _NO_QUESTIONS,
        "elicitation-sep1034-defaults": _NO_QUESTIONS,
        "elicitation-sep1330-enums": _NO_QUESTIONS,
        "server-sse-polling": "it looks at a stream",
    }
}
"""The scenarios that a binding cannot pass, with the reason: each must fail there, and no other may."""
