"""parallel(ufunc): a ufunc of NumPy's on all cores, in NumPy's own inner loops.

Calls that gain from threads are planned in dense.py, elementwise.py, gufuncs.py and reducer.py. NumPy makes
all others, as the user made them.
"""

import functools
import inspect
import time
import weakref
from typing import Any

import numpy as np

from .._native.door import BY_NUMPY
from .._process import lock_of_process
from .._types import Array
from ..tasks.default_pool import check_pool, default_pool, pool_or_default
from ..tasks.pool import Pool
from . import accumulations, self_test, thresholds
from .cache import Cache
from .dense import PlanCache, dense_plan, is_dense
from .doors import SIMPLE, MethodDoor, as_door, left_to_numpy, timed
from .errstate import apply_as_the_user
from .labelled import call_labelled, class_of
from .loops import LoopCache
from .plan import Explanation
from .reducer import reduced
from .refusal import ONE_THREAD, Refusal, fewer_than
from .scattered import scattered
from .signatures import doc_with_pool, with_pool
from .ufunc_methods import UfuncMethods
from .watch import WATCHERS, came_to, is_watched, judged, watched

__all__ = ["NOT_GIVEN", "ParallelUfunc", "parallel", "trusted_loops"]

# `out` where the user says nothing of it, not even None.
NOT_GIVEN: Any = object()

# Of bools and integers (dtype.num) these fill their result with one value, of which NumPy writes 100 KB a
# microsecond.
_FILLS, _FILLED, _INTEGERS = frozenset({"isfinite", "isinf", "isnan"}), 1 << 24, range(11)

# Integers of these are exponents beside floats: what calls of both take is the floats'.
_SCALES = frozenset({"ldexp"})

# As they are called, 20 ns sooner.
_ndarray = np.ndarray


