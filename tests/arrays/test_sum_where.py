"""Sums of floats where a mask is true: NumPy's bits at every length of a run, and at every chunk's edge."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from kit.arrays import random_values

import threadmill as tm
from threadmill.arrays import sum_kernel
from threadmill.arrays.probes import sum_block

pytestmark = pytest.mark.usefixtures("every_size_in_c")

# Elements in a word of a mask, in a leaf of the tree, in a chunk and in a wave of chunks.
WORD, LEAF, CHUNK, WAVE = 64, 128, 32768, 16 * 32768
SIZES = [
    *(1, 2, 7, 8, 9, WORD - 1, WORD, WORD + 1, LEAF, LEAF + 1, 2 * LEAF + 3, 5003),
    *(CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + WORD - 1, 3 * CHUNK, WAVE + 7),
]


def masks(n: int) -> Iterator[Any]:
    rng = np.random.default_rng(n)
    for p in 0, 0.02, 0.5, 0.9, 0.99, 0.9999, 1:
        yield rng.random(n) < p
    for begin, end in (n // 3, n), (0, n // 2), (n // 5, n - 1), (CHUNK - 3, 2 * CHUNK), (CHUNK, CHUNK + 1):
        mask = np.zeros(n, bool)
        mask[begin:end] = True
        yield mask
        yield ~mask
    yield rng.integers(0, 3, n).astype(np.uint8).view(bool)  # any byte but 0 is true
    for length in (6, 7, 8, 9, 15, 16, 17, LEAF, LEAF + 1):
        yield np.arange(n) % (length + 1) > 0


def same(x: Any, mask: Any, pool: tm.Pool, **options: Any) -> bool:
    """Whether the parallel sum is NumPy's in its bits and in its warnings."""
    seen = []
    ours: Any = tm.parallel(np.add).reduce
    for add, more in (np.add.reduce, {}), (ours, {"pool": pool}):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            made: Any = add(x, where=mask, **options, **more)
        words = [(str(each.message), each.category, each.lineno) for each in told]
        seen.append((words, type(made), made.dtype, made.shape, made.tobytes()))
    return seen[0] == seen[1]


@pytest.mark.parametrize("dtype", "fd")
@pytest.mark.parametrize("n", SIZES)
def test_any_mask(n: int, dtype: str, pools: list[tm.Pool]) -> None:
    x = random_values(dtype, n)
    begun: list[dict[str, Any]] = [{}, {"initial": 3.5}, {"initial": -0.0}, {"keepdims": True}]
    for k, mask in enumerate(masks(n)):
        assert same(x, mask, pools[k % 3], axis=None, **begun[k % 4]), k
        assert same(np.where(mask, np.negative(x * 0), np.nan).astype(dtype), mask, pools[1], **begun[k % 3])


@pytest.mark.parametrize("dtype", "fd")
def test_nans_and_errors(dtype: str, pools: list[tm.Pool]) -> None:
    for n in 100, CHUNK + 100:
        x = random_values(dtype, n)
        some = {"usual": np.nan, "negative": -np.nan, "inf": np.inf, "large": np.finfo(dtype).max}
        for k, value in enumerate(some.values()):
            for mask in [*masks(n)][:8]:
                y = x.copy()
                y[:: 31 + k] = value
                assert same(y, mask, pools[1])
                y[7::50] = -value
                assert same(y, mask, pools[2])


@pytest.mark.parametrize("dtype", "fdeFl")
def test_any_layout(dtype: str, pools: list[tm.Pool]) -> None:
    x = random_values(dtype, 2 * CHUNK).reshape(256, -1)
    mask = np.random.default_rng(1).random(x.shape) < 0.7
    for y, m in (
        *(
            (x, mask),
            (x.T, mask.T),
            (x[:, ::2], mask[:, ::2]),
            (x[::-1], mask),
            (x, mask[:1]),
            (x, mask[:, :1]),
        ),
        *((x, mask.T.copy().T), (x, True), (x, mask[0]), (np.asfortranarray(x), mask)),
    ):
        assert same(y, m, pools[1], axis=None)
        assert same(y, m, pools[1], axis=-1)
        assert same(y, m, pools[1], axis=(0, 1), keepdims=True)
        if dtype != "l":
            assert same(y, m, pools[1], axis=None, dtype="d" if dtype in "fde" else "D")


def test_the_kernel_is_asked() -> None:
    x = np.arange(1 << 20) * 0.1
    assert sum_kernel.sums_where(x, x > 1) is not bool(sum_block())
    assert not sum_kernel.sums_where(x[::2], x[::2] > 1)
    assert not sum_kernel.sums_where(np.ones(x.size, "e"), x > 1)
