"""Whether a conversation for a model is in balance: every call of a tool has its result.

Source: 2025-11-25 and 2026-07-28, Sampling, Message Content Constraints.
"""

from collections.abc import Sequence

from sansmcp.schema.content import ToolResultContent, ToolUseContent
from sansmcp.schema.sampling import (
    CreateMessageRequestParams,
    CreateMessageResult,
    SamplingMessage,
    blocks_of,
)


def imbalance(messages: Sequence[SamplingMessage]) -> str | None:
    """Say what is wrong with the calls of tools in a conversation; None if nothing is.

    Args:
        messages: the conversation.
    """
    called: set[str] = set()
    for number, message in enumerate(messages):
        blocks = blocks_of(message.content)
        results = [block.tool_use_id for block in blocks if isinstance(block, ToolResultContent)]
        if results and (len(results) < len(blocks) or message.role != "user"):
            return f"messages[{number}]: results of tools stand alone in a message of the user"
        if set(results) != called:
            unlike = sorted(called.symmetric_difference(results))
            return f"messages[{number}]: calls and results of tools do not match: {', '.join(unlike):.80}"
        called = {block.id for block in blocks if isinstance(block, ToolUseContent)}
    return f"messages: no results for {', '.join(sorted(called)):.80}" if called else None


def unbalanced_answer(params: CreateMessageRequestParams, answer: CreateMessageResult) -> str | None:
    """Say what is wrong with the calls of tools in a model's answer; None if nothing is.

    Args:
        params: what the model was asked.
        answer: what it answered.
    """
    blocks = blocks_of(answer.content)
    if any(isinstance(block, ToolResultContent) for block in blocks):
        return "content: a model calls tools; their results come from whoever asked it"
    calls = [block for block in blocks if isinstance(block, ToolUseContent)]
    known = {tool.name for tool in params.tools or ()}
    unknown = sorted({call.name for call in calls} - known)
    if unknown:
        return f"content: calls of tools that were not offered: {', '.join(unknown):.80}"
    if len({call.id for call in calls}) < len(calls):
        return "content: two calls of tools have the same id; expected an id of its own for each"
    return None
