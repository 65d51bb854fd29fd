"""A year of readings with gaps: daily statistics by NumPy's nan functions, on all cores by one import."""

from typing import Any

import numpy
from example import BLUE, GREY, compare, figure, options, save

import threadmill.numpy

DAY = 1440  # minutes


def daily(np: Any, readings: Any) -> tuple[Any, ...]:
    """Median, tenths, mean, deviation and extremes of every station and day, whatever is missing."""
    low, high = np.nanpercentile(readings, [10, 90], axis=-1)
    return (
        np.nanmedian(readings, axis=-1),
        low,
        high,
        np.nanmean(readings, axis=-1),
        np.nanstd(readings, axis=-1),
        np.nanmin(readings, axis=-1),
        np.nanmax(readings, axis=-1),
    )


def year(stations: int, days: int) -> Any:
    """Temperatures of shape (stations, days, minutes): seasons, days, weather, and gaps as NaN."""
    rng = numpy.random.default_rng(0)
    season = -10 * numpy.cos(2 * numpy.pi * (numpy.arange(days) - 20) / 365)[:, None]
    hours = -4 * numpy.cos(2 * numpy.pi * (numpy.arange(DAY) / DAY - 0.1))
    weather = numpy.cumsum(rng.normal(0, 0.8, (stations, days, 1)), axis=1) * 0.3
    readings = 10 + season + hours + weather + rng.normal(0, 0.7, (stations, days, DAY))
    for station, day in numpy.argwhere(rng.random((stations, days)) < 0.05):  # a day in twenty has an outage
        begin = rng.integers(DAY)
        readings[station, day, begin : begin + rng.integers(10, 600)] = numpy.nan
    return readings


def draw(path: Any, readings: Any) -> None:
    median, low, high, _, _, least, most = (each[0] for each in daily(threadmill.numpy, readings))
    day = numpy.arange(len(median))
    drawn = figure(8, 2.8)
    axes = drawn.subplots()
    axes.fill_between(day, least, most, color=GREY, alpha=0.15, linewidth=0, label="all")
    axes.fill_between(day, low, high, color=BLUE, alpha=0.35, linewidth=0, label="four fifths")
    axes.plot(day, median, color=BLUE, linewidth=1.2, label="median")
    axes.set(xlabel="day of the year", ylabel="°C", xlim=(0, len(day) - 1))
    axes.legend(frameon=False, loc="upper left")
    axes.spines[["top", "right"]].set_visible(False)
    save(drawn, path)


def main() -> None:
    small, picture = options(__doc__)
    stations, days = (2, 30) if small else (20, 365)
    readings = year(stations, days)
    compare(
        f"{stations} stations, {days} days, {readings.size:,} readings",
        lambda: daily(numpy, readings),
        lambda: daily(threadmill.numpy, readings),
        rounds=3,
    )
    if picture:
        draw(picture, readings)


if __name__ == "__main__":
    main()
