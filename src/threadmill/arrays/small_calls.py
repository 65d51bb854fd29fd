"""Small calls of a ufunc: they go straight to NumPy, which warns of floating-point errors alone.

These are brought to the user's line by a handling of errors of our own, in a third of the time that a call in
the user's name takes. Where NumPy has none to tell, not even that is needed.
"""

import contextvars
from collections.abc import Callable
from typing import Any

import numpy as np

from .._types import Array
from . import thresholds
from .errstate import DEFAULT, HANDLING, apply_as_the_user, as_default_for
from .operands import OUT_BY_KEYWORD

__all__ = ["ACCUMULATING", "CLOSED", "INTEGERS", "MISSING", "NOT_GIVEN", "REDUCING", "SmallCalls", "takes"]

NOT_GIVEN: Any = object()  # `out` where the user says nothing of it, not even None

# Ufuncs that have nothing to warn of where all operands have one dtype for real numbers: NumPy clears what
# flags their loops have raised. Others have not where that is one for integers.
_SILENT = frozenset(
    """
    equal fmax fmin greater greater_equal isfinite isinf isnan less less_equal maximum minimum not_equal
    signbit
    """.split()  # noqa: SIM905
)
_SILENT_OF_INTEGERS = frozenset(
    """
    absolute add bitwise_and bitwise_count bitwise_or bitwise_xor invert left_shift logical_and logical_not
    logical_or logical_xor multiply negative positive right_shift sign square subtract
    """.split()  # noqa: SIM905
)

# Numbers of the dtypes (dtype.num) whose small calls have nothing to warn of but floating-point errors: bool,
# integers, floats, complex, float16; and those of them that a number becomes without a loss.
INTEGERS = frozenset(range(1, 11))
_NUMBERS = frozenset({*range(17), 23})
_TAKES: dict[type, frozenset[int]] = {
    **{np.dtype(char).type: frozenset({np.dtype(char).num}) for char in "?bBhHiIlLqQefdgFDG"},
    int: INTEGERS | {12, 15},
    float: frozenset({12, 15}),
}
_NONE: frozenset[int] = frozenset()

# As they are called, 20 ns sooner.
_ndarray = np.ndarray
_set_handling, _reset_handling = HANDLING.set, HANDLING.reset
MISSING = contextvars.Token.MISSING

# What does for NumPy's own methods what DEFAULT does.
REDUCING, ACCUMULATING = as_default_for("reduce"), as_default_for("accumulate")

# Below no bytes a call is small.
CLOSED: tuple[int, Any] = (0, None)


takes = _TAKES.get  # takes(type(number), ()): the dtypes that it takes on


