"""The threads of this process, a pool whose threads are busy, and a wait for what others will make true."""

import gc
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable

import pytest

import threadmill as tm

needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="looks at threads in /proc")


def native_threads() -> set[str]:
    """The ids of all threads. One that has been joined may stay for a moment: compare sets, not sizes."""
    return set(os.listdir("/proc/self/task"))


HAS_GIL: bool = getattr(sys, "_is_gil_enabled", lambda: True)()


# A fork stops all threads, but one that has just been handed a lock of CPython's own holds it then. The child
# waits for that lock for ever, where it comes to it: at `sys.modules.get`, say. Two plain threads do.
needs_sound_forks = pytest.mark.skipif(not HAS_GIL, reason="CPython's own locks may stay locked in the child")


def merge_references() -> None:
    """Has all objects go that nobody refers to; with the GIL they are gone.

    Without it, a reference that one thread has made and another has dropped counts until the first one runs
    Python again, or the collector comes. It takes cycles too: that there are none is tested with the GIL.
    """
    if not HAS_GIL:
        gc.collect()


def soon(condition: Callable[[], bool]) -> bool:
    """Whether the condition comes true; looks again and again, for as long as a busy machine may need."""
    deadline = time.monotonic() + 30
    for looks in itertools.count(1):
        if condition() or time.monotonic() > deadline:
            break
        time.sleep(0.001)
        if looks % 64 == 0:
            merge_references()
    return condition()


def asleep(thread: threading.Thread) -> bool:
    """Whether a thread waits in the system, and not for the GIL alone: it sleeps at five looks in a row."""
    if not os.path.isdir("/proc/self/task"):
        time.sleep(0.05)
        return True
    for _ in range(5):
        time.sleep(0.001)  # who has only to get the GIL gets it now
        with open(f"/proc/self/task/{thread.native_id}/stat") as stat:
            if stat.read().rpartition(")")[2].split()[0] != "S":
                return False
    return True


def run_at_once(call: Callable[[int], None], count: int) -> None:
    """Runs call(0) ... call(count - 1), each on a thread of its own; none begins before all are there."""
    start = threading.Barrier(count)

    def run(k: int) -> None:
        start.wait()
        call(k)

    callers = [threading.Thread(target=run, args=(k,)) for k in range(count)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()


class Busy:
    """A pool with all threads at work until it is released."""

    def __init__(self, pool: tm.Pool) -> None:
        self.pool = pool
        self.release = threading.Event()
        began = threading.Barrier(pool._max_workers + 1)
        self.running = [pool.submit(self._work, began) for _ in range(pool._max_workers)]
        began.wait(60)

    def _work(self, began: threading.Barrier) -> str:
        began.wait(60)
        assert self.release.wait(60)
        return "ran"
