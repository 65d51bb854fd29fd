"""What does a loop gain where others want the cores as well? Each against NumPy beside the same load.

The load is of processes that this one starts: they end with it, and after two minutes in any case. A turn
lasts 60 ms, some time slices of the system's, so that a row's number is what a program feels; contenders take
turns as everywhere here. "Joined" in a row's note: the share of the pool's loops that a worker came to.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import threadmill as tm

from .arrays import default_pool_of
from .harness import Call, Measure, Plan, Row, in_turn, row, timed

__all__ = ["run"]

TURN = 0.06
ROUNDS = 15

# A process that is busy, or makes our loops one after the other, until its parent has ended.
BUSY = """
import os, time
parent, end = os.getppid(), time.monotonic() + 120
while os.getppid() == parent and time.monotonic() < end:
    for _ in range(100_000):
        pass
"""
PROGRAM = """
import os, time
from benchmarks.shared_machine import loops
parent, end = os.getppid(), time.monotonic() + 120
calls = [ours for ours, _ in loops(False).values()]
while os.getppid() == parent and time.monotonic() < end:
    for call in calls:
        for _ in range(50):
            call()
"""

LOADS = {
    "nothing": (),
    "one busy process": (BUSY,),
    "two busy processes": (BUSY,) * 2,
    "four busy processes": (BUSY,) * 4,
    "a program of the same kind": (PROGRAM,),
}
QUICK_CALLS = 1000
LEAST = 0.95  # of NumPy's speed beside the same load


def run(plan: Plan) -> Iterator[Row | str]:
    with default_pool_of(plan.threads):
        calls = loops(plan.smoke)
        for load, scripts in LOADS.items():
            if plan.smoke and len(scripts) > 1:
                continue
            with beside(scripts), ThreadPoolExecutor(plan.threads) as executor:
                for what, pair in calls.items():
                    yield from _rows(plan, f"{what}, beside {load}", *pair)
                what = f"map of {QUICK_CALLS:,} quick calls, beside {load}"
                yield from _rows(plan, what, *_maps(executor), peer="ThreadPoolExecutor")
        yield from _pinned(plan, calls)
        yield from _quota(plan)


def loops(smoke: bool) -> dict[str, tuple[Call, Call]]:
    """Ours and NumPy's."""
    side = 100 if smoke else 1000
    count, large = side * side, 10**5 if smoke else 2 * 10**7
    rng = np.random.default_rng(0)
    x, y, out = rng.uniform(0.5, 1.5, count), rng.uniform(0.5, 1.5, count), np.empty(count)
    f, f_out, i = x.astype("f"), np.empty(count, "f"), (np.arange(count) % 100).astype("i")
    table, big, big_out = x.reshape(side, side), rng.random(large), np.empty(large)
    exp, power, add = (tm.parallel(ufunc) for ufunc in (np.exp, np.power, np.add))
    least = tm.parallel(np.minimum).reduce
    return {
        "exp float64": (partial(exp, x, out=out), partial(np.exp, x, out=out)),
        "power float64": (partial(power, x, y, out=out), partial(np.power, x, y, out=out)),
        "square float64": (partial(tm.square, x, out=out), partial(np.square, x, out=out)),
        "add float32": (partial(add, f, f, out=f_out), partial(np.add, f, f, out=f_out)),
        "sum float64": (partial(tm.sum, x), partial(np.sum, x)),
        "sum int32": (partial(tm.sum, i), partial(np.sum, i)),
        "add over axis 0": (partial(tm.sum, table, 0), partial(np.sum, table, 0)),
        "minimum over axis 0": (partial(least, table, 0), partial(np.minimum.reduce, table, 0)),
        f"square float64 of {large:,}": (
            partial(tm.square, big, out=big_out),
            partial(np.square, big, out=big_out),
        ),
        "a fused function": (partial(tm.fuse(distance), x, y), partial(distance, x, y)),
    }


def distance(x: Any, y: Any) -> Any:
    return np.sqrt((x - y) ** 2 + (x + y) ** 2)


@contextmanager
def beside(scripts: tuple[str, ...]) -> Iterator[None]:
    """Meanwhile these processes run."""
    with ExitStack() as stack:
        for script in scripts:
            process = stack.enter_context(
                subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parents[1])
            )
            stack.callback(process.kill)
        yield


