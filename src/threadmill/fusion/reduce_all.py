"""Reductions of all elements at the end of the pass that makes them."""

import sys
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from .._types import Array
from ..arrays.any_order import ANY_ORDER, LEAST_OR_GREATEST
from ..arrays.cache import Cache
from ..arrays.layout import NO_VALUE
from ..arrays.loops import Loop, resolve
from ..arrays.operands import plain_dtype
from ..arrays.probes import sum_block
from ..arrays.refusal import Refusal
from ..arrays.self_test import NUMPYS
from .arg_extremes import ARG_EXTREMES, arg_extreme, index_of
from .foreseen import Foreseen, origin
from .nodes import Conversion, Value
from .passes import Fold
from .record import Record
from .warned import State, place_of_user, state_now, tell_of

__all__ = [
    *("Given", "fold_of", "folded", "given_number", "goes_with", "is_all", "is_own", "is_quiet"),
    *("reduce_all", "total_of"),
]

# Loops that fold, by ufunc, the dtype of the elements and that asked for; a string: NumPy reduces. Any thread
# may write.
_loops: Cache[tuple[Any, ...], Loop | Refusal] = Cache()

_LEFT_TO_NUMPY = Refusal("NumPy reduces")

# Loops that make no signalling NaN of what they read: fmax and fmin pass it by or hand it on, by its place.
_QUIETS = frozenset({"add", "divide", "multiply", "sqrt", "square", "subtract"})


class Given(NamedTuple):
    """The arguments of ufunc.reduce but `out`."""

    axis: Any = 0
    dtype: Any = None
    keepdims: bool = False
    initial: Any = NO_VALUE
    where: Any = True

    def is_plain(self) -> bool:
        """Whether it begins with nothing else but its identity, and leaves nothing out."""
        return self.initial is NO_VALUE and self.where is True


def reduce_all(record: Record, value: Value, ufunc: np.ufunc, given: Given) -> Any:
    """ufunc.reduce over all elements of a value that is put off; NotImplemented: another way is needed."""
    ndim = len(value.shape)
    if value.array is not None or not record.pending or not is_all(given.axis, ndim):
        return NotImplemented
    initial = None
    if given.initial is not NO_VALUE:
        initial = given_number(given.initial, value.dtype)
        if initial is None or not is_own(given.dtype, value):
            return NotImplemented
    found = _folded(record, value, ufunc, given.dtype)
    if found is None:
        return NotImplemented
    total = found.total
    if initial is not None:
        with np.errstate(all="ignore"):
            total = ufunc(initial, np.asarray(total))[()]
        if total.dtype.kind in "fc" and (not np.isfinite(total) or (total == 0 and ufunc is not np.add)):
            return NotImplemented  # before its errors are told, of which NumPy tells
    _tell(record, found)
    return np.full((1,) * ndim, total, total.dtype) if given.keepdims else total


class _Folded(NamedTuple):
    """What a reduction has come to, and the errors to tell of under this state."""

    total: Any
    flags: int
    state: State


def folded(record: Record, value: Value, function: Any, dtype: Any = None) -> Any:
    """What all elements of a value come to that is put off; NotImplemented: another way is needed."""
    found = _folded(record, value, function, dtype)
    if found is None:
        return NotImplemented
    _tell(record, found)
    return found.total


def _folded(record: Record, value: Value, function: Any, dtype: Any) -> _Folded | None:
    fold = fold_of(value, function, dtype)
    if fold is None:
        return None
    state = state_now(record.state)
    if state.at_once and fold.reports:
        return None
    base, casts = origin(value)
    key = casts, *fold.kind
    if base.folds is None or key not in base.folds:
        _run(record, fold, base, key)
    if record.foreseen is not None and record.foreseen.knows(base):
        record.foreseen.note(base, casts, function, dtype)
    if base.folds is None or key not in base.folds:
        return None
    total, flags = base.folds[key]
    return _Folded(total, flags if fold.reports else 0, state)


def _tell(record: Record, found: _Folded) -> None:
    if found.flags:
        if any(node.reports for node in record.pending):  # they come first
            record.flush("a reduction has errors to tell of")
        tell_of(found.state, found.flags, place_of_user(sys._getframe(3)), "reduce")


def _run(record: Record, fold: Fold, base: Value, key: tuple[Any, ...]) -> None:
    """Runs the pass that ends in the fold, and in those that are foreseen after it."""
    made = {(base, key): fold}
    if record.foreseen is None or not record.foreseen.knows(base):
        record.foreseen = Foreseen(key, record.pending, base)
        for value, asked in [*record.foreseen.values(record.pending)]:
            cast = _cast(record, value, asked.casts)
            other = None if cast is None else fold_of(cast, asked.function, asked.dtype)
            if other is not None and goes_with(other, made.values()):
                made.setdefault((value, (asked.casts, *other.kind)), other)
    name = fold.function.__name__ + ".reduce" * isinstance(fold.function, np.ufunc)
    ended = record.flush(f"{name} asks for a number", [*made.values()])
    results = {each: (partial, flags) for each, partial, flags in ended}
    for (value, own), each in made.items():
        if each in results:
            partial, flags = results[each]
            total = total_of(each, partial)
            if total is not None:
                value.folds = {**(value.folds or {}), own: (total, flags)}


