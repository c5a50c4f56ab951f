"""What a server tells its clients that it can do: what follows from what is registered, and what is said."""

from collections.abc import Mapping
from typing import Final

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.server.registry import Registry

_LINK_NEEDED: Final = frozenset(
    {"logging", "tools.listChanged", "prompts.listChanged", "resources.listChanged", "resources.subscribe"}
)
"""What needs a link that carries more than answers."""
_SESSION_NEEDED: Final = _LINK_NEEDED - {"logging"}
"""What needs a legacy session, since it belongs to no request."""

_PATHS: Final = (*sorted(_LINK_NEEDED), "completions", "prompts", "resources", "tools")


class Abilities:
    """The capabilities of a server.

    Args:
        said: all of them; or some of them by their paths, such as `tools.listChanged`, where they differ from
            what follows from what is registered.

    Raises:
        LocalProtocolError: there is no such path.
    """

    def __init__(self, said: schema.ServerCapabilities | Mapping[str, bool] | None) -> None:
        self._all = said if isinstance(said, schema.ServerCapabilities) else None
        self._some = dict(said) if isinstance(said, Mapping) else {}
        if said is not None and not isinstance(said, schema.ServerCapabilities | Mapping):
            raise LocalProtocolError(
                "capabilities: expected a ServerCapabilities or a mapping, such as {'tools': True}; "
                f"found {said!r:.80}"
            )
        unknown = [path for path in self._some if path not in _PATHS]
        if unknown:
            raise LocalProtocolError(
                f"capabilities: expected some of {', '.join(_PATHS)}, found {unknown[0]!r:.80}"
            )

    def of(
        self, registry: Registry, *, answers_only: bool = False, sessions_off: bool = False
    ) -> schema.ServerCapabilities:
        """Return the capabilities of a server that offers this.

        Args:
            registry: what it offers.
            answers_only: whether the link carries nothing but answers.
            sessions_off: whether each legacy request stands alone.
        """
        if self._all is not None:
            return self._all
        able = {**dict.fromkeys(_PATHS, True), **registry.abilities(), **self._some}
        if answers_only or sessions_off:
            able.update(dict.fromkeys(_LINK_NEEDED if answers_only else _SESSION_NEEDED, False))
        tools = schema.ToolsCapability(list_changed=able["tools.listChanged"] or None)
        prompts = schema.PromptsCapability(list_changed=able["prompts.listChanged"] or None)
        resources = schema.ResourcesCapability(
            list_changed=able["resources.listChanged"] or None,
            subscribe=able["resources.subscribe"] or None,
        )
        return schema.ServerCapabilities(
            logging={} if able["logging"] else None,
            completions={} if able["completions"] else None,
            tools=tools if able["tools"] else None,
            prompts=prompts if able["prompts"] else None,
            resources=resources if able["resources"] else None,
        )
