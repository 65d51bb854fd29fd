"""report and strict: what becomes of the calls of every door, counted and forbidden."""

import contextvars
import os
import pickle
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from kit import commands

import threadmill as tm
from threadmill.arrays.refusal import Refusal
from threadmill.arrays.watch import WATCHERS, came_to, watched

X = np.random.default_rng(4).normal(size=(1000, 1000))
SMALL = X[:2, :3].copy()
LARGE = np.random.default_rng(4).normal(size=(1100, 1000))
WHOLE = np.arange(10**6)
SWAPPED = X.astype(">f8")
OBJECTS = np.ones(10**6, object)
exp, add = tm.parallel(np.exp), tm.parallel(np.add)
NOT_PLAIN = "an operand is no plain aligned native array of numbers"


@pytest.fixture(autouse=True)
def nothing_watches_afterwards() -> Iterator[None]:
    yield
    assert WATCHERS == []


def fused(x: Any) -> Any:
    return np.sqrt(x * x + 1)


def with_a_call_beside(x: Any) -> Any:
    return np.cumsum(x * x + 1)


# A call of each door, its name in a report, what becomes of it, and why.
CASES: list[tuple[Callable[[], object], str, str, str]] = [
    (lambda: exp(X), "exp", "parallel", ""),
    (lambda: exp(np.broadcast_to(X, (2, 1000, 1000))), "exp", "parallel", ""),
    (lambda: exp(SWAPPED), "exp", "NumPy", NOT_PLAIN),
    (lambda: exp(SMALL), "exp", "NumPy", "it is too small to gain"),
    (lambda: exp([1.0] * 3), "exp", "NumPy", "it is too small to gain"),
    (lambda: exp([1.0] * 10**6), "exp", "NumPy", "its arguments are none of those that are known"),
    (lambda: add(OBJECTS, 1), "add", "NumPy", NOT_PLAIN),
    (lambda: exp(np.ma.array(X)), "exp", "NumPy", "its arguments are none of those that are known"),
    (lambda: add.reduce(WHOLE), "add.reduce", "parallel", ""),
    (
        lambda: add.reduce(SMALL),
        "add.reduce",
        "NumPy",
        "fewer than 4194304 bytes are not worth another thread",
    ),
    (lambda: add.reduce(SWAPPED), "add.reduce", "NumPy", "the operand" + NOT_PLAIN[10:]),
    (lambda: add.outer(X[0, :9], X[1, :9]), "add.outer", "NumPy", "it is too small to gain"),
    (lambda: add.outer(X.ravel(), X[1, :4]), "add.outer", "parallel", ""),
    (lambda: add.accumulate(X, 1), "add.accumulate", "parallel", ""),
    (lambda: add.accumulate(SWAPPED, 1), "add.accumulate", "NumPy", "the operand" + NOT_PLAIN[10:]),
    (lambda: add.reduceat(X, [0, 5]), "add.reduceat", "NumPy", "pieces between indices are no rows to share"),
    (lambda: add.at(X.copy(), 0, 1), "add.at", "NumPy", "an index may occur twice"),
    (lambda: tm.sum(X), "sum", "parallel", ""),
    (lambda: tm.sum(WHOLE, axis=0), "sum", "parallel", ""),
    (lambda: tm.sum(SMALL), "sum", "NumPy", "it is too small to gain"),
    (lambda: tm.sum(SWAPPED), "sum", "NumPy", "there is no kernel for its dtype and layout"),
    (lambda: tm.square(X), "square", "parallel", ""),
    (lambda: tm.scale(X, 2.0), "multiply", "parallel", ""),
    (lambda: tm.square(WHOLE, overflow="raise"), "square", "parallel", ""),
    (lambda: tm.scale(WHOLE, 3, overflow="raise"), "multiply", "parallel", ""),
    (lambda: tm.sum(WHOLE, overflow="raise"), "sum", "parallel", ""),
    (lambda: tm.numpy.mean(X), "mean", "parallel", ""),
    (lambda: tm.numpy.max(X, axis=0), "max", "parallel", ""),
    (lambda: tm.numpy.sort(X), "sort", "parallel", ""),
    (lambda: tm.numpy.sort(SMALL), "sort", "NumPy", "it is too small to gain"),
    (lambda: tm.numpy.sort(SWAPPED), "sort", "NumPy", "the operand" + NOT_PLAIN[10:]),
    (lambda: tm.numpy.std(SMALL), "std", "NumPy", "it is too small to gain"),
    (lambda: tm.numpy.std(LARGE), "std", "parallel", ""),
    (lambda: tm.numpy.nanvar(LARGE, axis=1), "nanvar", "parallel", ""),
    (lambda: tm.numpy.median(X, axis=1), "median", "parallel", ""),
    (lambda: tm.numpy.linalg.inv(X[:40, :40]), "inv", "NumPy", "it is too small to gain"),
    (lambda: tm.fuse(fused)(X), "fused", "fused", ""),
    (lambda: tm.fuse(fused)(SMALL), "fused", "NumPy", "it is too small to gain"),
]


