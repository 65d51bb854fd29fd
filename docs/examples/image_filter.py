"""A folder of pictures, sharpened: a pipeline reads, filters and writes at the same time."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from example import compare, figure, options, save
from PIL import Image

import threadmill as tm

Picture = Any  # a uint8 array of shape (height, width, 3)


def read(path: Path) -> tuple[str, Picture]:
    with Image.open(path) as image:
        return path.name, np.asarray(image.convert("RGB"))


def sharpen(picture: Picture) -> Picture:
    """Adds three times what a blur over 3 x 3 points takes away; the border stays as it is."""
    x = picture.astype(np.float32)
    rows = x[:-2] + 2 * x[1:-1] + x[2:]
    blur = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 16
    sharp = x.copy()
    sharp[1:-1, 1:-1] = np.clip(4 * x[1:-1, 1:-1] - 3 * blur, 0, 255)
    return sharp.astype(np.uint8)


def filter_folder(source: Path, target: Path) -> None:
    """Sharpens every picture of a folder into another one, in a pipeline of three stages."""
    fused = tm.fuse(sharpen)

    def filtered(item: tuple[str, Picture]) -> tuple[str, Picture]:
        return item[0], fused(item[1])

    def write(item: tuple[str, Picture]) -> None:
        Image.fromarray(item[1]).save(target / item[0], compress_level=1)

    stages = [tm.stage(read, workers=2), filtered, tm.stage(write, workers=2)]
    with tm.Pipeline(stages, maxsize=4) as pipeline:
        for _ in pipeline.run(sorted(source.glob("*.png"))):
            pass


def filter_one_by_one(source: Path, target: Path) -> None:
    """What one would write without: a loop."""
    for path in sorted(source.glob("*.png")):
        name, picture = read(path)
        Image.fromarray(sharpen(picture)).save(target / name, compress_level=1)


def make_pictures(folder: Path, count: int, height: int, width: int) -> None:
    """Islands with soft shores and some grain, each picture from its own seed."""
    y, x = np.mgrid[:height, :width] / 1080
    for number in range(count):
        rng = np.random.default_rng(number)
        land = sum(np.sin(a * x + b * y + c) for a, b, c in rng.uniform(-40, 40, (6, 3)))
        shore = (1 + np.tanh(12 * land)) / 2
        colours = shore[..., None] * rng.uniform(90, 240, 3) + (1 - shore[..., None]) * rng.uniform(
            10, 150, 3
        )
        colours += rng.normal(0, 1, (height, width, 1))
        image = Image.fromarray(colours.clip(0, 255).astype(np.uint8))
        image.save(folder / f"{number:03}.png", compress_level=1)


def written(filter_all: Any, source: Path) -> list[Any]:
    """The bytes of all files that a filter writes."""
    with tempfile.TemporaryDirectory() as target:
        filter_all(source, Path(target))
        return [np.fromfile(path, np.uint8) for path in sorted(Path(target).iterdir())]


def draw(path: Path, source: Path) -> None:
    _, before = read(min(source.iterdir()))
    side = 72
    before = before[10 : 10 + side, 10 : 10 + side]
    drawn = figure(6.4, 3.3)
    shown = {"before": before, "sharpened": tm.fuse(sharpen)(before)}
    for axes, (title, picture) in zip(drawn.subplots(1, 2), shown.items(), strict=True):
        axes.imshow(picture, interpolation="nearest")
        axes.set_title(title, fontsize=10)
        axes.set_axis_off()
    save(drawn, path)


def main() -> None:
    small, picture = options(__doc__)
    count, height, width = (3, 90, 160) if small else (24, 1080, 1920)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        make_pictures(source, count, height, width)
        compare(
            f"{count} pictures of {width} x {height}",
            lambda: written(filter_one_by_one, source),
            lambda: written(filter_folder, source),
            rounds=3,
        )
        if picture:
            draw(picture, source)


if __name__ == "__main__":
    main()
