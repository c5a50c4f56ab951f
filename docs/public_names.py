"""A directive that documents a package by its public names, in groups by the module that defines them.

`autodoc` would show a class under the name of its own module; users import it from the package. Constants
and type aliases, whose docstrings `autodoc` finds only in their own module, are shown the same way.
"""

import builtins
import enum
import importlib
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from types import ModuleType

import attrs
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import stringify_annotation

from sansmcp import errors, schema, session

ALIASES = {
    name: stringify_annotation(getattr(schema, name), "smart") for name in ("Revision", "LoggingLevel")
}
"""Type aliases that are longer than what they stand for, and how a signature spells them."""

RAISED = (errors, session)
"""Where exceptions are; of a name that two have, the first one's is raised."""

KEPT: dict[str, list[str]] = {}
"""Docstrings of attributes as they are written, by their full names."""


def modules_of(package: ModuleType) -> Iterator[ModuleType]:
    """Walk over a package and the modules under it that it is made of."""
    yield package
    for name in sorted(sys.modules):
        if name.startswith(f"{package.__name__}."):
            yield sys.modules[name]


def home_of(package: ModuleType, name: str) -> tuple[ModuleType, int, str | None]:
    """Find the module that defines a public name, its place there, and its docstring where it is data."""
    value = inspect.unwrap(getattr(package, name))
    place = -1
    home = package
    for module in modules_of(package):
        analyzer = ModuleAnalyzer.for_module(module.__name__)
        analyzer.analyze()
        if is_object(package, name):
            if value.__module__ == module.__name__:
                return module, analyzer.tagorder[value.__qualname__], None
        elif ("", name) in analyzer.attr_docs:
            return module, analyzer.tagorder[name], "\n".join(analyzer.attr_docs["", name])
        elif ("", name) in analyzer.annotations:
            home, place = module, analyzer.tagorder[name]
    return home, place, ""


