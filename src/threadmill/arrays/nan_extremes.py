"""The least or the greatest number along an axis, or of all, and its place, beside NaNs: by our own loops."""

import functools
import math
from typing import TYPE_CHECKING

import numpy as np

from .._native.programs import nan_extreme_nodes_loop, nan_extreme_rows_loop, new_program
from .._native.status import check
from .._types import Reduced
from .moments import Summands
from .refusal import Refusal

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["nan_extremes"]

_NONE = Refusal("a NaN would stand for what is found, or is all there is")
_SIGNALLING = Refusal("there may be a signalling NaN")


def nan_extremes(
    pool: "CData", over: Summands, greatest: bool, places: bool
) -> tuple[Reduced, Reduced] | Refusal:
    """The extremes, and their first places if these are wanted; which of two zeros an extreme is, is open."""
    char, beyond = over.x.dtype.char, -math.inf if greatest else math.inf
    found = np.full(over.shape, beyond, over.x.dtype)
    if over.inner > 1:
        where = np.zeros(over.shape, f"i{over.x.itemsize}")
        status = over.run_columns(pool, _rows_program(char, greatest), found, where)
        where = where.astype(np.intp, copy=False)
    else:
        program = _nodes_program(char, greatest, places)
        if over.outer > 1:
            where = np.zeros(over.shape, np.intp)
            status = over.run_rows(pool, program, found, where)
        else:
            nodes = over.nodes()
            of_nodes, places_of_nodes = np.empty(len(nodes), found.dtype), np.zeros(len(nodes), np.intp)
            status = over.run_nodes(pool, program, nodes, of_nodes, places_of_nodes)
            first = of_nodes.argmax() if greatest else of_nodes.argmin()
            found[...] = of_nodes[first]
            where = np.full(over.shape, nodes[first, 0] + places_of_nodes[first])
    if check(status):
        return _SIGNALLING
    if (found == beyond).any():
        return _NONE
    return (found, where) if over.shape else (found[()], where[()])


# Programs by what they depend on. They keep loops alive, and no array.


@functools.cache
def _nodes_program(char: str, greatest: bool, places: bool) -> "CData":
    loop = nan_extreme_nodes_loop(char, greatest, places)
    return new_program(4, [], [(loop, (0, 1, 2, 3))], written=0b1100, name="extreme")


@functools.cache
def _rows_program(char: str, greatest: bool) -> "CData":
    loop = nan_extreme_rows_loop(char, greatest)
    return new_program(3, [], [(loop, (0, 1, 2))], core=(1, 1), written=0b101, name="extreme")
