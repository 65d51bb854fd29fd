"""Reductions of all elements at the end of the pass that makes them."""

from typing import Any

import numpy as np

from ..arrays.loops import Loop, resolve
from ..arrays.own_kernels import sum_block
from ..arrays.reduction import ANY_ORDER, LEAST_OR_GREATEST
from .nodes import Value
from .passes import Fold
from .record import Record
from .warned import place_of_user, tell

__all__ = ["reduce_all"]

_NO_VALUE: Any = np._NoValue

_loops: dict[tuple[Any, ...], Loop | None] = {}


def reduce_all(
    record: Record, value: Value, ufunc: np.ufunc, args: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    """ufunc.reduce over all elements of a value that is put off; NotImplemented: another way is needed."""
    if value.array is not None or not args <= (None,) * len(args):
        return _over_all(record, value, ufunc, args, options)
    return _over_all(record, value, ufunc, args, options)


def _over_all(
    record: Record, value: Value, ufunc: np.ufunc, args: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    names = ("axis", "dtype", "out", "keepdims", "initial", "where")
    if len(args) > len(names):
        return NotImplemented
    given = dict(zip(names, args, strict=False)) | options
    if given.get("out") is not None or given.get("initial", _NO_VALUE) is not _NO_VALUE:
        return NotImplemented
    if given.get("where", True) is not True or type(given.get("keepdims", False)) is not bool:
        return NotImplemented
    ndim = len(value.shape)
    axis = given.get("axis", 0)
    every = axis is None or (type(axis) is int and ndim == 1 and axis in (0, -1))
    every = every or (type(axis) is tuple and sorted(axis) == list(range(ndim)))
    if not every or value.array is not None or not record.pending:
        return NotImplemented
    fold = _fold(value, ufunc, given.get("dtype"))
    if fold is None:
        return NotImplemented
    ended = record.flush(fold)
    if ended is None:
        return NotImplemented
    partial, flags = ended
    with np.errstate(all="ignore"):
        total = partial[0] if fold.tree else ufunc.reduce(partial)
    if fold.tree:
        total = total + fold.dtype.type(0)  # NumPy begins with its identity
    if fold.dtype.kind in "fc" and (np.isnan(total) or (not fold.tree and total == 0)):
        return NotImplemented  # which NaN, which zero: NumPy's own order tells
    if flags and record.state is not None:
        _tell(record, flags)
    if given.get("keepdims", False):
        return np.full((1,) * ndim, total, fold.dtype)
    return total


def _tell(record: Record, flags: int) -> None:
    node: Any = type("Ending", (), {"state": record.state, "place": place_of_user(), "name": "reduce"})
    tell(node, flags)


def _fold(value: Value, ufunc: np.ufunc, dtype: Any) -> Fold | None:
    key = ufunc, value.dtype.num, dtype
    try:
        loop = _loops[key]
    except KeyError:
        loop = _loops[key] = _loop_for(ufunc, value.dtype, dtype)
    except TypeError:
        return None
    if loop is None:
        return None
    own = loop.dtypes[0]
    tree = ufunc is np.add and own.kind in "fc"
    entry = loop.strided
    identity = None
    if not tree and ufunc.__name__ not in LEAST_OR_GREATEST:
        if ufunc.identity is None:
            return None
        identity = np.asarray(ufunc.identity).astype(own)
    return Fold(value, (entry.function, entry.context, entry.auxdata), own, tree, identity)


def _loop_for(ufunc: np.ufunc, own: np.dtype[Any], dtype: Any) -> Loop | None:
    options = {} if dtype is None else {"signature": (np.dtype(dtype), None, None)}
    try:
        resolved = ufunc._resolve_dtypes_and_context((None, own, None), reduction=True, **options)[0]  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        return None
    if any(each.num != own.num for each in resolved):
        return None
    loop = resolve(ufunc, tuple(resolved))
    if not isinstance(loop, Loop):
        return None
    if ufunc is np.add and own.char in "fdFD":
        return loop if not sum_block() else None
    if ufunc.__name__ in LEAST_OR_GREATEST and own.char in "fd":
        return loop
    return loop if own.kind in "iub" and own.kind in ANY_ORDER.get(ufunc.__name__, "") else None
