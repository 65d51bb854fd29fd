"""Arrays too small to gain, left to NumPy: the same results, warnings, errors and positions of warnings."""

import os
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit import commands
from kit.arrays import DTYPES, LAYOUTS, extremes, random_values
from kit.comparison import assert_as_numpy

import threadmill as tm
from threadmill.arrays import thresholds
from threadmill.arrays import ufunc as ufuncs

Function = Callable[..., Any]

CALLS: list[tuple[Function, tuple[Any, ...]]] = [
    (tm.square, ()),
    (tm.sum, ()),
    (tm.scale, (3,)),
    (tm.scale, (0.1,)),
    (tm.scale, (300,)),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("function", "arguments"), CALLS)
def test_as_numpy(function: Function, arguments: tuple[Any, ...], dtype: str, pool: tm.Pool) -> None:
    for n in 1, 2, 3, 8, 100, 1000, 5000:
        assert_as_numpy(function, random_values(dtype, n), *arguments)
        assert_as_numpy(function, random_values(dtype, n), *arguments, pool=pool)
    for lay in LAYOUTS.values():
        assert_as_numpy(function, lay(random_values(dtype, 100)), *arguments)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", [tm.square, tm.sum])
def test_extremes_and_their_warnings(function: Function, dtype: str) -> None:
    with np.errstate(all="warn"):
        assert_as_numpy(function, extremes(dtype, 100))


@pytest.mark.parametrize(("function", "arguments"), CALLS[:3])
def test_each_of_the_callers_lines_warns_once(function: Function, arguments: tuple[Any, ...]) -> None:
    x = np.array([1e308, 1e308])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            function(x, *arguments)
            function(x, *arguments)
    assert [warning.filename for warning in caught] == [__file__] * 2
    assert caught[0].lineno + 1 == caught[1].lineno


def test_an_error_in_a_signal_of_an_error() -> None:
    """A callback that calls threadmill itself."""
    x = np.array([1e200])
    heard = []

    def callback(error: str, _flags: int) -> None:
        heard.append(error)
        with np.errstate(all="ignore"):
            tm.square(x)

    with np.errstate(over="call", call=callback):
        tm.square(x)
        tm.square(x)
    assert heard == ["overflow", "overflow"]


@pytest.mark.smoke
@pytest.mark.parametrize("n", [0, 1, 5000, 1000003])
@pytest.mark.parametrize(("function", "arguments"), CALLS[:3])
def test_a_pool_after_shutdown_is_an_error_at_any_size(
    function: Function, arguments: tuple[Any, ...], n: int
) -> None:
    pool = tm.Pool(2)
    pool.shutdown()
    with pytest.raises(RuntimeError, match=r"^cannot schedule new futures after shutdown$"):
        function(np.ones(n), *arguments, pool=pool)


def test_loops_are_timed_until_their_size_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """From then on NumPy makes the calls that it would make in 10 us; nothing but time depends on it."""
    exp = ufuncs.ParallelUfunc(np.exp, False)
    x = np.linspace(0, 1, 3000)
    clock = iter(range(0, 10**9, 31_000))  # a call with its own 1 us takes 31
    monkeypatch.setattr(time, "perf_counter_ns", lambda: next(clock))
    assert (
        str(exp.explain(x)) == "exp: by NumPy, because fewer than 1048576 bytes are not worth another thread"
    )
    for _ in range(thresholds.TIMED):
        assert not exp.explain(x).parallel
        np.testing.assert_array_equal(exp(x), np.exp(x))
    assert exp._worth == {x.dtype.num: thresholds.LEAST}  # 8 KB would do
    assert exp.explain(x).parallel
    assert not exp.explain(x[:2000]).parallel
    assert not exp.explain(x.astype("f")).parallel  # of which nothing is known
    np.testing.assert_array_equal(exp(x), np.exp(x))
    with pytest.raises(TypeError, match="no callable exp method"):
        exp(np.full(3000, None))


def test_a_default_pool_of_one_thread_leaves_calls_to_numpy() -> None:
    """Chunks on one thread gain nothing; sums of whole arrays have a kernel that does."""
    script = """
import numpy as np, threadmill as tm
x = np.random.default_rng(0).normal(size=(1000, 1000))
exp, add = tm.parallel(np.exp), tm.parallel(np.add)
why = "by NumPy, because the default pool has one thread"
assert why in str(exp.explain(x)), exp.explain(x)
assert exp.explain(x, pool=tm.default_pool()).parallel
assert (exp(x) == np.exp(x)).all() and (add.reduce(x, 0) == x.sum(0)).all()
assert (add.outer(x[0], x[0]) == np.add.outer(x[0], x[0])).all()
out = np.empty_like(x)
assert exp(x, out=out) is out and (out == np.exp(x)).all()
with np.errstate(all="raise"):
    try:
        exp(x + 1e6)
    except FloatingPointError as error:
        print(error)
assert tm.sum(x) == np.sum(x)
"""
    done = commands.run_python(script, env=os.environ | {"THREADMILL_NUM_THREADS": "1"})
    assert done.stdout == "overflow encountered in exp\n", done.stderr


def test_converted_operands_are_shared_from_twice_the_bytes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thresholds, "worth", lambda nbytes, took_ns: 50_000)
    fabs = tm.parallel(np.fabs)
    monkeypatch.setattr(fabs, "_worth", {})
    monkeypatch.setattr(fabs, "_told", {})
    for dtype in "f8", "i8":  # NumPy has no loop for integers
        for _ in range(thresholds.TIMED):
            fabs(np.ones(4096, dtype))
    assert fabs._worth == {np.dtype("f8").num: 50_000, np.dtype("i8").num: 100_000}


def test_dates_are_shared_from_eight_times_the_bytes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thresholds, "worth", lambda nbytes, took_ns: 50_000)
    isnat = tm.parallel(np.isnat)
    monkeypatch.setattr(isnat, "_worth", {})
    monkeypatch.setattr(isnat, "_told", {})
    x = np.arange(50_000).view("M8[s]")
    assert not isnat.explain(x).parallel  # nothing is known yet
    for _ in range(thresholds.TIMED):
        isnat(x[:4096])
    assert isnat._worth == {x.dtype.num: 400_000}
    assert isnat.explain(x).parallel
    assert not isnat.explain(x[:49_000]).parallel
