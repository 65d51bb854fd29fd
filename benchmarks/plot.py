"""python -m benchmarks plot [RUN.json] PICTURE: draws a saved run as an .svg or a .png.

Dots with quartiles tell how many times the peer's speed ours is. The picture needs matplotlib.
"""

import argparse
import itertools
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from . import report
from .baseline import KEPT
from .harness import Measure, Row

__all__ = ["main", "speed"]

FORMATS = (".svg", ".png")


def main(arguments: list[str]) -> int:
    """Runs the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks plot", description=__doc__)
    parser.add_argument("run", metavar="RUN.json", type=Path, nargs="?", default=KEPT, help="from --save")
    parser.add_argument("picture", metavar="PICTURE", type=Path, help="the file to write, .svg or .png")
    options = parser.parse_args(arguments)
    if options.picture.suffix not in FORMATS:
        parser.error(f"{options.picture} is neither an .svg nor a .png")
    if not find_spec("matplotlib"):
        parser.error("a plot needs matplotlib: pip install '.[bench]'")
    if not options.run.is_file():
        parser.error(f"{options.run} is not there: python -m benchmarks --save {options.run}")
    _, rows = report.read_json(options.run)
    compared = [row for row in rows if row.measure in (Measure.SPEEDUP, Measure.SHARE)]
    if not compared:
        parser.error(f"{options.run} has none of the rows to draw")
    _save(_draw_all(compared), options.picture)
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
