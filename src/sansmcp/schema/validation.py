"""Values checked against a JSON Schema with a bound on the work, whoever wrote the schema or the value.

Nothing is ever fetched for a schema: one that refers to something outside of itself is refused. Both
sides use it: a server for schemas given by hand, a client for those of its servers.

Source: 2025-11-25 and later, Base Protocol, JSON Schema Usage; 2026-07-28, `$ref` Resolution.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urldefrag, urljoin

from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError as NoSchemaError
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import extend
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT7, DRAFT202012

from sansmcp.schema.keywords import OUR_OWN, Budget, Facts, TooMuchWorkError, counted
from sansmcp.schema.mismatch import SchemaError
from sansmcp.schema.patterns import Matcher, Spend, linear_matcher
from sansmcp.schema.plain_checks import plain_check
from sansmcp.schema.schema_limits import Author, SchemaLimits, Validator
from sansmcp.schema.subschemas import count_booleans, subschemas
from sansmcp.values import ABSENT, JSON

_NEWEST: Final = "https://json-schema.org/draft/2020-12/schema"
_DIALECTS: Final[Mapping[str, tuple[JSON, JSON]]] = {
    _NEWEST: (Draft202012Validator, DRAFT202012),
    "http://json-schema.org/draft-07/schema": (Draft7Validator, DRAFT7),
}
_REFERENCES: Final = ("$ref", "$dynamicRef")

# What one dialect knows and another does not, which then says nothing about what stands there.
_UNKNOWN: Final[Mapping[str, frozenset[str]]] = {
    _NEWEST: frozenset({"additionalItems"}),
    "http://json-schema.org/draft-07/schema": frozenset(
        {
            "$defs",
            "contentSchema",
            "dependentSchemas",
            "prefixItems",
            "unevaluatedItems",
            "unevaluatedProperties",
        }
    ),
}

# A chain of references that no schema of use has; one that leads to itself would never end.
_MAX_REFERENCES_IN_A_ROW: Final = 32

# Following one takes jsonschema that much longer than any other keyword.
_STEPS_OF_A_REFERENCE: Final = 10

# Its check of patterns compiles them, whoever wrote them.
_NO_FORMATS: Final = FormatChecker(formats=())

_EXPECTED: Final[Mapping[str, str]] = {
    "additionalProperties": "only members that the schema names",
    "const": "the value {!r}",
    "enum": "one of {!r}",
    "exclusiveMaximum": "a number less than {}",
    "exclusiveMinimum": "a number greater than {}",
    "maxItems": "at most {} items",
    "maxLength": "at most {} characters",
    "maximum": "a number of at most {}",
    "minItems": "at least {} items",
    "minLength": "at least {} characters",
    "minimum": "a number of at least {}",
    "multipleOf": "a multiple of {}",
    "pattern": "a text that matches {!r}",
    "type": "the type {!r}",
    "unevaluatedItems": "only items that the schema speaks of",
    "unevaluatedProperties": "only members that the schema speaks of",
    "uniqueItems": "items that differ",
}
"""What a keyword asks for, as it stands after "expected"; the placeholder is the keyword's value."""


def _engine_of(engine: JSON) -> JSON:
    make: JSON = extend
    return make(
        engine,
        {
            keyword: counted(
                OUR_OWN.get(keyword, function), _STEPS_OF_A_REFERENCE if keyword in _REFERENCES else 1
            )
            for keyword, function in engine.VALIDATORS.items()
        },
    )


_ENGINES: Final[Mapping[str, JSON]] = {name: _engine_of(engine) for name, (engine, _) in _DIALECTS.items()}


