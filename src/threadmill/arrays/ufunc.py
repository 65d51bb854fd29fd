"""parallel(ufunc): a ufunc of NumPy's on all cores, in NumPy's own inner loops.

What is worth more than NumPy goes to elementwise.py or reductions.py; what they can't do, NumPy does.
"""

import functools
import inspect
import weakref
from typing import Any

import numpy as np

from .._process import lock_of_process
from ..tasks.pool import Pool
from ..tasks.which_pool import check_pool, pool_or_default
from . import elementwise, gufuncs, probes, reducer
from .errstate import as_the_user
from .layout import NUMERIC
from .loops import MOST_LOOPS, LoopCache
from .plan import MOST_PLANS, PlanCache, key_of, key_of_equals, plan_for
from .reducer import Reducer, as_reduce
from .signatures import doc_with_pool, method_with_pool, shows, with_pool

__all__ = ["Explanation", "ParallelUfunc", "parallel", "trusted_loops"]

# Elements below which NumPy is done before we could have begun: arguments take us 5 us and more. A loop that
# takes some nanoseconds an element pays from the first number on, an addition (0.3 ns) from the second.
_LEAST_COSTLY, _LEAST = 4096, 65536
_CHEAP = frozenset(
    """
    absolute add bitwise_and bitwise_count bitwise_or bitwise_xor ceil conjugate copysign deg2rad degrees
    divide equal fabs floor fmax fmin greater greater_equal invert isfinite isinf isnan isnat left_shift
    less less_equal logical_and logical_not logical_or logical_xor maximum minimum multiply negative
    not_equal positive rad2deg radians reciprocal right_shift rint sign signbit sqrt square subtract trunc
    """.split()  # noqa: SIM905
)


class Explanation(str):
    """What `ParallelUfunc.explain` tells, as a text; `parallel` is whether our threads would run the call."""

    __slots__ = ("parallel",)
    parallel: bool


