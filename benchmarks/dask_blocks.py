"""How fast are fused functions of dask arrays beside dask's own operations, on the same two worker processes?

Each worker has one thread, so that what is saved are passes over memory alone. The arrays are on the workers
before anything is timed; results are reduced there to a number.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

import threadmill as tm

from .harness import Measure, Plan, Row, in_turn, row, timed
from .programs import black_scholes

__all__ = ["run"]

ROUNDS = 3
BLOCK = 8_000_000  # numbers: 64 MB

Way = Callable[[Any], Any]  # what makes of a function the one that is called: tm.fuse, or nothing


def standardised(x, mean, deviation):
    return np.clip((x - mean) / deviation, -3, 3)


def moments(x):
    """Of a block: how many numbers it has, their mean, and the sum of the squares about it."""
    mean = np.mean(x)
    return np.array([[x.size, mean, np.sum((x - mean) ** 2)]])


def run(plan: Plan) -> Iterator[Row | str]:
    if not plan.first:
        return
    try:
        import dask.array
        import distributed
    except ImportError:
        yield "dask_blocks: dask and distributed are not installed, rows left out"
        return
    size, block = (400_000, 100_000) if plan.smoke else (2 * 10**8, BLOCK)
    one_thread = {"THREADMILL_NUM_THREADS": "1"}
    workers = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, memory_limit=0, dashboard_address=":0", env=one_thread
    )
    with workers as cluster, distributed.Client(cluster) as client:
        rng = dask.array.random.default_rng(0)
        arrays = client.persist([rng.uniform(1, 2, size, chunks=block) for _ in range(3)])
        distributed.wait(arrays)
        yield _compared(plan, f"black_scholes {size:,}", 1.5, partial(_priced, arrays))
        x = arrays[0]
        del arrays
        yield _compared(plan, f"standardise {size:,}, statistics by dask", None, partial(_standardise, x))
        what = f"standardise {size:,}, statistics by a function of blocks"
        yield _compared(plan, what, 1.5, partial(_standardise_by_blocks, x))


def _priced(arrays: list[Any], way: Way) -> Any:
    call, put = way(black_scholes)(*arrays)
    return (call.sum() + put.sum()).compute()


def _standardise(x: Any, way: Way) -> Any:
    return way(standardised)(x, x.mean(), x.std()).sum().compute()


def _standardise_by_blocks(x: Any, way: Way) -> Any:
    if way is not tm.fuse:
        return _standardise(x, way)
    found = x.map_blocks(tm.fuse(moments), dtype=np.float64, chunks=(1, 3), new_axis=1)
    counts, means, squares = found.compute().T
    mean = np.average(means, weights=counts)
    variance = (squares + counts * (means - mean) ** 2).sum() / counts.sum()
    return tm.fuse(standardised)(x, mean, np.sqrt(variance)).sum().compute()


def _as_it_is(function: Any) -> Any:
    return function


def _compared(plan: Plan, what: str, target: float | None, call: Callable[[Way], Any]) -> Row:
    """Some rounds of whole computations, after one of each to get warm."""
    ways: dict[str, Way] = {"threadmill": tm.fuse, "dask": _as_it_is}
    samples: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        call(way)
    for number in range(1 if plan.smoke else ROUNDS):
        for name in in_turn(list(ways), number):
            samples[name].append(timed(partial(call, ways[name]), 1))
    return row(
        plan, what, samples["threadmill"], Measure.SPEEDUP, peer="dask", theirs=samples["dask"], target=target
    )
