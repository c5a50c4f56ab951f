"""Read the code of the core and say where it leaves its floor, does I/O, or grows past its budget.

Everything is found in the syntax tree, so that nothing is imported to be judged. Each check takes
modules and returns its findings as sentences that begin with the place.
"""

import ast
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import attrs

FLOORS = (
    ("values", "errors", "environment", "switches"),
    ("wire",),
    ("schema",),
    ("session",),
    ("http",),
    ("middleware",),
    ("server", "client", "auth"),
    ("testing", "trace"),
)
"""The folders and modules of the package, lowest first; the package itself only re-exports."""

STANDARD = frozenset(
    {
        "abc",
        "ast",
        "base64",
        "binascii",
        "bisect",
        "codecs",
        "collections",
        "collections.abc",
        "contextlib",
        "contextvars",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "errno",
        "functools",
        "hashlib",
        "heapq",
        "hmac",
        "inspect",
        "ipaddress",
        "itertools",
        "json",
        "keyword",
        "math",
        "numbers",
        "operator",
        "re",
        "string",
        "struct",
        "sys",
        "textwrap",
        "types",
        "typing",
        "unicodedata",
        "urllib.parse",
        "uuid",
        "warnings",
        "weakref",
        "zlib",
    }
)
"""The modules of the standard library that reach nothing outside the process."""

OTHERS: Mapping[str, frozenset[str]] = {
    "attrs": frozenset(folder for floor in FLOORS for folder in floor),
    "cattrs": frozenset({"schema", "server", "client"}),
    "typing_extensions": frozenset(folder for floor in FLOORS for folder in floor),
    "jsonschema": frozenset({"schema", "testing"}),
    "referencing": frozenset({"schema", "testing"}),
    "re2": frozenset({"schema"}),
    "uritemplate": frozenset({"server", "client"}),
    "hypothesis": frozenset({"testing"}),
}
"""Other distributions, each with the folders that may use it; what is optional is imported by name."""

BANNED_NAMES = frozenset(
    {
        "__import__",
        "breakpoint",
        "eval",
        "exec",
        "input",
        "open",
        "print",
    }
)
"""Builtins that reach outside the process or run what was data."""

BANNED_ATTRIBUTES = frozenset(
    {
        "getenv",
        "getsource",
        "getsourcefile",
        "getsourcelines",
        "monotonic",
        "now",
        "perf_counter",
        "read_bytes",
        "read_text",
        "sleep",
        "stdin",
        "stdout",
        "stderr",
        "today",
        "urandom",
        "utcnow",
        "uuid1",
        "uuid4",
        "write_bytes",
        "write_text",
    }
)
"""Attributes of modules and classes on the list above that read a clock, a file, or chance.

`self.now`, the time that was given, is an attribute of an object and no call.
"""

MOST_LINES_OF_A_FILE = 500
MOST_LINES_OF_A_FUNCTION = 60
MOST_LINES_OF_NINE_IN_TEN = 30


@attrs.frozen(kw_only=True)
class Module:
    """One file, parsed."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def folder(self) -> str:
        """The part of the package that it belongs to; empty for the package itself."""
        return self.name.partition(".")[2].partition(".")[0]

    def place(self, node: ast.AST) -> str:
        """Say where something stands."""
        return f"{self.path.name}:{getattr(node, 'lineno', 1)} ({self.name})"


def modules_under(root: Path) -> tuple[Module, ...]:
    """Parse every module of the packages that stand in a folder."""
    return tuple(parse(path, root) for path in sorted(root.rglob("*.py")))


def parse(path: Path, root: Path) -> Module:
    """Parse one module; its name follows from where it stands."""
    text = path.read_text(encoding="utf-8")
    parts = path.relative_to(root).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Module(name=name, path=path, text=text, tree=ast.parse(text, str(path)))


def imports_of(module: Module, known: frozenset[str]) -> Iterator[tuple[ast.AST, str]]:
    """Yield what a module imports, by the most exact name that is a module; `known` are our own."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            source = "." * node.level + (node.module or "")
            for alias in node.names:
                inner = f"{source}.{alias.name}"
                yield node, inner if inner in known else source