class BoundedValidator(Validator):
    """Checks values against one schema, by jsonschema with keywords that count.

    Args:
        schema: the schema, which becomes the validator's own.
        author: who wrote it.
        limits: how large it may be, and how much work a check may be.

    Raises:
        LocalProtocolError: the user's schema is none, is too large, has another dialect, or refers to what
            is not in it.
        RemoteProtocolError: the same of a peer's.
    """

    def __init__(self, schema: JSON, *, author: Author, limits: SchemaLimits) -> None:
        if not isinstance(schema, dict):
            raise author.fault(f"schema: expected an object, found {schema!r:.80}")
        try:
            reading = _Reading(schema, author, limits)
        except ValueError as error:
            # What parses URIs says so where one is none.
            raise author.fault(f"schema: a URI in it is none: {error!s:.80}") from error
        self._facts = Facts(matchers=reading.matchers, targets=reading.targets)
        self._steps = limits.steps
        self._make = _ENGINES[reading.dialect]
        self._registry = reading.registry
        self._schema = schema
        self._quick = plain_check(schema, reading.look_up) if reading.dialect == _NEWEST else None

    @property
    def unchecked_patterns(self) -> tuple[str, ...]:
        """The patterns that values are not checked against, as nothing here does so in linear time."""
        return tuple(pattern for pattern, matcher in self._facts.matchers.items() if matcher is None)

    def validate(self, value: JSON) -> None:
        """Check a value.

        Raises:
            SchemaError: it does not fit, or it takes too much work to say.
        """
        if self._quick is not None and self._quick(value):
            return
        engine = self._make(
            self._schema, registry=self._registry, format_checker=Budget(self._steps, self._facts)
        )
        try:
            error = best_match(engine.iter_errors(value))
        except (TooMuchWorkError, RecursionError):
            expected = f"a value that is checked in {self._steps} steps"
            raise SchemaError(expected, value) from None
        if error is not None:
            raise _as_schema_error(error)