class SmallCalls:
    """What small calls of one ufunc have to tell.

    `by_dtype`: by dtype.num, the bytes below which a call is small, and its handling of errors; None where
    there are none. It is filled by the first small calls. Any thread writes.
    """

    __slots__ = ("_by_place", "_handling", "_is_known", "_told", "_ufunc", "by_dtype")

    def __init__(self, ufunc: np.ufunc, is_numpys: bool) -> None:
        self._ufunc = ufunc
        self._is_known = is_numpys and ufunc.nin <= 2  # others' ufuncs may warn of anything
        self._handling: Any = None
        # Whether an `out` may as well be given by its place, 80 ns sooner.
        self._by_place = ufunc.nout == 1 and ufunc not in OUT_BY_KEYWORD
        self.by_dtype: dict[int, tuple[int, Any]] = {}
        self._told: dict[int, list[int]] = {}  # by timed calls, until it is known

    def learn(self, dtype: "np.dtype[Any]", least: int) -> None:
        """Finds out whether small calls of a dtype have floating-point errors to tell."""
        if not self._is_known or dtype.num not in _NUMBERS or dtype.num in self.by_dtype:
            return
        name = self._ufunc.__name__
        is_silent = (name in _SILENT and dtype.kind != "c") or (
            dtype.num in INTEGERS and name in _SILENT_OF_INTEGERS
        )
        if not is_silent and self._handling is None:
            self._handling = as_default_for(name)
        self.by_dtype[dtype.num] = least, None if is_silent else self._handling

    def timed(self, x: Array, took_ns: int) -> int | None:
        """The bytes from which on calls of x's dtype are shared, once enough of NumPy's have been timed."""
        number = x.dtype.num
        told = self._told.setdefault(number, [])
        told.append(thresholds.worth(x.nbytes, took_ns))
        if len(told) < thresholds.TIMED:
            return None
        worth = max(told)  # the quickest call's
        if number in self.by_dtype:
            self.by_dtype[number] = worth, self.by_dtype[number][1]
        return worth

    def are_alike(self, args: tuple[Any, ...]) -> bool:
        """Whether arguments are arrays of one dtype that is known here."""
        if len(args) != self._ufunc.nin:
            return False
        dtype = getattr(args[0], "dtype", None)
        for x in args:
            if type(x) is not _ndarray or x.dtype is not dtype:
                return False
        return dtype is not None and dtype.num in self.by_dtype

    def call(self, method: Any, args: tuple[Any, ...]) -> Any:
        """NumPy's call of such arguments."""
        return _handled(self.by_dtype[args[0].dtype.num][1], method, args)

    def made(self, args: tuple[Any, ...], out: Any) -> Any:
        """A small call of arrays of one dtype, or of an array and a number; None where it is not one."""
        if len(args) != self._ufunc.nin or type(args[0]) is not _ndarray:
            return None
        x, y = args[0], args[-1]
        dtype = x.dtype
        least, handling = self.by_dtype.get(dtype.num, CLOSED)
        if x.nbytes >= least:
            return None
        if y is not x:
            if type(y) is not _ndarray:
                if dtype.num not in takes(type(y), ()):
                    return None
            elif y.dtype is not dtype or y.nbytes >= least:
                return None
        if out is NOT_GIVEN:
            return _handled(handling, self._ufunc, args)
        return self.with_out(args, out, handling) if type(out) is _ndarray and out.dtype is dtype else None

    def with_out(self, args: tuple[Any, ...], out: Array, handling: Any) -> Array | None:
        """A small call; None where NumPy might warn of more than floating-point errors."""
        if out.base is not None and out.flags.num <= 0:  # NumPy warns of who writes to it
            return None
        before = None
        if handling is not None:
            before = _set_handling(handling)
            if before.old_value is not MISSING and before.old_value is not DEFAULT:
                _reset_handling(before)
                return None
        try:
            result: Array = self._ufunc(*args, out) if self._by_place else self._ufunc(*args, out=out)
        finally:
            if before is not None:
                _reset_handling(before)
        return result

    def along(
        self,
        method: Any,
        handling: Any,
        x: Array,
        args: tuple[Any, ...],
        options: dict[str, Any],
        learn: Callable[[Any], None],
    ) -> Any:
        """A small call of a method that goes along an axis; learn(dtype) where nothing is known yet."""
        axis: Any = 0
        if options:
            axis = options.get("axis", NOT_GIVEN) if len(args) == len(options) == 1 else NOT_GIVEN
        elif len(args) > 1:
            axis = args[1] if len(args) == 2 else NOT_GIVEN
        own = self.by_dtype.get(x.dtype.num)
        if own is None:
            learn(x.dtype)  # for the next call
        if own is None or not (type(axis) is int or axis is None):
            return apply_as_the_user(method, args, options)
        if own[1] is None:
            return method(x, axis)
        before = _set_handling(handling)
        try:
            if before.old_value is MISSING or before.old_value is DEFAULT:
                return method(x, axis)
        finally:
            _reset_handling(before)
        return apply_as_the_user(method, args, options)


def _handled(handling: Any, call: Any, args: tuple[Any, ...]) -> Any:
    """call(*args), with floating-point errors at the user's line."""
    if handling is None:
        return call(*args)
    before = _set_handling(handling)
    try:
        if before.old_value is MISSING or before.old_value is DEFAULT:
            return call(*args)
    finally:
        _reset_handling(before)
    return apply_as_the_user(call, args)
