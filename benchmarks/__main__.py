"""python -m benchmarks: measures threadmill beside its peers on this machine; see --help.

`python -m benchmarks compare BASE.json` tells what has changed since a run that was saved.
`python -m benchmarks plot [RUN.json] PICTURE` draws a run that was saved.
`python -m benchmarks scan` looks for calls of threadmill.numpy that are slower than NumPy's.
"""

import argparse
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import threadmill as tm

from . import baseline, machine, native, peers, plot, report, scan
from .harness import Plan, Row

QUESTIONS = (
    "loop_latency",
    "python_latency",
    "small",
    "square",
    "sum",
    "scale",
    "ufuncs",
    "reductions",
    "programs",
    "program_sizes",
    "namespace",
    "nan_functions",
    "labelled",
    "scaling",
    "shared_machine",
    "dask_blocks",
    "executor",
    "free_threads",
    "queues",
)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line. Missed targets are printed; they are no failure."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["compare"]:
        return baseline.main(given[1:], main)
    if given[:1] == ["plot"]:
        return plot.main(given[1:])
    if given[:1] == ["scan"]:
        return scan.main(given[1:])
    options = _parse(given)
    peers.allow(max(options.threads))
    facts = machine.facts()
    print(machine.describe(facts))
    if options.smoke:
        print("A smoke run: it shows that everything runs; its numbers mean nothing.")
    print(f"\n{report.HEADER}")
    rows: list[Row] = []
    remarks = [f"{name}: not installed, left out" for name, number in facts["peers"].items() if not number]
    for found in _answers(options):
        if isinstance(found, Row):
            rows.append(found)
            print(report.as_line(found), flush=True)
        elif found not in remarks:
            remarks.append(found)
    if layer := peers.numba_layer():
        remarks.append(f"numba: threads by {layer}")
    print("\n" + "\n".join([*remarks, _verdict(rows)]))
    if options.save:
        report.write_json(options.save, facts, rows, remarks)
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", metavar="NAME", action="append", choices=QUESTIONS, help=", ".join(QUESTIONS)
    )
    parser.add_argument(
        "--threads",
        metavar="1,2,4",
        type=_thread_counts,
        default=[tm.usable_cores()],
        help="sizes of the pool",
    )
    parser.add_argument("--smoke", action="store_true", help="tiny and quick; nothing is judged")
    parser.add_argument("--save", metavar="FILE", type=Path, help="write all numbers there, as JSON")
    return parser.parse_args(arguments)


def _thread_counts(text: str) -> list[int]:
    counts = [int(part) for part in text.split(",")]
    if min(counts) < 1:
        raise ValueError(text)
    return counts


def _answers(options: argparse.Namespace) -> Iterator[Row | str]:
    """The rows of all questions on all thread counts, and remarks on what is missing.

    Targets speak of a pool with a thread for every core.
    """
    for name in options.only or QUESTIONS:
        print(f"\n{name}", flush=True)
        question = importlib.import_module(f"{__package__}.{name}")
        for threads in options.threads:
            judged = not options.smoke and threads == tm.usable_cores()
            plan = Plan(threads, name, options.smoke, judged, threads == options.threads[0])
            try:
                yield from question.run(plan)
            except native.NoCompiler as error:
                yield f"{name}: {error}, rows left out"


def _verdict(rows: list[Row]) -> str:
    judged = [row.met for row in rows if row.met is not None]
    return f"{judged.count(True)} of {len(judged)} targets met." if judged else "Nothing was judged."


if __name__ == "__main__":
    sys.exit(main())