def is_object(package: ModuleType, name: str) -> bool:
    """Say whether a public name is a class or a function of the package, and no constant or alias."""
    value = inspect.unwrap(getattr(package, name))
    return (
        (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__.split(".")[0] == package.__name__.split(".")[0]
        and value.__name__ == name
    )


class PublicNames(SphinxDirective):
    """Document the public names of a package.

    Its argument is the package. `first` names the modules whose groups come first; the others follow in
    alphabetical order. `flat` leaves out the headings.
    """

    required_arguments = 1
    option_spec = {"first": directives.unchanged, "flat": directives.flag}  # noqa: RUF012  # docutils' own way

    def run(self) -> list[nodes.Node]:
        package = importlib.import_module(self.arguments[0])
        groups: dict[ModuleType, list[tuple[int, str, str | None]]] = {}
        names = getattr(package, "__all__", None) or _defined_in(package)
        for name in names:
            module, place, text = home_of(package, name)
            groups.setdefault(module, []).append((place, name, text))
            self.env.note_dependency(module.__file__ or "")
        first = self.options.get("first", "").split()
        shown: list[nodes.Node] = []
        for module in sorted(groups, key=lambda module: _rank(module, package, first)):
            lines = [line for _, name, text in sorted(groups[module]) for line in _entry(package, name, text)]
            if "flat" in self.options:
                shown += self.parse_text_to_nodes("\n".join(lines))
            else:
                shown.append(self._section(module, package, lines))
        return shown

    def _section(self, module: ModuleType, package: ModuleType, lines: list[str]) -> nodes.section:
        title = _relative(module, package).replace("_", " ").capitalize() or package.__name__
        introduction = [*inspect.cleandoc(module.__doc__ or "").splitlines(), ""]
        section = nodes.section(ids=[nodes.make_id(module.__name__)])
        section += nodes.title(title, title)
        section += self.parse_text_to_nodes("\n".join(introduction + lines))
        return section


def _defined_in(module: ModuleType) -> list[str]:
    analyzer = ModuleAnalyzer.for_module(module.__name__)
    analyzer.analyze()
    own = [name for name in vars(module) if not name.startswith("_") and is_object(module, name)]
    own = [name for name in own if getattr(module, name).__module__ == module.__name__]
    return own + [name for scope, name in analyzer.attr_docs if not scope and not name.startswith("_")]


def _relative(module: ModuleType, package: ModuleType) -> str:
    return module.__name__.removeprefix(package.__name__).lstrip(".")


def _rank(module: ModuleType, package: ModuleType, first: list[str]) -> tuple[int, str]:
    name = _relative(module, package)
    return (first.index(name) if name in first else len(first), name)


def _entry(package: ModuleType, name: str, text: str | None) -> list[str]:
    full = f"{package.__name__}.{name}"
    value = getattr(package, name)
    if text is None and inspect.isclass(value):
        return _class_entry(full, value)
    if text is None:
        return [f".. autofunction:: {full}", ""]
    head = [f".. py:currentmodule:: {package.__name__}", "", f".. py:data:: {name}", ""]
    return [*head, *_indented(text.splitlines()), ""]


def _class_entry(full: str, value: type) -> list[str]:
    options = [":members:"]
    bases = [base for base in value.__mro__[1:] if base.__module__.startswith("sansmcp")]
    public = [base for base in bases if not _is_hidden(base)]
    if any(not any(base in other.__mro__ for other in public) for base in bases):
        # What users call is shown where they look for it, and not in a base class that is none of theirs.
        options.append(":inherited-members: object, Exception")
    if issubclass(value, enum.Enum):
        # The values of members say what they are; they need no docstrings.
        options.append(":undoc-members:")
    elif public:
        options.append(":show-inheritance:")
    docs = _field_docs(value)
    if docs:
        options.append(f":exclude-members: {', '.join(docs)}")
    body: list[str] = []
    for field, text in docs.items():
        body += [f".. py:attribute:: {field}", f"   :type: {_written_type(value, field)}", ""]
        body += [*_indented(text), ""]
    return [f".. autoclass:: {full}", *_indented([*options, "", *body]), ""]


def _indented(lines: list[str]) -> list[str]:
    return [f"   {line}" for line in lines]


def _field_docs(value: type) -> dict[str, list[str]]:
    """Return the docstrings under the fields of a frozen value."""
    if not attrs.has(value):
        return {}
    docs = _analyzed(value).attr_docs
    scope = value.__qualname__
    return {
        field.name: docs[scope, field.name] for field in attrs.fields(value) if (scope, field.name) in docs
    }


def _written_type(value: type, field: str) -> str:
    """Return a field's type as its author wrote it, with the names of aliases."""
    for owner in value.__mro__:
        if (owner.__qualname__, field) in (written := _analyzed(owner).annotations):
            return written[owner.__qualname__, field]
    raise AssertionError(f"unreachable: {value.__qualname__}.{field} is a field of some class")


def _analyzed(value: type) -> ModuleAnalyzer:
    analyzer = ModuleAnalyzer.for_module(value.__module__)
    analyzer.analyze()
    return analyzer


def _is_hidden(base: type) -> bool:
    """Say whether a class of this project is no public name of its package."""
    names = base.__module__.split(".")
    depth = 2 if names[0] == "sansmcp" else 1
    public = getattr(sys.modules[".".join(names[:depth])], "__all__", [base.__name__])
    return base.__name__ not in public


def keep_docstring(  # noqa: PLR0917  # Sphinx calls it so
    app: Sphinx, what: str, name: str, value: object, options: object, lines: list[str]
) -> None:
    """Keep what is written under an attribute, before the style of the docstrings is read."""
    del app, value, options
    if what in {"attribute", "property"}:
        KEPT[name] = [*lines]


def mend_docstring(  # noqa: PLR0917  # Sphinx calls it so
    app: Sphinx, what: str, name: str, value: object, options: object, lines: list[str]
) -> None:
    """Undo two misreadings, after the style of the docstrings was read.

    What stands before a colon under an attribute is no type. And as some events of a session bear the
    names of exceptions, what is raised is named in full.
    """
    del app, what, value, options
    if name in KEPT:
        lines[:] = KEPT.pop(name)
    for number, line in enumerate(lines):
        found = re.match(r":raises (\w+):", line)
        home = None if found is None else next((part for part in RAISED if hasattr(part, found[1])), None)
        if found is not None and home is not None:
            lines[number] = line.replace(found[1], f"~{home.__name__}.{found[1]}", 1)


def show_fields(  # noqa: PLR0917  # Sphinx calls it so
    app: Sphinx,
    what: str,
    name: str,
    value: object,
    options: object,
    signature: str | None,
    returns: str | None,
) -> tuple[str | None, str | None]:
    """Write the arguments of a frozen value as its fields are written; of what is not made, none."""
    del app, name, options
    if isinstance(value, enum.EnumType) or getattr(value, "_is_protocol", False):
        return "", None
    if what == "class" and isinstance(value, type) and attrs.has(value):
        typed = not _field_docs(value)
        fields = sorted(
            (field for field in attrs.fields(value) if field.init), key=lambda field: field.kw_only
        )
        shown = [_argument(value, field, typed=typed) for field in fields]
        if any(field.kw_only for field in fields):
            shown.insert([field.kw_only for field in fields].index(True), "*")
        signature = f"({', '.join(shown)})"
    for alias, spelled in ALIASES.items():
        signature = None if signature is None else signature.replace(spelled, alias)
    return signature, returns


def _argument(value: type, field: attrs.Attribute, *, typed: bool) -> str:
    shown = f"{field.name}: {_written_type(value, field.name)}" if typed else field.name
    default = field.default
    if default is attrs.NOTHING:
        return shown
    text = _spelled(default.factory() if isinstance(default, attrs.Factory) else default)
    return f"{shown} = {text}" if typed else f"{shown}={text}"


def _spelled(default: object) -> str:
    if isinstance(default, Mapping) and not default:
        return "{}"
    text = repr(default)
    if text.startswith("<"):
        return str(default) if isinstance(default, enum.Enum) else "..."
    return text


def leave_builtins_alone(app: Sphinx, doctree: nodes.document) -> None:
    """Take the links off the types of Python itself: a field called `list` is not what they mean."""
    del app
    for reference in list(doctree.findall(addnodes.pending_xref)):
        if reference.hasattr("refspecific") and reference["reftarget"] in vars(builtins):
            reference.replace_self(nodes.Text(reference["reftarget"]))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive and the hooks; one runs after those that read the docstrings' style."""
    app.add_directive("public-names", PublicNames)
    app.connect("autodoc-process-signature", show_fields)
    app.connect("doctree-read", leave_builtins_alone)
    app.connect("autodoc-process-docstring", keep_docstring, priority=100)
    app.connect("autodoc-process-docstring", mend_docstring, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
