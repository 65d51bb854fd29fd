"""A timeline as a picture: the threads as lanes, and under them how many are at work.

Events wider than a pixel are bars. Those that are narrower are shared out to columns of a pixel's width: as
much of a column is filled as they take of its time, so that a million events show what a hundred do.
"""

import os
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._types import Array
from .events import WORK, Event, Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]

# Columns of the picture, about a pixel each.
_COLUMNS = 1400

# Bars from this part of the width on have their name in them.
_NAMED = 0.06


class _Style(NamedTuple):
    paper: str
    ink: str
    faint: str
    other: str  # names that have no colour of their own
    late: str
    wait: str
    palette: tuple[str, ...]


_STYLES = {
    "light": _Style(
        *("white", "#1b1f24", "#c9ced6", "#8b94a1", "#d7263d", "#f2a7b0"),
        ("#3f6fd1", "#e8a317", "#2f9e60", "#8f5bd6", "#22a6b3", "#d8689b", "#8a6242"),
    ),
    "dark": _Style(
        *("#15181d", "#e6e9ee", "#3c434d", "#7c8693", "#ff5a5f", "#8c3f46"),
        ("#6d9bf5", "#f2c14e", "#5cc98b", "#b48cf2", "#56cfe1", "#f28cb8", "#c29a78"),
    ),
}

# Kinds of events from the back of the picture to its front.
_ORDER = ("park", "spin", "call", "python", "loop", "task", "chunk", "join", "wake", "waking")

# Heights in a lane, of which the axis gives one to each: what surrounds, what runs, what is in what runs.
_AROUND, _TASK, _CHUNK, _LINE = 0.84, 0.66, 0.5, 0.05


def draw(timeline: Timeline, path: str | os.PathLike[str] | None, style: str) -> "Figure":
    """The figure, saved if there is a path."""
    figure_class = _figure_class()
    if style not in _STYLES:
        raise ValueError(f"style must be 'light' or 'dark', got {style!r}")
    look, lanes = _STYLES[style], timeline.lanes
    lane_inches = min(0.5, max(0.24, 5.0 / max(len(lanes), 1)))
    tall, low = lane_inches * max(len(lanes), 1), 0.75
    height = tall + low + 1.6
    figure: Figure = figure_class(figsize=(11, height), dpi=150, facecolor=look.paper)
    left, right = 0.085, 0.945
    bottom = 0.95 / height
    strip = figure.add_axes((left, bottom, right - left, low / height))
    chart = figure.add_axes((left, bottom + (low + 0.12) / height, right - left, tall / height), sharex=strip)
    unit, size = _unit(timeline.duration)
    for axes in (chart, strip):
        _plain(axes, look)
    names = _colours(timeline, look)
    for at in range(len(lanes)):
        _draw_lane(chart, timeline, at, names, look, size)
        _write_share(
            chart, chart.get_yaxis_transform(), at, timeline.busy(at) / max(timeline.duration, 1), look
        )
    chart.set_ylim(max(len(lanes), 1) - 0.5, -0.5)
    chart.set_yticks(range(len(lanes)), [lane.name for lane in lanes])
    chart.tick_params(labelbottom=False, bottom=False, left=False)
    _draw_strip(strip, timeline, look, size)
    strip.set_xlim(0, max(timeline.duration, 1) / size)
    strip.set_xlabel(unit, color=look.ink, loc="right", labelpad=2, fontsize=8)
    _write_head(figure, timeline, look, height)
    _draw_legend(figure, timeline, names, look)
    if path is not None:
        figure.savefig(path, facecolor=look.paper)
    return figure


def _figure_class() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("a picture needs matplotlib: pip install matplotlib") from error
    return Figure


def _plain(axes: "Axes", look: _Style) -> None:
    axes.set_facecolor(look.paper)
    axes.spines[:].set_visible(False)
    axes.tick_params(colors=look.ink, labelsize=8)
    axes.grid(axis="x", color=look.faint, linewidth=0.4, alpha=0.6)
    axes.set_axisbelow(True)


def _unit(duration: int) -> tuple[str, int]:
    for unit, size in ("s", 10**9), ("ms", 10**6):
        if duration >= 2 * size:
            return unit, size
    return "µs", 10**3


