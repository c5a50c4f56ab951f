"""The calls of a client as methods, for clients that are awaited.

A binding implements `call`; everything else is here, the same in both colours.
"""

import abc
from collections.abc import AsyncIterator, Awaitable, Mapping
from typing import overload

from sansmcp import schema
from sansmcp.client import calls
from sansmcp.client.calls import Call, OnProgress, T
from sansmcp.client.checking import Validate
from sansmcp.client.pages import MAX_PAGES, AwaitableItems, walk
from sansmcp.client.waiting import at_once
from sansmcp.values import JSON


class AwaitableCalls(abc.ABC):
    """What a client asks, to be awaited.

    Each method raises what `outcomes.value_of` and `Call.send` raise. Times are in seconds: `timeout`
    without an answer or progress, `maximum` in all; None for those of the session.
    """

    @abc.abstractmethod
    def call(self, call: Call[T]) -> Awaitable[T]:
        """Make a call and give its value: the one method of a binding."""

    def _pause(self) -> Awaitable[None]:
        """Give way to other tasks; for bindings whose runtime wants that of whatever is awaited."""
        return at_once(None)

    @overload
    def call_tool(
        self,
        name: str,
        arguments: Mapping[str, JSON] | None = None,
        *,
        meta: Mapping[str, JSON] | None = None,
        validate: Validate | None = None,
        timeout: float | None = None,
        maximum: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> Awaitable[schema.CallToolResult]: ...

    @overload
    def call_tool(
        self,
        name: str,
        arguments: Mapping[str, JSON] | None = None,
        *,
        result_type: type[T],
        meta: Mapping[str, JSON] | None = None,
        validate: Validate | None = None,
        timeout: float | None = None,
        maximum: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> Awaitable[T]: ...

    def call_tool(
        self,
        name: str,
        arguments: Mapping[str, JSON] | None = None,
        *,
        result_type: type[JSON] = schema.CallToolResult,
        meta: Mapping[str, JSON] | None = None,
        validate: Validate | None = None,
        timeout: float | None = None,
        maximum: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> Awaitable[JSON]:
        """Call a tool; the functions of `calls` say what the arguments are."""
        return self.call(
            calls.call_tool(
                name,
                arguments,
                result_type=result_type,
                meta=meta,
                validate=validate,
                timeout=timeout,
                maximum=maximum,
                on_progress=on_progress,
            )
        )

    def list_tools(
        self,
        cursor: str | None = None,
        *,
        timeout: float | None = None,
        maximum: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> Awaitable[schema.ListToolsResult]:
        """Ask for one page of the tools; `tools` walks over all of them."""
        return self.call(calls.list_tools(cursor, timeout=timeout, maximum=maximum, on_progress=on_progress))

    def list_prompts(
        self,
        cursor: str | None = None,
        *,
        timeout: float | None = None,
        maximum: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> Awaitable[schema.ListPromptsResult]:
        """Ask for one page of the prompts; `prompts` walks over all of them."""
        return self.call(
            calls.list_prompts(cursor, timeout=timeout, maximum=maximum, on_progress=on_progress)
        )

    def list_resources(
        self,
        cursor: str | None = None,
        *,
        timeout: float | None = None,
        maximum: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> Awaitable[schema.ListResourcesResult]:
        """Ask for one page of the resources; `resources` walks over all of them."""
        return self.call(
            calls.list_resources(cursor, timeout=timeout, maximum=maximum, on_progress=on_progress)
        )

    def list_resource_templates(
        self,
        cursor: str | None = None,
        *,
        timeout: float | None = None,
        maximum: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> Awaitable[schema.ListResourceTemplatesResult]:
        """Ask for one page of the templates; `resource_templates` walks over all of them."""
        return self.call(
            calls.list_resource_templates(cursor, timeout=timeout, maximum=maximum, on_progress=on_progress)
        )

    def get_prompt(
        self,
        name: str,
        arguments: Mapping[str, str] | None = None,
        *,
        meta: Mapping[str, JSON] | None = None,
        timeout: float | None = None,
        maximum: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> Awaitable[schema.GetPromptResult]:
        """Ask what a prompt says."""
        return self.call(
            calls.get_prompt(
                name, arguments, meta=meta, timeout=timeout, maximum=maximum, on_progress=on_progress
            )
        )

    def read_resource(
        self,
        uri: str,
        *,
        meta: Mapping[str, JSON] | None = None,
        timeout: float | None = None,
        maximum: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> Awaitable[schema.ReadResourceResult]:
        """Read a resource."""
        return self.call(
            calls.read_resource(uri, meta=meta, timeout=timeout, maximum=maximum, on_progress=on_progress)
        )

    def complete(
        self,
        ref: schema.PromptReference | schema.ResourceTemplateReference,
        argument: str,
        value: str,
        *,
        context: Mapping[str, str] | None = None,
        timeout: float | None = None,
        maximum: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> Awaitable[schema.CompleteResult]:
        """Ask what may be typed next into an argument."""
        return self.call(
            calls.complete(
                ref,
                argument,
                value,
                context=context,
                timeout=timeout,
                maximum=maximum,
                on_progress=on_progress,
            )
        )

    def ping(self, *, timeout: float | None = None) -> Awaitable[None]:
        """Ask a legacy server whether it is there; the modern era has no such call."""
        return self.call(calls.ping(timeout=timeout))

    def set_log_level(self, level: schema.LoggingLevel) -> Awaitable[None]:
        """Ask for log messages from a level up, in either era."""
        return self.call(calls.set_log_level(level))

    @overload
    def request(
        self,
        method: str,
        params: JSON = None,
        *,
        timeout: float | None = None,
        maximum: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> Awaitable[JSON]: ...

    @overload
    def request(
        self,
        method: str,
        params: JSON,
        result_type: type[T],
        *,
        timeout: float | None = None,
        maximum: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> Awaitable[T]: ...

    def request(
        self,
        method: str,
        params: JSON = None,
        result_type: type[JSON] = object,
        *,
        timeout: float | None = None,
        maximum: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> Awaitable[JSON]:
        """Call any method of the session's method table, one's own among them."""
        return self.call(
            calls.request(
                method, params, result_type, timeout=timeout, maximum=maximum, on_progress=on_progress
            )
        )

    def tools(
        self, *, max_pages: int = MAX_PAGES, timeout: float | None = None, maximum: float | None = None
    ) -> AsyncIterator[schema.Tool]:
        """Iterate over the tools, page by page; see `pages.walk` for how that ends."""
        steps = walk(lambda cursor: calls.list_tools(cursor, timeout=timeout, maximum=maximum), max_pages)
        return AwaitableItems(steps, lambda page: page.tools, self.call, self._pause)

    def prompts(
        self, *, max_pages: int = MAX_PAGES, timeout: float | None = None, maximum: float | None = None
    ) -> AsyncIterator[schema.Prompt]:
        """Iterate over the prompts, page by page; see `pages.walk` for how that ends."""
        steps = walk(lambda cursor: calls.list_prompts(cursor, timeout=timeout, maximum=maximum), max_pages)
        return AwaitableItems(steps, lambda page: page.prompts, self.call, self._pause)

    def resources(
        self, *, max_pages: int = MAX_PAGES, timeout: float | None = None, maximum: float | None = None
    ) -> AsyncIterator[schema.Resource]:
        """Iterate over the resources, page by page; see `pages.walk` for how that ends."""
        steps = walk(lambda cursor: calls.list_resources(cursor, timeout=timeout, maximum=maximum), max_pages)
        return AwaitableItems(steps, lambda page: page.resources, self.call, self._pause)

    def resource_templates(
        self, *, max_pages: int = MAX_PAGES, timeout: float | None = None, maximum: float | None = None
    ) -> AsyncIterator[schema.ResourceTemplate]:
        """Iterate over the resource templates, page by page; see `pages.walk` for how that ends."""
        steps = walk(
            lambda cursor: calls.list_resource_templates(cursor, timeout=timeout, maximum=maximum), max_pages
        )
        return AwaitableItems(steps, lambda page: page.resource_templates, self.call, self._pause)
