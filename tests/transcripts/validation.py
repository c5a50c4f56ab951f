"""Hold messages against the official schema of their revision, with unknown members forbidden."""

import functools

from tests.schema.official import RENAMED, definitions, dereferenced, merged, validator

from sansmcp.schema import METHODS, REVISIONS, Kind, Side, is_revision

_VERSION = "io.modelcontextprotocol/protocolVersion"
_RESULTS = {ours: theirs for theirs, ours in RENAMED.items()}


def faults(message, revision, asked, sender, *, strict, over_http=False):
    """Say what is wrong with a message of a conversation, whose messages are given one after the other.

    Args:
        message: the message.
        revision: what the two ends speak.
        asked: the requests so far, by the side that is to answer and their id; it is written to.
        sender: "C" or "S".
        strict: whether members that the schema does not name are faults.
        over_http: whether it may be the body of a request that was refused.
    """
    method, revision = described(message, revision, asked, sender)
    if "id" in message and "method" in message:
        asked["S" if sender == "C" else "C", repr(message["id"])] = method, revision
    if revision == "2025-03-26" and "error" in message and message.get("id", ...) is None:
        # Of JSON-RPC, which has one answer for each unreadable item of an array; the schema has no null.
        message = {**message, "id": 0}
    if over_http and revision < "2025-11-25" and "error" in message and message.get("id") is None:
        # "A JSON-RPC error response that has no id" (Streamable HTTP, Sending Messages to the Server), which
        # the schema has from 2025-11-25 on.
        message = {**message, "id": 0}
    found = faults_of_envelope(revision, message)
    name, payload = named(message, method, revision, sender)
    if name is None:
        return found if payload is None or not strict else [*found, payload]
    definition = merged(revision, definitions(revision)[name])
    return found + [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
        for error in validator(revision, definition, strict=strict).iter_errors(payload)
    ]


def described(message, revision, asked, sender):
    """Return the method that a message is of, and the revision it is written in."""
    if "method" not in message:
        return asked.get((sender, repr(message.get("id"))), (None, revision))
    method, params = message["method"], message.get("params") or {}
    if method == "server/discover":
        return method, REVISIONS[-1]
    if method == "initialize":
        return method, params.get("protocolVersion", revision)
    version = (params.get("_meta") or {}).get(_VERSION)
    return method, version if version is not None and is_revision(version) else revision


def named(message, method, revision, sender):
    """Return the definition of a message, and what of it that describes.

    Without a definition the second is None, or the fault that there is none.
    """
    if "error" in message:
        return None, None
    if "method" in message:
        name = messages_of(revision).get(method)
        if name is None:
            return None, f"{revision} has no {method}"
        definition = merged(revision, definitions(revision)[name])
        envelope = {"jsonrpc", "id"} - set(definition["properties"])
        return name, {member: value for member, value in message.items() if member not in envelope}
    if method is None:
        return None, f"it answers {message.get('id')!r}, which nobody asked"
    result = message["result"]
    if result.get("resultType") == "input_required":
        return "InputRequiredResult", result
    if method == "initialize":
        revision = result["protocolVersion"]
    row = METHODS.lookup(method, revision, Side.CLIENT if sender == "S" else Side.SERVER, Kind.REQUEST)
    if row is None:
        return None, f"{revision} has no {method}"
    name = row.result.__name__
    return name if name in definitions(revision) else _RESULTS[name], result


@functools.cache
def messages_of(revision):
    """Return the names of the definitions of messages, by their method."""
    found = {}
    for name, definition in definitions(revision).items():
        if name.endswith(("Request", "Notification")):
            method = merged(revision, definition).get("properties", {}).get("method", {}).get("const")
            if method is not None:
                found[method] = name
    return found


def faults_of_envelope(revision, message):
    """Hold the envelope alone against JSON-RPC as the revision has it."""
    known = definitions(revision)
    if "method" in message:
        name = "JSONRPCRequest" if "id" in message else "JSONRPCNotification"
    elif "error" in message:
        name = "JSONRPCError" if "JSONRPCError" in known else "JSONRPCErrorResponse"
    else:
        name = "JSONRPCResultResponse" if "JSONRPCResultResponse" in known else "JSONRPCResponse"
    definition = dereferenced(revision, known[name])
    return [error.message for error in validator(revision, definition, strict=False).iter_errors(message)]
