"""Products of arrays that no BLAS makes, those of integers: dot, inner, einsum; matmul is a ufunc."""

import functools
import math
from typing import Any, NamedTuple

import numpy as np

from ..arrays.layout import is_plain
from ..arrays.refusal import Refusal
from ..tasks.pool import Pool
from .face import INTEGERS, Prepared, on_all_cores
from .rows import Rows, gathered, pieces_of

__all__ = ["dot", "einsum", "inner"]

_WAY = "Products of integers: rows of the result are shared out."
_NOT_INTEGERS = Refusal("an operand is no plain array of integers, or the result has none")

# Multiplications that are worth another thread; and how many a byte of an operand takes at least, where it is
# one that gains.
_WORTH = 1 << 19
_EACH = 8


def _are_integers(*operands: Any) -> bool:
    """Whether the operands and their products are integers: uint64 and int64 come to floating point."""
    if not all(is_plain(x) and x.dtype.kind in "biu" for x in operands):
        return False
    return np.result_type(*(x.dtype for x in operands)).kind != "f"


def _rows(axis: int, length: int, count: int) -> Rows | Refusal:
    if count < _WORTH or length < 2:
        return Refusal("so few multiplications are not worth another thread", by_size=True)
    return Rows(axis, length, pieces_of(length, 8 * count // length))


def _multiplications(a: Any, b: Any, *_: Any, **__: Any) -> int:
    """How many a product of two arrays takes, one with the last axes or the last but one of the other."""
    return int(a.size) * (1 if b.ndim == 1 else max(b.shape))


@on_all_cores(np.dot, _WAY, _WORTH, _multiplications, times=_EACH, runs=INTEGERS, takes_lists=False)
def dot(pool: Pool, a: Any, b: Any, out: Any = None) -> Prepared:
    if not _are_integers(a, b) or a.ndim != 2 or b.ndim not in (1, 2) or out is not None:
        return _NOT_INTEGERS
    rows = _rows(0, len(a), a.size * (b.shape[1] if b.ndim == 2 else 1))
    if isinstance(rows, Refusal):
        return rows
    return lambda: gathered(pool, rows, lambda piece: np.dot(a[piece], b))


@on_all_cores(np.inner, _WAY, _WORTH, _multiplications, times=_EACH, runs=INTEGERS, takes_lists=False)
def inner(pool: Pool, a: Any, b: Any) -> Prepared:
    if not _are_integers(a, b) or a.ndim != 2 or b.ndim not in (1, 2):
        return _NOT_INTEGERS
    rows = _rows(0, len(a), a.size * (len(b) if b.ndim == 2 else 1))
    if isinstance(rows, Refusal):
        return rows
    return lambda: gathered(pool, rows, lambda piece: np.inner(a[piece], b))


class _Sum(NamedTuple):
    """An einsum: the letters of each operand, and the one that is cut into rows."""

    terms: list[str]
    label: str
    axis: int
    length: int
    multiplications: int


@functools.lru_cache(512)
def _read(subscripts: str, shapes: tuple[tuple[int, ...], ...]) -> _Sum | Refusal:
    """What einsum(subscripts, ...) of arrays with these shapes is."""
    inputs, arrow, result = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    labels = "".join(terms)
    if not arrow:
        result = "".join(sorted(label for label in {*labels} if labels.count(label) == 1))
    if not {*result} <= {*labels}:
        return Refusal("the result has an axis that no operand has")
    if not (labels + "a").isalpha() or not result.isalpha() or len(terms) != len(shapes):
        return Refusal("its subscripts are not letters alone, or the result has no axis")
    if len(terms) == 1 and {*labels} == {*result}:
        return Refusal("it is a view, or has nothing to add up")
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        if len(term) != len(shape) or any(
            sizes.setdefault(label, n) != n for label, n in zip(term, shape, strict=True)
        ):
            return Refusal("the operands do not go together, or are broadcast")
    long = [label for label in result if sizes[label] >= 64]
    label = long[0] if long else max(result, key=sizes.__getitem__)
    return _Sum(terms, label, result.index(label), sizes[label], math.prod(sizes.values()))


def _summed(subscripts: str, *operands: Any, **_: Any) -> int:
    """How many multiplications an einsum takes."""
    read = _read(subscripts, tuple([x.shape for x in operands]))
    return 0 if isinstance(read, Refusal) else read.multiplications


@on_all_cores(np.einsum, _WAY, _WORTH, _summed, times=_EACH, runs=INTEGERS, takes_lists=False)
def einsum(pool: Pool, subscripts: Any, *operands: Any, optimize: Any = False) -> Prepared:
    if type(subscripts) is not str or not operands or optimize is not False or not _are_integers(*operands):
        return _NOT_INTEGERS
    read = _read(subscripts, tuple([x.shape for x in operands]))
    if isinstance(read, Refusal):
        return read
    rows = _rows(read.axis, read.length, read.multiplications)
    if isinstance(rows, Refusal):
        return rows

    def one(piece: slice) -> Any:
        cut = [
            x[tuple(piece if each == read.label else slice(None) for each in term)]
            for term, x in zip(read.terms, operands, strict=True)
        ]
        return np.einsum(subscripts, *cut)

    return lambda: gathered(pool, rows, one)