class ParallelUfunc:
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
    too small to gain; of loops that run Python code; and all calls if THREADMILL_UFUNCS=0 is set, or if
    NumPy's loops do not pass a test at first use.
    """

    def __init__(self, ufunc: np.ufunc, trust: bool) -> None:
        self.ufunc = ufunc
        self.__name__ = ufunc.__name__
        self.__doc__ = doc_with_pool(ufunc)
        self._trusted = trust
        self._least = _LEAST if ufunc.__name__ in _CHEAP else _LEAST_COSTLY
        self._loops: LoopCache = LoopCache(MOST_LOOPS)
        self._plans: PlanCache = PlanCache(MOST_PLANS)
        self._reducer = Reducer(ufunc)

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

    def __call__(self, *args: Any, pool: Pool | None = None, **options: Any) -> Any:
        if pool is None:
            least = self._least
            for x in args:  # a plain loop: here 100 ns show
                if type(x) is np.ndarray:
                    if x.size >= least:
                        break
                    if x.dtype.kind not in "biufc":
                        return self._by_numpy(self.ufunc, args, options)
                elif type(x) not in _PLAIN:
                    return self._by_numpy(self.ufunc, args, options)
            else:
                return self._by_numpy(self.ufunc, args, options)
        handle = pool_or_default(pool)._handle
        out = options.get("out")
        plan = None
        if len(options) == (out is not None):
            key = key_of(args, out)
            plan = self._plans.get(key) or self._plans.get(key := key_of_equals(args, out))
            if plan is not None:
                result = plan.run(args, out, handle)
                if result is not NotImplemented:
                    return result
        call = self._prepare(args, options)
        if type(call) is str:
            return self._by_numpy(self.ufunc, args, options)
        if plan is None and len(options) == (out is not None) and self.ufunc.signature is None:
            plan = plan_for(call.loop, args, out)
            if plan is not None:
                self._plans.put(key, plan)
        result = call.run(handle)
        return self._by_numpy(self.ufunc, args, options) if result is NotImplemented else result

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
        if pool is None and args and type(args[0]) is np.ndarray and args[0].nbytes < reducer.LEAST_READ:
            return as_the_user(self.ufunc.reduce, *args, **options)
        return self._reducer.call(self.ufunc.reduce, as_reduce, args, options, pool, self._trusted)

    def outer(self, *args: Any, pool: Pool | None = None, **options: Any) -> Any:
        """As numpy.ufunc.outer."""
        check_pool(pool)
        plain = all(type(x) is np.ndarray for x in args)
        if plain and len(args) == self.ufunc.nin == 2 and self.signature is None:
            a, b = args
            if pool is not None or a.size * b.size >= self._least:
                call = self._prepare((a.reshape(a.shape + (1,) * b.ndim), b), options)
                result = NotImplemented if type(call) is str else call.run(pool_or_default(pool)._handle)
                if result is not NotImplemented:
                    return result
        return self._by_numpy(self.ufunc.outer, args, options)

    def accumulate(self, *args: Any, pool: Pool | None = None, **options: Any) -> Any:
        """As numpy.ufunc.accumulate, by NumPy itself: each element needs the one before."""
        check_pool(pool)
        return self._by_numpy(self.ufunc.accumulate, args, options)

    def reduceat(self, *args: Any, pool: Pool | None = None, **options: Any) -> Any:
        """As numpy.ufunc.reduceat, by NumPy itself."""
        check_pool(pool)
        return self._by_numpy(self.ufunc.reduceat, args, options)

    def at(self, *args: Any, pool: Pool | None = None) -> Any:
        """As numpy.ufunc.at, by NumPy itself: an index may occur twice."""
        check_pool(pool)
        return self._by_numpy(self.ufunc.at, args, {})

    def explain(self, *args: Any, pool: Pool | None = None, **options: Any) -> Explanation:
        """How ``self(*args, **options)`` would run, without running it.

        Returns
        -------
        Explanation
            A str: the loop, the dtypes, the chunks and the threads, or why NumPy makes the call. Its
            attribute `parallel` is False in the latter case.

        Raises
        ------
        TypeError, RuntimeError
            `pool` is none, or is shut down.
        """
        check_pool(pool)
        call = self._prepare(args, options)
        sizes = [x.size for x in args if type(x) is np.ndarray]
        if type(call) is not str and pool is None and max(sizes, default=0) < self._least:
            call = f"fewer than {self._least} elements are not worth another thread"
        return _explain(self.ufunc.__name__, call, pool)

    # ---- inside ----

    def _prepare(self, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        reason = probes.refuses(self.ufunc, self._trusted)
        if reason:
            return reason
        if self.ufunc.signature is not None:
            return gufuncs.prepare(self.ufunc, self._loops, args, options)
        return elementwise.prepare(self.ufunc, self._loops, args, options)

    def _by_numpy(self, call: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        return as_the_user(call, *args, **options)


_PLAIN = frozenset(
    {int, float, complex, bool, type(None), *(np.dtype(char).type for char in NUMERIC - {*"mM"})}
)


def _explain(name: str, call: Any, pool: Pool | None) -> Explanation:
    if type(call) is str:
        told = Explanation(f"{name}: by NumPy, because {call}")
        told.parallel = False
        return told
    threads = pool_or_default(pool)._max_workers
    if call.loop is None:
        told = Explanation(f"{name}: by threadmill's own kernel, on up to {threads} threads")
    else:
        dtypes = ", ".join(str(dtype) for dtype in call.loop.dtypes)
        chunks = -(-call.shape[call.split] // call.grain)
        told = Explanation(
            f"{name}: NumPy's loop for {dtypes}, over {' x '.join(map(str, call.shape))}, axis {call.split} "
            f"in {chunks} chunks of {call.grain}, on up to {min(threads, chunks)} threads"
        )
    told.parallel = True
    return told


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
            "functions that call ufuncs can run in threadmill.map_chunks"
        )
    made = _of_numpy.get(id(ufunc))
    if made is None:
        with lock_of_process("parallel"):
            made = _made.setdefault(id(ufunc), ParallelUfunc(ufunc, trust))
        if probes.is_numpys(ufunc):
            _of_numpy[id(ufunc)] = made
    made._trusted |= trust
    return made


def trusted_loops(ufunc: np.ufunc) -> LoopCache | None:
    """Where loops of a ufunc that is not NumPy's are kept, if somebody has said that it is to be trusted."""
    made = _made.get(id(ufunc))
    return made._loops if made is not None and made._trusted else None
