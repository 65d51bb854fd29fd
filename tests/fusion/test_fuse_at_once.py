"""Many threads call one fused function at once, the first calls too: each gets NumPy's bits."""

import random
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit.arrays import Array, random_values
from kit.fuse_compare import contents, everything_is_worth_it
from kit.threads import run_at_once

import threadmill as tm
from threadmill.arrays import cache
from threadmill.fusion import worth

# Where a warning is an error, as in this suite, what may tell of one is not put off.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

THREADS, CALLS = 8, 120
SHAPES = [(5_000,), (40_000,), (100, 120)]


def chain(x: Any, y: Any) -> Any:
    return x * (y + x) * (x + (y * y)) - 3 * y


def totals(x: Any, y: Any) -> Any:
    t = x * y + x
    return t.sum(), t.max(), (t != 0).any(), np.argmin(t)


def axes(x: Any, y: Any) -> Any:
    x = x.reshape(20, -1)
    return x.sum(axis=1), x.max(axis=0), x - x.min(axis=1, keepdims=True), y


def written(x: Any, y: Any) -> Any:
    t = x * x
    t += y
    t[t > 3] = 0
    y[...] = t - x
    return t, np.where(t == 0, x, y).astype("D")


@pytest.mark.usefixtures("restless")
@pytest.mark.parametrize("kept", [512, 0])
@pytest.mark.parametrize("function", [chain, totals, axes, written])
def test_all_get_numpys_bits(
    function: Callable[..., Any], kept: int, pools: list[tm.Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of caches that hold one entry the one thread throws out what the other has just looked up."""
    monkeypatch.setattr(cache, "_MOST", kept)
    everything_is_worth_it(monkeypatch)
    monkeypatch.setattr(worth, "_CLEAR_NS", 0)  # no call is made as it is, to be timed

    def outcome(call: Callable[..., Any], arrays: list[Array]) -> Any:
        given = [x.copy() for x in arrays]
        with np.errstate(all="ignore"):  # a thread has its own
            return contents((call(*given), given))

    cases = []
    for char in "fdqFDb":
        for shape in SHAPES:
            arrays = [random_values(char, int(np.prod(shape)), seed).reshape(shape) for seed in (1, 2)]
            cases.append((arrays, outcome(function, arrays)))
    fused = [tm.fuse(function, pool=pool) for pool in (None, *pools)]
    wrong: list[Any] = []

    def call(k: int) -> None:
        choose = random.Random(k)
        for _ in range(CALLS):
            arrays, expected = choose.choice(cases)
            try:
                found = outcome(choose.choice(fused), arrays)
            except Exception as error:
                found = error
            if found != expected:
                wrong.append((arrays[0].dtype, arrays[0].shape, found if type(found) is not tuple else ""))

    run_at_once(call, THREADS)
    assert wrong == []


def handed_out(x: Any, y: Any, parts: Any) -> Any:
    s = np.sin(x) * y + 1
    t = s * x

    def part(k: int) -> Any:
        return (s[k::3] * t[k::3]).sum(), np.asarray(t)[k::3], (x - s).max(), (y > t)[k::3]

    return parts(part), s, t + y


def handed_out_on_the_way(x: Any, y: Any, parts: Any) -> Any:
    s, t, made = x * y, x + y, [x - y]

    def part(k: int) -> Any:
        if not k:  # in the call's own thread
            for _ in range(20):
                made.append(made[-1] * 2.0 + s / (t + 3.0) - (s + 1.0) * (t - 1.0))
            return made[-1].sum()
        return (s * k).sum(), s[:9] + t[:9], made[0] * t

    return parts(part), made, s, t


@pytest.mark.usefixtures("restless", "small_ones_too")
@pytest.mark.parametrize("function", [handed_out, handed_out_on_the_way])
def test_other_threads_may_have_the_arrays_of_a_call(
    function: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worth, "_CLEAR_NS", 0)  # no call is made as it is, to be timed
    fused = tm.fuse(function)
    x, y = (random_values("d", 100_000, k) for k in range(2))

    def one_by_one(part: Callable[[int], Any]) -> Any:
        return [part(k) for k in range(3)]

    def at_once(part: Callable[[int], Any]) -> Any:
        found: dict[int, Any] = {}
        failed: list[BaseException] = []
        start = threading.Barrier(3)

        def run(k: int) -> None:
            start.wait()
            try:
                with np.errstate(all="ignore"):  # a thread has its own
                    found[k] = part(k)
            except BaseException as error:
                failed.append(error)

        others = [threading.Thread(target=run, args=(k,)) for k in (1, 2)]
        for other in others:
            other.start()
        run(0)
        for other in others:
            other.join()
        if failed:
            raise failed[0]
        return [found[k] for k in range(3)]

    with np.errstate(all="ignore"):
        expected = contents(function(x.copy(), y.copy(), one_by_one))
        for _ in range(12):
            assert contents(fused(x.copy(), y.copy(), at_once)) == expected
