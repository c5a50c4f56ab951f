"""What a value from a URI must not be if a handler is to use it as a path.

Handlers join values to folders. A value that was decoded once, and once only, is refused if it would lead
out of the folder on any system: a server that is tried on Linux may run on Windows.
"""

import re
from typing import Final

# What a second decoding would make a dot, a separator, a colon or NUL of, under any number of codings.
_DECODES_AGAIN: Final = re.compile(r"%(?:25)*(?:2[eEfF]|5[cC]|3[aA]|00)")


def is_safe(value: str, *, separators: bool) -> bool:
    """Say whether a value stays where it is joined to.

    Args:
        value: a value, decoded.
        separators: whether it may hold slashes, and so be a path of several steps.

    Source: RFC 3986, section 3.3, dot segments; Windows drops dots and spaces at the end of a step.
    """
    if "\0" in value or "\\" in value or value.startswith("/"):
        return False
    # Windows takes any character for the letter of a drive.
    if value[1:2] == ":":
        return False
    if "/" in value and not separators:
        return False
    if _DECODES_AGAIN.search(value) is not None:
        return False
    return not any("." in step and not step.strip(". ") for step in value.split("/"))
