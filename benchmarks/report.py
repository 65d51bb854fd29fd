"""Rows as an aligned table and as JSON."""

import json
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Any

from .harness import Measure, Row, Summary

__all__ = ["HEADER", "as_line", "quantity", "read_json", "write_json"]

HEADER = (
    f"{'':<34}{'thr':>4}{'ours':>9}{'GB/s':>7}  {'peer':<19}{'time':>8}{'result':>10}{'quartiles':>19}"
    f"{'target':>13}  met"
)


def as_line(row: Row) -> str:
    """A row of the table; its note stands below it."""
    ours = f"{row.ours.median:g}" if row.measure is Measure.COUNT else time(row.ours.median)
    rate = f"{row.bytes_per_second / 1e9:.1f}" if row.bytes_per_second else ""
    peer = time(row.theirs.median) if row.theirs else ""
    sign = ">=" if row.measure.more_is_better else "<="
    target = f"{sign} {quantity(row.measure, row.target)}" if row.target is not None else ""
    met = {None: "", True: "yes", False: "NO"}[row.met]
    line = (
        f"{row.what:<34}{row.threads:>4}{ours:>9}{rate:>7}  {row.peer:<19}{peer:>8}"
        f"{quantity(row.measure, row.result):>10}{_spread(row):>19}{target:>13}  {met}"
    ).rstrip()
    return f"{line}\n    {row.note}" if row.note else line


def _spread(row: Row) -> str:
    """The quartiles, with their unit once where it is the same."""
    low, high = (quantity(row.measure, value) for value in row.quartiles)
    return f"{low.split()[0] if low.split()[1:] == high.split()[1:] else low} .. {high}"


def time(seconds: float) -> str:
    """Three digits and a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if abs(seconds) >= 0.9995 * size:
            return f"{_digits(seconds / size)} {unit}"
    return f"{_digits(seconds / 1e-9)} ns"


def _digits(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 999.5 else f"{value:.0f}"


def quantity(measure: Measure, value: float) -> str:
    """The number that a row judges, with its unit."""
    match measure:
        case Measure.SPEEDUP | Measure.SHARE:
            return f"{value:.2f} x" if value < 100 else f"{value:.0f} x"
        case Measure.EXCESS:
            return f"{'-' if value < 0 else '+'}{time(abs(value))}"
        case Measure.RATE:
            return f"{_digits(value / 1e6)} M/s"
        case Measure.SECONDS:
            return time(value)
        case Measure.COUNT:
            return f"{value:g}"


def write_json(path: Path, facts: dict[str, Any], rows: list[Row], remarks: list[str]) -> None:
    told = {"machine": facts, "rows": [asdict(row) for row in rows], "remarks": remarks}
    path.write_text(json.dumps(told, indent=2, default=_plain) + "\n", encoding="utf-8")


def _plain(value: object) -> Any:
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"no JSON for {type(value).__name__}")


def read_json(path: Path) -> tuple[dict[str, Any], list[Row]]:
    """The facts and the rows of a file that `write_json` has written."""
    told = json.loads(path.read_text(encoding="utf-8"))
    return told["machine"], [_row(row) for row in told["rows"]]


def _row(told: dict[str, Any]) -> Row:
    theirs = told["theirs"]
    return Row(
        **told
        | {
            "ours": Summary(**told["ours"]),
            "theirs": Summary(**theirs) if theirs else None,
            "measure": Measure(told["measure"]),
            "quartiles": tuple(told["quartiles"]),
        }
    )
