"""python -m benchmarks compare BASE.json [NEW.json]: what has become slower or faster since a saved run.

A row has changed where its quartiles lie apart from those of the saved run and its medians differ by more
than a tenth. All else is noise. Ratios to a peer are compared as they are: both sides of a ratio were
measured in one run, so that a slower hour of the machine cancels out. Other rows are compared by seconds.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .harness import Measure

__all__ = ["KEPT", "Change", "changes", "main"]

KEPT = Path(__file__).with_name("baseline.json")

# Medians of the same row in runs of one commit differ by up to this share.
NOISE = 0.10


@dataclass(frozen=True)
class Change:
    """A row that is in both runs."""

    name: str
    before: float
    after: float
    factor: float  # above 1: better
    is_noise: bool


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """The rows that both runs have, the worst change first."""
    known = {_name(row): row for row in before["rows"]}
    found = [_change(known[_name(row)], row) for row in after["rows"] if _name(row) in known]
    return sorted(found, key=lambda change: change.factor)


def _name(row: dict[str, Any]) -> str:
    peer = f" against {row['peer']}" if row["peer"] else ""
    return f"{row['question']}: {row['what']}{peer}, {row['threads']} threads"


def _change(before: dict[str, Any], after: dict[str, Any]) -> Change:
    measure = Measure(after["measure"])
    old, new = before["result"], after["result"]
    if measure is Measure.EXCESS:  # may be near 0, or below: compared by our seconds
        old, new = before["ours"]["median"], after["ours"]["median"]
    factor = new / old if old > 0 and new > 0 else math.nan
    if not measure.more_is_better:
        factor = 1 / factor
    apart = _lie_apart(before["quartiles"], after["quartiles"])
    steady = math.isnan(factor) or abs(math.log(factor)) <= math.log1p(NOISE)
    return Change(_name(after), old, new, factor, steady or not apart)


def _lie_apart(one: list[float], other: list[float]) -> bool:
    return max(one) < min(other) or max(other) < min(one)


def told(found: Iterable[Change], facts: tuple[dict[str, Any], dict[str, Any]]) -> list[str]:
    """The lines to print: what has changed, what the two machines differ in, how many rows there were."""
    rows = list(found)
    lines = [
        f"{'SLOWER' if each.factor < 1 else 'faster':<8}{each.factor:>6.2f} x  {each.name}"
        for each in rows
        if not each.is_noise
    ]
    differing = [name for name in facts[1] if facts[0].get(name) != facts[1][name]]
    if differing:
        lines.append(f"The runs differ in: {', '.join(sorted(differing))}.")
    noise = sum(each.is_noise for each in rows)
    return [*lines, f"{len(rows)} rows in both runs, {noise} of them within noise."]


def main(arguments: list[str], run: Callable[[list[str]], int]) -> int:
    """Runs the command line; 1 if a row has become slower. `run` measures with further arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks compare", description=__doc__)
    parser.add_argument("base", type=Path, nargs="?", default=KEPT, help="a file of --save")
    parser.add_argument("new", type=Path, nargs="?", help="another one; measured now if it is left out")
    options, more = parser.parse_known_args(arguments)
    before = json.loads(options.base.read_text(encoding="utf-8"))
    new = options.new
    if new is None:
        new = Path(f"{options.base}.new")
        run([*more, "--save", str(new)])
    after = json.loads(new.read_text(encoding="utf-8"))
    found = changes(before, after)
    print("\n" + "\n".join(told(found, (before["machine"], after["machine"]))))
    return int(any(each.factor < 1 and not each.is_noise for each in found))


if __name__ == "__main__":
    sys.exit("run python -m benchmarks compare")
