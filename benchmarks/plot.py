"""python -m benchmarks plot [RUN.json] PICTURE: draws a saved run as an .svg or a .png.

Bars tell how many times the peer's speed ours is, for the few rows that are named here, losses among them.
With --all, dots with quartiles tell it for every row that is compared with a peer. Both need matplotlib.
"""

import argparse
import itertools
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from . import report
from .baseline import KEPT
from .executor import MULTIPROCESSING, STANDARD
from .harness import Measure, Row

__all__ = ["BARS", "Bars", "bars", "caption", "main", "speed", "title"]

FORMATS = (".svg", ".png")

# Headings, and the bars below each: a label, and the question, name and peer of the row that it stands for.
BARS: dict[str, dict[str, tuple[str, str, str]]] = {
    "A million numbers": {
        "sum of int32": ("sum", "1,000,000 int32", "NumPy"),
        "sum": ("sum", "1,000,000 float64", "NumPy"),
        "sin": ("ufuncs", "sin 1,000,000 float64", "NumPy"),
        "exp": ("ufuncs", "exp 1,000,000 float64", "NumPy"),
        "square": ("square", "1,000,000 float64", "NumPy"),
    },
    "Functions under @fuse": {
        "heat equation, 120³ points": ("programs", "heat_3d 120 x 120 x 120 float64", "NumPy"),
        "roots of a million quadratics": ("programs", "quadratic 1,000,000 float64", "NumPy"),
        "softmax, 2,000 × 4,000": ("programs", "softmax 2,000 x 4,000 float32", "NumPy"),
    },
    "Against Python's library": {
        "bounded queue.Queue": ("queues", "an object, maxsize=1000", "queue.Queue"),
        "submit of ThreadPoolExecutor": ("executor", "submit + result, 50,000 tasks, each", STANDARD),
        "map of multiprocessing's ThreadPool": ("executor", "map, 50,000 calls, each", MULTIPROCESSING),
    },
    "Short calls": {
        "any of a million bools": ("reductions", "logical_or.reduce 1,000,000 bool, axis None", "NumPy"),
        "add, 10,000 numbers": ("ufuncs", "add 10,000 float64, no out", "NumPy"),
        "square, 1,000 numbers": ("square", "1,000 float64", "NumPy"),
    },
}

GAIN, LOSS, FAINT = "#2b6cb0", "#c2571a", "#606060"

Bars = dict[str, dict[str, Row]]


def main(arguments: list[str]) -> int:
    """Runs the command line. Named rows that the run lacks are printed; they are no failure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks plot", description=__doc__)
    parser.add_argument("run", metavar="RUN.json", type=Path, nargs="?", default=KEPT, help="from --save")
    parser.add_argument("picture", metavar="PICTURE", type=Path, help="the file to write, .svg or .png")
    parser.add_argument("--all", action="store_true", help="every row that is compared with a peer")
    options = parser.parse_args(arguments)
    if options.picture.suffix not in FORMATS:
        parser.error(f"{options.picture} is neither an .svg nor a .png")
    if not find_spec("matplotlib"):
        parser.error("a plot needs matplotlib: pip install '.[bench]'")
    if not options.run.is_file():
        parser.error(f"{options.run} is not there: python -m benchmarks --save {options.run}")
    facts, rows = report.read_json(options.run)
    compared = [row for row in rows if row.measure in (Measure.SPEEDUP, Measure.SHARE)]
    found = bars(compared)
    if not (compared if options.all else found):
        parser.error(f"{options.run} has none of the rows to draw")
    if options.all:
        _save(_draw_all(compared), options.picture)
        return 0
    _save(_draw_bars(found, facts), options.picture)
    for heading, group in BARS.items():
        for label in group:
            if label not in found.get(heading, {}):
                print(f"{heading}, {label}: not in {options.run}, left out", file=sys.stderr)
    return 0


def speed(measure: Measure, value: float) -> float:
    """Multiples of the peer's speed, from the number that a row judges."""
    return value if measure is Measure.SPEEDUP else 1 / value


def _save(figure: Any, path: Path) -> None:
    """The same rows make the same file: no date, and no names by chance."""
    import matplotlib

    # Text stays text, in a font of the reader's.
    with matplotlib.rc_context({"svg.hashsalt": "threadmill", "svg.fonttype": "none"}):
        figure.savefig(path, dpi=144, metadata={"Date": None} if path.suffix == ".svg" else {})


# ---- bars -------------------------------------------------------------------------------------------------


def bars(rows: Sequence[Row]) -> Bars:
    """The named rows that a run has, by heading and label; on the most threads where there are several."""
    known = {(row.question, row.what, row.peer): row for row in sorted(rows, key=lambda row: row.threads)}
    groups = {
        heading: {label: known[name] for label, name in group.items() if name in known}
        for heading, group in BARS.items()
    }
    return {heading: group for heading, group in groups.items() if group}


def title(found: Bars) -> str:
    """The line above the bars, with the number of threads."""
    threads = max(row.threads for group in found.values() for row in group.values())
    return f"How many times as fast as NumPy, bit for bit, on {threads} thread{'s' * (threads > 1)}"


