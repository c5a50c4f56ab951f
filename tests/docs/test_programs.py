"""The programs on the page of examples do what they say, in both eras."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sansmcp import RequestFailed
from sansmcp.schema import Revision
from sansmcp.testing import Pause, byte_by_byte
from sansmcp.testing import connect as connect_in_memory
from sansmcp_threads import connect

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
PAGE = (ROOT / "docs" / "examples.md").read_text(encoding="utf-8")

both_eras = pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25", "2026-07-28"])


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Import an example anew, as the program that it is."""
    monkeypatch.syspath_prepend(EXAMPLES)

    def load(name: str) -> ModuleType:
        monkeypatch.delitem(sys.modules, name, raising=False)
        return __import__(name)

    return load


def test_the_programs_print_what_the_page_shows() -> None:
    shown = re.findall(r"\$ python ((?:\w+\.py)(?: --\w+)?)\n(.*?)```", PAGE, re.DOTALL)
    assert len(shown) == 3
    for command, printed in shown:
        done = subprocess.run(
            [sys.executable, "-W", "error", *command.split()],
            cwd=EXAMPLES,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, printed, "")


def test_the_command_line_lists_through_the_proxy_as_the_page_shows(tmp_path: Path) -> None:
    (command,) = re.findall(r"\$ (sansmcp list .*)", PAGE)
    words = [str(tmp_path / word) if word == "notes.db" else word for word in command.split()]
    words = [sys.executable if word == "python" else word for word in words]
    done = subprocess.run(
        [str(Path(sys.executable).with_name("sansmcp")), *words[1:]],
        cwd=EXAMPLES,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "add_note" in done.stdout
    assert "delete_note" not in done.stdout


@both_eras
def test_a_memory_keeps_what_it_is_told(tmp_path: Path, revision: Revision) -> None:
    command = [sys.executable, str(EXAMPLES / "memory_server.py"), str(tmp_path / "memory.json")]
    with connect(command, revisions=[revision]) as client:
        for name, kind in (("Ada", "person"), ("Analytical Engine", "machine")):
            client.call_tool("remember", {"name": name, "kind": kind, "facts": [f"{name} is from London."]})
        related = {"name": "Ada", "relation": "writes for the", "to": "Analytical Engine"}
        client.call_tool("relate", related)
        wrong = client.call_tool("relate", {**related, "to": "Bob"})
        assert wrong.is_error
        assert "there is nothing named 'Bob'" in wrong.content[0].text
    with connect(command, revisions=[revision]) as client:
        found = client.call_tool("search", {"text": "london"}, result_type=list[dict[str, Any]])
        assert [thing["name"] for thing in found] == ["Ada", "Analytical Engine"]
        said = client.read_resource("memory://things/Ada").contents[0].text
        assert said == "Ada, a person.\nAda is from London.\nAda writes for the Analytical Engine."
        client.call_tool("forget", {"name": "Analytical Engine"})
        assert "Engine" not in client.read_resource("memory://things/Ada").contents[0].text
        with pytest.raises(RequestFailed) as caught:
            client.read_resource("memory://things/Analytical%20Engine")
        assert caught.value.is_resource_not_found


@both_eras
def test_a_client_spends_its_budget_and_has_it_back_a_minute_later(
    load: Callable[[str], ModuleType], revision: Revision
) -> None:
    limited = load("limited_server")

    @limited.server.tool
    async def wait(seconds: float) -> None:
        await Pause(seconds)

    with connect_in_memory(limited.server, revisions=[revision]) as client:
        client.call_tool("draw", {"shape": "circle"})
        for _ in range(4):
            assert client.call_tool("look_up", {"word": "tea"}).content[0].text == "TEA"
        with pytest.raises(RequestFailed, match="draw costs 6, which is left in 60 s") as caught:
            client.call_tool("draw", {"shape": "square"})
        client.call_tool("wait", {"seconds": caught.value.data["wait"]}, timeout=100)
        client.call_tool("draw", {"shape": "square"})


@both_eras
def test_requests_go_round_in_the_modern_era_and_stay_in_the_other(
    load: Callable[[str], ModuleType],
    revision: Revision,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(EXAMPLES)
    load("distributed_client").main(revision)
    who, what = capsys.readouterr().out.splitlines()
    asked, done = re.findall(r"by (\w+)", what)
    is_modern = revision == "2026-07-28"
    assert who == ("['first', 'second', 'third']" if is_modern else "['first']")
    assert (asked != done) is is_modern


@both_eras
def test_a_proxy_hides_a_tool_and_nothing_else(tmp_path: Path, revision: Revision) -> None:
    server = [sys.executable, str(EXAMPLES / "memory_server.py"), str(tmp_path / "memory.json")]
    proxy = [sys.executable, str(EXAMPLES / "proxy.py"), "forget,relate", "--", *server]
    with connect(server, revisions=[revision]) as direct:
        everything = list(direct.tools())
    with connect(proxy, revisions=[revision]) as client:
        assert list(client.tools()) == [tool for tool in everything if tool.name in ("remember", "search")]
        with pytest.raises(RequestFailed, match="there is no tool 'forget'"):
            client.call_tool("forget", {"name": "Ada"})
        client.call_tool("remember", {"name": "Ada", "kind": "person", "facts": []})
        assert client.read_resource("memory://things/Ada").contents[0].text == "Ada, a person."
        assert client.server_info is not None
        assert client.server_info.name == "memory"


def test_a_proxy_ends_with_its_server() -> None:
    command = [sys.executable, "proxy.py", "none", "--", sys.executable, "-c", "raise SystemExit('no more')"]
    done = subprocess.run(
        command, cwd=EXAMPLES, stdin=subprocess.PIPE, capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"no more" in done.stderr


@both_eras
def test_frames_carry_every_revision(load: Callable[[str], ModuleType], revision: Revision) -> None:
    framed = load("framed")
    listener = framed.listen_tcp(framed.server, wrap_link=framed.Framed)
    with listener, connect(listener.address, wrap_link=framed.Framed, revisions=[revision]) as client:
        assert client.revision == revision
        assert client.call_tool("add", {"a": 1, "b": 2}, result_type=int) == 3


class Heard:
    """A link that keeps what it is told."""

    done = False

    def __init__(self) -> None:
        self.told: list[object] = []

    def receive_data(self, data: bytes, now: float) -> None:  # noqa: ARG002
        self.told.append(data)

    def receive_eof(self, now: float, reason: str) -> None:  # noqa: ARG002
        self.told.append(reason)

    def data_to_send(self) -> bytes:
        return b'{"one":1}\n{"two":2}\n'

    def next_deadline(self) -> float | None:
        return None

    def handle_timeout(self, now: float) -> None:
        self.told.append(now)


def test_frames_are_read_however_they_are_cut(load: Callable[[str], ModuleType]) -> None:
    heard = Heard()
    link = load("framed").Framed(heard)
    data = link.data_to_send()
    assert data == b'\0\0\0\x09{"one":1}\0\0\0\x09{"two":2}'
    for cut in byte_by_byte(data):
        link.receive_data(cut, 0.0)
    link.receive_data(data, 0.0)
    assert heard.told == [b'{"one":1}\n', b'{"two":2}\n'] * 2
    link.receive_data(data[:6], 0.0)
    link.receive_eof(0.0)
    assert heard.told[-1] == "the peer closed the connection within a frame"


def test_a_frame_that_is_too_long_ends_the_connection(load: Callable[[str], ModuleType]) -> None:
    heard = Heard()
    link = load("framed").Framed(heard)
    link.receive_data(b"\xff\xff\xff\xff{", 0.0)
    assert heard.told == ["a frame has more than 4194304 bytes"]
