"""The picture of a timeline, and the command that draws it."""

import builtins
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import threadmill as tm
from threadmill import __main__ as command_line
from threadmill.timeline import chrome
from threadmill.timeline.events import Event, Lane, Timeline
from threadmill.timeline.picture import draw

pytest.importorskip("matplotlib")

STARTS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


def made(lanes: int, events: int, dropped: int = 0) -> Timeline:
    """A caller and workers that work half of the time."""
    span = max(2_000_000 // max(events // lanes, 1), 2)
    found = [
        Event(k % lanes, "chunk", f"f{k % 9}", k // lanes * span, k // lanes * span + span // 2, {})
        for k in range(events)
    ]
    rows = [Lane("MainThread", False, 0, None)]
    rows += [Lane(f"worker {k}", True, dropped, 1_000_000 if dropped else None) for k in range(lanes - 1)]
    return Timeline(rows, found, 2_000_000)


def texts(figure: Any) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.mark.parametrize("ending", STARTS)
@pytest.mark.parametrize("style", ["light", "dark"])
def test_it_is_saved_in_the_format_of_its_ending(tmp_path: Path, ending: str, style: str) -> None:
    path = tmp_path / f"run{ending}"
    draw(made(3, 10), path, style)
    assert path.read_bytes().startswith(STARTS[ending])


@pytest.mark.parametrize("lanes", [2, 16])
@pytest.mark.parametrize("events", [10, 20_000])
def test_it_has_a_row_for_each_lane_and_few_shapes(lanes: int, events: int) -> None:
    figure = draw(made(lanes, events), None, "light")
    strip, chart = figure.axes
    assert [label.get_text() for label in chart.get_yticklabels()] == [
        "MainThread",
        *(f"worker {k}" for k in range(lanes - 1)),
    ]
    bars = [path for collection in chart.collections for path in collection.get_paths()]
    assert 0 < len(bars) <= 1500 * lanes * 9
    assert strip.get_xlim() == (0, 2)


def test_it_says_how_busy_each_lane_was() -> None:
    lanes = [Lane("MainThread", False, 0, None), Lane("worker 0", True, 0, None)]
    events = [Event(0, "chunk", "sqrt", 0, 750, {}), Event(1, "chunk", "sqrt", 500, 1000, {})]
    assert {"75%", "50%", "sqrt"} <= set(texts(draw(Timeline(lanes, events, 1000), None, "light")))


def test_it_says_what_was_dropped() -> None:
    figure = draw(made(3, 100, dropped=1234), None, "dark")
    assert texts(figure).count("1,234 events found no room") == 2
    assert any("2,468 events found no room" in text.get_text() for text in figure.texts)


@pytest.mark.parametrize(
    "timeline", [Timeline([], [], 0), made(2, 0), Timeline([Lane("a", False, 0, None)], [], 0)]
)
def test_an_empty_timeline_is_drawn(timeline: Timeline) -> None:
    assert draw(timeline, None, "light").axes


def test_a_trace_draws_itself(tmp_path: Path) -> None:
    with tm.Pool(2) as pool:
        run = tm.trace(pool=pool)
        with pytest.raises(RuntimeError, match="nothing is recorded yet"):
            run.plot()
        with run:
            tm.square(np.ones(500_000), pool=pool)
        assert run.plot(tmp_path / "run.png").axes
        with pytest.raises(ValueError, match="style must be 'light' or 'dark', got 'blue'"):
            run.plot(style="blue")  # type: ignore[arg-type]


def without_matplotlib(patch: Callable[..., None]) -> None:
    real = builtins.__import__

    def refused(name: str, *args: Any, **options: Any) -> Any:
        if name.partition(".")[0] == "matplotlib":
            raise ImportError(name)
        return real(name, *args, **options)

    patch(builtins, "__import__", refused)


def test_a_missing_matplotlib_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    without_matplotlib(monkeypatch.setattr)
    with pytest.raises(ImportError, match=r"a picture needs matplotlib: pip install matplotlib$"):
        draw(made(2, 2), None, "light")


def test_the_command_tells_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = tmp_path / "run.json", tmp_path / "run.svg"
    chrome.write(made(3, 100), source)
    assert command_line.main(["timeline", str(source), "-o", str(target), "--style", "dark"]) == 0
    assert target.read_bytes().startswith(b"<?xml")
    told = capsys.readouterr().out
    assert told.startswith("2 ms, 2 workers\n")
    assert "worker 1    at work" in told


@pytest.mark.parametrize("case", ["missing", "foreign", "no folder", "no matplotlib"])
def test_the_command_says_what_is_wrong(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "run.json", tmp_path / "run.png"
    if case == "foreign":
        source.write_text("{}")
    elif case != "missing":
        chrome.write(made(2, 2), source)
    if case == "no folder":
        target = tmp_path / "no" / "run.png"
    if case == "no matplotlib":
        without_matplotlib(monkeypatch.setattr)
    assert command_line.main(["timeline", str(source), "-o", str(target)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("python -m threadmill timeline: ")
    assert len(said.err.splitlines()) == 1
    assert sys.argv  # no exit
