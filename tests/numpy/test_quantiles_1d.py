"""Quantiles of all elements are NumPy's, bit for bit: each method, NaNs, both zeros, equal elements."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from kit.arrays import LAYOUTS, Array, extremes, floats_in_doubt, random_values
from kit.comparison import assert_same_call

import threadmill as tm
from threadmill.arrays import selection
from threadmill.arrays.selection import Selection

NAMES = ["quantile", "percentile", "nanquantile", "nanpercentile"]
METHODS = [
    *("inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen"),
    *("weibull", "linear", "median_unbiased", "normal_unbiased", "lower", "higher", "midpoint", "nearest"),
]
DTYPES = [*"bBhHiIlLqQfd"]
SIZES = [1, 2, 3, 10, 129, 1000, 4099, 70001]

POOLS = {n: tm.Pool(n) for n in (1, 2, 3, 7)}
_pools = itertools.cycle(POOLS.values())


def same(name: str, *args: Any, parallel: bool | None = None, **options: Any) -> None:
    """Compares a call on the pools in turn; what is written to as well."""
    pool = next(_pools)
    ours, numpys = getattr(tm.numpy, name), getattr(np, name)

    def make() -> tuple[tuple[Any, ...], dict[str, Any]]:
        fresh = {key: value.copy() if key == "out" else value for key, value in options.items()}
        return args, fresh

    assert_same_call(ours, numpys, make, f"{name} {args[1:]} {options}", places=False, pool=pool)
    if parallel is not None:
        told = ours.explain(*args, pool=pool, **options)
        assert told.parallel is parallel, f"{name} {args[1:]} {options} of {args[0].dtype}: {told}"


def patterns(dtype: str, n: int) -> Iterator[Array]:
    x = random_values(dtype, n)
    rng = np.random.default_rng(n)
    yield x
    yield np.sort(x)
    yield np.sort(x)[::-1]
    for few in (1, 2, 5):
        yield rng.permutation(np.resize(x[:few], n))
    yield rng.permutation(extremes(np.dtype(dtype).char, n))
    if dtype in "fd":
        yield from floats_in_doubt(x, rng)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_patterns(dtype: str, name: str) -> None:
    scale = 100 if "percentile" in name else 1
    methods = itertools.cycle(METHODS)
    for n in SIZES[:-1]:
        for x in patterns(dtype, n):
            for q in (0.3, 0, 1, 0.5, [0.0, 0.25, 0.999, 1.0]):
                same(name, x, np.multiply(q, scale), method=next(methods))
            same(name, x, 0.3 * scale)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", METHODS)
def test_methods(method: str, name: str) -> None:
    scale = 100 if "percentile" in name else 1
    for dtype, n in itertools.product("ifd", [7, 1000, 70001]):
        x = random_values(dtype, n)
        for q in (0.0, 0.1, 0.25, 0.5, 0.7, 1.0, 1, np.float32(0.3), np.float64(0.4)):
            same(name, x, q * scale, method=method, parallel=True)
        for q in (
            [0.5],
            [0.1, 0.9],
            np.linspace(0, 1, 41),
            np.array([[0.1, 0.2], [0.7, 0.3]]),
            np.array(0.3),
        ):
            same(name, x, np.multiply(q, scale), method=method, parallel=True)


@pytest.mark.parametrize("name", NAMES)
def test_arguments(name: str) -> None:
    x = random_values("d", 4099)
    table = x[:4000].reshape(40, 100)
    for options in (
        *({"keepdims": True}, {"keepdims": False}, {"axis": 0}, {"axis": -1}, {"axis": None}),
        *(
            {"overwrite_input": False},
            {"out": np.zeros(())},
            {"out": np.zeros((), "f")},
            {"out": np.zeros(1)},
        ),
        *({"out": np.zeros((), "i8")}, {"keepdims": True, "out": np.zeros(1)}, {"axis": 1}, {"axis": 0.0}),
        *({"method": "no"}, {"method": 3}, {"weights": np.ones(4099), "method": "inverted_cdf"}),
        *({"weights": np.ones(4099)}, {"no": 1}, {"interpolation": "lower"}, {"axis": (0,)}, {"axis": ()}),
    ):
        same(name, x, 0.3, **options)
        same(name, x, [0.3, 0.5], **options)
    for each in (
        table,
        table.T,
        np.asfortranarray(table),
        table[::2],
        table[:, ::3],
        table.reshape(4, 10, 100),
    ):
        same(name, each, 0.3)
        same(name, each, [0.3, 0.6], keepdims=True)
        same(name, each, 0.3, keepdims=True, out=np.zeros((1,) * each.ndim))
    for q in (
        -1.0,
        101.0,
        np.nan,
        [],
        [0.1, 200.0],
        "0.3",
        None,
        1j,
        True,
        np.array([0.1, 0.2], "f"),
        [True],
        [[0.1]],
    ):
        same(name, x, q)
        same(name, x.astype("f"), q)
    for other in (x.astype("e"), x.astype("g"), x.astype("D"), x.astype(">f8"), x > 0, x[:0], x.tolist()):
        same(name, other, 0.3)
        same(name, other, 0.3, method="nearest")
    for other in (x.astype("O"), x.astype("i8").view("m8[s]"), np.ma.masked_array(x, x > 0), x.view(Derived)):
        same(name, other, 0.3)


class Derived(np.ndarray):
    pass


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str, name: str) -> None:
    for dtype in "hid":
        same(name, LAYOUTS[layout](random_values(dtype, 5003)), 0.3)


def test_its_input_is_left_as_it_was_or_overwritten() -> None:
    x = random_values("d", 4099)
    kept = x.copy()
    for name in NAMES:
        found = getattr(tm.numpy, name)(x, 0.3, pool=POOLS[2])
        assert found == getattr(np, name)(kept, 0.3)
        assert x.tobytes() == kept.tobytes()
        assert getattr(tm.numpy, name)(x.copy(), 0.3, overwrite_input=True, pool=POOLS[2]) == found
    kept.flags.writeable = False
    for name in NAMES:
        same(name, kept, 0.3)
        same(name, kept, 0.3, overwrite_input=True)


def test_out_that_is_read() -> None:
    for name in NAMES:
        x = random_values("d", 4099)
        expected = getattr(np, name)(x, [0.3, 0.4])
        assert (
            getattr(tm.numpy, name)(x, [0.3, 0.4], out=x[5:7], pool=POOLS[3]).tobytes() == expected.tobytes()
        )


def test_what_is_open_is_numpys() -> None:
    x = np.zeros(5003)
    x[::2] = -0.0
    for q in (0.2, 0.5, 0.9, [0.1, 0.6]):
        same("quantile", x, q)
        same("nanquantile", x, q, method="lower")
    x[::7] = np.nan
    x.view("u8")[14] += 5
    same("quantile", x, 0.3)
    same("nanquantile", x, 0.3)


def test_what_a_sample_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples that mislead cost passes, and nothing else."""
    for dtype in "bBhqQfd":
        x = random_values(dtype, 5003)
        low, high = x.min(), x.max()
        for fake in (x[:1], x[:4], np.array([low]), np.array([high]), np.array([low, high])):
            keys = np.sort(selection.keys_of(np.ascontiguousarray(fake)))
            monkeypatch.setattr(selection, "sample_of", lambda _, keys=keys: keys)
            for places in ([0], [5002], [7, 8], [0, 2501, 5002], [4999]):
                found = Selection(POOLS[2], x, places).at(places)
                assert isinstance(found, np.ndarray)
                assert found.tobytes() == np.sort(x)[places].tobytes(), (dtype, places)


def test_many_places_are_found_in_a_sorted_copy() -> None:
    x = random_values("d", 70001)
    x[::5] = -np.nan
    for q in (np.linspace(0, 1, 30), np.linspace(0, 1, 200)):
        same("nanquantile", x, q, parallel=True)
        same("quantile", x, q)
        same("quantile", x[1::5], q, parallel=True)


def test_small_calls_are_numpys() -> None:
    for name in NAMES:
        assert not getattr(tm.numpy, name).explain(np.arange(9.0), 0.3).parallel
