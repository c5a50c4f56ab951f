import shutil
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from subprocess import run

import pytest
from tests.interop.environment import BuildFailed, Pin, Unavailable, folder_of_peers, interpreter_of

# Nobody listens there, and no settings of the machine name another place.
NO_REGISTRY = {
    "UV_DEFAULT_INDEX": "http://127.0.0.1:1/simple",
    "UV_HTTP_RETRIES": "0",
    "UV_NO_CONFIG": "1",
    "PIP_INDEX_URL": "http://127.0.0.1:1/simple",
    "PIP_CONFIG_FILE": "/dev/null",
    "NO_PROXY": "127.0.0.1",
}

needs_uv = pytest.mark.skipif(shutil.which("uv") is None, reason="uv is not installed")


def wheel(folder: Path, *, version: str = "1.0", module: str = "answer = 42\n") -> Path:
    """Write a wheel with one module by hand, so that no registry is needed."""
    path = folder / f"sansmcp_fake_peer-{version}-py3-none-any.whl"
    information = f"sansmcp_fake_peer-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("sansmcp_fake_peer.py", module)
        archive.writestr(
            f"{information}/METADATA", f"Metadata-Version: 2.1\nName: sansmcp-fake-peer\nVersion: {version}\n"
        )
        archive.writestr(
            f"{information}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr(f"{information}/RECORD", "")
    return path


def pin_of(source: Path | None, *, version: str = "1.0") -> Pin:
    return Pin(
        name="sansmcp-fake-peer",
        version=version,
        module="sansmcp_fake_peer",
        source=None if source is None else str(source),
    )


def surroundings(folder: Path, *, uv: bool) -> dict[str, str]:
    """An environment with its own cache, and with uv in reach or not."""
    path = [str(Path(found).parent)] if uv and (found := shutil.which("uv")) else []
    return {
        "PATH": ":".join([*path, "/usr/bin", "/bin"]),
        "HOME": str(Path.home()),
        "SANSMCP_PEERS": str(folder / "peers"),
        "UV_CACHE_DIR": str(folder / "uv-cache"),
        **NO_REGISTRY,
    }


installers = pytest.mark.parametrize(
    "uv", [pytest.param(True, marks=needs_uv, id="uv"), pytest.param(False, id="pip")]
)


@installers
def test_an_environment_is_built_once_and_then_found(tmp_path, uv):
    environ = surroundings(tmp_path, uv=uv)
    source = wheel(tmp_path)
    interpreter = interpreter_of(pin_of(source), environ)
    found = run(
        [str(interpreter), "-I", "-c", "import sansmcp_fake_peer; print(sansmcp_fake_peer.answer)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == "42\n"

    source.unlink()
    assert interpreter_of(pin_of(source), environ) == interpreter


@installers
def test_a_registry_out_of_reach_makes_the_peer_unavailable(tmp_path, uv):
    with pytest.raises(Unavailable, match="registry is out of reach"):
        interpreter_of(pin_of(None), surroundings(tmp_path, uv=uv))


@needs_uv
def test_nothing_is_left_of_a_build_that_failed(tmp_path):
    environ = surroundings(tmp_path, uv=True)
    with pytest.raises(Unavailable):
        interpreter_of(pin_of(None), environ)
    assert [path.suffix for path in (tmp_path / "peers").iterdir()] == [".lock"]


@needs_uv
def test_a_broken_package_is_a_failure_and_not_a_reason_to_skip(tmp_path):
    broken = tmp_path / "sansmcp_fake_peer-1.0-py3-none-any.whl"
    broken.write_bytes(b"no archive")
    with pytest.raises(BuildFailed, match="exited with"):
        interpreter_of(pin_of(broken), surroundings(tmp_path, uv=True))


@needs_uv
def test_a_module_that_cannot_be_imported_is_a_failure(tmp_path):
    source = wheel(tmp_path, module="raise RuntimeError('no import')\n")
    with pytest.raises(BuildFailed, match="no import"):
        interpreter_of(pin_of(source), surroundings(tmp_path, uv=True))


@needs_uv
def test_another_version_than_the_pin_is_a_failure(tmp_path):
    source = wheel(tmp_path, version="2.0")
    with pytest.raises(BuildFailed, match=r"expected sansmcp-fake-peer 1\.0, found 2\.0"):
        interpreter_of(pin_of(source), surroundings(tmp_path, uv=True))


def test_a_pin_that_overrides_requirements_fails_where_only_pip_is(tmp_path):
    pin = replace(pin_of(wheel(tmp_path)), overrides=("certifi",))
    with pytest.raises(BuildFailed, match="needs uv: pip cannot override certifi"):
        interpreter_of(pin, surroundings(tmp_path, uv=False))


@needs_uv
def test_an_unmarked_environment_is_built_again(tmp_path):
    environ = surroundings(tmp_path, uv=True)
    pin = pin_of(wheel(tmp_path))
    remains = tmp_path / "peers" / pin.folder / "bin"
    remains.mkdir(parents=True)
    (remains / "python").write_text("half a build")
    assert run([str(interpreter_of(pin, environ)), "-c", ""], check=False).returncode == 0


@needs_uv
def test_two_who_want_the_same_environment_get_the_same_one(tmp_path):
    environ = surroundings(tmp_path, uv=True)
    pin = pin_of(wheel(tmp_path))
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: interpreter_of(pin, environ), range(2))
    assert first == second
    assert sorted(path.name for path in (tmp_path / "peers").iterdir()) == [pin.folder, f"{pin.folder}.lock"]


def test_the_folder_is_the_chosen_one_then_the_cache_then_the_home(monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    assert folder_of_peers({"SANSMCP_PEERS": "/a", "XDG_CACHE_HOME": "/b"}) == Path("/a")
    assert folder_of_peers({"XDG_CACHE_HOME": "/b"}) == Path("/b/sansmcp/peers")
    assert folder_of_peers({}) == Path("/home/somebody/.cache/sansmcp/peers")