def breaches_of_floors(modules: Iterable[Module]) -> list[str]:
    """Find imports that go up, or sideways into another folder of the same floor."""
    every = tuple(modules)
    known = frozenset(module.name for module in every)
    rank = {folder: height for height, floor in enumerate(FLOORS) for folder in floor}
    found = [
        f"{module.path.name}: {module.folder!r} is on no floor"
        for module in every
        if module.folder and module.folder not in rank
    ]
    for module in every:
        for node, target in imports_of(module, known):
            if target.startswith("."):
                found.append(f"{module.place(node)} imports {target!r}: write the whole name")
            if target.partition(".")[0] != "sansmcp" or module.folder not in rank:
                continue
            folder = target.partition(".")[2].partition(".")[0]
            if folder != module.folder and rank.get(folder, len(FLOORS)) >= rank[module.folder]:
                # What lies under everything may name each other.
                if rank.get(folder) == rank[module.folder] == 0:
                    continue
                found.append(f"{module.place(node)} imports {target}, which is not below {module.folder}")
    return found


def foreign_imports(modules: Iterable[Module]) -> list[str]:
    """Find imports of modules that the core must do without."""
    every = tuple(modules)
    known = frozenset(module.name for module in every)
    found = []
    for module in every:
        for node, target in imports_of(module, known):
            top = target.partition(".")[0]
            if top in {"", "sansmcp"} or target in STANDARD or module.folder in OTHERS.get(top, ()):
                continue
            found.append(f"{module.place(node)} imports {target}")
    return found


def impure_code(modules: Iterable[Module]) -> list[str]:
    """Find what reaches outside the process, and coroutines."""
    found = []
    for module in modules:
        for node in ast.walk(module.tree):
            match node:
                case ast.Name(id=name, ctx=ast.Load()) if name in BANNED_NAMES:
                    found.append(f"{module.place(node)} uses {name}")
                case ast.Call(func=ast.Attribute(attr=name)) if name in BANNED_ATTRIBUTES:
                    found.append(f"{module.place(node)} calls {ast.unparse(node.func)}()")
                case ast.Attribute(value=ast.Name(id="sys"), attr=name) if name in BANNED_ATTRIBUTES:
                    found.append(f"{module.place(node)} uses sys.{name}")
                case ast.ImportFrom(names=names):
                    found += [
                        f"{module.place(node)} imports {alias.name}"
                        for alias in names
                        if alias.name in BANNED_ATTRIBUTES
                    ]
                case ast.AsyncFunctionDef() | ast.AsyncFor() | ast.AsyncWith() | ast.Await():
                    found.append(f"{module.place(node)} is a coroutine, or waits in one")
                case _:
                    pass
    return found


def cycles(modules: Iterable[Module]) -> list[str]:
    """Find modules that import each other, directly or through others; each cycle is told once."""
    every = tuple(modules)
    known = frozenset(module.name for module in every)
    graph = {
        module.name: {target for _, target in imports_of(module, known) if target in known}
        for module in every
    }
    found: list[str] = []
    finished: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        if name in way:
            found.append(" imports ".join((*way[way.index(name) :], name)))
        elif name not in finished:
            for target in sorted(graph[name]):
                visit(target, (*way, name))
            finished.add(name)

    for name in sorted(graph):
        visit(name, ())
    return found


def functions_of(module: Module) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    """Yield each function with the lines of its body; its docstring does not count."""
    for node in ast.walk(module.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            yield node, (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def oversize(modules: Iterable[Module]) -> list[str]:
    """Find files and functions past the budget."""
    found = []
    for module in modules:
        lines = module.text.count("\n")
        if lines > MOST_LINES_OF_A_FILE:
            found.append(f"{module.path.name} ({module.name}) has {lines} lines, over {MOST_LINES_OF_A_FILE}")
        for node, size in functions_of(module):
            if size > MOST_LINES_OF_A_FUNCTION:
                found.append(
                    f"{module.place(node)} {node.name} has {size} lines, over {MOST_LINES_OF_A_FUNCTION}"
                )
    return found


def mostly_long(modules: Iterable[Module]) -> list[str]:
    """Find folders where more than one function in ten is long."""
    found = []
    by_folder: dict[str, list[int]] = defaultdict(list)
    for module in modules:
        by_folder[module.folder] += [size for _, size in functions_of(module)]
    for folder, sizes in by_folder.items():
        size = sorted(sizes)[(len(sizes) * 9 - 1) // 10] if sizes else 0
        if size > MOST_LINES_OF_NINE_IN_TEN:
            found.append(
                f"{folder or 'sansmcp'}: nine in ten functions reach {size} lines, "
                f"over {MOST_LINES_OF_NINE_IN_TEN}"
            )
    return found


def findings(modules: Iterable[Module]) -> list[str]:
    """Run every check."""
    every = tuple(modules)
    checks = (breaches_of_floors, foreign_imports, impure_code, cycles, oversize, mostly_long)
    return list(itertools.chain.from_iterable(check(every) for check in checks))
