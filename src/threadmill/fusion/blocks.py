"""Fused functions of dask arrays: one task for each block, and no element computed before it is asked for.

Nothing here imports dask: whoever has a dask array has imported it.
"""

import functools
import importlib
import operator
import os
import pickle
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .._arguments import is_dask_array
from .._native.pools import set_thread_limit
from .._process import lock_of_process
from .explanation import name_of
from .formula import Formula, Recorder, Slot
from .symbols import Symbol

__all__ = ["hold_blocks", "in_blocks", "loaded", "threads_shared"]

# Elements of a list or dict that is looked into.
_MOST_HELD = 1000


# What has no dask array in it, so that nothing more is asked of most arguments.
_OTHERS = frozenset({np.ndarray, np.float64, bool, int, float, complex, str, type(None)})


def hold_blocks(args: Iterable[Any], within: frozenset[int] = frozenset()) -> bool:
    """Whether a dask array is among these, in tuples, lists and dicts, too, but those they lie `within`."""
    for x in args:
        kind = type(x)
        if kind in _OTHERS:
            continue
        if isinstance(x, _HOLDERS):
            if len(x) > _MOST_HELD or id(x) in within:
                continue
            if hold_blocks(x.values() if isinstance(x, dict) else x, within | {id(x)}):
                return True
        elif is_dask_array(x):
            return True
    return False


_HOLDERS = (tuple, list, dict)


def in_blocks(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    options: dict[str, Any],
    run: Callable[..., Any],
) -> Any:
    """What the function returns, with dask arrays whose blocks are made by run(formula, *blocks)."""
    recorder = Recorder()
    given = _replaced(args, lambda x: _symbol(recorder, x))
    named = _replaced(options, lambda x: _symbol(recorder, x))
    before = [*_held(given), *_held(named)]
    try:
        result = function(*given, **named)
    finally:
        recorder.is_open = False
    after = [*_held(given), *_held(named)]
    if len(after) != len(before) or any(map(operator.is_not, after, before)):
        raise TypeError(
            f"on dask arrays, {name_of(function)} changed a list or dict that it was given: "
            "return the new arrays"
        )
    made = _lazy_arrays(recorder, name_of(function), _symbols(result), run)
    return _replaced(result, lambda x: made[x._slot] if type(x) is Symbol else x)


def _task(formula: Formula, run: Callable[..., Any]) -> Callable[..., Any]:
    """run(formula, *blocks), as a function that needs threadmill no sooner than it runs.

    A worker that can't read a task leaves the cluster, is started anew and handed it again, for ever. So this
    one refers to nothing of ours: as a local function its code is pickled, not its name.
    """
    payload = pickle.dumps(functools.partial(run, formula))
    loader = loaded.__module__

    def run_block(*blocks: Any) -> Any:
        try:
            found = importlib.import_module(loader)
        except ImportError as error:
            raise ModuleNotFoundError(
                "a fused task needs threadmill on each of dask's workers, and this one has none: "
                "give it the client's version",
                name=error.name,
            ) from error
        return found.loaded(payload)(*blocks)

    return run_block


@functools.lru_cache(maxsize=256)
def loaded(payload: bytes) -> Callable[..., Any]:
    """What `_task` has pickled; by its bytes, for the tasks that come."""
    found: Callable[..., Any] = pickle.loads(payload)
    return found


# Blocks that run now, by process: a forked child runs none of its parent's.
_running: Counter[int] = Counter()


@contextmanager
def threads_shared(threads: int) -> Iterator[None]:
    """A block's loops run on its share of the threads: dask may run a block on each core."""
    process = os.getpid()
    with lock_of_process("blocks"):
        _running[process] += 1
        share = max(1, threads // _running[process])
    limit = set_thread_limit(0)
    set_thread_limit(min(limit or share, share))
    try:
        yield
    finally:
        set_thread_limit(limit)
        with lock_of_process("blocks"):
            _running[process] -= 1


def _symbol(recorder: Recorder, x: Any) -> Any:
    is_numpys = type(x) is np.ndarray and x.ndim > 0
    if not is_numpys and not is_dask_array(x):
        return x
    if not is_numpys and type(x._meta) is not np.ndarray:
        raise TypeError(
            f"fuse takes dask arrays of NumPy arrays, got one with blocks of the class "
            f"{type(x._meta).__name__}: call the function itself, which dask runs operation by operation"
        )
    return Symbol(recorder, recorder.source(x))


def _replaced(x: Any, new: Callable[[Any], Any]) -> Any:
    """x with new(each) for all that is in it, in tuples, lists and dicts."""
    kind = type(x)
    if kind in (tuple, list) and len(x) <= _MOST_HELD:
        return kind([_replaced(each, new) for each in x])
    if kind is dict and len(x) <= _MOST_HELD:
        return {key: _replaced(each, new) for key, each in x.items()}
    if isinstance(x, tuple) and hasattr(x, "_make"):
        return x._make([_replaced(each, new) for each in x])
    return new(x)


def _held(x: Any) -> list[Any]:
    """What is in x, in tuples, lists and dicts too, with themselves and keys."""
    if type(x) in (tuple, list, dict):
        found: list[Any] = [x, *x] if type(x) is dict else [x]
        for each in x.values() if type(x) is dict else x:
            found += _held(each)
        return found
    return [x]


def _symbols(result: Any) -> list[Symbol]:
    found: list[Symbol] = []
    _replaced(result, lambda x: found.append(x) if type(x) is Symbol else None)
    return found


def _lazy_arrays(
    recorder: Recorder, name: str, symbols: list[Symbol], run: Callable[..., Any]
) -> dict[Slot, Any]:
    """The results' dask arrays by their slots: those of one shape are made together, by one task a block."""
    made: dict[Slot, Any] = {}
    groups: dict[str, list[Slot]] = {}
    for symbol in symbols:
        slot = symbol._slot
        if slot in recorder.arrays:
            made[slot] = recorder.arrays[slot]
        elif slot not in groups.setdefault(key := repr(recorder.shapes[slot]), []):
            groups[key].append(slot)
    for slots in groups.values():
        models = [recorder.models[slot] for slot in slots]
        made.update(zip(slots, _blockwise(*recorder.formula(name, slots), models, run), strict=True))
    return made


def _blockwise(
    formula: Formula, arrays: Sequence[Any], models: Sequence[Any], run: Callable[..., Any]
) -> list[Any]:
    array, tokenize = sys.modules["dask.array"], sys.modules["dask.base"].tokenize
    sources = [array.asarray(x) if type(x) is np.ndarray else x for x in arrays]
    axes = tuple(range(models[0].ndim))
    pairs: list[Any] = []
    for source in sources:
        pairs += [source, axes[len(axes) - source.ndim :]]
    name = f"{formula.__name__}-{tokenize(formula, *sources)}"
    whole = array.blockwise(_task(formula, run), axes, *pairs, name=name, meta=models[0])
    if len(models) == 1:
        return [whole]
    return [
        array.blockwise(operator.itemgetter(k), axes, whole, axes, name=f"{name}-{k}", meta=model)
        for k, model in enumerate(models)
    ]
