"""The codes of the errors and what they carry."""

import pytest
from tests.schema.official import definitions

import sansmcp.schema as floor
from sansmcp.schema import REVISIONS, codec_for, resource_not_found_code

NAMES = {
    "PARSE_ERROR": "ParseError",
    "INVALID_REQUEST": "InvalidRequestError",
    "METHOD_NOT_FOUND": "MethodNotFoundError",
    "INVALID_PARAMS": "InvalidParamsError",
    "INTERNAL_ERROR": "InternalError",
    "HEADER_MISMATCH": "HeaderMismatchError",
    "MISSING_REQUIRED_CLIENT_CAPABILITY": "MissingRequiredClientCapabilityError",
    "UNSUPPORTED_PROTOCOL_VERSION": "UnsupportedProtocolVersionError",
    "URL_ELICITATION_REQUIRED": "URLElicitationRequiredError",
}


@pytest.mark.parametrize(("constant", "name"), NAMES.items())
def test_the_codes_are_those_of_the_schemas(constant, name):
    schemas = [definitions(revision)[name] for revision in REVISIONS if name in definitions(revision)]
    assert schemas
    for schema in schemas:
        inner = schema["properties"]
        code = inner["code"] if "code" in inner else inner["error"]["allOf"][1]["properties"]["code"]
        assert code["const"] == getattr(floor, constant)


def test_a_resource_that_does_not_exist_has_a_code_of_its_own_in_the_legacy_revisions():
    assert [resource_not_found_code(revision) for revision in REVISIONS] == [-32002] * 4 + [-32602]


def test_the_data_of_an_error_is_read_by_its_type():
    data = codec_for("2026-07-28").structure(
        floor.UnsupportedProtocolVersionErrorData, {"supported": ["2026-07-28"], "requested": "1900-01-01"}
    )
    assert (data.supported, data.requested) == (("2026-07-28",), "1900-01-01")
