"""fuse(fn): a NumPy function that runs over tiles in the caches, on all cores."""

import functools
import inspect
import os
import sys
import types
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any, ParamSpec, TypeVar, overload

from .._arguments import require_callable
from ..arrays.errstate import apply_as_the_user
from ..arrays.refusal import FUSE_IS_OFF, Refusal
from ..arrays.watch import FUSED, WATCHERS, came_to, is_watched, judged, watched
from ..tasks.default_pool import check_pool, pool_or_default
from ..tasks.pool import Pool
from . import operators  # noqa: F401 - gives lazy arrays what they do
from .arguments import Arguments, largest
from .blocks import hold_blocks, in_blocks, threads_shared
from .explanation import FusedExplanation, Log, name_of
from .formula import Formula
from .lazy import LazyArray
from .record import RETURNED, Record
from .worth import LEAST, LONG_NS, SMALLEST, Worth, key_of

__all__ = ["explain_fused", "fuse", "fuse_is_off", "run_fused"]

_IS_QUICKER = Refusal("such calls have little work, and are timed as they are as well", by_size=True)

P = ParamSpec("P")
R = TypeVar("R")


@overload
def fuse(fn: Callable[P, R], *, pool: Pool | None = None) -> Callable[P, R]: ...
@overload
def fuse(fn: None = None, *, pool: Pool | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def fuse(fn: Any = None, *, pool: Pool | None = None) -> Any:
    """A function of NumPy arrays that makes few passes over memory, on all cores.

    The function runs at every call as plain Python. Only its array work is put off, and is done tile by tile
    when a value is needed. Its results, their dtypes, warnings and errors are NumPy's.

    Parameters
    ----------
    fn : callable
        Takes and returns arrays, in tuples, lists and dicts too; and pandas' Series and DataFrames and
        xarray's DataArrays, which keep their labels.
    pool : Pool, optional
        The threads to run on, of which the caller is one; the default pool if None.

    Returns
    -------
    callable
        Called as `fn` is. Calls whose arrays are all small run `fn` as it is, and so do all calls if
        THREADMILL_FUSE=0 is set: arrays of fewer than 8,192 elements, or 65,536 until four calls in a row
        have taken 0.1 ms. Where it is not clear that fusing gains, calls with such arguments are timed
        fused and as they are, and made in the quicker way from then on. Of dask arrays an
        element-wise `fn` makes dask arrays. The attribute ``explain`` makes a call as well, and returns a
        text that tells of its passes over memory: what is in each, the bytes that it moves and why it ended.

    Raises
    ------
    TypeError
        `fn` is not callable, or is a generator function or a coroutine function. In a call with dask arrays:
        `fn` does what may need other blocks than one, or changes an argument; or a pool is given.
    RuntimeError
        In a call: the pool is shut down.

    Examples
    --------
    >>> import numpy as np, threadmill as tm
    >>> @tm.fuse
    ... def distance(x, y):
    ...     return np.sqrt(np.sum((x - y) ** 2))
    >>> distance(np.zeros(100_000), np.ones(100_000))
    np.float64(316.22776601683796)
    """
    if fn is None:
        return functools.partial(fuse, pool=pool)
    require_callable("fn", fn)
    check_pool(pool)
    function = fn.__func__ if isinstance(fn, staticmethod | classmethod) else fn
    if (
        inspect.isgeneratorfunction(function)
        or inspect.isasyncgenfunction(function)
        or inspect.iscoroutinefunction(function)
    ):
        raise TypeError(f"fn must be a plain function, got the generator or coroutine function {fn!r}")

    worth, name = Worth(), name_of(fn)
    run = functools.partial(_as_the_user, fn) if _warns_for_its_caller(fn) else fn

    def call(*args: Any, **options: Any) -> Any:
        check_pool(pool)  # however the call is made
        size = largest((*args, *options.values()) if options else args)
        if not worth.may_gain(size):
            if WATCHERS:
                came_to(name, _of_arguments((*args, *options.values())), opens=True)
            if size < SMALLEST:
                return run(*args, **options)
            begin = perf_counter_ns()
            result = run(*args, **options)
            worth.learn_as_it_is(size, perf_counter_ns() - begin)
            return result
        key = key_of((*args, *options.values()))
        ways = worth.ways(key)
        begin = perf_counter_ns()
        if ways is not None and ways.begins_alone():
            if WATCHERS:
                came_to(name, _IS_QUICKER, opens=True)
            result = run(*args, **options)
            ways.learn(True, perf_counter_ns() - begin)
            return result
        is_off = fuse_is_off()
        if WATCHERS:
            came_to(name, FUSE_IS_OFF if is_off else FUSED, opens=True)
        if is_off:
            return run(*args, **options)
        threads = pool_or_default(pool)
        record = Record(threads._handle)
        result = threads._tasks.call(fn, _run, record, run, args, options)
        worth.learn(key, ways, record.tally, perf_counter_ns() - begin)
        return result

    @functools.wraps(fn)
    def fused(*args: Any, **options: Any) -> Any:
        if "dask.array" in sys.modules and (hold_blocks(args) or (options and hold_blocks(options.values()))):
            return _by_blocks(fn, args, options, pool)
        if WATCHERS and not is_watched():
            return watched(name, call, *args, **options)
        return call(*args, **options)

    def explain(*args: Any, **options: Any) -> FusedExplanation:
        """Calls the function, and tells of its passes over memory."""
        log = Log()
        if hold_blocks((args, options)):
            _by_blocks(fn, args, options, pool)
            log.add_remark("in dask", "one task makes a block of all results, fused, when it is computed")
        elif worth.may_gain(largest((*args, *options.values()))):
            record = Record(pool_or_default(pool)._handle)
            record.log = log
            _run(record, run, args, options)
            if record.state is not None and record.state.at_once:
                how = "raise, call, print or log, by np.errstate or a filter"
                log.add_remark("at once", f"what may report a floating-point error, as these {how}")
            if not record.tally.is_clear():
                log.add_remark(
                    "fusing may lose", "such calls are timed as they are as well, for the quicker way"
                )
        else:
            run(*args, **options)
            what = f"no array has {LEAST} elements, or {SMALLEST} in calls that take {LONG_NS // 1000} us"
            log.add_remark("by NumPy", f"the function is called as it is, as {what}")
        return log.told(name_of(fn))

    fused.explain = explain  # type: ignore[attr-defined]
    return fused


def _warns_for_its_caller(fn: Callable[..., Any]) -> bool:
    """Whether there may be warnings at the line of who calls it: of code in C, or with a `stacklevel`."""
    function = getattr(fn, "__func__", fn)
    if not isinstance(function, types.FunctionType):
        function = type(function).__call__
    return not isinstance(function, types.FunctionType) or "warn" in function.__code__.co_names


def _of_arguments(args: tuple[Any, ...]) -> Refusal | str:
    """What a call without a large array comes to: a part of the passes around it, perhaps."""
    return FUSED if LazyArray in map(type, args) else judged(args)


def _by_blocks(
    fn: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any], pool: Pool | None
) -> Any:
    if fuse_is_off():
        return fn(*args, **options)
    if pool is not None:
        raise TypeError(
            "fuse was given a pool, whose threads stay here, and blocks of dask arrays run anywhere: "
            "use fuse without pool="
        )
    return in_blocks(fn, args, options, _run_block)


