"""All types of the tables, and the cases in them."""

from tests.schema.inference.basics import BASICS
from tests.schema.inference.further import MORE
from tests.schema.inference.models import Colour, Kind, Level, Options, Picky, Point

__all__ = ["TABLE", "Colour", "Kind", "Level", "Options", "Picky", "Point", "cases"]

TABLE = [*BASICS, *MORE]


def cases(name):
    """Return one case per value of a column, each with its type."""
    return [(row.type, *case) for row in TABLE for case in getattr(row, name)]
