"""Rows as an aligned table, as JSON and as a plot."""

import itertools
import json
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Any

from .harness import Measure, Row

__all__ = ["HEADER", "as_line", "plot", "quantity", "write_json"]

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


def plot(path: Path, rows: list[Row]) -> None:
    """How many times the peers' speed ours is: a panel for each question, a line for each thing measured.

    On it a dot with quartiles for each peer, a cross where a target is missed, a bar where it stands.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    compared = [row for row in rows if row.measure in (Measure.SPEEDUP, Measure.SHARE)]
    peers = list(dict.fromkeys(row.peer for row in compared))
    colors = dict(zip(peers, itertools.cycle(pyplot.get_cmap("tab20").colors), strict=False))
    panels = {key: list(group) for key, group in itertools.groupby(compared, lambda row: row.question)}
    lines = {key: list(dict.fromkeys(map(_line, group))) for key, group in panels.items()}
    heights = [len(names) + 2 for names in lines.values()]
    figure, places = pyplot.subplots(
        len(panels),
        figsize=(10, 1 + 0.18 * sum(heights)),
        height_ratios=heights,
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    for axes, (question, group) in zip(places[:, 0], panels.items(), strict=True):
        _draw(axes, group, lines[question], colors)
        axes.set_title(question, loc="left", fontsize=9)
    places[-1, 0].set_xlabel("speed, in multiples of the peer's (| : target, x : missed)")
    marks = [
        pyplot.Line2D([], [], color=colors[peer], marker="o", linestyle="", label=peer) for peer in peers
    ]
    figure.legend(handles=marks, loc="outside right upper", fontsize=8)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def _line(row: Row) -> str:
    return f"{row.what}, {row.threads} threads"


def _draw(axes: Any, rows: list[Row], lines: list[str], colors: dict[str, Any]) -> None:
    for row in rows:
        place = lines.index(_line(row))
        middle, *ends = (_speed(row.measure, value) for value in (row.result, *row.quartiles))
        error = [[max(0.0, middle - min(ends))], [max(0.0, max(ends) - middle)]]
        mark = "x" if row.met is False else "o"
        axes.errorbar(middle, place, xerr=error, fmt=mark, color=colors[row.peer], markersize=5)
        if row.target is not None:
            axes.plot(_speed(row.measure, row.target), place, marker="|", color="black", markersize=9)
    axes.set_yticks(range(len(lines)), lines, fontsize=7)
    axes.set_ylim(len(lines) - 0.4, -0.6)
    axes.set_xscale("log")
    axes.axvline(1.0, color="grey", linewidth=0.8)
    axes.grid(axis="y", linewidth=0.3)


def _speed(measure: Measure, value: float) -> float:
    return value if measure is Measure.SPEEDUP else 1 / value
