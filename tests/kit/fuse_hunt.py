"""A hunt for programs that differ: seed after seed in a process of its own, and one more where that one dies.

What NumPy does to a process in some programs, a hunt outlives: it tells of the seed, and whether the program
as it is ends a process as well.
"""

import faulthandler
import functools
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
from kit.fuse_compare import Seen, everything_is_worth_it

import threadmill as tm

__all__ = ["hold_programs_back", "hunted"]

# Seconds that a program may take.
_PATIENCE = 120


def hold_programs_back() -> None:
    """Has small arrays fused as well, and memory be limited: some programs' shapes multiply."""

    class Patch:
        setattr = staticmethod(setattr)

    everything_is_worth_it(Patch())
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30,) * 2)
    np.matrix.__array_finalize__ = _finalized  # type: ignore[method-assign]


_finalize = np.matrix.__array_finalize__


def _finalized(self: Any, other: Any) -> None:
    """Refuses more than two axes. A matrix changes its shape there, while C makes it of the one before."""
    if self.ndim > 2:
        raise ValueError("shape too large to be a matrix.")
    _finalize(self, other)


def hunted(
    seconds: float,
    seed: int,
    tries: Callable[[int, list[tm.Pool]], Seen],
    alone: Callable[[int], Any],
    shown: Callable[[int], str],
) -> int:
    """Tries seeds from this one on, prints the programs that differ, and returns how many do.

    `alone` runs a seed's program as it is. A program that ends its process counts, if it does not so then.
    """
    end, first, bad, died, status = time.monotonic() + seconds, seed, 0, 0, 1
    while status:  # else it has come to its end
        go_on = functools.partial(_go_on, end, seed, tries, shown)
        told, found, status = _in_a_child(go_on)
        if told < seed:
            raise RuntimeError(f"the process ended with {status} before the program of seed {seed}")
        seed = told
        bad += found
        if status:
            _, _, by_numpy = _in_a_child(lambda tell, seed=seed: _patiently(alone, seed))
            died += 1
            bad += not by_numpy
            how = "NumPy's as well" if by_numpy else "but not NumPy's"
            print(f"seed {seed} ends its process with {status}, {how}: {shown(seed)}", flush=True)
            seed += 1
    print(f"{bad} of {seed - first} programs differ, {died} ended a process", flush=True)
    return bad


def _go_on(
    end: float,
    seed: int,
    tries: Callable[[int, list[tm.Pool]], Seen],
    shown: Callable[[int], str],
    tell: Callable[[int, int], None],
) -> None:
    pools = [tm.Pool(n) for n in (1, 2, 3, 7)]
    bad = 0
    tell(seed, bad)
    while time.monotonic() < end:
        faulthandler.dump_traceback_later(_PATIENCE, exit=True)
        try:
            found = tries(seed, pools)
        except MemoryError:  # of what is around the program
            found = {}
        if found:
            bad += 1
            print(f"seed {seed}, {shown(seed)}")
            for name, (plainly, fused) in found.items():
                print(f"{name}\n  {str(plainly)[:3000]}\n  {str(fused)[:3000]}", flush=True)
        seed += 1
        tell(seed, bad)
    faulthandler.cancel_dump_traceback_later()


def _patiently(alone: Callable[[int], Any], seed: int) -> None:
    """A program that takes hours ends its process."""
    faulthandler.dump_traceback_later(_PATIENCE, exit=True)
    alone(seed)
    faulthandler.cancel_dump_traceback_later()


def _in_a_child(work: Callable[[Callable[[int, int], None]], Any]) -> tuple[int, int, int]:
    """The two numbers that the work has told last in a forked process, and what this one ended with."""
    read, write = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if not child:
        status = 1
        try:
            work(lambda *numbers: os.write(write, b"%20d%20d" % numbers) and None)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(status)
    os.close(write)
    last = b""
    with open(read, "rb") as file:
        while told := file.read(40):
            last = told
    _, status = os.waitpid(child, 0)
    seed, bad = (int(last[:20]), int(last[20:])) if last else (-1, 0)
    return seed, bad, os.waitstatus_to_exitcode(status)
