"""ufunc.reduce of one ufunc: the arguments that plans know, the plans, and NumPy for all other calls.

NumPy answers a call whose arguments are not exactly known here. It is then called as the user called us, so
that other classes, and NumPy's own errors and warnings, see what the user gave and nothing else.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from .._types import Array
from ..tasks.pool import Pool
from ..tasks.which_pool import check_pool, pool_or_default
from . import probes, reductions
from .cache import Cache
from .errstate import as_the_user
from .layout import NO_VALUE, NUMERIC
from .loops import MOST_LOOPS, LoopCache
from .reduction import ANY_ORDER, Reduction

__all__ = ["LEAST_READ", "NUMBERS", "Asked", "Reducer", "as_any", "as_mean", "as_min", "as_reduce", "as_sum"]

# The arguments of ufunc.reduce: array, axis, dtype, out, keepdims, initial, where.
Asked: TypeAlias = tuple[Any, Any, Any, Any, Any, Any, Any]

# Bytes below which NumPy makes the call: it reads 40 KB in a microsecond.
LEAST_READ = 1 << 20

# Reductions, or why NumPy makes one, by shape, dtype and its char, axis and keepdims. They keep no array
# alive, and none is of a dtype with metadata. Any thread may write.
ReductionCache = Cache[tuple[Any, ...], Reduction | str]
_MOST_REDUCTIONS = 256


# ---- what is asked for: NumPy's signatures, and the call of ufunc.reduce that each comes to ---------------


def as_reduce(
    array: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = NO_VALUE,
    where: Any = True,
) -> Asked:
    return array, axis, dtype, out, keepdims, initial, where


def as_sum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NO_VALUE,
    initial: Any = NO_VALUE,
    where: Any = NO_VALUE,
) -> Asked:
    return a, axis, dtype, out, _given(keepdims, False), initial, _given(where, True)


def as_min(
    a: Any,
    axis: Any = None,
    out: Any = None,
    keepdims: Any = NO_VALUE,
    initial: Any = NO_VALUE,
    where: Any = NO_VALUE,
) -> Asked:
    return a, axis, None, out, _given(keepdims, False), initial, _given(where, True)


def as_any(
    a: Any, axis: Any = None, out: Any = None, keepdims: Any = NO_VALUE, *, where: Any = NO_VALUE
) -> Asked:
    return a, axis, bool, out, _given(keepdims, False), NO_VALUE, _given(where, True)


def as_mean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NO_VALUE,
    *,
    where: Any = NO_VALUE,
) -> Asked:
    return a, axis, dtype, out, _given(keepdims, False), NO_VALUE, _given(where, True)


def _given(value: Any, default: bool) -> Any:
    return default if value is NO_VALUE else value


# ---- what is known: exact types, as a subclass or an object that converts itself has its own way ----------

_KINDS = [np.dtype(char) for char in NUMERIC - {*"mM"}]
_INTEGERS = frozenset({int, *(kind.type for kind in _KINDS if kind.kind in "iu")})
NUMBERS = frozenset({int, float, complex, bool, *(kind.type for kind in _KINDS)})

# The names and classes that stand for a dtype of numbers.
_DTYPES: dict[Any, np.dtype[Any]] = {
    **{name: kind for kind in _KINDS for name in (kind.char, kind.name, kind.str[1:], kind.type)},
    **{python: np.dtype(python) for python in (bool, int, float, complex)},
}


def _is_known(asked: Asked) -> bool:
    array, axis, dtype, out, keepdims, initial, where = asked
    return (
        type(array) is np.ndarray
        and out is None
        and type(keepdims) is bool
        and array.dtype.metadata is None
        and (axis is None or type(axis) is int or _are_axes(axis))
        and (dtype is None or _dtype(dtype) is not None)
        and (initial is NO_VALUE or type(initial) in NUMBERS)
        and (where is True or (type(where) is np.ndarray and where.dtype.char == "?"))
    )


def _are_axes(axis: Any) -> bool:
    axes = axis if type(axis) is tuple else (axis,)
    return all(type(each) in _INTEGERS for each in axes)


def _dtype(dtype: Any) -> np.dtype[Any] | None:
    """The dtype that the user means; None where only NumPy can say."""
    if isinstance(dtype, np.dtype):
        return dtype if dtype.isnative and dtype.metadata is None else None
    return _DTYPES.get(dtype) if type(dtype) in (str, type) else None


# ---- the calls --------------------------------------------------------------------------------------------


class Reducer:
    """The reductions by one ufunc."""

    __slots__ = ("_loops", "_plans", "ufunc")

    def __init__(self, ufunc: np.ufunc) -> None:
        self.ufunc = ufunc
        self._loops: LoopCache = LoopCache(MOST_LOOPS)
        self._plans: ReductionCache = ReductionCache(_MOST_REDUCTIONS)

    def call(
        self,
        numpys: Callable[..., Any],
        signature: Callable[..., Asked],
        args: tuple[Any, ...],
        options: dict[str, Any],
        pool: Pool | None,
        trusted: bool = True,
    ) -> Any:
        """numpys(*args, **options), which is ufunc.reduce or comes to it as `signature` says.

        `trusted` has no meaning for NumPy's own ufuncs.
        """
        check_pool(pool)
        asked = self.asked(signature, args, options)
        if asked is None:
            return as_the_user(numpys, *args, **options)
        plan = self.plan(asked, pool, trusted)
        if not isinstance(plan, str):
            return self.run(plan, asked, pool)
        reduce: Callable[..., Any] = self.ufunc.reduce
        as_usual = (asked[2] is None or asked[2] is bool) and asked[5] is NO_VALUE
        if as_usual and asked[0].dtype.kind in "biu" and self.ufunc.__name__ in ANY_ORDER:
            return reduce(*asked)  # there is nothing to warn of
        return as_the_user(reduce, *asked)

    def asked(
        self, signature: Callable[..., Asked], args: tuple[Any, ...], options: dict[str, Any]
    ) -> Asked | None:
        """The arguments of ufunc.reduce; None where only NumPy knows what they mean."""
        try:
            asked = signature(*args, **options)
        except TypeError:
            return None
        return asked if _is_known(asked) else None

    def plan(self, asked: Asked, pool: Pool | None, trusted: bool = True) -> Reduction | str:
        """How the pool's threads make a call whose arguments are known; a str: why NumPy makes it."""
        array, axis, dtype, _, keepdims, initial, where = asked
        if pool is None and array.nbytes < LEAST_READ:
            return f"fewer than {LEAST_READ} bytes are not worth another thread"
        key = None
        if where is True and initial is NO_VALUE and dtype is None:
            flags = array.flags
            if flags.c_contiguous and flags.aligned:
                key = array.shape, array.dtype, array.dtype.char, axis, keepdims
        plan = None if key is None else self._plans.get(key)
        if plan is None:
            wanted = None if dtype is None else _dtype(dtype)
            plan = self._prepare(trusted, array, axis, wanted, keepdims, initial, where)
            if key is not None and (isinstance(plan, str) or plan.reusable):
                self._plans.put(key, plan)
        return plan

    def run(self, plan: Reduction, asked: Asked, pool: Pool | None) -> Any:
        array: Array = asked[0]
        return plan.run(pool_or_default(pool)._handle, array)

    def _prepare(self, trusted: bool, *arguments: Any) -> Reduction | str:
        reason = probes.refuses(self.ufunc, trusted)
        if reason or self.ufunc.nin != 2 or self.ufunc.nout != 1 or self.ufunc.signature is not None:
            return reason or "it is no ufunc of two operands and one result"
        return reductions.prepare(self.ufunc, self._loops, *arguments)
