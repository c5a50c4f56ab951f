"""Programs that are no good servers, for the tests of clients that start them."""

LEGACY_THAT_EXITS = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message["method"] == "server/discover":
        sys.exit(1)
    if message["method"] == "initialize":
        info = {"name": "old", "version": "1"}
        answer = {"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": info}
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": answer}), flush=True)
"""

DEAF_SERVER = """
import signal, sys
for _ in range(2):
    line = sys.stdin.readline()
    if '"initialize"' in line:
        print('{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},'
              '"serverInfo":{"name":"deaf","version":"1"}}}', flush=True)
signal.pause()
"""

FLOODING_SERVER = DEAF_SERVER.replace("signal.pause()", "while True: print('x' * 1000, flush=True)")

# It hears neither the end of its input nor SIGTERM, and leaves a child in its group that is the same.
STUBBORN_SERVER = DEAF_SERVER.replace(
    "import signal, sys\n",
    "import signal, subprocess, sys\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
    "print(child.pid, file=sys.stderr, flush=True)\n",
).replace("signal.pause()\n", "while True: signal.pause()\n")

# It takes no more bytes some time before it exits.
CLOSING_SERVER = (
    DEAF_SERVER.replace("range(2)", "range(1)")
    .replace("sys.stdin.readline()", "sys.stdin.readline(); __import__('os').close(0)")
    .replace("signal.pause()", "__import__('time').sleep(0.2); sys.exit(5)")
)

KILLED_AT = {
    "before it says a word": "import os; os.kill(os.getpid(), 9)",
    "when it is asked what it speaks": "import os, sys; sys.stdin.readline(); os.kill(os.getpid(), 9)",
    "in the middle of an answer": (
        "import os, sys; sys.stdin.readline(); print('{\"jsonrpc\":', end='', flush=True);"
        " os.kill(os.getpid(), 9)"
    ),
}
