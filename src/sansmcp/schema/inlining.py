"""Schemas without references, for hosts that read none.

A definition stands where it was referred to, unless it leads to itself: then it stays where it is, with
all that leads to it. What is valid is the same before and after.
"""

from collections.abc import Mapping
from typing import Final

from sansmcp.errors import LocalProtocolError
from sansmcp.schema.schema_limits import DEFAULT_LIMITS, SchemaLimits
from sansmcp.schema.subschemas import subschemas
from sansmcp.values import JSON

_HOMES: Final = ("$defs", "definitions")
# They say nothing about validity, so they may replace those of the definition.
_ANNOTATIONS: Final = frozenset(
    {"$comment", "default", "deprecated", "description", "examples", "readOnly", "title", "writeOnly"}
)


def inlined(schema: Mapping[str, JSON], limits: SchemaLimits = DEFAULT_LIMITS) -> dict[str, JSON]:
    """Return a schema that says the same with no references but those that lead to themselves.

    A schema that refers to other things than its definitions, or by other means than `$ref`, is returned
    as it is: what a reference means may depend on where it stands in there.

    Args:
        schema: the schema.
        limits: how large it may become.

    Raises:
        LocalProtocolError: it would become larger than a schema may be.
    """
    if not _is_plain(schema):
        return dict(schema)
    inliner = _Inliner(schema, limits.subschemas)
    written = inliner.schema({name: value for name, value in schema.items() if name not in _HOMES})
    for home in _HOMES:
        kept = {
            name: inliner.kept[f"#/{home}/{name}"]
            for name in schema.get(home, ())
            if f"#/{home}/{name}" in inliner.kept
        }
        if kept:
            written[home] = kept
    return written


def _is_plain(schema: Mapping[str, JSON]) -> bool:
    waiting: list[Mapping[str, JSON]] = [schema]
    while waiting:
        inner = waiting.pop()
        if not inner.keys().isdisjoint({"$id", "$anchor", "$dynamicAnchor", "$dynamicRef"}):
            return False
        if "$ref" in inner and _definition(schema, inner["$ref"]) is None:
            return False
        waiting += [deeper for _, _, deeper in subschemas(inner)]
    return True


def _definition(schema: Mapping[str, JSON], reference: JSON) -> Mapping[str, JSON] | None:
    """Return the definition at the root that a reference leads to, if it does."""
    for home in _HOMES:
        start = f"#/{home}/"
        if isinstance(reference, str) and reference.startswith(start):
            target: JSON = schema.get(home, {}).get(reference.removeprefix(start))
            return target if isinstance(target, Mapping) else None
    return None


class _Inliner:
    def __init__(self, root: Mapping[str, JSON], most: int) -> None:
        self._root = root
        self._most = most
        # There whatever stands beside a reference is passed over (draft-07, Core, section 8.3).
        self._alone = "draft-07" in str(root.get("$schema"))
        self._written = 0
        self.kept: dict[str, JSON] = {}

    def schema(self, schema: Mapping[str, JSON]) -> dict[str, JSON]:
        self._written += 1
        if self._written > self._most:
            raise LocalProtocolError(
                f"inline_refs: without references a schema would hold more than {self._most} "
                "schemas; leave them in"
            )
        reference = schema.get("$ref")
        target = _definition(self._root, reference)
        if target is None:
            return self._members(schema)
        beside = self._members({name: value for name, value in schema.items() if name != "$ref"})
        if self._leads_to_itself(str(reference)):
            if reference not in self.kept:
                self.kept[str(reference)] = {}
                self.kept[str(reference)] = self.schema(target)
            return {**beside, "$ref": reference}
        body = self.schema(target)
        if self._alone:
            return body
        if beside.keys() <= _ANNOTATIONS:
            return {**body, **beside}
        return {**beside, "allOf": [*beside.get("allOf", ()), body]}

    def _members(self, schema: Mapping[str, JSON]) -> dict[str, JSON]:
        written: dict[str, JSON] = dict(schema)
        for keyword, place, inner in subschemas(schema):
            made = self.schema(inner)
            if place is None:
                written[keyword] = made
            elif isinstance(place, int):
                written[keyword] = [*written[keyword][:place], made, *written[keyword][place + 1 :]]
            else:
                written[keyword] = {**written[keyword], place: made}
        return written

    def _leads_to_itself(self, reference: str) -> bool:
        seen: set[JSON] = set()
        waiting: list[Mapping[str, JSON]] = [{"$ref": reference}]
        while waiting:
            inner = waiting.pop()
            target = _definition(self._root, inner.get("$ref"))
            if target is not None and inner["$ref"] not in seen:
                seen.add(inner["$ref"])
                waiting.append(target)
            elif target is not None and inner["$ref"] == reference:
                return True
            waiting += [deeper for _, _, deeper in subschemas(inner)]
        return False