class ParallelUfunc(UfuncMethods):
    """A ufunc that runs on all cores; made by `parallel`.

    It is called as the ufunc is, with `pool` besides: the Pool whose threads run it, the default pool if
    None. Attributes that are not listed here (``nin``, ``types``, ``identity``, ...) are the ufunc's.

    Attributes
    ----------
    ufunc : numpy.ufunc

    Notes
    -----
    Values, dtype, shape, memory order, warnings and errors are NumPy's. The caller is one of the threads; the
    others are called once what is left seems worth it. Nothing is copied, but operands that overlap as NumPy
    copies them, and operands of other dtypes than the loop's by a thousand elements at a time. Outputs that
    no cache can hold are written past the caches where they are given and the loop waits for memory.

    NumPy itself, on one thread, makes the calls that `explain` says it makes: of operands that are no plain
    arrays or numbers (lists, subclasses, arrays of objects or strings), byte-swapped or misaligned; of arrays
    too small to gain; of loops that run Python code; without `pool`, where the default pool has one thread;
    and all calls if THREADMILL_UFUNCS=0 is set, or if NumPy's loops do not pass a test at first use.
    """

    def __init__(self, ufunc: np.ufunc, trust: bool) -> None:
        self.ufunc = ufunc
        self.__name__ = ufunc.__name__
        self.__doc__ = doc_with_pool(ufunc)
        self._trusted = trust or ufunc in self_test.NUMPYS
        name = ufunc.__name__ if ufunc in self_test.NUMPYS else ""
        # By dtype.num: the bytes from which on calls are shared, once they are known. Any thread writes;
        # nothing but time depends on it.
        self._worth: dict[int, int] = dict.fromkeys(_INTEGERS, _FILLED) if name in _FILLS | _SCALES else {}
        as_door(self, ufunc, SIMPLE, timed(thresholds.LEAST, is_alike=ufunc.signature is None))
        self._counts, self._tells_values = Cache(), True
        self._told: dict[int, list[int]] = {}  # what timed calls tell of it; any thread adds
        self._loops: LoopCache = LoopCache()
        self._plans: PlanCache = PlanCache()
        if name:  # such a door keeps its ufunc alive, as nothing does with others'
            few = timed(16 * thresholds.SCATTERED * thresholds.MOST, 0)  # of the product, times 16
            doors = {
                "reduce": MethodDoor(ufunc.reduce, self.reduce, self._reduced, *reduced(ufunc)),
                "accumulate": MethodDoor(
                    ufunc.accumulate, self.accumulate, self._accumulated, *accumulations.accumulated(ufunc)
                ),
                "outer": MethodDoor(ufunc.outer, self.outer, self._outer, few, self._worth),
            }
            vars(self).update(doors)

    @property
    def __signature__(self) -> inspect.Signature:
        """NumPy's, with `pool`, for inspect.signature."""
        return with_pool(self.ufunc)

    def __repr__(self) -> str:
        return f"threadmill.parallel({self.ufunc!r})"

    def __reduce__(self) -> Any:
        return functools.partial(parallel, trust=True) if self._trusted else parallel, (self.ufunc,)

    def __getattr__(self, name: str) -> Any:
        if name == "ufunc":  # while unpickled or copied: there is nothing yet to ask
            raise AttributeError(name)
        return getattr(self.ufunc, name)

    def as_the_user(self, *args: Any, out: Any = NOT_GIVEN, pool: Pool | None = None, **options: Any) -> Any:
        """The same call, from code of ours."""
        result = self._ours(*args, out=out, pool=pool, **options)
        if result is not BY_NUMPY:
            return result
        if out is not NOT_GIVEN:
            options["out"] = out
        return apply_as_the_user(self.ufunc, args, options)

    def _ours(self, *args: Any, out: Any = NOT_GIVEN, pool: Pool | None = None, **options: Any) -> Any:
        """A call that may be worth threads, or is watched; BY_NUMPY where NumPy is to make it."""
        if WATCHERS and not is_watched():
            return watched(self.__name__, self.as_the_user, *args, out=out, pool=pool, **options)
        if pool is None:
            untimed = None
            for x in args:
                if type(x) is _ndarray and x.nbytes >= self._least:
                    known = self._worth.get(x.dtype.num)
                    enough = thresholds.MOST if known is None else known
                    if x.nbytes >= enough and (x.flags.forc or x.nbytes >= thresholds.SCATTERED * enough):
                        break
                    if known is None and x.flags.forc:  # others take longer
                        untimed = x
            else:
                if untimed is not None:
                    return self._timed(args, out, options, untimed)
                if out is not NOT_GIVEN:
                    options["out"] = out
                return self._by_others(args, options, pool, lasts=True)
            is_default, pool = True, default_pool()
            if pool._max_workers == 1:
                if WATCHERS:
                    came_to(self.__name__, ONE_THREAD)
                return BY_NUMPY
        else:
            is_default = False
            check_pool(pool)
        handle = pool._handle
        if self._trusted and not options and out is not None:
            target = None if out is NOT_GIVEN else out
            # The key of a dense plan, see dense.py: id(dtype) or type of each argument, and `out` last.
            key = tuple([id(x.dtype) if type(x) is np.ndarray else type(x) for x in (*args, target)])
            plan = self._plans.get(key)
            if plan is None:
                plan = self_test.fault() or dense_plan(self.ufunc, self._plans, self._loops, args, target)
            if type(plan) is not Refusal:
                result = plan.run(handle, args, target)
                if type(result) is not Refusal:
                    if WATCHERS:
                        came_to(self.__name__, result)
                    return result
        if out is not NOT_GIVEN:
            options["out"] = out
        if is_default and self.ufunc.signature is None:
            few = scattered(self.ufunc, self._worth, args, options.get("out"))
            if few is not None:
                if WATCHERS:
                    call = self._prepare(args, options)
                    few = call if isinstance(call, Refusal) else few  # what else hinders it is told first
                return self._by_others(args, options, pool, few, lasts=True)
        call = self._prepare(args, options)
        result = call if isinstance(call, Refusal) else call.run(handle)
        if type(result) is Refusal:
            return self._by_others(args, options, pool, result)
        if WATCHERS:
            came_to(self.__name__, result)
        return result

    def explain(self, *args: Any, pool: Pool | None = None, **options: Any) -> Explanation:
        """How ``self(*args, **options)`` would run, without running it.

        Returns
        -------
        Explanation
            The loop, the dtypes, the chunks and the threads, or why NumPy makes the call; as a sentence by
            ``str``.

        Raises
        ------
        TypeError, RuntimeError
            `pool` is none, or is shut down.
        """
        check_pool(pool)
        call = self._prepare(args, options)
        for x in args:
            if class_of(type(x)) is not None:
                call = Refusal(
                    f"{type(x).__name__} sees to its labels, and has the loops over its arrays run here"
                )
        arrays = [x for x in args if type(x) is np.ndarray]
        if pool is None and not isinstance(call, Refusal) and default_pool()._max_workers == 1:
            call = ONE_THREAD
        if pool is None and not isinstance(call, Refusal):
            enough = [max(self._least, self._worth.get(x.dtype.num, thresholds.MOST)) for x in arrays]
            if all(x.nbytes < least for x, least in zip(arrays, enough, strict=True)):
                least = min(enough, default=self._least)
                call = fewer_than(least)
            elif self.ufunc.signature is None and not is_dense(
                self.ufunc, self._plans, self._loops, args, options
            ):
                call = scattered(self.ufunc, self._worth, args, options.get("out")) or call
        if isinstance(call, Refusal):
            return Explanation(self.ufunc.__name__, False, call.reason)
        return call.plan.explain(self.ufunc.__name__, pool_or_default(pool).max_workers)

    # ---- inside ----

    def _by_others(
        self,
        args: tuple[Any, ...],
        options: dict[str, Any],
        pool: Pool | None,
        why: Refusal | None = None,
        lasts: bool = False,
    ) -> Any:
        """A call that is not ours: pandas' or xarray's with our loops; or BY_NUMPY.

        `lasts`: that it is too small to gain is so of all calls of its kind.
        """
        if not options and self.ufunc.signature is None:
            call = self.as_the_user if pool is None else functools.partial(self.as_the_user, pool=pool)
            result = call_labelled(self.ufunc, call, args)
            if result is not NotImplemented:
                if WATCHERS:
                    came_to(self.__name__, result)
                return result
        if WATCHERS:
            came_to(self.__name__, judged(args) if why is None else why)
        return left_to_numpy(self, args, options) if lasts else BY_NUMPY

    def _timed(self, args: tuple[Any, ...], out: Any, options: dict[str, Any], x: Array) -> Any:
        """NumPy's call, of which the time tells what the loop takes for x's dtype."""
        if out is not NOT_GIVEN:
            options["out"] = out
        begin = time.perf_counter_ns()
        result = apply_as_the_user(self.ufunc, args, options)
        told = self._told.setdefault(x.dtype.num, [])
        told.append(thresholds.worth(x.nbytes, time.perf_counter_ns() - begin))
        if len(told) >= thresholds.TIMED:
            times = thresholds.times(self.ufunc.types, self.ufunc.signature is not None, x.dtype.char)
            self._worth[x.dtype.num] = times * max(told)  # the quickest call's
        return result


