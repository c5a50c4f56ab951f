"""The official examples of 2026-07-28 are read and come out as they were."""

import json

import pytest
from tests.schema.official import CLASSES, DATA, DATA_OF_ERRORS, mapped, unions

import sansmcp.schema as floor
from sansmcp.schema import codec_for

REVISION = "2026-07-28"
EXAMPLES = [
    (path.stem, name, example)
    for path in sorted((DATA / "examples").glob("*.json"))
    for name, example in json.loads(path.read_text(encoding="utf-8")).items()
]
# An example that its own schema refuses: it lacks how long it may be kept.
UNFIT = "read-resource-result-response"
CODES = {
    "ParseError": floor.PARSE_ERROR,
    "InvalidRequestError": floor.INVALID_REQUEST,
    "MethodNotFoundError": floor.METHOD_NOT_FOUND,
    "InvalidParamsError": floor.INVALID_PARAMS,
    "InternalError": floor.INTERNAL_ERROR,
    "HeaderMismatchError": floor.HEADER_MISMATCH,
    "MissingRequiredClientCapabilityError": floor.MISSING_REQUIRED_CLIENT_CAPABILITY,
    "UnsupportedProtocolVersionError": floor.UNSUPPORTED_PROTOCOL_VERSION,
}


def typed_part(definition, example):
    """Return the type of an example and the part of it that is of that type."""
    if definition in {"InputRequests", "InputResponses"}:
        return getattr(floor, definition), example
    if definition.endswith("ResultResponse"):
        return CLASSES[definition.removesuffix("Response")], example["result"]
    if definition in DATA_OF_ERRORS:
        return CLASSES[DATA_OF_ERRORS[definition]], example["error"]["data"]
    if "method" in example and "params" in example:
        params = "ElicitRequestParams" if definition == "ElicitRequest" else definition
        type_, _ = (mapped(REVISION) | unions(REVISION))[params]
        return type_, example["params"]
    if "method" in example:
        return mapped(REVISION)[definition][0], {}
    return mapped(REVISION)[definition][0], example


def test_there_are_examples():
    assert len(EXAMPLES) > 100


@pytest.mark.parametrize(("definition", "name", "example"), EXAMPLES)
def test_an_official_example_is_read_and_comes_out_as_it_was(definition, name, example):
    if definition in CODES and definition not in DATA_OF_ERRORS:
        assert example.get("error", example)["code"] == CODES[definition], name
        return
    type_, document = typed_part(definition, example)
    codec = codec_for(REVISION)
    if name == UNFIT:
        document = document | {"ttlMs": 0, "cacheScope": "private"}
    value = codec.structure(type_, document)
    written = (
        {key: codec.unstructure(item) for key, item in value.items()}
        if isinstance(value, dict)
        else codec.unstructure(value)
    )
    assert json.dumps(written, sort_keys=True) == json.dumps(document, sort_keys=True)


def test_the_official_example_that_lacks_required_members_is_read_with_tolerance_only():
    example = next(example for _, name, example in EXAMPLES if name == UNFIT)
    with pytest.raises(floor.SchemaError, match="ttlMs: expected an integer, found nothing"):
        codec_for(REVISION, strict=True).structure_reporting(floor.ReadResourceResult, example["result"])
    result, dropped = codec_for(REVISION).structure_reporting(floor.ReadResourceResult, example["result"])
    assert (result.ttl_ms, result.cache_scope, dropped) == (0, "private", ())