def caption(facts: dict[str, Any]) -> str:
    """The line below the bars: machine, versions, commit, day."""
    return (
        f"{facts['cpu']}, {facts['usable']} usable cores; Python {facts['python']}, NumPy {facts['numpy']}, "
        f"threadmill at commit {facts['commit']}; {facts['date'][:10]}"
    )


def _draw_bars(found: Bars, facts: dict[str, Any]) -> Any:
    """A bar from 1 to a row's speed: to the right where we are faster, to the left where we are slower."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    size = 9.375, 4.8  # inches: 900 x 461 pixels of an SVG
    figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(w_pad=0.1), facecolor="white")
    axes = figure.subplots()
    labels: list[str] = []
    for heading, group in found.items():
        labels.append(heading)
        for label, row in group.items():
            value = speed(row.measure, row.result)
            color, side = (GAIN, 1) if value >= 1 else (LOSS, -1)
            axes.barh(len(labels), value - 1, left=1, height=0.7, color=color)
            _write_beside(axes, value, len(labels), side, f"{value:.{1 if side > 0 else 2}f}×", color)
            labels.append(label)
    _write_beside(axes, 1, 0, 1, "faster →", GAIN)
    _write_beside(axes, 1, 0, -1, "← slower", LOSS)
    axes.set_yticks(range(len(labels)), labels, fontsize=9)
    for text in axes.get_yticklabels():
        if text.get_text() in found:
            text.set_fontweight("bold")
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    _scale(axes, [speed(row.measure, row.result) for group in found.values() for row in group.values()])
    figure.suptitle(title(found), x=0.01, ha="left", fontsize=12, weight="bold")
    figure.supxlabel(caption(facts), x=0.01, ha="left", fontsize=8, color=FAINT)
    return figure


def _write_beside(axes: Any, x: float, y: float, side: int, text: str, color: str) -> None:
    """Text to the right (1) or to the left (-1) of a point."""
    align = "left" if side > 0 else "right"
    axes.annotate(
        text,
        (x, y),
        xytext=(4 * side, 0),
        textcoords="offset points",
        ha=align,
        va="center",
        color=color,
        fontsize=9,
    )


def _scale(axes: Any, values: Sequence[float]) -> None:
    """Powers of two from below the slowest to above the fastest, and a line at 1."""
    low, high = min(0.5, *values), max(2.0, *values)
    ticks = [2.0**power for power in range(-10, 11) if low / 2 < 2.0**power <= high * 1.05]
    axes.set_xscale("log", base=2)
    axes.set_xlim(low / 1.5, high * 1.5)
    axes.set_xticks(ticks, [f"{tick:g}×" for tick in ticks], fontsize=9, color=FAINT)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.axvline(1.0, color="black", linewidth=1)
    axes.spines[:].set_visible(False)


# ---- all rows ---------------------------------------------------------------------------------------------


def _draw_all(compared: Sequence[Row]) -> Any:
    """A panel for each question, a line for each thing measured.

    On it a dot with quartiles for each peer, a cross where a target is missed, a bar where it stands.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    peers = list(dict.fromkeys(row.peer for row in compared))
    colors = dict(zip(peers, itertools.cycle(map(colormaps["tab20"], range(20))), strict=False))
    panels = {key: list(group) for key, group in itertools.groupby(compared, lambda row: row.question)}
    lines = {key: list(dict.fromkeys(map(_line, group))) for key, group in panels.items()}
    heights = [len(names) + 2 for names in lines.values()]
    figure = Figure(figsize=(10, 1 + 0.18 * sum(heights)), layout="constrained")
    places = figure.subplots(len(panels), height_ratios=heights, sharex=True, squeeze=False)
    for axes, (question, group) in zip(places[:, 0], panels.items(), strict=True):
        _draw(axes, group, lines[question], colors)
        axes.set_title(question, loc="left", fontsize=9)
    places[-1, 0].set_xlabel("speed, in multiples of the peer's (| : target, x : missed)")
    marks = [Line2D([], [], color=colors[peer], marker="o", linestyle="", label=peer) for peer in peers]
    figure.legend(handles=marks, loc="outside right upper", fontsize=8)
    return figure


def _line(row: Row) -> str:
    return f"{row.what}, {row.threads} threads"


def _draw(axes: Any, rows: list[Row], lines: list[str], colors: dict[str, Any]) -> None:
    for row in rows:
        place = lines.index(_line(row))
        middle, *ends = (speed(row.measure, value) for value in (row.result, *row.quartiles))
        error = [[max(0.0, middle - min(ends))], [max(0.0, max(ends) - middle)]]
        mark = "x" if row.met is False else "o"
        axes.errorbar(middle, place, xerr=error, fmt=mark, color=colors[row.peer], markersize=5)
        if row.target is not None:
            axes.plot(speed(row.measure, row.target), place, marker="|", color="black", markersize=9)
    axes.set_yticks(range(len(lines)), lines, fontsize=7)
    axes.set_ylim(len(lines) - 0.4, -0.6)
    axes.set_xscale("log")
    axes.axvline(1.0, color="grey", linewidth=0.8)
    axes.grid(axis="y", linewidth=0.3)
