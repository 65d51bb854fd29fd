"""Arrays of one dimension that are sorted in buckets come to what NumPy's sort comes to, in all bits."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from kit.arrays import LAYOUTS, Array, extremes, floats_in_doubt, random_values
from kit.comparison import assert_same_call

import threadmill as tm
from threadmill.arrays import bucket_sort, buckets
from threadmill.numpy import sort_1d

DTYPES = [*"iIlLqQfd"]
SIZES = [2, 3, 17, 1000, 1025, 20011]

POOLS = {n: tm.Pool(n) for n in (1, 2, 3, 7)}
_pools = itertools.cycle(POOLS.values())


@pytest.fixture(autouse=True)
def _small_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sort_1d, "IN_BUCKETS", 0)
    monkeypatch.setattr(bucket_sort, "BUCKET", 4096)


def same(x: Array, name: str = "sort", **options: Any) -> None:
    pool = next(_pools)
    ours, numpys = getattr(tm.numpy, name), getattr(np, name)
    assert_same_call(ours, numpys, lambda: ((x,), options), f"{name} {options}", places=False, pool=pool)


def patterns(dtype: str, n: int) -> Iterator[Array]:
    x = random_values(dtype, n)
    rng = np.random.default_rng(n)
    yield from (x, np.sort(x), np.sort(x)[::-1], np.concatenate([np.sort(x[::2]), np.sort(x[1::2])]))
    for few in (1, 2, 5, n // 3 + 1):
        yield rng.permutation(np.resize(x[:few], n))
    yield rng.permutation(extremes(np.dtype(dtype).char, n))
    if dtype in "fd":
        yield from floats_in_doubt(x, rng)
    else:
        limits = np.iinfo(dtype)
        yield rng.permutation(np.resize(np.array([limits.min, limits.max, limits.max], dtype), n))


@pytest.mark.parametrize("dtype", DTYPES)
def test_patterns(dtype: str) -> None:
    for n in SIZES:
        for x in patterns(dtype, n):
            same(x)
            same(x, kind="stable")
            same(x, "unique", return_counts=True)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str) -> None:
    for dtype in "ild":
        same(LAYOUTS[layout](random_values(dtype, 5003)))


def test_its_input_is_left_as_it_was() -> None:
    x = random_values("d", 5003)
    kept = x.copy()
    x.flags.writeable = False
    same(x)
    assert x.tobytes() == kept.tobytes()


def test_what_runs_here() -> None:
    """Not by NumPy, by which all of the above would hold too; and what is NumPy's."""
    with tm.strict():
        for dtype in DTYPES:
            x = random_values(dtype, 5003)
            assert tm.numpy.sort(x, pool=POOLS[2]).tobytes() == np.sort(x).tobytes()
        x[::3] = np.nan
        x[1::3] = 0
        assert tm.numpy.sort(x, pool=POOLS[2]).tobytes() == np.sort(x).tobytes()
        for other in (-0.0, -np.nan):
            x[1] = other
            with pytest.raises(tm.FallbackError, match="NumPy's own"):
                tm.numpy.sort(x, pool=POOLS[2])


@pytest.mark.parametrize("dtype", "bBhHiIlLqQfd?e")
def test_arg_extremes_of_rows(dtype: str) -> None:
    for shape in ((3, 1), (1, 9), (70, 64), (5, 1000), (3, 4, 65), (2, 0), (0, 2)):
        x = random_values(dtype, int(np.prod(shape))).reshape(shape)
        y = x.copy()
        y.reshape(-1)[::37] = np.nan if dtype in "fde" else 0
        z = np.zeros_like(x)
        for each, name in itertools.product(
            (x, y, z, x[::-1], x.T, np.asfortranarray(x)), ("argmax", "argmin")
        ):
            for options in ({"axis": -1}, {"axis": x.ndim - 1}, {"axis": 0}, {"axis": -1, "keepdims": True}):
                same(each, name, **options)


def test_a_partition_is_numpys() -> None:
    """As the order within its sides is."""
    x = random_values("d", 5003)
    for name in ("partition", "argpartition"):
        told = getattr(tm.numpy, name).explain(x, 77, pool=POOLS[2])
        assert not told.parallel
        assert "sides" in str(told.reason)
        same(x, name, kth=77)


def test_elements_that_change_meanwhile_are_numpys(monkeypatch: pytest.MonkeyPatch) -> None:
    x = random_values("d", 5003)
    part = buckets.Counted.part

    def changed(self: buckets.Counted, out: Array, kept: list[int]) -> Any:
        x[:] = 3
        return part(self, out, kept)

    monkeypatch.setattr(buckets.Counted, "part", changed)
    assert (tm.numpy.sort(x, pool=POOLS[2]) == 3).all()
