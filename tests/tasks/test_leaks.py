"""Threads, memory and file descriptors stay as they are over a thousand lives of a pool and of queues."""

import gc
import os

import numpy as np
from kit.threads import native_threads, needs_proc, soon

import threadmill as tm

LIVES = 1000


def live(number: int, x: np.ndarray) -> None:
    pool = tm.Pool(2)
    future = pool.submit(pow, 2, 5)
    pool.spawn(int)
    assert list(pool.map(abs, range(-5, 0))) == [5, 4, 3, 2, 1]
    assert tm.sum(x, pool=pool) == x.size
    typed, plain = tm.Queue(dtype="i8"), tm.Queue(3)
    typed.put_many(np.arange(100))
    plain.put(pool)
    if number % 2:
        pool.shutdown(wait=number % 4 == 1)
    assert future.result() == 32


def resident_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@needs_proc
def test_nothing_grows_over_many_lives() -> None:
    x = np.ones(100_000)
    before = native_threads()
    for number in range(LIVES // 5):
        live(number, x)
    gc.collect()
    assert soon(lambda: native_threads() <= before)
    files, memory = len(os.listdir("/proc/self/fd")), resident_bytes()
    for number in range(LIVES):
        live(number, x)
    gc.collect()
    assert soon(lambda: native_threads() <= before)
    assert len(os.listdir("/proc/self/fd")) == files
    assert (
        resident_bytes() - memory < 4 << 20
    )  # 4 KiB each; a pool that stays has its threads' stacks besides