# By id(ufunc): an entry keeps its ufunc alive, and goes when nobody has it any more, as a ufunc may hold
# anything. NumPy's own live as long as the process, and so does what is found out about them.
_made: "weakref.WeakValueDictionary[int, ParallelUfunc]" = weakref.WeakValueDictionary()
_of_numpy: dict[int, ParallelUfunc] = {}


def parallel(ufunc: Any, *, trust: bool = False) -> ParallelUfunc:
    """The ufunc on all cores.

    Parameters
    ----------
    ufunc : numpy.ufunc
        One of NumPy's, or of another package's, such as scipy.special's.
    trust : bool
        For a ufunc that is not NumPy's: your word that its loops may run on several threads at once without
        the GIL, and raise no exception. Without it NumPy runs them. It holds as long as what `parallel`
        returned is kept.

    Returns
    -------
    ParallelUfunc
        The same one as before, if that is still kept. Nothing else keeps a ufunc that is not NumPy's alive.

    Raises
    ------
    TypeError
        `ufunc` is none, or `trust` no bool.
    """
    if not isinstance(trust, bool | np.bool):
        raise TypeError(f"trust must be a bool, got {type(trust).__name__}")
    if not isinstance(ufunc, np.ufunc):
        if isinstance(ufunc, ParallelUfunc):
            return ufunc
        name = getattr(ufunc, "__name__", type(ufunc).__name__)
        raise TypeError(
            f"parallel takes a ufunc, such as numpy.exp, and {name} is a {type(ufunc).__name__}; "
            "call NumPy's other functions in threadmill.numpy, your own by threadmill.fuse or map_chunks"
        )
    made = _of_numpy.get(id(ufunc))
    if made is None:
        if ufunc in self_test.NUMPYS:
            made = _of_numpy.setdefault(id(ufunc), ParallelUfunc(ufunc, trust))
        else:
            with lock_of_process("parallel"):
                made = _made.setdefault(id(ufunc), ParallelUfunc(ufunc, trust))
    if trust:  # not |=, which may write back what was before another thread's trust
        made._trusted = True
    return made


def trusted_loops(ufunc: np.ufunc) -> LoopCache | None:
    """Where loops of a ufunc that is not NumPy's are kept, if somebody has said that it is to be trusted."""
    made = _made.get(id(ufunc))
    return made._loops if made is not None and made._trusted else None