def _colours(timeline: Timeline, look: _Style) -> dict[str, str]:
    """A colour for each of the names that took the most time."""
    took: Counter[str] = Counter()
    for event in timeline.events:
        if event.kind in WORK:
            took[event.name] += event.end - event.begin
    first = [name for name, _ in took.most_common(len(look.palette))]
    return dict(zip(first, look.palette, strict=False))


def _draw_lane(
    axes: "Axes",
    timeline: Timeline,
    at: int,
    names: dict[str, str],
    look: _Style,
    size: int,
) -> None:
    column = max(timeline.duration, 1) / _COLUMNS
    groups: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in timeline.of(at, *_ORDER):
        groups[event.kind, event.name].append(event)
    full = timeline.lanes[at].full
    if full is not None:
        gone = np.array([[full, timeline.duration, _AROUND]])
        _draw_bars(axes, gone, at, size, facecolor="none", edgecolor=look.faint, linewidth=0, hatch="////")
        if full < 0.7 * timeline.duration:
            note = f"{timeline.lanes[at].dropped:,} events found no room"
            middle = (full + timeline.duration) / 2 / size
            axes.text(middle, at, note, color=look.late, fontsize=7, va="center", ha="center", zorder=9)
    for (kind, name), events in sorted(groups.items(), key=lambda each: _ORDER.index(each[0][0])):
        colour, tall, alpha = _look_of(kind, name, names, look)
        wide = [event for event in events if event.end - event.begin >= column]
        narrow = [event for event in events if event.end - event.begin < column]
        bars: list[tuple[float, float, float]] = [(event.begin, event.end, tall) for event in wide]
        bars += [
            (k * column, (k + 1) * column, tall * max(filled, 0.12)) for k, filled in _columns(narrow, column)
        ]
        _draw_bars(axes, np.array(bars), at, size, facecolor=colour, alpha=alpha, linewidth=0)
        if kind in WORK:
            _name_bars(axes, timeline, at, name, _merged(events, 2 * column), colour, size)


def _draw_bars(axes: "Axes", bars: Array, at: int, size: int, **options: Any) -> None:
    """Bars from a row of begins, ends and heights."""
    from matplotlib.collections import PolyCollection

    begins, ends, tall = bars.T
    low, high = at - tall / 2, at + tall / 2
    corners = [(begins / size, low), (begins / size, high), (ends / size, high), (ends / size, low)]
    corners_of_each = np.array(corners).transpose(2, 0, 1)
    axes.add_collection(PolyCollection(list(corners_of_each), **options), autolim=False)


def _look_of(kind: str, name: str, names: dict[str, str], look: _Style) -> tuple[str, float, float]:
    """Colour, height and alpha."""
    colour = names.get(name, look.other)
    return {
        "call": (look.faint, _AROUND, 0.55),
        "python": (look.faint, _AROUND, 0.55),
        "loop": (colour, _AROUND, 0.22),
        "task": (colour, _TASK, 1.0),
        "chunk": (colour, _CHUNK, 1.0),
        "join": (look.wait, _CHUNK, 1.0),
        "wake": (look.late, _AROUND, 1.0),
        "waking": (look.late, 0.22, 1.0),
        "spin": (look.other, 0.1, 0.9),
        "park": (look.faint, _LINE, 1.0),
    }[kind]


def _columns(events: list[Event], column: float) -> list[tuple[int, float]]:
    """Which columns such narrow events fall into, and how much of each they fill."""
    if not events:
        return []
    filled: Array = np.zeros(_COLUMNS + 1)
    places = np.array([event.begin for event in events]) / column
    spans = np.array([event.end - event.begin for event in events]) / column
    np.add.at(filled, np.minimum(places.astype(int), _COLUMNS), spans)
    return [(int(at), min(float(filled[at]), 1.0)) for at in np.unique(places.astype(int))]


