"""Removing what lets somebody in, or what somebody sealed, from bytes that are kept or shown.

It looks at the words around a value and at nothing else, so it does the same to JSON, to the head of an
HTTP message and to a form, whole or cut off at the end. It is for logs: a peer that hides a token where no
token belongs, or under a name that is written with escapes, keeps it there.
"""

import re
from typing import Final

MASK: Final = b"***"
"""What stands in the place of a secret."""

# OAuth's parameters (RFC 6749, 7521, 7636, 8628), those of HTTP, the session of Streamable HTTP, which lets
# in who knows it, and the state that a server seals for itself.
_NAMES: Final = (
    rb"(?:authorization|proxy[-_]?authorization|cookie|set[-_]?cookie|mcp[-_]session[-_]id|x?[-_]?api[-_]?key"
    rb"|access[-_]?token|refresh[-_]?token|id[-_]?token|client[-_]?secret|client[-_]?assertion|assertion"
    rb"|code[-_]?verifier|device[-_]?code|password|secret|request[-_]?state)"
)

# "name": "value", with escapes in the value; a value that is cut off ends with the bytes.
_MEMBER: Final = re.compile(rb'("%s"\s*:\s*")(?:[^"\\]|\\.)*' % _NAMES, re.IGNORECASE | re.DOTALL)

# The same in a document that is itself the text of a member: each quote has its backslash.
_INNER_MEMBER: Final = re.compile(
    rb'(\\"%s\\"\s*:\s*\\")(?:[^"\\]|\\\\(?:\\.|[^\\])|\\[^"\\])*' % _NAMES, re.IGNORECASE | re.DOTALL
)

# name: value, from the beginning of a line to its end.
_HEADER: Final = re.compile(rb"(^%s[ \t]*:[ \t]*)[^\r\n]+" % _NAMES, re.IGNORECASE | re.MULTILINE)

# name=value, in a query or a form.
_PARAMETER: Final = re.compile(rb"((?:^|[?&;\s\"])%s=)[^&;\s\"\\]+" % _NAMES, re.IGNORECASE)

# Wherever credentials stand with the word that announces them (RFC 6750, RFC 7617); shorter ones protect
# nothing, and "the bearer of this" is no token.
_CREDENTIALS: Final = re.compile(rb"(\b(?:bearer|basic|dpop)[ \t]+)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)

_PATTERNS: Final = (_MEMBER, _INNER_MEMBER, _HEADER, _PARAMETER, _CREDENTIALS)


def mask_secrets(data: bytes) -> bytes:
    """Put a mask in the place of each secret.

    What is masked: the values of members, headers and parameters that carry credentials (such as
    `Authorization`, `Cookie`, `Mcp-Session-Id`, `access_token`, `client_secret`, `code_verifier`), what
    follows the words Bearer, Basic and DPoP, and `requestState`.

    Args:
        data: a message, or a part of one that is whole lines.

    Returns:
        The same bytes but for the secrets.
    """
    for pattern in _PATTERNS:
        data = pattern.sub(rb"\1" + MASK, data)
    return data