class _Reading:
    """Reads a schema once: its bounds, its dialect, its references, its patterns.

    Args:
        schema: the schema; what names its dialect is taken out, as jsonschema would change to an engine
            that counts nothing wherever it finds it.
        author: who wrote it.
        limits: its bounds.
    """

    def __init__(self, schema: dict[str, JSON], author: Author, limits: SchemaLimits) -> None:
        self._author = author
        self._limits = limits
        self._counted: set[int] = set()
        self._schemas = 0
        self._names = 0
        self.matchers: dict[str, Matcher | None] = {}
        self.targets: dict[int, tuple[JSON, ...]] = {}
        named = schema.get("$schema", _NEWEST)
        self.dialect = str(named).rstrip("#")
        if self.dialect not in _DIALECTS:
            known = ", ".join(_DIALECTS)
            raise author.fault(f"schema: $schema is {named!r:.80}; expected one of {known}")
        self._stock, specification = _DIALECTS[self.dialect]
        self._unknown = _UNKNOWN[self.dialect]
        self._pending: list[dict[str, JSON]] = []
        self._anchors: dict[JSON, list[dict[str, JSON]]] = {}
        self._found: dict[str, JSON] = {}
        self._take(schema, "")
        root: Resource[JSON] = specification.create_resource(schema)
        # An empty registry: without one, references to the network would be followed.
        registry: Registry[JSON] = Registry()
        self.registry = registry.with_resource(root.id() or "", root).crawl()
        while self._pending:
            inner = self._pending.pop()
            targets = [self._target(inner, keyword) for keyword in _REFERENCES if keyword in inner]
            if targets:
                anchor = urldefrag(inner.get("$dynamicRef", "")).fragment
                self.targets[id(inner)] = (*targets, *self._anchors.get(anchor, ()))

    def _take(self, schema: dict[str, JSON], base: str) -> None:
        """Check the bounds of a schema and that it is one; collect its references and its patterns."""
        found = list(self._walk(schema, base))
        for _, inner in found:
            self._count_names(inner)
        try:
            self._stock.check_schema(schema, format_checker=_NO_FORMATS)
        except NoSchemaError as error:
            raise self._author.fault(f"schema: {error.json_path}: {error.message:.200}") from error
        for place, inner in found:
            # In full, a reference leads to the same schema from wherever it is looked at.
            inner.update({name: _joined(place, inner[name]) for name in _REFERENCES if name in inner})
            self._pending.append(inner)
            if "$dynamicAnchor" in inner:
                self._anchors.setdefault(inner["$dynamicAnchor"], []).append(inner)
            for pattern in (inner.get("pattern"), *inner.get("patternProperties", ())):
                if pattern is not None and pattern not in self.matchers:
                    self.matchers[pattern] = self._matcher(pattern)

    def _walk(self, schema: dict[str, JSON], base: str) -> Iterator[tuple[str, dict[str, JSON]]]:
        """Go over the schemas in a schema that were not seen yet, each with its base URI."""
        waiting: list[tuple[int, str, dict[str, JSON]]] = [(1, base, schema)]
        while waiting:
            depth, base, inner = waiting.pop()
            if id(inner) in self._counted:
                continue
            self._counted.add(id(inner))
            if depth > self._limits.depth:
                raise self._author.fault(f"schema: it is deeper than {self._limits.depth} schemas")
            self._schemas += 1 + count_booleans(inner)
            if self._schemas > self._limits.subschemas:
                raise self._author.fault(f"schema: it holds more than {self._limits.subschemas} schemas")
            if str(inner.pop("$schema", self.dialect)).rstrip("#") != self.dialect:
                raise self._author.fault("schema: a schema in it has another $schema; expected one for all")
            is_draft_7 = self._stock is Draft7Validator
            if is_draft_7:
                # They mean nothing there, so they may hold anything.
                inner.pop("$dynamicAnchor", None)
                inner.pop("$dynamicRef", None)
            # What stands beside a reference is passed over in draft-07 (Core, section 8.3).
            alone = is_draft_7 and "$ref" in inner
            identifier = None if alone else inner.get("$id")
            if isinstance(identifier, str) and not identifier.startswith("#"):
                base = urljoin(base, identifier).rstrip("#")
            yield base, inner
            waiting += [
                (depth + 1, base, deeper)
                for keyword, _, deeper in subschemas(inner)
                if keyword not in self._unknown
            ]

    def _count_names(self, schema: Mapping[str, JSON]) -> None:
        # The schema of schemas asks that they differ, which jsonschema finds out in the square of their
        # number if they are no strings.
        lists: list[tuple[str, JSON]] = [(keyword, schema.get(keyword)) for keyword in ("required", "type")]
        for keyword in ("dependencies", "dependentRequired", "$vocabulary"):
            by_name = schema.get(keyword)
            if isinstance(by_name, dict):
                lists += ((keyword, names) for names in by_name.values())
                self._names += len(by_name)
        for keyword, names in lists:
            if isinstance(names, list):
                self._names += len(names)
                if not all(isinstance(name, str) for name in names):
                    raise self._author.fault(f"schema: {keyword} is {names!r:.80}; expected strings")
        if self._names > self._limits.names:
            raise self._author.fault(f"schema: it holds more than {self._limits.names} names")

    def _target(self, schema: JSON, keyword: str) -> JSON:
        """Return where a reference leads, past references that lead on."""
        first = schema[keyword]
        for _ in range(_MAX_REFERENCES_IN_A_ROW):
            reference = schema[keyword]
            try:
                schema = self.look_up(reference)
            except Unresolvable as error:
                raise self._author.fault(
                    f"schema: {keyword} {first!r:.80} leads out of the schema; nothing is fetched for it"
                ) from error
            if isinstance(schema, bool):
                return schema
            if not isinstance(schema, dict):
                raise self._author.fault(f"schema: {keyword} {first!r:.80} leads to what is no schema")
            if id(schema) not in self._counted:
                # It stands where no schema is expected, and is one nevertheless.
                self._take(schema, urldefrag(reference).url)
            if keyword not in schema:
                return schema
        raise self._author.fault(f"schema: {keyword} {first!r:.80} leads to itself")

    def look_up(self, reference: str) -> JSON:
        """Return where a reference leads, in full as it stands in a schema by now."""
        # A long pointer takes as long as hundreds of keywords, and thousands of chains may share it.
        if reference not in self._found:
            self._found[reference] = self.registry.resolver().lookup(reference).contents
        return self._found[reference]

    def _matcher(self, pattern: str) -> Matcher | None:
        if self._author is Author.PEER:
            return linear_matcher(pattern)
        try:
            search = re.compile(pattern).search
        except re.error as error:
            raise self._author.fault(f"schema: the pattern {pattern!r:.80}: {error}") from error

        def matches(text: str, spend: Spend) -> bool:
            spend(1)
            return search(text) is not None

        return matches


def _joined(base: str, reference: str) -> str:
    # urljoin knows nothing of URNs, and a fragment is within any URI.
    return base + reference if reference.startswith("#") else urljoin(base, reference)


def _as_schema_error(error: ValidationError) -> SchemaError:
    keyword, path = str(error.validator), list(error.absolute_path)
    found: JSON = error.instance
    if keyword == "required":
        # jsonschema names the object; what is wrong is the member that is not there.
        required: JSON = error.validator_value
        missing = next(name for name in required if name not in found)
        return _under([*path, missing], SchemaError("a value", ABSENT))
    if keyword == "additionalProperties":
        return _under(path, SchemaError(_EXPECTED[keyword], path[-1]))
    template = _EXPECTED.get(keyword, f"what {keyword!r} asks for")
    expected = template.format(error.validator_value)
    return _under(path, SchemaError(expected if len(expected) <= 200 else f"{expected[:200]}…", found))


def _under(path: list[str | int], error: SchemaError) -> SchemaError:
    for step in reversed(path):
        error.under(step)
    return error