@pytest.fixture
def put_off() -> Iterator[None]:
    """Where warnings are errors, fused functions put nothing off."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        yield


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[1]}-{case[2]}")
@pytest.mark.usefixtures("put_off")
def test_what_becomes_of_a_call(case: tuple[Callable[[], object], str, str, str]) -> None:
    call, name, became, reason = case
    expected = call()
    with tm.report() as seen:
        result = call()
    (row,) = seen.rows
    assert row[:5] == (name, "", became, reason, 1)
    assert row.seconds > 0
    assert type(result) is type(expected)
    if isinstance(expected, np.ndarray) and expected.dtype != object:
        assert result.tobytes() == expected.tobytes()  # type: ignore[attr-defined]

    # The same call where refusals are errors: they are, but for the size.
    by_size = reason.startswith(("it is too small", "fewer than"))
    if became == "NumPy" and not by_size:
        with tm.strict(), pytest.raises(tm.FallbackError) as raised:
            call()
        assert (raised.value.name, raised.value.reason) == (name, reason)
        assert str(raised.value) == f"{name}: by NumPy, because {reason}"
    else:
        with tm.strict():
            call()


def test_reasons_are_those_that_explain_tells() -> None:
    with tm.report() as seen:
        exp(SWAPPED), add(OBJECTS, 1), tm.numpy.sort(OBJECTS)
    told = {row.name: row.reason for row in seen.rows}
    assert told["exp"] == exp.explain(SWAPPED).reason
    assert told["add"] == add.explain(OBJECTS, 1).reason
    assert told["sort"] == tm.numpy.sort.explain(OBJECTS).reason


def test_calls_add_up_and_the_longest_come_first() -> None:
    with tm.report() as seen:
        for _ in range(3):
            exp(X)
        tm.sum(SMALL)
    assert [(row.name, row.calls) for row in seen.rows] == [("exp", 3), ("sum", 1)]
    exp(X)  # it is closed
    assert seen.rows[0].calls == 3
    with seen:  # and goes on
        exp(X)
    assert seen.rows[0].calls == 4


def test_reports_may_be_nested_and_one_is_open_once() -> None:
    with tm.report() as outer, tm.report() as inner:
        exp(X)
        with pytest.raises(RuntimeError, match=r"^the report is open already: make another one$"), outer:
            pass
    assert outer.rows == inner.rows != []


def test_a_call_that_raises_is_counted() -> None:
    with tm.report() as seen, pytest.raises(TypeError):
        exp(X, X, X, X)
    assert [row.name for row in seen.rows] == ["exp"]


@pytest.mark.usefixtures("put_off")
def test_calls_beside_the_passes_of_a_fused_function_have_rows_of_their_own() -> None:
    with tm.report() as seen:
        result = tm.fuse(with_a_call_beside)(X)
    rows = {(row.name, row.within): (row.became, row.reason) for row in seen.rows}
    assert rows == {
        ("with_a_call_beside", ""): ("fused", ""),
        ("cumsum", "with_a_call_beside"): ("NumPy", "it is no step of a pass"),
    }
    assert result.tobytes() == with_a_call_beside(X).tobytes()
    assert "cumsum, in with_a_call_beside" in str(seen)
    assert str(seen).startswith("threadmill: 1 call: 1 fused in ")


@pytest.mark.usefixtures("put_off")
def test_strict_forbids_them() -> None:
    y = X.copy()
    with (
        tm.strict(),
        pytest.raises(tm.FallbackError, match=r"^cumsum: by NumPy, because it is no step of a pass$"),
    ):
        tm.fuse(with_a_call_beside)(y)
    assert y.tobytes() == X.tobytes()

    def views(x: Any) -> Any:
        return np.reshape(x * 2, (500, 2000)).T + np.linalg.inv(np.eye(3))[0, 0]

    with tm.strict():
        assert tm.fuse(views)(X).tobytes() == views(X).tobytes()


@pytest.mark.usefixtures("put_off")
def test_strict_names_the_ufunc_that_a_fused_function_calls() -> None:
    def swapped(x: Any) -> Any:
        return np.hypot(SWAPPED, x)

    with tm.strict(), pytest.raises(tm.FallbackError) as raised:
        tm.fuse(swapped)(X)
    assert (raised.value.name, raised.value.reason) == ("hypot", NOT_PLAIN)


@pytest.mark.usefixtures("put_off")
def test_calls_of_a_fused_functions_code_are_the_users() -> None:
    inner = tm.fuse(fused)

    def outer(x: Any) -> Any:
        return inner(x) + exp(SWAPPED[:1])

    def wrong(x: Any) -> Any:
        return x, exp(SWAPPED)

    for x in X, SMALL[:1]:
        with tm.report() as seen:
            tm.fuse(wrong)(x)
        rows = {(row.name, row.within): (row.became, row.reason) for row in seen.rows}
        assert rows["exp", "wrong"] == ("NumPy", NOT_PLAIN)
        with tm.strict(), pytest.raises(tm.FallbackError, match="^exp: "):
            tm.fuse(wrong)(x)
    with tm.report() as seen, tm.strict():
        tm.fuse(outer)(X)
    assert {(row.name, row.within, row.became) for row in seen.rows} == {
        ("outer", "", "fused"),
        ("fused", "outer", "fused"),
        ("exp", "outer", "NumPy"),
    }


def test_what_other_calls_do_inside_is_theirs() -> None:
    def outer() -> None:
        came_to("inner", Refusal("it is part of another"))
        exp(SWAPPED)

    with tm.report() as seen, tm.strict():
        watched("outer", outer)
    assert [row.name for row in seen.rows] == ["outer"]


def test_fuse_that_is_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADMILL_FUSE", "0")
    with tm.report() as seen:
        tm.fuse(fused)(X)
    assert seen.rows[0][:5] == ("fused", "", "NumPy", "THREADMILL_FUSE=0 is set", 1)


def test_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    tm.default_pool().shutdown()
    monkeypatch.setenv("THREADMILL_NUM_THREADS", "1")
    try:
        calls = [lambda: exp(X), lambda: tm.numpy.sort(X), lambda: add.reduce(X, 1)]
        for call in calls:
            with tm.strict(), pytest.raises(tm.FallbackError, match="the default pool has one thread$"):
                call()
    finally:
        tm.default_pool().shutdown()


# ---- threads and contexts ----


def test_a_report_counts_all_threads_and_strict_holds_in_its_own() -> None:
    def elsewhere() -> None:
        for _ in range(20):
            exp(SWAPPED[:200])
            exp(X)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with tm.report() as seen, tm.strict():
            threads = [
                threading.Thread(target=contextvars.Context().run, args=(elsewhere,)) for _ in range(3)
            ]
            for thread in threads:
                thread.start()
            with pytest.raises(tm.FallbackError):
                exp(SWAPPED)
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(before)
    counted = {(row.became, row.reason): row.calls for row in seen.rows}
    assert counted == {("parallel", ""): 60, ("NumPy", NOT_PLAIN): 61}


def test_tasks_of_a_pool_are_strict_where_their_submitter_is() -> None:
    with tm.Pool(2) as pool:
        with tm.strict():
            assert isinstance(pool.submit(exp, SWAPPED).exception(), tm.FallbackError)
        outside = pool.submit(exp, SWAPPED)
        assert outside.result().tobytes() == np.exp(SWAPPED).tobytes()


def test_strict_may_be_nested_and_ends() -> None:
    with tm.strict():
        with tm.strict():
            pass
        with pytest.raises(tm.FallbackError):
            exp(SWAPPED)
    exp(SWAPPED)


def test_the_error_travels() -> None:
    error = pickle.loads(pickle.dumps(tm.FallbackError("exp", "of this")))
    assert (type(error), error.name, error.reason) == (tm.FallbackError, "exp", "of this")
    assert str(error) == "exp: by NumPy, because of this"


def test_warnings_are_at_the_users_line() -> None:
    with tm.report(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tm.parallel(np.log)(-X)
        tm.parallel(np.log)(-SMALL)
        tm.parallel(np.log)(-SWAPPED)
    assert [each.filename for each in caught] == [__file__] * 3


# ---- how it is shown ----


def test_the_tables() -> None:
    seen = tm.Report()
    assert str(seen) == "threadmill: 0 calls"
    seen.add("exp", "", "parallel", "", 1_500_000)
    seen.add("<lambda>", "", "NumPy", "a < b", 2_000)
    seen.add("<lambda>", "", "NumPy", "a < b", 3_210)
    seen.add("cumsum", "f", "NumPy", "", 1_250_000_000)
    assert str(seen).splitlines() == [
        "threadmill: 3 calls: 1 parallel in 1.5 ms, 2 NumPy in 5.21 us",
        "call          became    calls     time  because",
        "cumsum, in f  NumPy         1   1.25 s",
        "exp           parallel      1   1.5 ms",
        "<lambda>      NumPy         2  5.21 us  a < b",
    ]
    assert seen._repr_html_().endswith(
        "<tr><td>&lt;lambda&gt;</td><td>NumPy</td><td>2</td><td>5.21 us</td><td>a &lt; b</td></tr></table>"
    )


SCRIPT = """
import os, sys, warnings, numpy as np, threadmill as tm
warnings.simplefilter("ignore", DeprecationWarning)  # CPython 3.12 warns of any fork beside threads
tm.sum(np.ones(10**6))
if os.fork() == 0:
    sys.exit()
os.wait()
"""


def run(value: str) -> Any:
    return commands.run_python(SCRIPT, env={**os.environ, "THREADMILL_REPORT": value})


def test_the_environment_has_it_printed_at_exit_once() -> None:
    done = run("1")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("threadmill: 1 call: 1 parallel in ")
    assert done.stderr.count("threadmill:") == 1
    assert run("0").stderr == ""
    assert "ValueError: THREADMILL_REPORT must be 0 or 1, got 'yes'" in run("yes").stderr
