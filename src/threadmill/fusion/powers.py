"""Which ufunc ``x ** exponent`` calls: NumPy takes a short way for some exponents; which, it is asked."""

from typing import Any

import numpy as np

__all__ = ["power"]


class _Asked(np.ndarray[Any, Any]):
    """Tells which ufunc an operator calls, with how many operands, the first of which dtype."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **options: Any) -> Any:
        return ufunc, len(args), args[0].dtype


# By dtype, and type and value of the exponent: a few entries for each dtype. Any thread may write.
_powers: dict[tuple[Any, ...], tuple[np.ufunc, int, np.dtype[Any]]] = {}


# The exponents that NumPy may take a short way for.
_SHORT = frozenset({-1, 0, 0.5, 1, 2})


def _is_number(exponent: Any) -> bool:
    """Whether it is one number: NumPy 2.1 and older take short ways for their own as well."""
    if type(exponent) is np.ndarray:
        return exponent.ndim == 0 and exponent.dtype.kind in "iufc"
    # A time is a number of NumPy's, too.
    return type(exponent) in (int, float, bool) or (
        isinstance(exponent, np.number) and not isinstance(exponent, np.timedelta64)
    )


def _is_short(exponent: Any) -> bool:
    """Whether it may have a short way; nothing is told of a signalling NaN."""
    with np.errstate(all="ignore"):
        return any(exponent == short for short in _SHORT)


def power(x: Any, exponent: Any) -> tuple[np.ufunc, tuple[Any, ...]]:
    """The ufunc and the operands of ``x ** exponent``."""
    number, kind = x.dtype.num, type(exponent)
    if kind is int or kind is float:  # most are
        if exponent not in _SHORT:
            return np.power, (x, exponent)
        key: tuple[Any, ...] = number, kind, None, exponent
    elif kind is type(x) or not _is_number(exponent) or not _is_short(exponent):  # an array is not asked
        return np.power, (x, exponent)
    else:
        key = number, kind, getattr(exponent, "dtype", None), complex(exponent)
    found = _powers.get(key)
    if found is None:
        asked: Any = np.ones(2, x.dtype).view(_Asked)
        found = _powers[key] = asked**exponent
    ufunc, count, dtype = found
    if dtype.num != number:  # NumPy 2.2 and older: integers to powers of floats
        x = x.astype(dtype, order="A")
    return ufunc, (x,) if count == 1 else (x, exponent)
