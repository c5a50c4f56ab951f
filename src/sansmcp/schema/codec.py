"""Codecs: typed values from and to JSON values, one per revision."""

from collections.abc import Mapping
from functools import cache
from typing import Final, TypeVar, overload

from cattrs import Converter

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import reading, structuring, unstructuring
from sansmcp.schema.mismatch import Repaired, SchemaError
from sansmcp.schema.revisions import Revision
from sansmcp.schema.tolerances import NO_TOLERANCES, TOLERANCES
from sansmcp.values import JSON

T = TypeVar("T")


class Codec:
    """Reads and writes the types of one revision; make it with `codec_for`.

    JSON values inside typed ones (arguments, `_meta`, schemas, structured content) are neither walked nor
    copied: what `structure` returns shares them with the document, and what `unstructure` returns shares
    them with the typed value.

    Args:
        revision: the revision to read and write.
        strict: whether `structure_reporting` overlooks nothing.
    """

    def __init__(self, revision: Revision, *, strict: bool = False) -> None:
        self.revision: Final = revision
        self.strict: Final = strict
        self._strict = Converter()
        structuring.register(self._strict, revision, NO_TOLERANCES)
        unstructuring.register(self._strict, revision)
        self._tolerant = Converter()
        structuring.register(self._tolerant, revision, TOLERANCES)
        # What was asked for once is found again without asking the converter.
        self._readers: dict[JSON, reading.Hook] = {}
        self._writers: dict[type, unstructuring.Hook] = {}

    @overload
    def structure(self, type_: type[T], value: JSON) -> T: ...
    @overload
    def structure(self, type_: JSON, value: JSON) -> JSON: ...
    def structure(self, type_: JSON, value: JSON) -> JSON:
        """Read a JSON value as a type, and overlook nothing.

        Args:
            type_: a type of this floor, a union of such, or a class like them.
            value: what a document holds.

        Returns:
            The typed value.

        Raises:
            SchemaError: it does not fit; the error says where.
            LocalProtocolError: the revision has no such type.
        """
        hook = self._readers.get(type_)
        if hook is None:
            hook = self._readers[type_] = self._strict.get_structure_hook(type_)
        return hook(value, None)

    @overload
    def structure_params(self, type_: type[T], params: Mapping[str, JSON] | None) -> T: ...
    @overload
    def structure_params(self, type_: JSON, params: Mapping[str, JSON] | None) -> JSON: ...
    def structure_params(self, type_: JSON, params: Mapping[str, JSON] | None) -> JSON:
        """Read params like `structure`; params that are not there are empty ones."""
        return self.structure(type_, {} if params is None else params)

    @overload
    def structure_reporting(self, type_: type[T], value: JSON) -> tuple[T, tuple[SchemaError, ...]]: ...
    @overload
    def structure_reporting(self, type_: JSON, value: JSON) -> tuple[JSON, tuple[SchemaError, ...]]: ...
    def structure_reporting(self, type_: JSON, value: JSON) -> tuple[JSON, tuple[SchemaError, ...]]:
        """Read a peer's result, and overlook what `TOLERANCES` lists unless the codec is strict.

        Args:
            type_: a type of this floor, a union of such, or a class like them.
            value: what a document holds.

        Returns:
            The typed value, and what was wrong with the items that were left out of it.

        Raises:
            SchemaError: it does not fit even so.
            LocalProtocolError: the revision has no such type.
        """
        try:
            return self.structure(type_, value), ()
        except SchemaError:
            if self.strict:
                raise
        # Only what does not fit is read a second time, with an eye closed.
        try:
            return self._tolerant.get_structure_hook(type_)(value, None), ()
        except Repaired as repaired:
            return repaired.value, tuple(repaired.dropped)

    def unstructure(self, value: JSON) -> dict[str, JSON]:
        """Write a typed value as a JSON object, in the words of the revision.

        Members that the revision does not know are left out; `extra` comes last. What must be in `_meta`
        is not looked for: whoever sends the object puts it in.

        Args:
            value: an object of a type of this floor, or of a class like them.

        Returns:
            A fresh object.

        Raises:
            LocalProtocolError: the value does not fit its own type, or the revision cannot say it.
        """
        cls = type(value)
        try:
            hook = self._writers.get(cls)
            if hook is None:
                hook = self._writers[cls] = self._strict.get_unstructure_hook(cls)
            written: dict[str, JSON] = hook(value)
        except SchemaError as error:
            raise LocalProtocolError(f"cannot send {cls.__name__} in {self.revision}: {error}") from error
        return written


@cache
def codec_for(revision: Revision, *, strict: bool = False) -> Codec:
    """Return the codec of a revision; it is made once.

    Args:
        revision: the revision to read and write.
        strict: whether results are read without tolerance too, for tests and checkers.
    """
    return Codec(revision, strict=strict)
