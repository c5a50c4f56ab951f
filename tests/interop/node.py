"""Make the peers that are written for Node.js: a Node of their own, and the packages of one lock file.

`node/package.json` and `node/package-lock.json` beside this file say which; the lock file names no registry,
so npm asks the one that it is set up for. What is made is kept where `environment` keeps its interpreters.
"""

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.interop.environment import NODE, folder_of_peers, interpreter_of, keep, run_outside

WANTED = Path(__file__).parent / "node"


def node_of(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of Node.js, in which `bin/node` is."""
    interpreter = interpreter_of(NODE, environ)
    program = f"import {NODE.module}; print({NODE.module}.__path__[0])"
    return Path(run_outside([str(interpreter), "-I", "-c", program], interpreter.parent, environ).strip())


def packages_of(wanted: Path = WANTED, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of the packages that the lock file there names, filling it the first time."""
    node = node_of(environ)
    lock = (wanted / "package-lock.json").read_bytes()
    home = folder_of_peers(environ) / f"npm-{hashlib.sha256(lock).hexdigest()[:16]}"
    packages = home / "node_modules"
    keep(home, packages.exists, lambda draft: _install(node, wanted, draft, environ))
    return packages


def _install(node: Path, wanted: Path, draft: Path, environ: Mapping[str, str]) -> None:
    draft.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(wanted / name, draft)
    npm = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    # Nothing that is installed runs before a test starts it.
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    # A retry is what makes npm say that nobody answered; it waits long for one by default.
    options += ["--fetch-retries", "1", "--fetch-retry-mintimeout", "100"]
    run_outside([str(node / "bin" / "node"), str(npm), "ci", *options], draft, environ)