def _rows(plan: Plan, what: str, ours: Call, theirs: Call, peer: str = "NumPy") -> Iterator[Row]:
    before = _jobs()
    samples = _measure(plan, {"threadmill": ours, peer: theirs})
    begun, joined = (after - old for after, old in zip(_jobs(), before, strict=True))
    yield row(
        plan,
        what,
        samples["threadmill"],
        Measure.SPEEDUP,
        peer=peer,
        theirs=samples[peer],
        target=LEAST,
        note=f"{joined / begun:.0%} joined" if begun else "",
    )


def _maps(executor: ThreadPoolExecutor) -> tuple[Call, Call]:
    """Ours and the executor's."""
    pool, values = tm.default_pool(), range(QUICK_CALLS)
    return lambda: list(pool.map(abs, values)), lambda: list(executor.map(abs, values))


def _measure(plan: Plan, calls: dict[str, Call]) -> dict[str, list[float]]:
    """Seconds a call, one sample a turn."""
    turn, rounds = (1e-3, 3) if plan.smoke else (TURN, ROUNDS)
    repeats = {
        name: max(1, round(turn / min(timed(call, 1) for _ in range(5)))) for name, call in calls.items()
    }
    samples: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds):
        for name in in_turn(list(calls), number):
            samples[name].append(timed(calls[name], repeats[name]) / repeats[name])
    return samples


def _jobs() -> tuple[int, int]:
    """Loops that callers have begun, and those that workers came to."""
    told = tm.default_pool().stats()
    return told["callers"]["jobs"], sum(worker["jobs"] for worker in told["workers"])


# ---- pinned by hand ----------------------------------------------------------------------------------------


def _pinned(plan: Plan, calls: dict[str, tuple[Call, Call]]) -> Iterator[Row | str]:
    """Our loops as they are, against ours with the caller on one core and the workers on the others."""
    if not hasattr(os, "sched_setaffinity"):
        yield "pinned by hand: this system has no affinity, rows left out"
        return
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        yield "pinned by hand: there is one core, rows left out"
        return

    def pinned(call: Call) -> None:
        _place({cores[0]}, set(cores[1:]))
        try:
            for _ in range(50):
                call()
        finally:
            _place(set(cores), set(cores))

    def free(call: Call) -> None:
        _place(set(cores), set(cores))  # as much to do
        for _ in range(50):
            call()
        _place(set(cores), set(cores))

    for what, (ours, _) in calls.items():
        samples = _measure(plan, {"free": partial(free, ours), "pinned": partial(pinned, ours)})
        yield row(
            plan,
            what,
            [each / 50 for each in samples["free"]],
            Measure.SPEEDUP,
            peer="pinned by hand",
            theirs=[each / 50 for each in samples["pinned"]],
            target=0.97,
        )


def _place(caller: set[int], workers: set[int]) -> None:
    os.sched_setaffinity(0, caller)
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            if (task / "comm").read_text().startswith("threadmill"):
                os.sched_setaffinity(int(task.name), workers)


# ---- a quota -----------------------------------------------------------------------------------------------


def _quota(plan: Plan) -> Iterator[Row | str]:
    """In a control group that may use one and a half cores, where this user may make one."""
    try:
        with _group(1.5), default_pool_of(max(1, min(plan.threads, tm.usable_cores()))):
            for what, pair in loops(plan.smoke).items():
                yield from _rows(plan, f"{what}, with a quota of 1.5 cores", *pair)
    except OSError as error:
        yield f"a quota of 1.5 cores: {error}, rows left out"


@contextmanager
def _group(cores: float) -> Iterator[None]:
    period = 100_000
    old, new = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")
    root, name, text = (
        (old, "cpu.cfs_quota_us", f"{period * cores:.0f}")
        if old.is_dir()
        else (new, "cpu.max", f"{period * cores:.0f} {period}")
    )
    group = root / f"threadmill-{os.getpid()}"
    group.mkdir()
    try:
        (group / name).write_text(text)
        (group / "cgroup.procs").write_text(str(os.getpid()))
        yield
    finally:
        (root / "cgroup.procs").write_text(str(os.getpid()))
        group.rmdir()
