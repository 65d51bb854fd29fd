"""What do a parallel loop, a small array and the import cost in Python?"""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

import numpy as np

import threadmill as tm
from threadmill._native._threadmill import ffi, lib

from . import native
from .harness import Call, Measure, Plan, Row, compare, row

__all__ = ["run"]

SMALL = 100
DTYPES = (np.int32, np.float64)

# Printed: seconds of the import, and the threads that it started (-1 where nobody counts them).
IMPORT = """
import os, time
import numpy, cffi, _cffi_backend
def threads():
    return len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 0
before, start = threads(), time.perf_counter()
import threadmill
print(time.perf_counter() - start, threads() - before)
"""


def run(plan: Plan) -> Iterator[Row | str]:
    if plan.first:
        yield from _small_arrays(plan)
        yield from _imports(plan)
    yield from _empty_loop(plan)


def _small_arrays(plan: Plan) -> Iterator[Row]:
    for dtype in DTYPES:
        x = np.arange(SMALL, dtype=dtype)
        out = np.empty_like(x)
        name = f"{SMALL} {x.dtype}"
        calls = {"threadmill": partial(tm.sum, x), "np.sum": partial(np.sum, x)}
        yield from compare(plan, f"sum, {name}", calls, how=Measure.SHARE, targets={"np.sum": 1.0})
        calls = {"threadmill": partial(tm.square, x, out=out), "np.square": partial(np.square, x, out=out)}
        yield from compare(
            plan, f"square(out=), {name}", calls, how=Measure.EXCESS, targets={"np.square": 0.8e-6}
        )


def _imports(plan: Plan) -> Iterator[Row]:
    count = 2 if plan.smoke else 21
    _import()  # may have to write .pyc files, as an install does
    runs = [_import() for _ in range(count)]
    seconds, threads = zip(*runs, strict=True)
    yield row(plan, "import, after numpy and cffi", seconds, Measure.SECONDS, target=25e-3)
    if os.path.isdir("/proc/self/task"):
        yield row(plan, "threads started by the import", threads, Measure.COUNT, target=0)


def _import() -> tuple[float, float]:
    command = [sys.executable, "-c", IMPORT]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=kept).stdout
    seconds, threads = map(float, printed.split())
    return seconds, threads


def _empty_loop(plan: Plan) -> Iterator[Row]:
    """With the kernel as a cffi function and as a bare address, which takes less to look at."""
    kernels, library = native.kernels()
    function = kernels.addressof(library, "empty")
    address = int(kernels.cast("intptr_t", function))
    n = plan.threads
    with tm.Pool(n) as pool:
        for what, kernel in (("cffi kernel", function), ("kernel's address", address)):
            calls: dict[str, Call] = {
                "threadmill": partial(pool.parallel_for, n, kernel, chunksize=1),
                "cffi call": lib.tm_simd_level,
                "tm_parallel_for": partial(
                    lib.tm_parallel_for, pool._handle, n, 1, ffi.cast("tm_kernel", address), ffi.NULL
                ),
            }
            yield from compare(
                plan, f"empty loop, {what}", calls, how=Measure.EXCESS, targets={"cffi call": 1e-6}
            )