def _run_block(formula: Formula, *blocks: Any) -> Any:
    """A task of dask's: a formula, fused, on the default pool of the process that has the blocks."""
    if not formula.worth.may_gain(largest(blocks)) or fuse_is_off():
        return formula(*blocks)
    key = key_of(blocks)
    ways = formula.worth.ways(key)
    begin = perf_counter_ns()
    if ways is not None and ways.begins_alone():
        result = formula(*blocks)
        ways.learn(True, perf_counter_ns() - begin)
        return result
    pool = pool_or_default(None)
    record = Record(pool._handle)
    with threads_shared(pool.max_workers):
        result = _run(record, formula, blocks, {})
    formula.worth.learn(key, ways, record.tally, perf_counter_ns() - begin)
    return result


def fuse_is_off() -> bool:
    """Whether functions run as they are, as the environment says."""
    return os.environ.get("THREADMILL_FUSE") == "0"


def run_fused(
    pool: Pool, function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    """One call of NumPy's function, fused, with its warnings at the user's line."""
    plain = functools.partial(_as_the_user, function)
    return pool._tasks.call(function, _run, Record(pool._handle), plain, args, options)


def explain_fused(
    pool: Pool, function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]
) -> FusedExplanation:
    """Makes such a call, and tells of its passes over memory."""
    record, log = Record(pool._handle), Log()
    record.log = log
    _run(record, functools.partial(_as_the_user, function), args, options)
    return log.told(name_of(function))


def _as_the_user(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    return apply_as_the_user(function, args, options)


def _run(record: Record, fn: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    arguments = Arguments(record)
    try:
        given = [arguments.given(x) for x in args]
        named = {name: arguments.given(x) for name, x in options.items()}
        arguments.all_given()
        result = fn(*given, **named)
        record.flush(RETURNED)
        return arguments.taken(result)
    except Exception:
        record.close()
        raise
    except BaseException:  # an interrupt, that nothing more is to be computed for
        record.is_open = False
        raise
    finally:
        arguments.write_back()
        if record.is_open:
            record.close()
