"""The door of a fused function: which way each call goes.

Calls that can't gain go from C to the function as it is. All others come to Python, which has them fused, or
timed as worth.py asks for.
"""

import os
import sys
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

import numpy as np

from .._native.door import Door
from ..arrays.doors import SIMPLE, Sizes, as_door
from ..arrays.labelled import class_of
from ..arrays.refusal import FUSE_IS_OFF, Refusal
from ..arrays.watch import FUSED, WATCHERS, came_to, is_watched, judged, watched
from ..tasks.default_pool import check_pool, pool_or_default
from ..tasks.pool import Pool
from .arguments import largest
from .blocks import hold_blocks, in_blocks, threads_shared
from .explanation import FusedExplanation, Log, name_of
from .formula import Formula
from .lazy import LazyArray
from .one_call import run_recorded
from .record import Record
from .worth import LEAST, LONG_NS, SMALLEST, Worth

__all__ = ["FusedDoor", "fuse_is_off"]

_IS_QUICKER = Refusal("such calls have little work, and are timed as they are as well", by_size=True)

# Bytes of so many elements, by the dtype's number. Arrays of other dtypes are looked at in Python.
_SMALLEST = {np.dtype(char).num: SMALLEST * np.dtype(char).itemsize for char in "?bBhHiIlLqQefdgFDGmM"}

_HOLDERS = frozenset({tuple, list, dict})


class FusedDoor(Door):
    """Calls `fn`, which `run` makes as the user would. Any thread may call it."""

    least: int = SMALLEST  # bytes from which on dtypes are looked at, where tests lower it

    def __init__(self, fn: Callable[..., Any], run: Callable[..., Any], pool: Pool | None) -> None:
        self._fn, self._run, self._pool = fn, run, pool
        self._name, self._worth = name_of(fn), _SMALLEST
        self._known = Worth()
        # A pool that has been shut down is an error in every call.
        as_door(self, run, SIMPLE, Sizes(self.least if pool is None else 0), ())
        self._counts = self._known.counts

    def _ours(self, *args: Any, **options: Any) -> Any:
        if "dask.array" in sys.modules and (hold_blocks(args) or (options and hold_blocks(options.values()))):
            return self._by_blocks(args, options)
        if WATCHERS and not is_watched():
            return watched(self._name, self._call, *args, **options)
        return self._call(*args, **options)

    def _call(self, *args: Any, **options: Any) -> Any:
        check_pool(self._pool)  # however the call is made
        size = largest((*args, *options.values()) if options else args)
        if not self._known.may_gain(size):
            return self._as_it_is(size, args, options)
        kind = self._kind(args, options)
        ways = self._known.ways(kind)
        begin = perf_counter_ns()
        if ways is not None and ways.begins_alone():
            if WATCHERS:
                came_to(self._name, _IS_QUICKER, opens=True)
            result = self._run(*args, **options)
            self._known.learn_alone(kind, ways, perf_counter_ns() - begin)
            return result
        is_off = fuse_is_off()
        if WATCHERS:
            came_to(self._name, FUSE_IS_OFF if is_off else FUSED, opens=True)
        if is_off:
            return self._run(*args, **options)
        threads = pool_or_default(self._pool)
        record = Record(threads._handle)
        result = threads._tasks.call(self._fn, run_recorded, record, self._run, args, options)
        self._known.learn(kind, ways, record.tally, perf_counter_ns() - begin)
        return result

    def _as_it_is(self, size: int, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        if WATCHERS:
            came_to(self._name, _of_arguments((*args, *options.values())), opens=True)
        if size < SMALLEST:
            return self._run(*args, **options)
        kind = self._kind(args, options)
        begin = perf_counter_ns()
        result = self._run(*args, **options)
        self._known.learn_as_it_is(kind, size, perf_counter_ns() - begin)
        return result

    @staticmethod
    def _kind_of(x: Any) -> Any:
        """What an argument is like, beside its type, that is neither a plain array nor a number. C asks."""
        return None if type(x) in _HOLDERS or class_of(type(x)) is None else getattr(x, "shape", None)

    def explain(self, *args: Any, **options: Any) -> FusedExplanation:
        """Calls the function, and tells of its passes over memory."""
        log = Log()
        if hold_blocks((args, options)):
            self._by_blocks(args, options)
            log.add_remark("in dask", "one task makes a block of all results, fused, when it is computed")
        elif self._known.may_gain(largest((*args, *options.values()))):
            record = Record(pool_or_default(self._pool)._handle)
            record.log = log
            run_recorded(record, self._run, args, options)
            if record.state is not None and record.state.at_once:
                how = "raise, call, print or log, by np.errstate or a filter"
                log.add_remark("at once", f"what may report a floating-point error, as these {how}")
            if not record.tally.is_clear():
                log.add_remark(
                    "fusing may lose", "such calls are timed as they are as well, for the quicker way"
                )
        else:
            self._run(*args, **options)
            what = f"no array has {LEAST} elements, or {SMALLEST} in calls that take {LONG_NS // 1000} us"
            log.add_remark("by NumPy", f"the function is called as it is, as {what}")
        return log.told(self._name)

    def _by_blocks(self, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        if fuse_is_off():
            return self._fn(*args, **options)
        if self._pool is not None:
            raise TypeError(
                "fuse was given a pool, whose threads stay here, and blocks of dask arrays run anywhere: "
                "use fuse without pool="
            )
        return in_blocks(self._fn, args, options, _run_block)

    def __reduce__(self) -> Any:
        return FusedDoor, (self._fn, self._run, self._pool)


def _run_block(formula: Formula, *blocks: Any) -> Any:
    """A task of dask's: a formula, fused, on the default pool of the process that has the blocks."""
    if formula.door is None:
        formula.door = FusedDoor(formula, formula, None)
    with threads_shared(pool_or_default(None).max_workers):
        return formula.door._call(*blocks)


def _of_arguments(args: tuple[Any, ...]) -> Refusal | str:
    """What a call without a large array comes to: a part of the passes around it, perhaps."""
    return FUSED if LazyArray in map(type, args) else judged(args)


def fuse_is_off() -> bool:
    """Whether functions run as they are, as the environment says."""
    return os.environ.get("THREADMILL_FUSE") == "0"
