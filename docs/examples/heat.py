"""Heat spreads over a plate: sweeps to and fro between two arrays, as NumPy code under `fuse`."""

from typing import Any

import numpy as np
from example import compare, figure, options, save

import threadmill as tm

Plate = Any  # a float64 array of two axes


def to_and_fro(u: Plate, v: Plate) -> None:
    """Two steps of time, from u into v and back. The edge of the plate keeps its temperature."""
    for now, then in (u, v), (v, u):
        then[1:-1, 1:-1] = 0.25 * (now[:-2, 1:-1] + now[2:, 1:-1] + now[1:-1, :-2] + now[1:-1, 2:])


fused = tm.fuse(to_and_fro)


def plate(n: int) -> Plate:
    """A cold plate with a hot edge on the left, and two hot spots."""
    u = np.zeros((n, n))
    u[:, 0] = 1.0
    y, x = np.mgrid[:n, :n] / n
    u[(x - 0.6) ** 2 + (y - 0.35) ** 2 < 0.02] = 1.0
    u[(abs(x - 0.55) < 0.25) & (abs(y - 0.75) < 0.04)] = 0.8
    return u


def after(steps: int, sweep: Any, start: Plate) -> Plate:
    """The plate after an even number of steps."""
    u, v = start.copy(), start.copy()
    for _ in range(steps // 2):
        sweep(u, v)
    return u


def draw(path: Any, n: int) -> None:
    moments = [0, 100, 1000, 6000]
    drawn = figure(8, 2.4)
    for axes, steps in zip(drawn.subplots(1, len(moments)), moments, strict=True):
        image = axes.imshow(after(steps, fused, plate(n)), cmap="inferno", vmin=0, vmax=1)
        axes.set_title(f"{steps:,} steps", fontsize=10)
        axes.set_axis_off()
    drawn.colorbar(image, ax=drawn.axes, label="temperature", shrink=0.9)
    save(drawn, path)


def draw_timeline(path: Any, start: Plate) -> None:
    """What the threads do in six steps: the quickest of fifty runs, in which others take the least."""
    u, v = start.copy(), start.copy()
    runs = [tm.trace() for _ in range(50)]
    for run in runs:
        with run:
            for _ in range(3):
                fused(u, v)
    save(min(runs, key=lambda run: run.timeline.duration).plot(), path)


def main() -> None:
    small, picture = options(__doc__)
    n, steps = (300, 4) if small else (2800, 20)
    start = plate(n)
    compare(
        f"{steps} steps over {n:,} x {n:,}",
        lambda: after(steps, to_and_fro, start),
        lambda: after(steps, fused, start),
    )
    print(fused.explain(start.copy(), start.copy()))
    if picture:
        draw(picture, 60 if small else 300)
        draw_timeline(picture.with_stem(f"{picture.stem}_timeline"), start)


if __name__ == "__main__":
    main()
