"""Quantiles of all elements of an array: NumPy's own code, for which the elements at its places are selected.

NumPy's code copies the array, parts it at the places that it needs, and looks at what stands there. It is
bound here to something that looks like the array, and selects those elements that are looked at.
"""

import types
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib import _function_base_impl, _nanfunctions_impl

from ..arrays.bucket_sort import OPEN
from ..arrays.buckets import HAVE_KEYS
from ..arrays.layout import NO_VALUE, is_plain, is_target
from ..arrays.rebound import rebound
from ..arrays.refusal import Refusal
from ..arrays.selection import Selection
from ..tasks.pool import Pool
from .face import Prepared
from .rows import TOLD, raising

__all__ = ["elements_in_a_row", "is_quantile", "nanpercentile", "nanquantile", "percentile", "quantile"]

_NOT_IN_A_ROW = Refusal("the elements are no numbers that have keys, or do not lie in a row")
_JUDGED = Refusal("its arguments are for NumPy to judge")
_NOTHING = Refusal("there is nothing but nan")


def elements_in_a_row(a: Any, axis: Any = None) -> Any:
    """All elements, as they lie in memory, as a view with one axis.

    A Refusal where that is no view, or where the axis is not that of all elements.
    """
    if not is_plain(a) or a.dtype.char not in HAVE_KEYS or not a.size:
        return _NOT_IN_A_ROW
    if axis is not None and (a.ndim != 1 or type(axis) is not int or not -1 <= axis <= 0):
        return _JUDGED
    if a.ndim == 1:
        return a
    return a.ravel("K") if a.flags.forc else _NOT_IN_A_ROW


def is_quantile(q: Any) -> bool:
    """Whether it is a number or an array or list of some numbers, which NumPy takes as it is."""
    if type(q) in (list, tuple):
        return bool(q) and all(type(each) in (int, float) for each in q)
    return type(q) in (int, float) or isinstance(q, np.floating) or (is_plain(q) and q.size > 0)


class _Refused(Exception):
    """NumPy is to make the call."""


class _Parted:
    """What NumPy's code takes for a copy of the array, of which it looks at elements by their places."""

    def __init__(self, pool: Pool, x: Any, ndim: int, without_nan: bool) -> None:
        self._pool, self._x, self._without_nan = pool, x, without_nan
        self._selection: Selection | None = None
        self.dtype, self.size, self.ndim = x.dtype, x.size, ndim
        self.shape = (x.size,) * ndim  # the length of each is asked for where there is one

    def in_a_row(self, *_: Any) -> "_Parted":
        return self if self.ndim == 1 else _Parted(self._pool, self._x, 1, self._without_nan)

    flatten = ravel = copy = in_a_row

    def numbers(self) -> "_Parted":
        """The same without NaNs, whose number takes a pass."""
        row = _Parted(self._pool, self._x, 1, True)
        row._selection = Selection(self._pool, self._x, [])
        row.size = row._selection.numbers
        row.shape = (row.size,)
        if not row.size:
            raise _Refused
        return row

    def partition(self, kth: Any, **_: Any) -> None:
        negative = 0 if self._selection is None else self._selection.negative_nans
        places = {int(place) % self.size for place in np.ravel(kth)}
        selection = Selection(self._pool, self._x, sorted(place + negative for place in places))
        if not self._without_nan and selection.has_other_nans():
            raise _Refused
        # The first and the last are there as a rule for NaNs alone; they are found when they are asked for.
        inner = [place for place in places - {0, self.size - 1} if place < selection.numbers]
        if selection.find(inner) is not None:
            raise _Refused
        self._selection = selection

    def __getitem__(self, index: Any) -> Any:
        assert self._selection is not None
        if type(index) in (int, tuple):  # the last one: whether it is NaN
            has_nan = not self._without_nan and self._selection.numbers < self.size
            return self.dtype.type(np.nan if has_nan else 0)
        return self.taken(np.asarray(index))[()]

    def taken(self, index: Any) -> Any:
        assert self._selection is not None
        places = (index.ravel() % self.size).tolist()
        numbers = self._selection.numbers
        found = np.full(len(places), np.nan if self.dtype.kind == "f" else 0, self.dtype)
        inside = [k for k, place in enumerate(places) if place < numbers]
        values = self._selection.at([places[k] for k in inside])
        if isinstance(values, Refusal):
            raise _Refused
        found[inside] = values
        return found.reshape(index.shape)


def _asanyarray(x: Any, *args: Any, **options: Any) -> Any:
    return x if type(x) is _Parted else np.asanyarray(x, *args, **options)


def _take(x: Any, index: Any, axis: Any = None, out: Any = None) -> Any:
    if type(x) is not _Parted:
        return np.take(x, index, axis=axis, out=out)
    found = x.taken(np.asarray(index))
    return np.take(found.ravel(), np.arange(found.size).reshape(found.shape), axis=0, out=out)


def _remove_nan(x: Any, *_: Any, **__: Any) -> tuple[Any, None, bool]:
    return x.numbers(), None, True


class _NumPy(types.ModuleType):
    asanyarray = staticmethod(_asanyarray)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


_numpy = _NumPy("numpy")
_CODE = rebound(_function_base_impl, np=_numpy, take=_take)
_NAN_CODE = rebound(_nanfunctions_impl, np=_numpy, fnb=_CODE, _remove_nan_1d=_remove_nan)


def _prepared(own: Callable[..., Any], without_nan: bool) -> Callable[..., Prepared]:
    def prepare(
        pool: Pool,
        a: Any,
        q: Any,
        axis: Any = None,
        out: Any = None,
        overwrite_input: Any = False,
        method: Any = "linear",
        keepdims: Any = NO_VALUE if without_nan else False,
        *,
        weights: Any = None,
    ) -> Prepared:
        x = elements_in_a_row(a, axis)
        if isinstance(x, Refusal):
            return x
        if (
            weights is not None
            or not is_quantile(q)
            or (overwrite_input is not False and not a.flags.writeable)
        ):
            return _JUDGED
        if out is not None and (not is_target(out) or np.may_share_memory(out, a)):
            return _JUDGED

        def run() -> Any:
            before = None if out is None else out.copy()
            try:
                with np.errstate(**raising()):
                    return own(
                        _Parted(pool, x, a.ndim, without_nan),
                        q,
                        axis,
                        out,
                        overwrite_input,
                        method,
                        keepdims,
                    )
            except _Refused:
                refusal = OPEN
            except Exception:
                refusal = TOLD
            if out is not None and before is not None:
                np.copyto(out, before)
            return refusal

        return run

    return prepare


quantile = _prepared(_CODE.quantile, False)
percentile = _prepared(_CODE.percentile, False)
nanquantile = _prepared(_NAN_CODE.nanquantile, True)
nanpercentile = _prepared(_NAN_CODE.nanpercentile, True)
