"""The methods of a ufunc on all cores: reduce, accumulate, outer; NumPy makes reduceat and at."""

import functools
from typing import Any

import numpy as np

from .._native.door import BY_NUMPY, Door
from ..tasks.default_pool import check_pool, default_pool, pool_or_default
from ..tasks.pool import Pool
from . import accumulations, elementwise, gufuncs, self_test, thresholds
from .doors import left_to_numpy
from .elementwise import Call
from .errstate import apply_as_the_user
from .loops import LoopCache
from .reducer import Reducer, as_reduce
from .refusal import ONE_THREAD, Refusal
from .signatures import method_with_pool, shows
from .watch import WATCHERS, came_to, is_watched, judged, watched

__all__ = ["UfuncMethods"]

# As it is called, 20 ns sooner.
_ndarray = np.ndarray

_TWICE = Refusal("an index may occur twice")
_PIECES = Refusal("pieces between indices are no rows to share")


class UfuncMethods(Door):
    """What a ufunc on all cores does besides being called; a part of ParallelUfunc, see ufunc.py."""

    ufunc: np.ufunc
    __name__: str
    _trusted: bool
    _worth: dict[int, int]
    _loops: LoopCache

    @shows(method_with_pool(as_reduce))
    def reduce(self, /, *args: Any, pool: Pool | None = None, **options: Any) -> Any:
        """As numpy.ufunc.reduce.

        Parameters
        ----------
        array, axis, dtype, out, keepdims, initial, where
            As numpy.ufunc.reduce's.
        pool : Pool, optional
            The threads to run on, of which the caller is one; the default pool if None.

        Returns
        -------
        ndarray or scalar
            NumPy's, in every bit.

        Notes
        -----
        Over some axes, the outputs are shared out among the threads. Over all axes, the elements are, where
        their order does not show: integers, least and greatest, any and all, and sums of floats in NumPy's
        own pairwise tree. The rest is NumPy's.
        """
        result = self._reduced(*args, pool=pool, **options)
        return apply_as_the_user(self.ufunc.reduce, args, options) if result is BY_NUMPY else result

    def _reduced(self, /, *args: Any, pool: Pool | None = None, **options: Any) -> Any:
        if pool is None and args and not WATCHERS:
            x = args[0]
            axis = args[1] if len(args) > 1 else options.get("axis", 0)
            if type(x) is _ndarray:
                reducer = self._reducer
                if len(args) + len(options) < 3 and (not options or "axis" in options):
                    total = reducer.decided(x, axis)
                    if total is not None:
                        return total
                if x.nbytes < reducer.least(x, axis):
                    return left_to_numpy(self.reduce, args, options)
        return self._reducer.call(self.ufunc.reduce, as_reduce, args, options, pool, self._trusted)

    def outer(self, *args: Any, pool: Pool | None = None, **options: Any) -> Any:
        """As numpy.ufunc.outer."""
        result = self._outer(*args, pool=pool, **options)
        return apply_as_the_user(self.ufunc.outer, args, options) if result is BY_NUMPY else result

    def _outer(self, /, *args: Any, pool: Pool | None = None, **options: Any) -> Any:
        if WATCHERS and not is_watched():
            outer = functools.partial(type(self).outer, self)
            return watched(f"{self.__name__}.outer", outer, *args, pool=pool, **options)
        check_pool(pool)
        plain = all(type(x) is np.ndarray for x in args)
        why: Any = judged(args)
        if plain and len(args) == self.ufunc.nin == 2 and self.ufunc.signature is None:
            a, b = args
            least = thresholds.SCATTERED * self._worth.get(a.dtype.num, thresholds.MOST)
            large = a.nbytes * b.size >= least
            if pool is not None or (large and default_pool()._max_workers > 1):
                why = call = self._prepare((a.reshape(a.shape + (1,) * b.ndim), b), options)
                if not isinstance(call, Refusal):
                    why = result = call.run(pool_or_default(pool)._handle)
                    if not isinstance(result, Refusal):
                        if WATCHERS:
                            came_to(f"{self.__name__}.outer", result)
                        return result
            elif large:
                why = ONE_THREAD
        if WATCHERS:
            came_to(f"{self.__name__}.outer", why)
        return BY_NUMPY

    def accumulate(self, *args: Any, pool: Pool | None = None, **options: Any) -> Any:
        """As numpy.ufunc.accumulate; along one axis of several the rows are shared out."""
        result = self._accumulated(*args, pool=pool, **options)
        return apply_as_the_user(self.ufunc.accumulate, args, options) if result is BY_NUMPY else result

    def _accumulated(self, /, *args: Any, pool: Pool | None = None, **options: Any) -> Any:
        if WATCHERS and not is_watched():
            accumulate = functools.partial(type(self).accumulate, self)
            return watched(f"{self.__name__}.accumulate", accumulate, *args, pool=pool, **options)
        check_pool(pool)
        call = self._accumulation(args, options, pool)
        if WATCHERS:
            came_to(f"{self.__name__}.accumulate", call)
        if not isinstance(call, Refusal):
            return call.run(pool_or_default(pool)._handle)
        return left_to_numpy(self.accumulate, args, options) if pool is None and call.by_size else BY_NUMPY

    def reduceat(self, *args: Any, pool: Pool | None = None, **options: Any) -> Any:
        """As numpy.ufunc.reduceat, by NumPy itself."""
        check_pool(pool)
        if WATCHERS and not is_watched():
            return watched(f"{self.__name__}.reduceat", self.reduceat, *args, pool=pool, **options)
        if WATCHERS:
            came_to(f"{self.__name__}.reduceat", judged(args, _PIECES))
        return apply_as_the_user(self.ufunc.reduceat, args, options)

    def at(self, *args: Any, pool: Pool | None = None) -> Any:
        """As numpy.ufunc.at, by NumPy itself: an index may occur twice."""
        check_pool(pool)
        if WATCHERS and not is_watched():
            return watched(f"{self.__name__}.at", self.at, *args, pool=pool)
        if WATCHERS:
            came_to(f"{self.__name__}.at", judged(args, _TWICE))
        return apply_as_the_user(self.ufunc.at, args)

    # ---- inside ----

    def _prepare(self, args: tuple[Any, ...], options: dict[str, Any]) -> Call | Refusal:
        refusal = self_test.refusal_of(self._trusted)
        if refusal is not None:
            return refusal
        prepare = elementwise.prepare if self.ufunc.signature is None else gufuncs.prepare
        return prepare(self.ufunc, self._loops, args, options)

    def _accumulation(
        self, args: tuple[Any, ...], options: dict[str, Any], pool: Pool | None
    ) -> accumulations.Accumulation | Refusal:
        if pool is None and args:
            few = accumulations.few(args[0], args[1] if len(args) > 1 else options.get("axis", 0))
            if few is not None:
                return few
        if pool is None and default_pool()._max_workers == 1:
            return ONE_THREAD
        refusal = self_test.refusal_of(self._trusted)
        if refusal is not None:
            return refusal
        try:
            return accumulations.prepare(self.ufunc, self._loops, *args, **options)
        except TypeError:  # NumPy is to tell
            return Refusal("its arguments are for NumPy to judge")

    @functools.cached_property
    def _reducer(self) -> Reducer:
        return Reducer(self.ufunc, self._loops)
