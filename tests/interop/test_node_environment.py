import json
import os
import shutil
from pathlib import Path

import pytest
from tests.interop.environment import NODE, BuildFailed, Unavailable, folder_of_peers
from tests.interop.node import WANTED, packages_of


@pytest.fixture
def surroundings(tmp_path: Path, node: str) -> dict[str, str]:
    """The Node that is there, and nothing else: an empty cache, and nobody where the registry should be."""
    assert Path(node).exists()
    peers = tmp_path / "peers"
    peers.mkdir()
    (peers / NODE.folder).symlink_to(folder_of_peers() / NODE.folder)
    return {
        **os.environ,
        "SANSMCP_PEERS": str(peers),
        "npm_config_cache": str(tmp_path / "cache"),
        "npm_config_registry": "http://127.0.0.1:1/",
    }


def left(environ: dict[str, str]) -> set[str]:
    """What stands beside Node and the locks."""
    names = {path.name for path in Path(environ["SANSMCP_PEERS"]).iterdir() if path.suffix != ".lock"}
    return names - {NODE.folder}


def test_an_npm_registry_out_of_reach_makes_the_peers_unavailable(surroundings):
    with pytest.raises(Unavailable, match=r"registry is out of reach \(ECONNREFUSED\)"):
        packages_of(WANTED, surroundings)
    assert left(surroundings) == set()


def test_a_lock_file_that_cannot_be_read_is_a_failure_and_not_a_reason_to_skip(tmp_path, surroundings):
    shutil.copy(WANTED / "package.json", tmp_path)
    (tmp_path / "package-lock.json").write_text("{")
    with pytest.raises(BuildFailed, match="exited with"):
        packages_of(tmp_path, surroundings)
    assert left(surroundings) == set()


def test_the_lock_file_names_versions_and_sums_but_no_place_to_download_from():
    lock = (WANTED / "package-lock.json").read_text()
    assert "://" not in lock
    packages = json.loads(lock)["packages"]
    assert all("integrity" in package for name, package in packages.items() if name)
    assert packages["node_modules/@modelcontextprotocol/inspector"]["version"] == "2.12.0"
    assert packages["node_modules/@modelcontextprotocol/server-everything"]["version"] == "2026.8.31"
