"""A new column of a pandas table, and a field over an xarray cube: the same fused functions for both."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from example import compare, figure, options, save

import threadmill as tm

COLUMNS = ["from_lat", "from_lon", "to_lat", "to_lon"]


def distance(lat1: Any, lon1: Any, lat2: Any, lon2: Any) -> Any:
    """Kilometres along the Earth's surface between two places in degrees (haversine)."""
    lat1, lon1, lat2, lon2 = (np.radians(each) for each in (lat1, lon1, lat2, lon2))
    h = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371.0 * np.arcsin(np.sqrt(h))


def dew_point(temperature: Any, humidity: Any) -> Any:
    """The dew point in °C, by Magnus' formula, of °C and per cent."""
    gamma = np.log(humidity / 100) + 17.62 * temperature / (243.12 + temperature)
    return 243.12 * gamma / (17.62 - gamma)


def with_distance(trips: pd.DataFrame, function: Any) -> pd.DataFrame:
    """The table with a column more; `to_numpy` of a column copies nothing."""
    return trips.assign(km=function(*(trips[name].to_numpy() for name in COLUMNS)))


def with_dew_point(weather: xr.Dataset, function: Any) -> xr.Dataset:
    """The cube with a field more, its dimensions and coordinates kept by xarray."""
    return weather.assign(dew=xr.apply_ufunc(function, weather.temperature, weather.humidity))


def trips_table(n: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    centre = np.array([52.52, 13.4, 52.52, 13.4])
    return pd.DataFrame({name: rng.normal(at, 0.08, n) for name, at in zip(COLUMNS, centre, strict=True)})


def weather_cube(days: int, degrees: float) -> xr.Dataset:
    rng = np.random.default_rng(0)
    time = pd.date_range("2025-01-01", periods=days)
    lat = np.arange(-60.0, 60.1, degrees)
    lon = np.arange(0.0, 360.0, degrees)
    shape = len(time), len(lat), len(lon)
    warm = 30 * np.cos(np.radians(lat))[:, None] - 3 + 4 * np.sin(np.radians(2 * lon))
    fields = {
        "temperature": warm + rng.normal(0, 2, shape),
        "humidity": 55 + 25 * np.cos(np.radians(3 * lat))[:, None] + rng.uniform(-15, 15, shape),
    }
    dims = "time", "lat", "lon"
    return xr.Dataset(
        {name: (dims, each) for name, each in fields.items()}, {"time": time, "lat": lat, "lon": lon}
    )


def draw(path: Any, trips: pd.DataFrame, weather: xr.Dataset) -> None:
    drawn = figure(8, 2.8)
    left, right = drawn.subplots(1, 2, width_ratios=[1, 1.6])
    left.hist(trips.km, bins=np.arange(0, 50, 0.5), color="#2b6cb0")
    left.set(xlabel="km", ylabel="trips", title="the column km")
    left.yaxis.set_major_formatter("{x:,.0f}")
    left.spines[["top", "right"]].set_visible(False)
    mean = weather.dew.mean("time")
    image = right.pcolormesh(mean.lon, mean.lat, mean, cmap="YlGnBu", rasterized=True)
    right.set(xlabel="longitude", ylabel="latitude", title="mean of the field dew")
    drawn.colorbar(image, ax=right, label="°C")
    save(drawn, path)


def main() -> None:
    small, picture = options(__doc__)
    trips = trips_table(20_000 if small else 3_000_000)
    weather = weather_cube(*((3, 4.0) if small else (120, 1.0)))
    fused_distance, fused_dew_point = tm.fuse(distance), tm.fuse(dew_point)
    compare(
        f"a column of {len(trips):,} rows",
        lambda: with_distance(trips, distance).km,
        lambda: with_distance(trips, fused_distance).km,
    )
    compare(
        f"a field over a cube of {weather.temperature.size:,} points",
        lambda: with_dew_point(weather, dew_point).dew,
        lambda: with_dew_point(weather, fused_dew_point).dew,
    )
    if picture:
        draw(picture, with_distance(trips, fused_distance), with_dew_point(weather, fused_dew_point))


if __name__ == "__main__":
    main()
