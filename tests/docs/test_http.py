"""The page on HTTP: its server and its client, as a reader would run them."""

import re
import signal
import subprocess
import sys
from pathlib import Path

from sansmcp.server import ServeHttpSettings

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
PAGE = (ROOT / "docs" / "guide" / "http.md").read_text(encoding="utf-8")
GUARD = 60.0


def test_the_client_prints_what_the_page_shows_and_the_server_ends_when_asked():
    (shown,) = re.findall(r"\$ python http_client\.py\n(.*?)```", PAGE, re.DOTALL)
    source = (EXAMPLES / "http_server.py").read_text(encoding="utf-8")
    assert "port=8000" in source
    # Another program may have the port.
    words = [
        sys.executable,
        "-W",
        "error",
        "-c",
        source.replace("port=8000", "port=0, started=lambda url: print(url, flush=True)"),
    ]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as serving:
        try:
            url = serving.stdout.readline().strip()
            words = [sys.executable, "-W", "error", str(EXAMPLES / "http_client.py"), url]
            done = subprocess.run(words, capture_output=True, text=True, timeout=GUARD, check=False)
            assert (done.returncode, done.stderr, done.stdout) == (0, "", shown)
            serving.send_signal(signal.SIGTERM)
            assert (serving.communicate(timeout=GUARD), serving.returncode) == (("", ""), 0)
        finally:
            serving.kill()


def test_the_page_names_settings_that_there_are():
    table = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE))))
    assert table <= ServeHttpSettings.__annotations__.keys()
    assert len(table) >= 9
