"""The picture of a run: a panel for each case, time over size, the size marked from which threads pay."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .rows import Row, pays_from

__all__ = ["draw", "formats"]

COLUMNS = 5
OURS, PEER = "#2b6cb0", "#c2571a"  # told apart by those who do not see red or green, and in grey


def formats() -> set[str]:
    """The endings that a picture may have; ImportError without matplotlib."""
    from matplotlib.backend_bases import FigureCanvasBase

    return set(FigureCanvasBase.get_supported_filetypes())


def draw(path: Path, rows: Mapping[str, Sequence[Row]], title: str) -> None:
    from matplotlib.figure import Figure

    lines = -(-len(rows) // COLUMNS)
    figure = Figure(figsize=(3.1 * COLUMNS, 2.6 * lines + 0.6), layout="constrained")
    panels = figure.subplots(lines, COLUMNS, squeeze=False).flat
    for (name, own), panel in zip(rows.items(), panels, strict=False):
        _draw_case(panel, name, own)
    for panel in list(panels):
        panel.set_visible(False)
    figure.suptitle(title, fontsize=10)
    figure.savefig(path, dpi=150)


def _draw_case(panel: Any, name: str, rows: Sequence[Row]) -> None:
    sizes, least = [row.size for row in rows], pays_from(rows)
    panel.loglog(sizes, [row.peer_seconds for row in rows], "s--", color=PEER, ms=4, label=rows[0].peer)
    panel.loglog(sizes, [row.seconds for row in rows], "o-", color=OURS, ms=4, label="threadmill")
    if least is not None:
        panel.axvline(least, color=OURS, lw=1, ls=":")
        panel.axvspan(least, sizes[-1], color=OURS, alpha=0.08, lw=0)
    pays = f"pays from {least:,}" if least is not None else "does not pay"
    panel.set_title(f"{name}: {pays}", fontsize=9)
    panel.set_xlabel("calls" if rows[0].peer != "NumPy" else "elements", fontsize=8)
    panel.set_ylabel("seconds", fontsize=8)
    panel.tick_params(labelsize=7)
    panel.grid(alpha=0.3, lw=0.5)
    panel.legend(fontsize=7, frameon=False, loc="upper left")
