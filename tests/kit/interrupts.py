"""Ctrl-C at random moments of every call that blocks: python tests/kit/interrupts.py [COUNT [SEED]].

Each time KeyboardInterrupt must come and the pool must work afterwards. It tells how long it took to come.
The suite has its own, shorter tests of this in test_signals.py.
"""

import ctypes
import itertools
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import threadmill as tm

LIBC = ctypes.CDLL(None)
X = np.ones(4_000_000)
ADD, SIN = tm.parallel(np.add), tm.parallel(np.sin)
FUSED = tm.fuse(lambda x: np.arctan2(np.sin(x) * x, np.cos(x)) + np.exp(-x))
FUSED_SUM = tm.fuse(lambda x: (np.sin(x) * x).sum())
LONGEST = 0.05  # seconds that the signal lets a call run, at most


def over_and_over(call: Callable[[], Any]) -> Callable[[], None]:
    def calls() -> None:
        while True:
            call()

    return calls


def numbers() -> Any:
    return itertools.count()


def nap(*_: Any) -> int:
    time.sleep(0.001)
    return 1


class Scene:
    """A pool whose threads are at work until it is released, a queue that is full and one that is empty."""

    def __init__(self) -> None:
        self.pool, self.busy = tm.Pool(2), tm.Pool(2)
        self.release = threading.Event()
        self.held = [self.busy.submit(self.release.wait) for _ in range(2)]
        self.full, self.empty, self.typed = tm.Queue(1), tm.Queue(), tm.Queue(dtype="i8")
        self.full.put(1)
        self.pipe = tm.Pipeline([abs, tm.stage(nap, workers=2)])

    def calls(self) -> dict[str, Callable[[], Any]]:
        pool = self.pool
        return {
            "parallel_for": lambda: pool.parallel_for(100_000, LIBC.usleep, ctx=1000, chunksize=1),
            "result": self.busy.submit(int).result,
            "join": self.spawned_join,
            "put": lambda: self.full.put(2),
            "get": self.empty.get,
            "typed get": self.typed.get,
            "queue join": self.full.join,
            "pipeline": lambda: list(self.pipe.run(numbers())),
            "drain": lambda: pool.drain(self.empty, print),
            "native drain": lambda: pool.drain(self.typed, LIBC.usleep),
            "map": lambda: list(pool.map(nap, range(100_000))),
            "map buffered": lambda: list(pool.map(nap, numbers(), buffersize=4)),
            "shutdown": self.busy.shutdown,
            "map_chunks": lambda: tm.map_chunks(lambda x: x * nap(), X, chunksize=400, pool=pool),
            "reduce": lambda: tm.reduce(lambda a, b: a + nap() * b, range(100_000), pool=pool),
            "ufunc": over_and_over(lambda: SIN(X, out=X, pool=pool)),
            "ufunc reduce": over_and_over(lambda: ADD.reduce(X.reshape(4, -1), axis=1, pool=pool)),
            "fused": over_and_over(lambda: FUSED(X)),
            "fused reduction": over_and_over(lambda: FUSED_SUM(X)),
            "square": over_and_over(lambda: tm.square(X, out=X, pool=pool)),
            "sum": over_and_over(lambda: tm.sum(X, pool=pool)),
        }

    def spawned_join(self) -> None:
        self.busy.spawn(int)
        self.busy.join()

    def __enter__(self) -> "Scene":
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()  # whatever has gone wrong: the program ends when the held tasks have

    def check(self) -> None:
        """All is usable: the pool computes, the held tasks end, the pipeline runs once more."""
        x = np.arange(300_000.0)
        assert self.pool.submit(pow, 2, 8).result(timeout=60) == 256
        assert tm.sum(x, pool=self.pool) == np.sum(x)
        assert list(self.pool.map(abs, range(-9, 0))) == list(range(9, 0, -1))
        assert list(self.pipe.run(range(3))) == [1, 1, 1]
        self.release.set()
        assert all(future.result(timeout=60) for future in self.held)
        for pool in self.pool, self.busy:
            pool.shutdown()
        self.pipe.close()


def interrupt(call: Callable[[], Any], after: float) -> float:
    """Seconds from the signal to the exception."""
    sent: list[float] = []
    begin = time.perf_counter()

    def send() -> None:
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(after, send)
    try:
        timer.start()
        result = call()
    except KeyboardInterrupt:
        taken = time.perf_counter() - sent[0]
    else:
        ended, sent_after = time.perf_counter() - begin, [each - begin for each in sent]
        raise AssertionError(f"the call ended after {ended} s, signal {sent_after}: {str(result)[:200]}")
    timer.join()
    return taken


def main(count: int = 1000, seed: int = 0) -> None:
    dice = random.Random(seed)
    with Scene() as scene:
        names = list(scene.calls())
    taken: dict[str, list[float]] = {name: [] for name in names}
    for at in range(count):
        name = names[at % len(names)]
        with Scene() as scene:
            try:
                taken[name].append(1000 * interrupt(scene.calls()[name], dice.uniform(0, LONGEST)))
            except BaseException:
                print(f"number {at}, {name}:", file=sys.stderr)
                raise
            scene.check()
    everything = [each for times in taken.values() for each in times]
    for name, times in [*taken.items(), ("all", everything)]:
        middle, late = np.percentile(times, [50, 99])
        print(f"{name:14} {len(times):5}: median {middle:6.1f} ms, 99 % {late:6.1f}, worst {max(times):6.1f}")
    print(f"{sum(each > 100 for each in everything)} of {len(everything)} took more than 100 ms")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
