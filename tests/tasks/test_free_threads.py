"""Without the GIL, and with one that changes hands all the time: no count and no setting is lost."""

import os
import sys
import weakref
from collections.abc import Callable

import numpy as np
import pytest
from kit import commands
from kit.threads import HAS_GIL, run_at_once

import threadmill as tm
from threadmill import _process

THREADS = 8


@pytest.mark.smoke
@pytest.mark.skipif(HAS_GIL, reason="for CPython without the GIL")
def test_import_leaves_the_gil_off() -> None:
    script = """
import sys, numpy, threadmill as tm
assert tm.sum(numpy.ones(300_000)) == 300_000 and tm.default_pool().submit(abs, -1).result() == 1
print(sys._is_gil_enabled())
"""
    settings = {name: value for name, value in os.environ.items() if name != "PYTHON_GIL"}
    done = commands.run(sys.executable, "-W", "error", "-c", script, check=False, env=settings)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_cffi_has_built_all_structs_before_threads_can_use_them() -> None:
    """Two threads that are the first to use one may end the process, in cffi: "lost a struct/union!"."""
    script = """
import gc, threadmill
from threadmill._native.library import ffi
kinds = [kind for kind in map(ffi.typeof, ffi.list_types()[0]) if kind.kind == "struct"]
unbuilt = []
for kind in kinds:
    if dict not in map(type, gc.get_referents(kind)):
        try:
            ffi.alignof(kind)  # fails where C keeps its fields to itself
            unbuilt.append(kind.cname)
        except ValueError:
            pass
print(len(kinds) > 10, unbuilt)
"""
    assert commands.run(sys.executable, "-c", script).stdout == "True []\n"


@pytest.mark.usefixtures("restless")
@pytest.mark.parametrize("order", ["fifo", "lifo", "priority"])
def test_every_item_of_a_queue_counts(order: str) -> None:
    items, each = tm.Queue(order=order), 15_000
    put: Callable[[int], None] = items.put

    def put_all(_: int) -> None:
        for i in range(each):
            put(i)

    run_at_once(put_all, THREADS)
    assert items.unfinished_tasks == items.qsize() == each * THREADS


@pytest.mark.usefixtures("restless")
def test_pools_that_are_made_at_once_have_names_of_their_own() -> None:
    prefixes: list[str] = []

    def make(_: int) -> None:
        prefixes.extend(tm.Pool(1)._tasks.prefix for _ in range(400))

    run_at_once(make, THREADS)
    assert len(set(prefixes)) == len(prefixes) == 400 * THREADS


@pytest.mark.usefixtures("restless")
def test_the_process_lists_pools_while_others_come_and_go() -> None:
    pools: weakref.WeakSet[tm.Pool] = weakref.WeakSet()
    kept = [tm.Pool(1) for _ in range(50)]
    pools.update(kept)

    def come_and_go(k: int) -> None:
        for _ in range(200):
            pools.add(tm.Pool(1)) if k else _process._members(pools)

    run_at_once(come_and_go, 3)
    assert {*kept} <= {*_process._members(pools)}


@pytest.mark.usefixtures("restless")
@pytest.mark.parametrize("when_full", ["block", "run"])
def test_submitters_of_a_full_pool_lose_no_task(when_full: str) -> None:
    done: list[int] = []
    with tm.Pool(3, max_queue=2, when_full=when_full) as pool:

        def submit(k: int) -> None:
            futures = [pool.submit(done.append, k) for _ in range(100)]
            for future in futures:
                future.result(60)

        run_at_once(submit, THREADS)
    assert len(done) == 100 * THREADS


@pytest.mark.usefixtures("restless")
def test_functions_are_made_and_fused_on_all_threads_at_once() -> None:
    """The first calls of each dtype fill all caches, here on many threads at once."""
    wrong: list[str] = []

    def call(_: int) -> None:
        for char in "fdilFD":
            x = np.arange(1, 5001).astype(char)
            fused = tm.fuse(lambda x: (x * x + x - 3 * x).astype("D").sum())(x)
            plain = (x * x + x - 3 * x).astype("D").sum()
            if fused.tobytes() != plain.tobytes() or tm.parallel(np.square)(x).tobytes() != (x * x).tobytes():
                wrong.append(char)

    run_at_once(call, THREADS)
    assert wrong == []
