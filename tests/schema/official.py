"""The official schemas, as data: what each definition says in each revision, and which class holds it.

Two schemas say less than the specification they were made from; the loader puts it right (`numbers`, `params`
below). Everything else is as published, but for the prose (see strip.py).
"""

import copy
import functools
import json
import re
from pathlib import Path

import jsonschema

import sansmcp.schema as schema_floor
from sansmcp.schema.members import is_schema_type

DATA = Path(__file__).parent / "data"

FORMATS = jsonschema.FormatChecker(formats=())
"""The formats that are more than hints: one alone."""


@FORMATS.checks("byte")
def is_base64(value):
    """Say whether a value is base64 as RFC 4648 has it in section 4; what is no string has no format."""
    quads = r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
    return not isinstance(value, str) or re.fullmatch(quads, value) is not None


ENVELOPES = {
    "JSONRPCBatchRequest",
    "JSONRPCBatchResponse",
    "JSONRPCError",
    "JSONRPCErrorResponse",
    "JSONRPCMessage",
    "JSONRPCNotification",
    "JSONRPCRequest",
    "JSONRPCResponse",
    "JSONRPCResultResponse",
}
"""Messages, which belong to the floor below."""

ERRORS = {
    "Error",
    "HeaderMismatchError",
    "InternalError",
    "InvalidParamsError",
    "InvalidRequestError",
    "MethodNotFoundError",
    "ParseError",
}
"""Errors without data of their own, which are messages too; their codes are tested by name."""

UNIONS = {
    "ClientNotification",
    "ClientRequest",
    "ClientResult",
    "ContentBlock",
    "ElicitRequestParams",
    "ElicitRequest",
    "EnumSchema",
    "InputRequest",
    "InputResponse",
    "MultiSelectEnumSchema",
    "PrimitiveSchemaDefinition",
    "SamplingMessageContentBlock",
    "ServerNotification",
    "ServerRequest",
    "ServerResult",
    "SingleSelectEnumSchema",
}
"""Choices among other definitions."""

ALIASES = {
    "Cursor",
    "InputRequests",
    "InputResponses",
    "JSONArray",
    "JSONObject",
    "JSONValue",
    "LoggingLevel",
    "MetaObject",
    "NotificationMetaObject",
    "ProgressToken",
    "RequestId",
    "RequestMetaObject",
    "ResultMetaObject",
    "ResultType",
    "Role",
    "SubscriptionsListenResultMetaObject",
    "TaskStatus",
}
"""Names for plain types and open mappings."""

BASES = {
    "Annotated",
    "BaseMetadata",
    "CacheableResult",
    "Icons",
    "InputResponseRequestParams",
    "Notification",
    "PaginatedRequest",
    "PaginatedResult",
    "Request",
    "ResourceContents",
    "ResourceRequestParams",
    "TaskAugmentedRequestParams",
}
"""What other definitions are made from; never on the wire by themselves."""

RENAMED = {
    "EmptyResult": "Result",
    "ResourceReference": "ResourceTemplateReference",
}
"""Definitions whose class has the name of another revision, or of what they are the same as."""

DATA_OF_ERRORS = {
    "MissingRequiredClientCapabilityError": "MissingRequiredClientCapabilityErrorData",
    "URLElicitationRequiredError": "URLElicitationRequiredErrorData",
    "UnsupportedProtocolVersionError": "UnsupportedProtocolVersionErrorData",
}
"""Errors whose class is that of their data."""

PARAMETERLESS = {
    "InitializedNotification": "NotificationParams",
    "ListPromptsRequest": "PaginatedRequestParams",
    "ListResourceTemplatesRequest": "PaginatedRequestParams",
    "ListResourcesRequest": "PaginatedRequestParams",
    "ListTasksRequest": "PaginatedRequestParams",
    "ListToolsRequest": "PaginatedRequestParams",
    "PingRequest": "RequestParams",
    "DiscoverRequest": "RequestParams",
    "PromptListChangedNotification": "NotificationParams",
    "ResourceListChangedNotification": "NotificationParams",
    "RootsListChangedNotification": "NotificationParams",
    "ToolListChangedNotification": "NotificationParams",
}
"""Messages whose params have no name of their own."""

UNION_TYPES = (
    "ContentBlock",
    "ElicitRequestParams",
    "EnumSchema",
    "InputRequest",
    "InputResponse",
    "PrimitiveSchemaDefinition",
    "SamplingMessageContentBlock",
)
"""Unions that have a type of the same name."""

CLASSES = {name: cls for name, cls in vars(schema_floor).items() if is_schema_type(cls)}
"""The types of the floor, by name."""


@functools.cache
def document(revision):
    """Return the schema of a revision with its definitions, put right where it says too little."""
    loaded = json.loads((DATA / f"{revision}.json").read_text(encoding="utf-8"))
    loaded["definitions"] = loaded.pop("$defs", None) or loaded["definitions"]
    text = json.dumps(loaded).replace("#/$defs/", "#/definitions/")
    loaded = json.loads(text)
    numbers(loaded["definitions"])
    params(loaded["definitions"])
    return loaded


