"""ufunc.reduce of one ufunc: the arguments that plans know, the plans, and NumPy for all other calls.

NumPy answers a call whose arguments are not exactly known here. It is then called as the user called us, so
that other classes, and NumPy's own errors and warnings, see what the user gave and nothing else.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from .._native.pools import NO_POOL
from .._types import Array, Reduced
from ..tasks.default_pool import check_pool, default_pool, pool_or_default
from ..tasks.pool import Pool
from . import reductions, self_test, sum_kernel, thresholds
from .any_order import ANY_ORDER, LEAST_OR_GREATEST
from .cache import Cache
from .doors import NEVER, Sizes
from .errstate import apply_as_the_user
from .layout import NO_VALUE, NUMERIC, has_no_gaps
from .loops import LoopCache
from .operands import NUMBERS, plain_dtype
from .plan import Reduction
from .refusal import ONE_THREAD, Refusal, fewer_than
from .watch import WATCHERS, came_to, is_watched, judged, name_of_numpys, watched

__all__ = ["QUICK", "Asked", "Reducer", "as_any", "as_mean", "as_min", "as_reduce", "as_sum", "reduced"]

# The arguments of ufunc.reduce: array, axis, dtype, out, keepdims, initial, where.
Asked: TypeAlias = tuple[Any, Any, Any, Any, Any, Any, Any]

# Reductions, or why NumPy makes one, by shape, dtype and its char, axis, keepdims, and whether the array is
# in C order or in Fortran's. They keep no array alive, and none is of a dtype with metadata. Any thread may
# write.
ReductionCache = Cache[tuple[Any, ...], Reduction | Refusal]


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

_INTEGERS = frozenset({int, *(np.dtype(char).type for char in NUMERIC if np.dtype(char).kind in "iu")})


def _is_known(asked: Asked) -> bool:
    array, axis, dtype, out, keepdims, initial, where = asked
    return (
        type(array) is np.ndarray
        and out is None
        and type(keepdims) is bool
        and array.dtype.metadata is None
        and (axis is None or type(axis) is int or _are_axes(axis))
        and (dtype is None or plain_dtype(dtype) is not None)
        and (initial is NO_VALUE or type(initial) in NUMBERS)
        and (where is True or (type(where) is np.ndarray and where.dtype.char == "?"))
    )


def _are_axes(axis: Any) -> bool:
    axes = axis if type(axis) is tuple else (axis,)
    return all(type(each) in _INTEGERS for each in axes)


_LOGICAL = frozenset({"logical_and", "logical_or"})

# Of these (dtype.num) NumPy makes bools first, all of them: of complex numbers no loop does so for us, and
# of others ours has twice as many to read before it gains.
_COMPLEX = frozenset(np.dtype(char).num for char in "FDG")
_FLOATS = frozenset(np.dtype(char).num for char in "efdg")
_READ_ON = 2

_ROUNDED = Refusal("the order of its elements shows in the result")
_NO_GAIN = Refusal("reductions like this one have gained in no measurement", by_size=True)
_NO_KERNEL = Refusal("there is no kernel for its dtype and layout")


# These read 40 to 100 KB in a microsecond, and gain from so many times the bytes on.
_QUICK_LOOPS = frozenset(
    {"add", "multiply", "bitwise_and", "bitwise_or", "bitwise_xor", *_LOGICAL, *LEAST_OR_GREATEST}
)
QUICK = 4

# Over all elements sums have a kernel, and our loop stops at the number that decides where NumPy's goes on.
_QUICK_OVER_ALL = _QUICK_LOOPS - _LOGICAL - {"add"}

# So many reductions of bools gain, as NumPy stops at the first that decides one.
_MANY = 1 << 12


def _least_of(name: str, over_all: bool) -> int:
    """Bytes of an array in C order from which on reductions by the ufunc of this name gain."""
    return (QUICK if name in (_QUICK_OVER_ALL if over_all else _QUICK_LOOPS) else 1) * thresholds.REDUCED


def _is_whole(x: Array, axis: Any) -> bool:
    """Whether it names all axes of an array."""
    if type(axis) is not tuple:
        return axis is None
    return len(axis) == x.ndim and all(type(k) is int for k in axis) and {*axis} == {*range(x.ndim)}


def _are_many(x: Array, axis: Any) -> bool:
    return type(axis) is int and -x.ndim <= axis < x.ndim and x.size >= _MANY * x.shape[axis]


def reduced(ufunc: np.ufunc) -> tuple[Sizes, dict[int, int]]:
    """What a door in front of ufunc.reduce is to know of sizes, as `Reducer.least` tells them."""
    least, whole = (_least_of(ufunc.__name__, over_all) for over_all in (False, True))
    sizes = Sizes(least, 1, thresholds.SCATTERED, thresholds.REDUCED, whole, 0)
    if ufunc is np.add:
        return sizes, {}
    if ufunc.__name__ not in _LOGICAL:
        return sizes, {np.dtype(bool).num: NEVER}
    others: dict[int, int] = dict.fromkeys(_COMPLEX, NEVER)
    others |= dict.fromkeys(_FLOATS, _READ_ON * thresholds.REDUCED)
    others[np.dtype(bool).num] = thresholds.REDUCED * thresholds.SCATTERED
    return sizes, others


# ---- the calls --------------------------------------------------------------------------------------------


class Reducer:
    """The reductions by one ufunc."""

    __slots__ = ("_is_logical", "_loops", "_plans", "ufunc")

    def __init__(self, ufunc: np.ufunc, loops: LoopCache) -> None:
        self.ufunc = ufunc
        self._is_logical = ufunc is np.logical_or or ufunc is np.logical_and
        self._loops = loops
        self._plans: ReductionCache = ReductionCache()

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
        if WATCHERS and not is_watched():
            name = name_of_numpys(numpys)
            return watched(name, self.call, numpys, signature, args, options, pool, trusted)
        check_pool(pool)
        asked = self.asked(signature, args, options)
        if asked is None:
            if WATCHERS:
                came_to(name_of_numpys(numpys), judged((*args, *options.values())))
            return apply_as_the_user(numpys, args, options)
        asked = self._in_c_order(asked)
        plan = self.plan(asked, pool, trusted)
        if WATCHERS:
            came_to(name_of_numpys(numpys), plan)
        if not isinstance(plan, Refusal):
            return self.run(plan, asked, pool)
        reduce: Callable[..., Any] = self.ufunc.reduce
        as_usual = (asked[2] is None or asked[2] is bool) and asked[5] is NO_VALUE
        if as_usual and asked[0].dtype.kind in "biu" and self.ufunc.__name__ in ANY_ORDER:
            return reduce(*asked)  # there is nothing to warn of
        return apply_as_the_user(reduce, asked)

    def total(self, x: Any, pool: Pool | None) -> Any:
        """np.sum(x), where the ufunc is np.add."""
        if WATCHERS and not is_watched():
            return watched("sum", self.total, x, pool)
        if pool is not None:
            check_pool(pool)
        if type(x) is not np.ndarray:
            if WATCHERS:
                came_to("sum", judged((x,)))
            return apply_as_the_user(np.sum, (x,))
        if pool is not None or x.nbytes >= thresholds.SUMMED:
            if pool is None and x.nbytes < thresholds.ALONE:
                threads = NO_POOL
            else:
                threads = (default_pool() if pool is None else pool)._handle
            total = sum_kernel.sum(threads, x, 0)
            if WATCHERS:
                came_to("sum", _NO_KERNEL if total is None else total)
            if total is not None:
                return total
        if x.dtype.kind in "biu":  # there is nothing to warn of
            return np.add.reduce(x, None)
        return apply_as_the_user(np.add.reduce, (x, None))

    def asked(
        self, signature: Callable[..., Asked], args: tuple[Any, ...], options: dict[str, Any]
    ) -> Asked | None:
        """The arguments of ufunc.reduce; None where only NumPy knows what they mean."""
        try:
            asked = signature(*args, **options)
        except TypeError:
            return None
        return asked if _is_known(asked) else None

    def least(self, x: Array, axis: Any, initial: Any = NO_VALUE, where: Any = True) -> int:
        """The bytes from which on reductions of arrays like x gain."""
        if self._has_kernel(x, axis, initial, where):
            if x.flags.c_contiguous:
                return thresholds.SUMMED
            return NEVER if x.dtype.kind in "fc" and not has_no_gaps(x) else 4 * thresholds.REDUCED
        name, over_all = self.ufunc.__name__, x.ndim == 1 or _is_whole(x, axis)
        is_dense = x.flags.c_contiguous or (over_all and x.flags.f_contiguous)
        if x.dtype.char == "?" and self.ufunc is not np.add:
            many = is_dense if over_all else _are_many(x, axis)
            return thresholds.REDUCED * thresholds.SCATTERED if many and name in _LOGICAL else NEVER
        if x.dtype.kind == "c" and name in _LOGICAL:
            return NEVER
        if over_all and x.dtype.kind in "fc" and (name == "multiply" or (name == "add" and not is_dense)):
            return NEVER  # the order of its elements shows in the result
        if not is_dense:
            is_plane = x.ndim > 2 and axis in (0, -x.ndim) and x.dtype.kind in "iu" and x.itemsize > 2
            # NumPy goes through memory in one stream, our chunks in many: it had up to 1.3 times our speed.
            if is_plane and name in LEAST_OR_GREATEST:
                return NEVER
            return thresholds.REDUCED * thresholds.SCATTERED
        if initial is not NO_VALUE and name in LEAST_OR_GREATEST:  # 8 MB took 1.15 to 1.33 times NumPy's time
            return 16 * thresholds.REDUCED
        times = _READ_ON if over_all and name in _LOGICAL and x.dtype.num in _FLOATS else 1
        return times * _least_of(name, over_all)

    def decided(self, x: Array, axis: Any) -> Reduced | None:
        """The result where the first bools decide it, as NumPy stops there; nothing is planned for that."""
        if not self._is_logical or x.dtype.char != "?":
            return None
        is_whole = _is_whole(x, axis) or (x.ndim == 1 and type(axis) is int and -1 <= axis < 1)
        return reductions.decided(self.ufunc.__name__, x) if is_whole else None

    def _has_kernel(self, x: Array, axis: Any, initial: Any, where: Any) -> bool:
        """Whether it is a sum that is quicker than NumPy's on one thread, too."""
        if axis is not None or self.ufunc is not np.add:
            return False
        return initial is NO_VALUE if where is True else x.dtype.char in "fd"

    def _in_c_order(self, asked: Asked) -> Asked:
        """The same call, of an array whose memory is in C order, where all elements are reduced."""
        array, axis, *rest, where = asked
        if axis is None and where is True and array.flags.f_contiguous:
            return (array.T, axis, *rest, where)
        return asked

    def plan(self, asked: Asked, pool: Pool | None, trusted: bool = True) -> Reduction | Refusal:
        """How the pool's threads make a call whose arguments are known."""
        array, axis, dtype, _, keepdims, initial, where = asked
        flags = array.flags
        if dtype is bool and self.ufunc.__name__ in _LOGICAL:
            dtype = None  # its results are bools in any case
        has_kernel = self._has_kernel(array, axis, initial, where)
        least = self.least(array, axis, initial, where)
        if pool is None and array.nbytes < least:
            return fewer_than(least) if least < NEVER else _NO_GAIN
        if pool is None and not has_kernel and default_pool()._max_workers == 1:
            return ONE_THREAD
        if axis is None and self.ufunc is np.add and not has_kernel and array.dtype.kind in "fc":
            return _ROUNDED
        key = None
        is_usual = where is True and initial is NO_VALUE and dtype is None
        # Dtypes of strings may have a part that is hashed by code of the user's.
        if is_usual and flags.forc and flags.aligned and array.dtype.kind in "biufcmM":
            key = array.shape, array.dtype, array.dtype.char, axis, keepdims, flags.c_contiguous
        plan = None if key is None else self._plans.get(key)
        if plan is None:
            wanted = None if dtype is None else plain_dtype(dtype)
            plan = self._prepare(trusted, array, axis, wanted, keepdims, initial, where)
            if key is not None and (isinstance(plan, Refusal) or plan.reusable):
                self._plans.put(key, plan)
        return plan

    def run(self, plan: Reduction, asked: Asked, pool: Pool | None) -> Reduced:
        array: Array = asked[0]
        return plan.run(pool_or_default(pool)._handle, array)

    def _prepare(self, trusted: bool, *arguments: Any) -> Reduction | Refusal:
        refusal = self_test.refusal_of(trusted)
        if refusal is not None:
            return refusal
        if self.ufunc.nin != 2 or self.ufunc.nout != 1 or self.ufunc.signature is not None:
            return Refusal("it is no ufunc of two operands and one result")
        return reductions.prepare(self.ufunc, self._loops, *arguments)
