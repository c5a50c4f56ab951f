"""Icons that a client may show: those that are fetched by https or that are data; others are left out.

Source: 2025-11-25 and later, Base Protocol, Icons.
"""

from collections.abc import Iterable
from typing import Final, Protocol, TypeVar

import attrs

from sansmcp import schema
from sansmcp.values import JSON

_SAFE: Final = ("https:", "data:")

_LISTS: Final = ("tools", "prompts", "resources", "resource_templates")


class _WithIcons(Protocol):
    @property
    def icons(self) -> tuple[schema.Icon, ...] | None: ...


ThingT = TypeVar("ThingT", bound=_WithIcons)


def with_safe_icons(thing: ThingT) -> ThingT:
    """Return a thing without the icons that are neither https nor data.

    Args:
        thing: a tool, a prompt, a resource, a template, a link, or who a server says it is.
    """
    icons = thing.icons
    if icons is None or all(_is_safe(icon) for icon in icons):
        return thing
    changed: JSON = thing
    safe: ThingT = attrs.evolve(changed, icons=tuple(icon for icon in icons if _is_safe(icon)) or None)
    return safe


def result_with_safe_icons(result: JSON) -> JSON:
    """Return a result without the icons in it that are neither https nor data.

    Args:
        result: a typed result of any method.
    """
    for name in _LISTS:
        things = getattr(result, name, None)
        if isinstance(things, tuple):
            return _replaced(result, name, things)
    if isinstance(result, schema.CallToolResult):
        return _replaced(result, "content", result.content)
    if isinstance(result, schema.GetPromptResult):
        messages = tuple(_replaced(message, "content", message.content) for message in result.messages)
        return result if messages == result.messages else attrs.evolve(result, messages=messages)
    return result


def _replaced(holder: JSON, name: str, things: JSON) -> JSON:
    """Put things with safe icons in the place of others; a holder that need not change stays itself."""
    if isinstance(things, tuple):
        every: Iterable[JSON] = things
        safe: JSON = tuple(_checked(thing) for thing in every)
        is_same = all(one is other for one, other in zip(safe, things, strict=True))
    else:
        safe = _checked(things)
        is_same = safe is things
    return holder if is_same else attrs.evolve(holder, **{name: safe})


def _checked(thing: JSON) -> JSON:
    return with_safe_icons(thing) if hasattr(thing, "icons") else thing


def _is_safe(icon: schema.Icon) -> bool:
    # The scheme of a URI has no case (RFC 3986, section 3.1).
    return icon.src[:6].lower().startswith(_SAFE)
