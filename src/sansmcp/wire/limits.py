"""How much of a message is read: bytes, depth, values, digits."""

from typing import Final

import attrs

from sansmcp.values import Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Limits(Value):
    """The bounds of one message, checked before anything is built from it.

    A message past a bound is a `Violation`; it costs one message, never the connection.

    Args:
        max_message_bytes: bytes of a message on the wire, without its newline.
        max_depth: arrays and objects open at once.
        max_nodes: values of any kind, arrays and objects included, member names not.
        max_digits: digits of a number in a row.
        max_batch: messages in an array.
    """

    # The TypeScript SDK reads 4 MiB of a POST body.
    max_message_bytes: int = 4 * 1024 * 1024
    # System.Text.Json opens 64 levels (JsonSerializerOptions.MaxDepth), protobuf 100.
    max_depth: int = 64
    # 4 MiB of "{}," are 1.4 million values and 100 MB of Python objects; this many are less than
    # 20 MB, and still sixty times what a page of a thousand tools needs.
    max_nodes: int = 250_000
    # CPython's sys.int_info.default_max_str_digits, whatever the process has set instead.
    max_digits: int = 4300
    # go-ethereum answers batches of 1000 (rpc.batch-request-limit). An answer is many times as large as
    # the "1," that asks for it.
    max_batch: int = 1000


DEFAULT_LIMITS: Final = Limits()
"""The bounds that hold where nobody set others."""
