"""What do decoding and encoding one tools/call cost, against bare JSON?

Run it with `uv run python benchmarks/core_codec.py`.
"""

import json

from compare import compare

from sansmcp.wire import decode, encode

CALL = {
    "jsonrpc": "2.0",
    "id": 7,
    "method": "tools/call",
    "params": {
        "name": "add",
        "arguments": {"a": 17, "b": 25, "note": "two numbers"},
        "_meta": {"progressToken": 7},
    },
}
ANSWER = {
    "jsonrpc": "2.0",
    "id": 7,
    "result": {"content": [{"type": "text", "text": "42"}], "structuredContent": {"result": 42}},
}
TIMES = 5000


def main() -> None:
    """Print a line for each direction and message."""
    write = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
    for name, document in (("tools/call", CALL), ("its result", ANSWER)):
        data = write(document).encode()
        message = decode(data)
        decoding = compare(
            lambda data=data: [decode(data) for _ in range(TIMES)],
            lambda data=data: [json.loads(data) for _ in range(TIMES)],
            times=TIMES,
        )
        encoding = compare(
            lambda message=message: [encode(message) for _ in range(TIMES)],
            lambda document=document: [write(document).encode() for _ in range(TIMES)],
            times=TIMES,
        )
        for direction, found in (("decode", decoding), ("encode", encoding)):
            print(
                f"{direction} {name:12} {found.subject:6.2f} us, bare JSON {found.floor:6.2f} us, "
                f"ratio {found.ratio:.2f}"
            )


if __name__ == "__main__":
    main()