def _name_bars(
    axes: "Axes", timeline: Timeline, at: int, name: str, spans: tuple[Array, Array], colour: str, size: int
) -> None:
    from matplotlib.colors import to_rgb

    ink = "#101215" if np.dot(to_rgb(colour), (0.3, 0.59, 0.11)) > 0.5 else "white"
    for begin, end in zip(*spans, strict=True):
        share = (end - begin) / max(timeline.duration, 1)
        letters = int(share * 150)
        if share >= _NAMED:
            shown = name if len(name) <= letters else name[: letters - 1] + "…"
            axes.text((begin + end) / 2 / size, at, shown, color=ink, fontsize=7, ha="center", va="center")


def _draw_strip(axes: "Axes", timeline: Timeline, look: _Style, size: int) -> None:
    """How many threads are at work, by column."""
    column = max(timeline.duration, 1) / _COLUMNS
    busy: Array = np.zeros(_COLUMNS)
    edges = np.arange(_COLUMNS + 1) * column
    for at in range(len(timeline.lanes)):
        begins, ends = _merged(timeline.of(at, *WORK))
        covered = np.interp(edges, *_covered(begins, ends)) if len(begins) else np.zeros(len(edges))
        busy += np.diff(covered) / column
    axes.fill_between(edges / size, np.append(busy, 0), step="post", color=look.ink, alpha=0.55, linewidth=0)
    most = max(timeline.workers, int(np.ceil(busy.max(initial=0) - 0.01)), 1)
    axes.axhline(timeline.workers, color=look.ink, linewidth=0.6, linestyle=(0, (4, 3)))
    axes.set_ylim(0, most * 1.08)
    axes.set_yticks([0, most])
    axes.set_ylabel("at work", color=look.ink, fontsize=8)
    _write_share(axes, axes.transAxes, 0.5, busy.mean() / max(timeline.workers, 1), look)


def _write_share(axes: "Axes", place: Any, y: float, share: float, look: _Style) -> None:
    """A percentage at the right of the axes."""
    axes.text(1.006, y, f"{share:.0%}", transform=place, color=look.ink, fontsize=8, va="center")


def _merged(events: list[Event], gap: float = 0) -> tuple[Array, Array]:
    """Begins and ends of the events' spans, those that overlap or have no larger gap between them as one."""
    begins: list[int] = []
    ends: list[int] = []
    for event in events:
        if ends and event.begin <= ends[-1] + gap:
            ends[-1] = max(ends[-1], event.end)
        else:
            begins.append(event.begin)
            ends.append(event.end)
    return np.array(begins), np.array(ends)


def _covered(begins: Array, ends: Array) -> tuple[Array, Array]:
    """The time covered up to each begin and end."""
    moments = np.stack([begins, ends], axis=1).ravel()
    total = np.cumsum(ends - begins)
    return moments, np.stack([total - (ends - begins), total], axis=1).ravel()


def _write_head(figure: "Figure", timeline: Timeline, look: _Style, height: float) -> None:
    first, *rest = timeline.told().splitlines()
    notes = [line for line in rest if not line.startswith("  ")]
    figure.text(0.085, 1 - 0.26 / height, first, color=look.ink, fontsize=11, weight="bold", va="center")
    figure.text(
        0.945, 1 - 0.26 / height, " · ".join(notes), color=look.ink, fontsize=8, ha="right", va="center"
    )


def _draw_legend(figure: "Figure", timeline: Timeline, names: dict[str, str], look: _Style) -> None:
    from matplotlib.patches import Patch

    kinds = {event.kind for event in timeline.events}
    handles = [Patch(facecolor=colour, label=name) for name, colour in names.items()]
    if any(event.kind in WORK and event.name not in names for event in timeline.events):
        handles.append(Patch(facecolor=look.other, label="others"))
    if kinds & {"call", "python"}:
        handles.append(Patch(facecolor=look.faint, label="Python around it"))
    if "join" in kinds:
        handles.append(Patch(facecolor=look.wait, label="waits for the others"))
    if kinds & {"waking", "wake"}:
        handles.append(Patch(facecolor=look.late, label="wakes others, is woken"))
    if "spin" in kinds:
        handles.append(Patch(facecolor=look.other, label="looks for work (thin)"))
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.08, 0.0),
        ncols=min(len(handles), 6) or 1,
        frameon=False,
        fontsize=8,
        labelcolor=look.ink,
        handlelength=1.3,
    )
