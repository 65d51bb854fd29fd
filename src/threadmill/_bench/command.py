"""python -m threadmill bench: the options, the run, and what is told of it."""

import argparse
import json
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from .._tables import seconds
from .cases import BYTES, CASES, Case, Things, free_memory
from .picture import draw, formats
from .rows import Machine, Row, measure, measure_machine, pays_from
from .terminal import print_table, progress

__all__ = ["HELP", "add_options", "run"]

HELP = "measure beside NumPy and the standard library, from 100 elements to 100 million"

SIZES = tuple(10**k for k in range(2, 9))
QUICK_SIZES = (10**2, 10**4, 10**6, 10**7)
SECONDS, QUICK_SECONDS = 0.3, 0.04  # that a row takes, if one call takes less

HEAD = ("what", "size", "peer", "threadmill", "speed-up", "GB/s", "cores", "bound by")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="fewer and smaller sizes, some seconds in all")
    parser.add_argument("--plot", metavar="PICTURE", type=Path, help="draw a .png, .svg or .pdf")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write all numbers there")


def run(
    options: argparse.Namespace,
    environment: dict[str, Any],
    described: str,
    refuse: Callable[[str], NoReturn],
) -> int:
    """Measures, prints a table, and draws and writes what is asked for."""
    _check(options, refuse)
    print(f"{described}\n", flush=True)
    sizes, most = QUICK_SIZES if options.quick else SIZES, free_memory() // 2 // BYTES
    if most < sizes[-1]:
        print(f"Sizes above {most:,} are left out: there is no memory for them.\n")
    sizes = tuple(size for size in sizes if size <= most)
    if not sizes:
        refuse(f"{free_memory():,} bytes of memory are free, too few for any size: close other programs")
    things = Things(sizes[-1])
    try:
        machine = measure_machine(things)
        rows = _measure(things, sizes, machine, QUICK_SECONDS if options.quick else SECONDS)
    finally:
        things.close()
    _print(rows, machine)
    if options.json:
        _write(options.json, environment, machine, rows)
    if options.plot:
        draw(options.plot, rows, _title(environment))
    return 0


def _check(options: argparse.Namespace, refuse: Callable[[str], NoReturn]) -> None:
    """What would be found out after the run only."""
    for path in filter(None, (options.json, options.plot)):
        if not path.parent.is_dir():
            refuse(f"there is no folder {path.parent} for {path.name}: make it, or name another")
    if options.plot:
        try:
            endings = formats()
        except ImportError:
            refuse("--plot needs matplotlib: pip install matplotlib")
        if options.plot.suffix[1:] not in endings:
            refuse(f"--plot must end in .png, .svg or .pdf, got {options.plot}")


def _measure(things: Things, sizes: Sequence[int], machine: Machine, seconds: float) -> dict[str, list[Row]]:
    """The rows of each case."""
    steps: list[tuple[Case, int]] = [(case, size) for case in CASES for size in sizes if size <= case.most]
    rows: dict[str, list[Row]] = {case.name: [] for case in CASES}
    for case, size in progress(steps, "measuring"):
        rows[case.name].append(measure(case, things, size, machine, rows[case.name], seconds))
    return rows


def _print(rows: dict[str, list[Row]], machine: Machine) -> None:
    texts, colours = [], []
    for row in (row for own in rows.values() for row in own):
        rate = f"{row.bytes_per_second / 1e9:.1f}" if row.bytes_per_second else ""
        times = seconds(row.peer_seconds), seconds(row.seconds), f"{row.speed_up:.2f} x"
        texts.append([row.case, f"{row.size:,}", *times, rate, f"{row.cores:.1f}", row.bound_by])
        colours.append("green" if row.speed_up >= 1.1 else "magenta" if row.speed_up <= 0.9 else "")
    print_table(HEAD, texts, colours)
    pays = ", ".join(
        f"{name} {f'from {least:,}' if (least := pays_from(own)) else 'nowhere'}"
        for name, own in rows.items()
    )
    told = (
        f"Threads pay: {pays}.",
        "The peer is NumPy; ThreadPoolExecutor for submit and map, queue.Queue for queue.",
        "Bound by calls: they take half of the time. By memory: beyond the cache's "
        f"{machine.cache / 2**20:g} MiB an element takes half as long again as in it, or its bytes come at "
        f"the speed of a copy, {machine.memory / 1e9:.1f} GB/s. Else by what computes: all cores, or one.",
    )
    print("\n".join(["", *(textwrap.fill(line, 80) for line in told)]))


def _title(environment: dict[str, Any]) -> str:
    names = ("threadmill", "numpy", "python")
    told = [f"{name} {environment[name]}" for name in names]
    return ", ".join([*told, f"{environment['usable']} cores", environment["platform"]])


def _write(path: Path, environment: dict[str, Any], machine: Machine, rows: dict[str, list[Row]]) -> None:
    told = {
        "environment": environment,
        "machine": machine._asdict(),
        "rows": [{**row._asdict(), "speed_up": row.speed_up} for own in rows.values() for row in own],
        "pays_from": {name: pays_from(own) for name, own in rows.items()},
    }
    path.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
