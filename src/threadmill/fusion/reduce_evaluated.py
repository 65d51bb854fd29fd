"""Reductions of all elements of arrays that are there: in one pass, where several follow each other."""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from .arg_extremes import ARG_EXTREMES
from .explanation import name_of
from .lazy import LazyArray, at_once
from .passes import Fold
from .record import Record
from .reduce_all import Given, fold_of, goes_with, is_all, total_of
from .running import run_pass
from .together import Together
from .warned import line_of_user

__all__ = ["extreme_evaluated", "reduce_evaluated"]

# Bytes of an array from which on one pass gains over several; in which NumPy looks for the place of the
# greatest as fast as two threads; and for that of the greatest complex number or half, which it compares one
# by one. Looked up at each call, so that tests can lower them.
LEAST, LEAST_PLACE, LEAST_SLOW = 1 << 22, 1 << 25, 1 << 18
_SLOW = frozenset("eFD")

# Arrays of one call whose reductions are kept.
_MOST_ARRAYS = 4

# Whose totals tell whether errors have come up: they are no finite numbers then.
_TELLING = frozenset({np.add, np.minimum, np.maximum})


def reduce_evaluated(
    record: Record, x: LazyArray, ufunc: np.ufunc, given: Given, usual: Callable[[], Any]
) -> Any:
    """ufunc.reduce of an array that is there; `usual` makes it by itself. NotImplemented: that is all."""
    if ufunc not in _TELLING or not given.is_plain() or not is_all(given.axis, x.ndim):
        return NotImplemented
    if not _is_seen(record, x, LEAST):
        return NotImplemented
    fold = fold_of(x._value, ufunc, given.dtype)
    if fold is None:
        return NotImplemented
    known = _known(record, x, fold)
    total = _found(record, known, fold)
    if total is None:
        kept = record.reduced
        made = usual()
        shown: Any = made._value.array if type(made) is LazyArray else made
        total = shown[(0,) * x.ndim] if given.keepdims else shown
        if _is_usable(fold, total):
            _keep(record, kept, known, fold, total)
            known.note(ufunc, given.dtype)
        return made
    known.note(ufunc, given.dtype)
    return np.full((1,) * x.ndim, total, total.dtype) if given.keepdims else total


def extreme_evaluated(record: Record, x: LazyArray, function: Any) -> Any:
    """np.argmax or np.argmin over all elements of an array that is there; NotImplemented: NumPy has to."""
    is_slow = x.dtype.char in _SLOW
    if not _is_seen(record, x, LEAST_SLOW if is_slow else LEAST):
        return NotImplemented
    fold = fold_of(x._value, function, None)
    if fold is None:
        return NotImplemented
    known = _known(record, x, fold)
    total = _found(record, known, fold, is_slow or x.nbytes >= LEAST_PLACE)
    if total is None:
        kept = record.reduced
        total = at_once(record, function, (x,), {})
        _keep(record, kept, known, fold, total)
    known.note(function, None)
    return total


def _keep(record: Record, kept: list[Together], known: Together, fold: Fold, total: Any) -> None:
    """Keeps what has been made at once, by a call that writes to nothing, beside what was known before."""
    known.found[fold.kind] = total
    record.reduced = kept


def _is_seen(record: Record, x: LazyArray, least: int) -> bool:
    """Whether it is a large array, whose elements lie side by side, and who writes to it will be seen."""
    value = x._value
    array = value.array
    if array is None or array.nbytes < least or not value.is_plain or not array.flags.forc:
        return False
    return not any(each() is not None for each in record.exposed)


def _known(record: Record, x: LazyArray, fold: Fold) -> Together:
    """What is known of the array; the reduction may be its first one."""
    for known in record.reduced:
        if known.is_of(x):
            return known
    known = Together(x, fold.kind)
    record.reduced = [*record.reduced[1 - _MOST_ARRAYS :], known]
    return known


def _found(record: Record, known: Together, fold: Fold, alone: bool = False) -> Any:
    """What the reduction comes to, which is there or made by a pass with those that will follow, or `alone`;
    None where it has to be made by itself."""
    if fold.kind not in known.found:
        _run(record, known, fold, alone)
    return known.found.get(fold.kind)


def _run(record: Record, known: Together, fold: Fold, alone: bool) -> None:
    folds = [fold]
    for function, dtype in known.before:
        other = fold_of(fold.value, function, dtype)
        if other is None or other.kind in known.found or any(other.kind == each.kind for each in folds):
            continue
        if goes_with(other, folds):
            folds.append(other)
    known.before = []
    if len(folds) == 1 and not alone:
        return
    flags, partials, _ = run_pass(record.pool, (), set(), folds)
    for one in folds:
        record.tally.add_parallel(name_of(one.function), prod(fold.value.shape))
    if record.log is not None:
        record.log.why = f"{name_of(fold.function)} asks for a number", line_of_user()
        record.log.add((), folds)
    assert partials is not None  # no tile is open where nothing is made
    for one, partial, raised in zip(folds, partials, flags, strict=True):
        total = None if raised and one.reports else total_of(one, partial)
        if total is not None and _is_usable(one, total):
            known.found[one.kind] = total


def _is_usable(fold: Fold, total: Any) -> bool:
    """Whether no error has come up on the way to a total, and its bits are the same in any order."""
    if fold.function in ARG_EXTREMES or total.dtype.kind not in "fc":
        return True
    return bool(np.isfinite(total)) and (fold.tree or total != 0)
