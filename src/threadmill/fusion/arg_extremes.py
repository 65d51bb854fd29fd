"""np.argmax and np.argmin: the index of the first of the greatest or least elements, or of the first NaN."""

from typing import Any

import numpy as np

from .._native.fused import COLUMN, EACH, ROW
from .._native.programs import arg_extreme_loop
from .._types import Array
from .nodes import Conversion, Value
from .passes import Fold

__all__ = ["ARG_EXTREMES", "arg_extreme", "has_any_byte", "index_of", "index_of_columns", "index_of_rows"]

ARG_EXTREMES = frozenset({np.argmax, np.argmin})

# What a chunk has seen: a tm_arg_extreme.
_SEEN = np.dtype([("value", np.uint64, 2), ("index", np.intp), ("count", np.intp)])
_NONE_SEEN = np.array(((0, 0), -1, 0), _SEEN)

_INTP = np.dtype(np.intp)


def arg_extreme(value: Value, function: Any) -> Fold | None:
    """The fold that looks for it in all elements in C's order; None where NumPy has to."""
    if has_any_byte(value) or (value.turned and len(value.shape) > 1):
        return None
    loop = arg_extreme_loop(value.dtype.char, function is np.argmin, EACH)
    return None if loop is None else Fold(value, function, loop, _SEEN, False, False, _NONE_SEEN)


def has_any_byte(value: Value) -> bool:
    """Whether true may be another byte than 1: no ufunc has made the bools."""
    if value.dtype.kind != "b":
        return False
    return value.node is None or value.array is not None or value.node.name in ("copy", "where")


def index_of(fold: Fold, partial: Array) -> np.intp:
    """The index among all elements, of what chunks have seen, the last ones of nothing perhaps."""
    begins = np.cumsum(partial["count"]) - partial["count"]
    partial, begins = partial[partial["index"] >= 0], begins[partial["index"] >= 0]
    values = partial.view(fold.value.dtype).reshape(len(partial), -1)[:, 0]
    best = fold.function(values)
    return np.intp(begins[best] + partial["index"][best])


# Loops over rows and over columns, by dtype and function. Any thread may write.
_of_rows: dict[tuple[str, Any], Conversion] = {}
_of_columns: dict[tuple[str, Any], Conversion] = {}

# What stands before a row: its index is written over it.
_BEFORE = Value.of(np.zeros((), np.intp))


def index_of_rows(dtype: "np.dtype[Any]", function: Any) -> tuple[Conversion, tuple[Value, ...]] | None:
    """The loop over rows, and what stands before a row's first element."""
    made = _of_rows.get((dtype.char, function))
    if made is None:
        loop = arg_extreme_loop(dtype.char, function is np.argmin, ROW)
        if loop is None:
            return None
        made = Conversion(function.__name__, loop, (dtype, _INTP, _INTP), False)
        _of_rows[dtype.char, function] = made
    return made, (_BEFORE,)


def index_of_columns(dtype: "np.dtype[Any]", function: Any) -> Conversion | None:
    """The loop over columns, of a row and its number, that makes their best elements and these' indices."""
    made = _of_columns.get((dtype.char, function))
    if made is None:
        loop = arg_extreme_loop(dtype.char, function is np.argmin, COLUMN)
        if loop is None:
            return None
        beginnings = _worst(dtype, function), np.zeros((), _INTP)
        made = Conversion(function.__name__, loop, (dtype, _INTP, dtype, _INTP), False, beginnings=beginnings)
        _of_columns[dtype.char, function] = made
    return made


def _worst(dtype: "np.dtype[Any]", function: Any) -> Array:
    """What no element is worse than."""
    far = np.inf if function is np.argmin else -np.inf
    if dtype.kind == "c":
        return np.asarray(complex(far, far), dtype)
    if dtype.kind == "f":
        return np.asarray(far, dtype)
    if dtype.kind == "b":
        return np.asarray(function is np.argmin)
    bounds = np.iinfo(dtype)
    return np.asarray(bounds.max if function is np.argmin else bounds.min, dtype)
