"""Many threads call functions of the namespace at once, the first calls too: each gets NumPy's bits."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit.arrays import Array, random_values
from kit.fuse_compare import contents
from kit.threads import run_at_once

import threadmill as tm
from threadmill.arrays import cache

THREADS, CALLS = 8, 120

Call = Callable[[Any, Array, Array], Any]

FAMILIES: dict[str, list[Call]] = {
    "rows": [
        lambda np, x, _: np.sort(x, axis=1),
        lambda np, x, _: np.argsort(x, axis=0, kind="stable"),
        lambda np, x, _: np.cumsum(x, axis=1),
        lambda np, x, _: np.median(x, axis=1),
        lambda np, x, _: np.nanquantile(x, [0.1, 0.5], axis=1),
        lambda np, x, y: np.take_along_axis(x, (np.abs(y) % 5).astype(int), axis=1),
    ],
    "reductions": [
        lambda np, x, _: np.sum(x),
        lambda np, x, _: np.var(x, axis=0),
        lambda np, x, _: np.nansum(x, axis=1),
        lambda np, x, _: np.nanargmax(x, axis=1),
        lambda np, x, _: np.add.accumulate(x, axis=1),
        lambda np, x, y: np.any(x > y, axis=0),
    ],
    "elements": [
        lambda np, x, _: np.exp(x / 100),
        lambda np, x, y: np.multiply(x, y),
        lambda np, x, y: np.where(x > y, x, y),
        lambda np, x, y: np.isclose(x, y),
        lambda np, x, y: np.nonzero(x > y),
        lambda np, x, _: np.unique(x),
        lambda np, x, y: np.concatenate([x, y], axis=1),
        lambda np, x, _: np.fft.fft(x, axis=1),
        lambda np, x, y: np.einsum("ij,ij->i", x, y),
        lambda np, x, _: np.histogram(x, 10),
    ],
}


@pytest.mark.usefixtures("restless", "every_size_in_c")
@pytest.mark.parametrize("kept", [512, 0])
@pytest.mark.parametrize("family", FAMILIES)
def test_all_get_numpys_bits(family: str, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of caches that hold one entry the one thread throws out what the other has just looked up."""
    monkeypatch.setattr(cache, "_MOST", kept)

    def outcome(call: Call, room: Any, x: Array, y: Array) -> Any:
        with np.errstate(all="ignore"):  # a thread has its own
            return contents(call(room, x, y))

    cases = []
    for char in "fdq":
        for columns in (8, 67, 150):
            x, y = [random_values(char, 60 * columns, seed).reshape(60, columns) for seed in (1, 2)]
            cases += [(call, x, y, outcome(call, np, x, y)) for call in FAMILIES[family]]
    wrong: list[Any] = []

    def call_some(k: int) -> None:
        choose = random.Random(k)
        for _ in range(CALLS):
            call, x, y, expected = choose.choice(cases)
            try:
                found = outcome(call, tm.numpy, x, y)
            except Exception as error:
                found = error
            if found != expected:
                wrong.append((FAMILIES[family].index(call), x.dtype, x.shape))

    run_at_once(call_some, THREADS)
    assert wrong == []
