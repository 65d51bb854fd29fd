"""Rows: what a case takes at one size, and what binds it, told from what was measured."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from .. import numpy as tnp
from .._native.machine import read_machine
from ..tasks.workers import default_workers
from .cases import Case, Things
from .timing import in_turn

__all__ = ["Machine", "Row", "measure", "measure_machine", "pays_from"]

# What binds a row. Calls: they take half of its time. Memory: beyond the cache an element takes half as long
# again as in it, or the row moves nearly as much as a copy does.
CALLS, SLOWER, COPY = 0.5, 1.5, 0.8

# A virtual machine's cores hold less of the last-level cache than it says.
CACHE_OF_A_CORE = 32 << 20

PAYS = 1.1  # times the peer's speed


class Machine(NamedTuple):
    """What the rows are held against."""

    threads: int
    cache: int  # bytes, of which more than that lie in memory
    memory: float  # bytes a second that a copy on all threads reads and writes


class Row(NamedTuple):
    """What a case takes at one size, in types that JSON has."""

    case: str
    peer: str
    size: int
    seconds: float
    peer_seconds: float
    cores: float  # that were busy meanwhile
    bytes_per_second: float
    bound_by: str

    @property
    def speed_up(self) -> float:
        return self.peer_seconds / self.seconds


def measure_machine(things: Things) -> Machine:
    told = read_machine()
    cache = min(told["last_level_cache"], CACHE_OF_A_CORE * told["usable"])
    n = min(things.a.size, cache // 2)  # a copy touches eight times the cache
    time = in_turn({"copy": lambda: tnp.copyto(things.out[:n], things.a[:n])}, 0.2)["copy"]
    return Machine(default_workers(), cache, 16 * n / time.seconds)


def measure(
    case: Case, things: Things, size: int, machine: Machine, smaller: Sequence[Row], seconds: float
) -> Row:
    """A row, after those of smaller sizes."""
    ours, theirs = case.calls(things, size)
    one, _ = case.calls(things, 1)
    times = in_turn({"ours": ours, "peer": theirs, "one": one}, seconds, things.busy_ns)
    time, cores = times["ours"]
    calls = times["one"].seconds * (size if case.each_a_call else 1) / time
    rate = case.moved * size / time
    in_cache = min(
        (row.seconds / row.size for row in smaller if case.moved * row.size <= machine.cache),
        default=math.inf,
    )
    slower = time / size / in_cache if case.moved * size > machine.cache else 0.0
    bound = bound_by(calls, slower, rate / machine.memory if slower else 0.0, cores, machine.threads)
    return Row(case.name, case.peer, size, time, times["peer"].seconds, cores, rate, bound)


def bound_by(calls: float, slower: float, copy: float, cores: float, threads: int) -> str:
    """What would have to be quicker.

    Calls take that share of the time; an element takes so many times what it takes in the cache, and memory
    gives that share of a copy's speed, both 0 in the cache; so many cores were busy.
    """
    if calls >= CALLS:
        return "calls"
    if slower >= SLOWER or copy >= COPY:
        return "memory"
    return "cores" if cores > 1 + (threads - 1) / 4 else "one core"


def pays_from(rows: Sequence[Row]) -> int | None:
    """The size from which on, of the measured ones, every row is quicker than the peer's."""
    least = None
    for row in reversed(rows):
        if row.speed_up < PAYS:
            break
        least = row.size
    return least