def _cast(record: Record, value: Value, casts: tuple[Conversion, ...]) -> Value | None:
    for loop in casts:
        if loop.dtypes[0].num != value.dtype.num:
            return None
        node = record.add(loop, "cast", (value,), value.shape, False)
        if node is None:
            return None
        value = node.outs[0]
    return value


def goes_with(fold: Fold, others: Iterable[Fold]) -> bool:
    """Whether one pass can end in all: a tree has the same nodes for all that are complex, or real."""
    return not fold.tree or all(not each.tree or each.dtype.kind == fold.dtype.kind for each in others)


def total_of(fold: Fold, partial: Array) -> Any:
    """What chunks come to; None where NumPy's own order tells which NaN it is, or which zero."""
    if fold.function in ARG_EXTREMES:
        return index_of(fold, partial)
    if fold.tree:
        total = partial[0] + fold.dtype.type(0)  # NumPy begins with its identity
    else:
        with np.errstate(all="ignore"):
            total = fold.function.reduce(partial, dtype=fold.dtype)
    if fold.dtype.kind in "fc" and (np.isnan(total) or (not fold.tree and total == 0)):
        return None
    return total


def given_number(initial: Any, dtype: np.dtype[Any]) -> Array | None:
    """A number with which a reduction begins; None where NumPy has to look at it."""
    if type(initial) not in (int, float) and not isinstance(initial, np.number):
        return None
    number = np.asarray(initial)
    if not np.can_cast(number.dtype, dtype, "same_kind"):
        return None
    with np.errstate(all="ignore"):
        made = number.astype(dtype)
    return made if made == number else None


def is_own(dtype: Any, value: Value) -> bool:
    """Whether a reduction is asked for in no other dtype than the value's."""
    if dtype is None:
        return True
    asked = plain_dtype(dtype)
    return asked is not None and asked.num == value.dtype.num


def is_all(axis: Any, ndim: int) -> bool:
    """Whether the axes are all that there are."""
    if axis is None or (type(axis) is int and ndim == 1 and axis in (0, -1)):
        return True
    return type(axis) is tuple and sorted(axis) == list(range(ndim))


def fold_of(value: Value, ufunc: Any, dtype: Any) -> Fold | None:
    if ufunc in ARG_EXTREMES:
        return arg_extreme(value, ufunc)
    if ufunc not in NUMPYS or ufunc.nin != 2 or ufunc.nout != 1:
        return None
    if dtype is not None and type(dtype) is not type and not isinstance(dtype, np.dtype):
        return None
    if ufunc in (np.fmax, np.fmin) and not is_quiet(value):
        return None
    key = ufunc, value.dtype.num, dtype
    loop = _loops.get(key)
    if loop is None:
        loop = _loops.put(key, _loop_for(ufunc, value.dtype, dtype))
    if isinstance(loop, Refusal):
        return None
    own = loop.dtypes[0]
    tree = ufunc is np.add and own.kind in "fc"
    identity = None
    if not tree and ufunc.__name__ not in LEAST_OR_GREATEST:
        if ufunc.identity is None:
            return None
        identity = np.asarray(ufunc.identity).astype(own)
    entry = loop.strided
    return Fold(value, ufunc, entry.address, own, entry.reports, tree, identity, loop)


def is_quiet(value: Value) -> bool:
    """Whether the value has no signalling NaN, whatever it is made of."""
    return value.dtype.kind not in "fc" or (value.node is not None and value.node.name in _QUIETS)


def _loop_for(ufunc: np.ufunc, own: np.dtype[Any], dtype: Any) -> Loop | Refusal:
    options = {} if dtype is None else {"signature": (np.dtype(dtype), None, None)}
    asked: Any = ufunc
    try:
        resolved = asked._resolve_dtypes_and_context((None, own, None), reduction=True, **options)[0]
    except (TypeError, ValueError):
        return _LEFT_TO_NUMPY
    if any(each.num != own.num for each in resolved):
        return _LEFT_TO_NUMPY
    loop = resolve(ufunc, tuple(resolved))
    if not isinstance(loop, Loop):
        return loop
    if ufunc is np.add and own.char in "fdFD":
        folds = not sum_block()
    elif ufunc.__name__ in LEAST_OR_GREATEST and own.char in "fd":
        folds = True
    else:
        folds = own.kind in "iub" and own.kind in ANY_ORDER.get(ufunc.__name__, "")
    return loop if folds else _LEFT_TO_NUMPY