def definitions(revision):
    """Return the definitions of a revision by name."""
    return document(revision)["definitions"]


def numbers(found):
    """Allow fractions and null where schema.ts does and schema.json does not."""
    values = (
        found.get("ElicitResult", {}).get("properties", {}).get("content", {}).get("additionalProperties")
    )
    if values is not None:
        for choice in values.get("anyOf", [values]):
            if "integer" in choice["type"]:
                choice["type"] = ["string", "number", "boolean"]
    if "JSONValue" in found:
        found["JSONValue"]["anyOf"][-1]["type"] = ["string", "number", "boolean", "null"]


def params(found):
    """Name `_meta` in the params that leave it out, and keep it open everywhere."""
    for name, definition in found.items():
        if name.endswith(("Request", "Notification")) and name not in BASES:
            inline = definition.get("properties", {}).get("params")
            if inline is not None and "$ref" not in inline and name != "ListRootsRequest":
                meta = inline.setdefault("properties", {}).setdefault("_meta", {"type": "object"})
                meta["additionalProperties"] = {}


def dereferenced(revision, schema):
    """Follow references until there is none."""
    while "$ref" in schema:
        schema = definitions(revision)[schema["$ref"].rpartition("/")[2]]
    return schema


def merged(revision, schema):
    """Put an object that is made from others by `allOf` into one."""
    schema = dereferenced(revision, schema)
    if "allOf" not in schema:
        return schema
    parts = [merged(revision, part) for part in schema["allOf"]]
    return {
        "type": "object",
        "properties": {name: value for part in parts for name, value in part.get("properties", {}).items()},
        "required": [name for part in parts for name in part.get("required", ())],
    }


def params_of(revision, name):
    """Return the schema of the params of a request or a notification."""
    return definitions(revision)[name]["properties"].get("params", {"type": "object"})


@functools.cache
def mapped(revision):
    """Return the definitions that have a class: the class, and the schema of its objects, by name."""
    rows = {}
    for name, definition in definitions(revision).items():
        params_class = PARAMETERLESS.get(name, f"{name}Params")
        if is_listed(name):
            continue
        if name in DATA_OF_ERRORS:
            data = definition["properties"]["error"]["allOf"][1]["properties"]["data"]
            rows[name] = CLASSES[DATA_OF_ERRORS[name]], data
        elif params_class in CLASSES and name not in CLASSES:
            rows[name] = CLASSES[params_class], params_of(revision, name)
        elif RENAMED.get(name, name) in CLASSES:
            rows[name] = CLASSES[RENAMED.get(name, name)], merged(revision, definition)
    # 2025-06-18 has one kind of choice and one kind of elicitation, under names that mean any later.
    if revision == "2025-06-18":
        rows["EnumSchema"] = CLASSES["LegacyTitledEnumSchema"], definitions(revision)["EnumSchema"]
        rows["ElicitRequest"] = CLASSES["ElicitRequestFormParams"], params_of(revision, "ElicitRequest")
    return rows


def unions(revision):
    """Return the unions that a revision has: the type and the schema, by name."""
    found = definitions(revision)
    return {name: (getattr(schema_floor, name), found[name]) for name in UNION_TYPES if name in found}


def is_listed(name):
    """Say whether a definition is one of those that need no class."""
    return name.endswith("ResultResponse") or name in ENVELOPES | ERRORS | UNIONS | ALIASES | BASES


def closed(schema):
    """Forbid unknown members wherever members are named, but for what is open by its nature."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {}
    for keyword, value in schema.items():
        if keyword in {"properties", "definitions"}:
            strict[keyword] = {
                name: copy.deepcopy(inner)
                if name in {"_meta", "inputSchema", "outputSchema"} or name.endswith("MetaObject")
                else closed(inner)
                for name, inner in value.items()
            }
        elif keyword in {"enum", "const", "required"}:
            strict[keyword] = value
        else:
            strict[keyword] = closed(value)
    if "properties" in schema and schema.get("additionalProperties") in (None, {}):
        strict["additionalProperties"] = False
    return strict


@functools.cache
def closed_definitions(revision):
    """Return the definitions with unknown members forbidden."""
    flat = {
        name: merged(revision, schema) if "allOf" in schema else schema
        for name, schema in definitions(revision).items()
    }
    return {
        name: closed(schema) if not name.endswith("MetaObject") else schema for name, schema in flat.items()
    }


def validator(revision, schema, *, strict=True):
    """Return a validator for a schema of a revision.

    The keywords that these schemas use mean the same in draft-07 and in 2020-12.
    """
    found = closed_definitions(revision) if strict else definitions(revision)
    whole = {**(closed(schema) if strict else schema), "definitions": found}
    return jsonschema.Draft7Validator(whole, format_checker=FORMATS)
