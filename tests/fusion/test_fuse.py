"""tm.fuse: its face, its rules, and what a lazy array does."""

import copy
import gc
import operator
import os
import pickle
import signal
import subprocess
import sys
import threading
import tracemalloc
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from kit import commands
from kit.fuse_compare import contents, differences, everything_is_worth_it, sums_fold
from numpy.lib.stride_tricks import as_strided
from numpy.testing import assert_array_equal

import threadmill as tm
from threadmill.arrays import cache
from threadmill.arrays.loops import Loop
from threadmill.fusion import building, groups, loops, node_plans, reduce_all, reduce_columns, reduce_rows
from threadmill.fusion.lazy import LazyArray

N = 80_000


@pytest.fixture(autouse=True)
def warnings_are_no_errors() -> Iterator[None]:
    """Where they are, as in the rest of the suite, nothing that may warn is put off."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", "the matrix subclass", PendingDeprecationWarning)
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        yield


@pytest.fixture
def small_ones_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """For one test: the others of this module ask what small arrays come to."""
    everything_is_worth_it(monkeypatch)


@pytest.fixture
def x() -> Any:
    return np.linspace(0.5, 2, N)


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The names of the nodes of each pass that runs."""
    seen: list[list[str]] = []
    run = groups.run_pass

    def run_pass(pool: Any, nodes: Any, wanted: Any, fold: Any) -> Any:
        seen.append([node.name for node in nodes])
        return run(pool, nodes, wanted, fold)

    monkeypatch.setattr(groups, "run_pass", run_pass)
    return seen


# ---- the decorator ----


@tm.fuse
def module_level(x: Any, scale: float = 2.0) -> Any:
    """Its docstring."""
    return x * scale + 1


def test_it_is_a_decorator_with_and_without_arguments(x: Any) -> None:
    with tm.Pool(2) as pool:

        @tm.fuse(pool=pool)
        def twice(x: Any) -> Any:
            return x * 2 + x

        assert_array_equal(twice(x), x * 2 + x)
    assert_array_equal(module_level(x), x * 2.0 + 1)
    assert_array_equal(module_level(x, scale=3), x * 3 + 1)


def test_a_fused_function_looks_like_its_function() -> None:
    assert module_level.__name__ == "module_level"
    assert module_level.__doc__ == "Its docstring."
    assert pickle.loads(pickle.dumps(module_level)) is module_level


def test_methods_are_fused() -> None:
    class Model:
        factor = 3.0

        @tm.fuse
        def run(self, x: Any) -> Any:
            return x * self.factor + x

        @staticmethod
        @tm.fuse
        def of(x: Any) -> Any:
            return x - 1 / x

    x = np.linspace(1, 2, N)
    assert_array_equal(Model().run(x), x * 3.0 + x)
    assert_array_equal(Model.of(x), x - 1 / x)


def test_what_cannot_be_fused_is_refused() -> None:
    async def coroutine() -> None: ...

    def generator() -> Iterator[int]:
        yield 1

    for wrong in coroutine, generator, 3, "fn":
        with pytest.raises(TypeError, match=r"^fn must be"):
            tm.fuse(wrong)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="pool"):
        tm.fuse(lambda x: x, pool=2)  # type: ignore[call-overload]


def test_arrays_go_in_and_out_in_tuples_lists_and_dicts(x: Any) -> None:
    @tm.fuse
    def program(pair: Any, *, more: Any) -> Any:
        a, b = pair
        return {"sum": a + b * 2, "both": [a - b, (more["c"] * a,)]}

    result = program((x, x + 1), more={"c": x})
    assert type(result["sum"]) is type(result["both"][0]) is type(result["both"][1][0]) is np.ndarray
    assert_array_equal(result["sum"], x + (x + 1) * 2)
    assert_array_equal(result["both"][1][0], x * x)


def test_lists_and_dicts_that_the_function_changes_are_changed(x: Any) -> None:
    def program(state: Any, log: Any, same: Any) -> Any:
        state["u"] = state["u"] * 2 + 1
        state["n"] = state.get("n", 0) + 1
        state["v"] += 1
        log.append(state["u"] - 1)
        log[0] = "first"
        return state, same is state["v"]

    def call(function: Any) -> Any:
        v, log = x.copy(), [None]
        state = {"u": x, "v": v}
        result, same = function(state, log, v)
        assert result is state
        assert state["v"] is v
        return same, contents(state), contents(log)

    assert call(tm.fuse(program)) == call(program)

    def broken(state: Any) -> None:
        state["u"] = state["u"] * 2
        raise KeyError

    state = {"u": x}
    with pytest.raises(KeyError):
        tm.fuse(broken)(state)
    assert contents(state["u"]) == contents(x * 2)


def test_small_arguments_are_given_as_they_are() -> None:
    @tm.fuse
    def kind(x: Any) -> Any:
        return type(x)

    assert kind(np.ones(100)) is np.ndarray
    assert kind(np.ones(N)) is LazyArray
    assert kind([1.0] * N) is list


def test_a_variable_turns_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADMILL_FUSE", "0")
    assert tm.fuse(type)(np.ones(N)) is np.ndarray  # type: ignore[call-overload]


# ---- the rules, in the order of docs/fuse.md ----


def test_operations_are_one_pass(x: Any, passed: list[list[str]]) -> None:
    result = tm.fuse(lambda x: np.sqrt(x * x + 2 * x) - 1)(x)
    assert passed == [["multiply", "multiply", "add", "sqrt", "subtract"]]
    assert contents(result) == contents(np.sqrt(x * x + 2 * x) - 1)


def test_a_reduction_ends_a_pass(x: Any, passed: list[list[str]]) -> None:
    result = tm.fuse(lambda x, y: np.sqrt(np.sum((x - y) ** 2)))(x, x[::-1].copy())
    assert passed == [["subtract", "square"]]
    assert result == np.sqrt(np.sum((x - x[::-1]) ** 2))


def test_what_a_variable_holds_is_rather_made_again_than_stored(x: Any, passed: list[list[str]]) -> None:
    def program(x: Any, y: Any) -> Any:
        d = x - y
        return d / np.max(d * d)

    y = x[::-1].copy()
    assert contents(tm.fuse(program)(x, y)) == contents(program(x, y))
    assert passed == [["subtract", "multiply"], ["subtract", "divide"]]


def test_what_takes_long_to_make_is_stored(x: Any, passed: list[list[str]]) -> None:
    def program(x: Any) -> Any:
        e = np.exp(x)
        return e / np.sum(e * 2)

    assert contents(tm.fuse(program)(x)) == contents(program(x))
    assert sum(names.count("exp") for names in passed) == 1


def test_what_is_made_again_is_as_it_was(x: Any) -> None:
    def program(x: Any, y: Any) -> Any:
        d = x * 2
        a = d.max()
        x[...] = 7
        e = y - 1
        b = (e * e).sum()
        np.asarray(y)[:3] = 5
        f = y + 1
        c = (f * d).min()
        y += d
        return a, b, c, d, e, f

    args = x, x + 1
    for_numpy, for_us = [each.copy() for each in args], [each.copy() for each in args]
    assert contents(tm.fuse(program)(*for_us)) == contents(program(*for_numpy))
    assert contents(for_us) == contents(for_numpy)


def test_errors_of_what_is_made_again_are_told_once(x: Any) -> None:
    def program(x: Any) -> Any:
        d = x / 0
        a = (d * 2).min()
        b = (d + 1).max()
        return d, a, b

    def told(function: Any) -> list[Any]:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            function(x)
        return [(str(each.message), each.lineno) for each in seen]

    assert told(tm.fuse(program)) == told(program)


def test_work_on_small_arrays_ends_no_pass(x: Any, passed: list[list[str]]) -> None:
    def program(x: Any) -> Any:
        y = np.abs(x) * x
        small = np.linspace(0, 1, 5)
        x[:5].max()
        np.add(x[:5], 1)
        np.multiply(small, 2, out=small)
        return y.var(), small

    with np.errstate(all="ignore"):
        assert contents(tm.fuse(program)(x)) == contents(program(x))
    assert len(passed) == 2


def test_work_on_small_arrays_is_in_order(x: Any) -> None:
    def program(x: Any, small: Any) -> Any:
        y = x.copy()
        few = x[:5]
        np.multiply(few, 3, out=few)
        z = np.sqrt(-x)
        np.log(small - small)
        return y, z

    def told(function: Any) -> Any:
        args = x.copy(), np.ones(5)
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            result = function(*args)
        return contents(result), contents(args), [(str(each.message), each.lineno) for each in seen]

    assert told(tm.fuse(program)) == told(program)


@sums_fold
def test_a_mean_ends_the_pass_that_makes_its_operand(x: Any, passed: list[list[str]]) -> None:
    told = tm.fuse(lambda x: np.mean(x * 2) + (x * 3).mean()).explain(x)  # type: ignore[attr-defined]
    assert passed == [["multiply"], ["multiply"]]
    assert str(told).count("multiply, a reduction") == 2


def test_errors_are_numpys_at_the_users_line(x: Any) -> None:
    @tm.fuse
    def wrong(x: Any) -> Any:
        y = x * 2
        return y + np.ones(3)

    with pytest.raises(ValueError, match="could not be broadcast together") as error:
        wrong(x)
    (line,) = [entry.lineno for entry in error.traceback if entry.name == "wrong"]
    assert line == wrong.__wrapped__.__code__.co_firstlineno + 2  # type: ignore[attr-defined]


def test_unused_values_warn_in_order(x: Any) -> None:
    def program(x: Any) -> Any:
        np.log(x - x)
        dead = np.sqrt(-x)
        dead = dead * 2
        return x / (x - x)

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        tm.fuse(program)(x)
    line = program.__code__.co_firstlineno
    assert [(str(each.message), each.lineno - line) for each in told] == [
        ("divide by zero encountered in log", 1),
        ("invalid value encountered in sqrt", 2),
        ("divide by zero encountered in divide", 4),
    ]


def test_a_sum_of_negative_zeros_begins_with_a_zero(x: Any) -> None:
    for dtype in "fdFD":
        y = x.astype(dtype)
        assert contents(tm.fuse(lambda y: (y * -0.0).sum())(y)) == contents((y * -0.0).sum())


def test_numbers_that_are_equal_are_not_taken_for_each_other(x: Any) -> None:
    def program(x: Any) -> Any:
        numbers = (
            0.0,
            -0.0,
            complex(1, 0.0),
            complex(1, -0.0),
            complex(0.0, 1),
            complex(-0.0, 1),
            1,
            1.0,
            True,
        )
        return [x * each for each in numbers], [x + each for each in numbers]

    for dtype in "lfdD":
        assert contents(tm.fuse(program)(x.astype(dtype))) == contents(program(x.astype(dtype)))


def test_an_operation_of_two_steps_at_the_most_that_is_put_off(x: Any) -> None:
    def program(x: Any, count: int) -> Any:
        y = x
        for _ in range(count):
            y = y + 1
        return np.true_divide(y, 3, out=x.astype("f4"), casting="unsafe")

    for count in range(250, 260):
        assert contents(tm.fuse(program)(x, count)) == contents(program(x, count))


def test_integers_to_negative_powers_are_an_error() -> None:
    def program(x: Any) -> Any:
        y = x * 2
        try:
            return y ** (x - 100)
        except ValueError as error:
            return str(error), y

    x = np.arange(N) % 50
    assert contents(tm.fuse(program)(x)) == contents(program(x))


@pytest.mark.parametrize("n", [5000, 20_000])
@pytest.mark.usefixtures("small_ones_too")
def test_what_a_conversion_comes_to_is_told(n: int) -> None:
    signalling = np.full(n, 0x7FF0000000000001, "u8").view("f8")

    def program(x: Any) -> Any:
        return np.logical_or(x > 0, x), x.astype("i4")

    def told(function: Any) -> list[str]:
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            function(signalling)
        return [str(each.message) for each in found]

    assert told(tm.fuse(program)) == told(program) != []


def test_numpys_own_code_warns_where_it_does(x: Any) -> None:
    def program(x: Any) -> Any:
        a = x[:0].mean()
        b = np.mean(x[:0])
        return a, b, x[:0].var()

    def told(function: Any) -> list[Any]:
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            function(x)
        return [(str(each.message), each.filename, each.lineno) for each in found]

    assert told(tm.fuse(program)) == told(program)


def test_an_element_that_is_read_warns_after_what_stands_before(x: Any) -> None:
    def program(x: Any) -> Any:
        y = np.sqrt(-x)
        return y, np.log(x[0] - x[0])

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        tm.fuse(program)(x)
    assert [str(each.message).split()[-1] for each in told] == ["sqrt", "log"]


def test_errors_that_raise_stop_the_program_where_numpy_does(x: Any) -> None:
    def program(x: Any, y: Any) -> None:
        y[...] = 1
        y += np.log(x - x)
        y[...] = 2

    y = np.zeros(N)
    with (
        np.errstate(all="raise"),
        pytest.raises(FloatingPointError, match="divide by zero encountered in log"),
    ):
        tm.fuse(program)(x, y)
    assert_array_equal(y, np.ones(N))


def test_warnings_that_are_errors_stop_the_program_where_numpy_does(x: Any) -> None:
    def program(x: Any, y: Any) -> None:
        z = np.log(x - x)
        y[...] = z

    y = np.zeros(N)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning, match="divide by zero"):
            tm.fuse(program)(x, y)
    assert_array_equal(y, np.zeros(N))


CAUGHT = """
import io, sys, warnings
import numpy as np, threadmill as tm
from threadmill.fusion import groups

passes = []
run = groups.run_pass

def run_pass(pool, nodes, wanted, fold):
    passes.append(len(nodes))
    return run(pool, nodes, wanted, fold)

def program(x):
    y = np.log(x * 0)
    with warnings.catch_warnings(record=True) as outer:
        warnings.simplefilter("always")
        y = y + np.sqrt(-x)
        with warnings.catch_warnings(record=True) as inner:
            y = y + x / 0
            warnings.simplefilter("ignore")
            y = y + np.arccosh(-x)
        with warnings.catch_warnings():
            y = y + x % 0
    return y + np.arctanh(x), outer, inner

def told(function):
    sys.stderr = io.StringIO()
    y, *caught = function(np.linspace(1, 2, 80_000))
    printed, sys.stderr = sys.stderr.getvalue(), sys.__stderr__
    return y.tobytes(), printed, [[(str(each.message), each.lineno) for each in some] for some in caught]

groups.run_pass = run_pass
warnings.simplefilter("always")
expected, got = told(program), told(tm.fuse(program))
assert got == expected, (got[1:], expected[1:])
print(got[1].count("RuntimeWarning"), *map(len, got[2]), passes)
"""


@pytest.mark.parametrize("by_context", "01")
def test_warnings_meet_the_filters_of_their_line(by_context: str) -> None:
    """Whatever has the filters: a context, as on CPython 3.14 without the GIL, or the module."""
    done = commands.run_python(CAUGHT, "-X", f"context_aware_warnings={by_context}")  # older ones ignore it
    assert done.stdout == "3 2 1 [14]\n", done.stderr


def test_writes_come_at_once_and_in_order(x: Any) -> None:
    def program(x: Any) -> Any:
        before = x * 2
        x[: N // 2] = 0
        after = x * 2
        x += after
        return before, after, x

    a, b = x.copy(), x.copy()
    assert contents(tm.fuse(program)(a)) == contents(program(b))
    assert contents(a) == contents(b)


def test_an_output_that_overlaps_an_operand_is_as_numpy_makes_it() -> None:
    def program(x: Any, y: Any) -> None:
        x *= y
        np.multiply(y, x, out=y)

    for dtype in "dD":
        for n in 64, N, N + 1:
            room = np.exp(np.linspace(0, 3, n + 1)).astype(dtype) * (1 - 0.3j if dtype == "D" else 1)
            again = room.copy()
            tm.fuse(program)(room[:-1], room[1:])
            program(again[:-1], again[1:])
            assert contents(room) == contents(again)


def test_a_number_goes_where_a_mask_is_in_the_pass_that_makes_the_mask(
    x: Any, passed: list[list[str]]
) -> None:
    def program(x: Any, y: Any) -> None:
        x[y * x > 1] = 0
        y[np.isnan(x) | (x < 0.7)] = np.nan
        x[x > 2] = 7

    args = [x.copy(), x[::-1].copy()]
    again = [x.copy(), x[::-1].copy()]
    tm.fuse(program)(*args)
    program(*again)
    assert contents(args) == contents(again)
    assert passed == [
        ["multiply", "greater", "where"],
        ["isnan", "less", "bitwise_or", "where"],
        ["greater", "where"],
    ]


def _adds_one(a: Any) -> Any:
    a += 1
    return a


def _adds_twice(a: Any) -> Any:
    b = a * 2
    np.add(a, b, out=a)
    a[...] = a - 1
    return a, b


@pytest.mark.parametrize("dtype", ["i8", "f4", "D"])
@pytest.mark.parametrize("program", [_adds_one, _adds_twice])
def test_an_array_that_overlaps_itself_is_written_as_by_numpy(program: Any, dtype: str) -> None:
    results = []
    for each in program, tm.fuse(program):
        memory = np.arange(3 * N).astype(dtype)
        strides = (N - 1) * memory.itemsize, memory.itemsize
        results.append((contents(each(as_strided(memory, (3, N), strides))), contents(memory)))
    assert results[0] == results[1]


@pytest.mark.parametrize("dtypes", [("f8", ">f8"), (">f8", "f8"), ("<i4", ">i4")])
def test_the_same_memory_in_the_other_byte_order_is_written(dtypes: Any) -> None:
    def program(a: Any, b: Any) -> Any:
        b[...] = a

    results = []
    for each in program, tm.fuse(program):
        memory = np.arange(N, dtype=dtypes[0])
        each(memory, memory.view(dtypes[1]))
        results.append(contents(memory))
    assert results[0] == results[1]


def test_an_overlapping_write_goes_through_a_temporary(x: Any) -> None:
    def program(x: Any) -> None:
        x[1:] = x[:-1] * 2 + 1
        x[:-1] += x[1:]

    a, b = x.copy(), x.copy()
    tm.fuse(program)(a)
    program(b)
    assert contents(a) == contents(b)


def test_an_array_that_did_not_come_in_may_change_at_once(x: Any) -> None:
    outside = np.ones(N)

    @tm.fuse
    def program(x: Any) -> Any:
        y = x + outside
        outside[...] = 7
        return y

    assert_array_equal(program(x), x + 1)


def test_memory_that_was_handed_out_may_change_at_once(x: Any) -> None:
    def by_asarray(x: Any) -> Any:
        raw = np.asarray(x)
        y = x * 2
        raw[:] = 0
        return y, x + 1

    def by_data(x: Any) -> Any:
        room = np.frombuffer(x.data)
        y = x * 2
        room[:] = 0
        return y, x + 1

    def by_flat(x: Any) -> Any:
        flat = x.flat
        y = x * 2
        flat[:] = 0
        return y, x + 1

    for program in by_asarray, by_data, by_flat:
        assert contents(tm.fuse(program)(x.copy())) == contents(program(x.copy())), program.__name__


def test_views_are_numpys_at_once(x: Any, passed: list[list[str]]) -> None:
    grid = x.reshape(200, 400)
    result = tm.fuse(lambda g: g[1:-1, None, 1:-1] + g[0, 2:])(grid)
    assert passed == [["add"]]
    assert contents(result) == contents(grid[1:-1, None, 1:-1] + grid[0, 2:])


def test_arrays_in_fortrans_order_are_fused_as_well(x: Any, passed: list[list[str]]) -> None:
    grid = x.reshape(200, 400).T

    def program(g: Any) -> Any:
        y = g[1:-1] * 2 + g[2:] - np.sqrt(g[:-2])
        g[1:-1] = y / 3
        return y, (y * y).sum(), g

    plainly = program(grid.copy("F"))
    fused = tm.fuse(program)(grid.copy("F"))
    assert contents(fused) == contents(plainly)
    assert fused[0].flags.f_contiguous
    assert passed == [["multiply", "add", "sqrt", "subtract", "divide"], ["multiply"]]


def test_sums_follow_numpys_tree(pools: list[tm.Pool]) -> None:
    for n in (N, 8192 * 8, 8192 * 8 + 1, 123_457):
        x = np.random.default_rng(n).normal(size=n) * 10.0 ** np.random.default_rng(1).integers(-9, 9, n)
        for dtype in "fdFD":
            y = x.astype(dtype)
            for pool in pools:
                assert contents(tm.fuse(lambda y: (y * 3).sum(), pool=pool)(y)) == contents((y * 3).sum())


def test_an_argument_that_is_returned_is_the_callers_own(x: Any) -> None:
    result, again = tm.fuse(lambda x: (x, [x]))(x)
    assert result is again[0] is x


def test_what_asks_for_an_array_gets_one(x: Any) -> None:
    kinds = tm.fuse(lambda x: [type(np.asarray(x * 2)), type(x * 2), isinstance(x * 2, np.ndarray)])(x)
    assert kinds == [np.ndarray, LazyArray, True]


def test_subclasses_and_objects_stay_what_they_are() -> None:
    class Special(np.ndarray[Any, Any]):
        pass

    special = np.ones(N).view(Special)
    objects = np.full(N, 3, object)
    kinds, a, b = tm.fuse(lambda *args: ([type(x) for x in args], args[0] * 2, args[1] + 1))(special, objects)
    assert kinds == [Special, np.ndarray]
    assert type(a) is Special
    assert b.dtype == object


def test_nested_fused_functions_join_the_outer_record(x: Any, passed: list[list[str]]) -> None:
    inner = tm.fuse(lambda x: x * 2 + 1)
    result = tm.fuse(lambda x: np.sqrt(inner(x) - x))(x)
    assert passed == [["multiply", "add", "subtract", "sqrt"]]
    assert contents(result) == contents(np.sqrt(x * 2 + 1 - x))


def test_threads_record_on_their_own(x: Any) -> None:
    fused = tm.fuse(lambda x, k: np.sqrt(x * k + 1).sum() + k)
    expected = [np.sqrt(x * k + 1).sum() + k for k in range(8)]
    begin = threading.Barrier(8)
    results: dict[int, Any] = {}

    def run(k: int) -> None:
        begin.wait()
        results[k] = [fused(x, k) for _ in range(20)]

    threads = [threading.Thread(target=run, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [results[k] for k in range(8)] == [[expected[k]] * 20 for k in range(8)]


def test_a_lazy_array_that_outlives_its_call_has_its_values(x: Any) -> None:
    kept: list[Any] = []

    @tm.fuse
    def program(x: Any) -> Any:
        kept.append(x * 2)
        kept.append(x[1:])
        return x + 1

    program(x)
    assert_array_equal(np.asarray(kept[0]), x * 2)
    assert_array_equal(kept[0] + kept[1][0], x * 2 + x[1])
    assert type(kept[0] + 1) is np.ndarray
    again = tm.fuse(lambda x: x + kept[0])(x)
    assert_array_equal(again, x + x * 2)


def test_an_exception_leaves_arguments_as_numpy_does(x: Any) -> None:
    def program(x: Any) -> None:
        x *= 2
        y = x + 1
        x[...] = y * 3
        raise KeyError(str(float(y[0])))

    a, b = x.copy(), x.copy()
    for function, array in (tm.fuse(program), a), (program, b):
        with pytest.raises(KeyError):
            function(array)
    assert contents(a) == contents(b)


def test_nothing_keeps_an_array_alive() -> None:
    @tm.fuse
    def program(x: Any) -> Any:
        y = x * 2
        return (y + x).sum(), y

    x = np.ones(N)
    alive = weakref.ref(x)
    result = weakref.ref(program(x)[1])
    del x
    gc.collect()
    assert alive() is None
    assert result() is None


def test_programs_are_kept_by_structure_and_bounded(x: Any) -> None:
    building._programs.clear()
    fused = tm.fuse(lambda x, k: np.exp(x * k) + 1)
    for k in range(5):
        fused(x, float(k))
        fused(x[: N - k], float(k))
    assert len(building._programs) == 1
    for depth in range(20):
        tm.fuse(lambda x, depth=depth: sum([x] * depth, x))(x)
    assert len(building._programs) < 512


def test_a_program_keeps_the_loops_that_it_runs(x: Any, monkeypatch: Any) -> None:
    """NumPy frees what a loop needs with the capsule that gave it away."""

    class Watched(Loop):
        __slots__ = ("__weakref__",)

    made: dict[tuple[str, int], weakref.ref[Loop]] = {}

    def resolve(ufunc: Any, given: Any, **options: Any) -> Loop:
        loop = Watched(ufunc, given, options)
        made[loop.name, len(made)] = weakref.ref(loop)
        return loop

    caches = [building._plans, building._programs, node_plans.PLANS]
    modules = loops, reduce_all, reduce_rows, reduce_columns
    for module in modules:
        monkeypatch.setattr(module, "resolve", resolve)
        caches.append(module._loops)
    for each in caches:
        each.clear()

    def program(x: Any) -> Any:
        y = x * 3 + x
        return (y.sum(axis=1), y.sum(axis=0)) if x.ndim == 2 else y.sum()

    for shape in (N,), (20, N // 20):
        tm.fuse(program)(x.astype("q").reshape(shape))
    for each in caches[2:]:
        each.clear()
    gc.collect()
    assert len(made) >= 4
    assert [name for name, each in made.items() if each() is None] == []


# ---- what a lazy array does: what an ndarray does ----

ATTRIBUTES = [name for name in dir(np.ndarray) if not name.startswith("__")]

ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "astype": ("f4",),
    "choose": ([np.zeros(6), np.ones(6), np.full(6, 2.0)],),
    "compress": ([True, False, True],),
    "dot": (np.ones(6),),
    "fill": (3,),
    "getfield": ("f8",),
    "item": (0,),
    "partition": (2,),
    "argpartition": (2,),
    "put": ([0, 1], 5),
    "repeat": (2,),
    "reshape": (2, 3),
    "resize": (6,),
    "searchsorted": (1.0,),
    "setfield": (2.0, "f8"),
    "setflags": (),
    "swapaxes": (0, 0),
    "take": ([0, 1],),
    "clip": (0, 1),
    "view": (),
    "to_device": ("cpu",),
}
UNLIKE = {"ctypes", "data", "dump", "dumps", "tofile", "tobytes", "flat", "base", "mT"}


@pytest.mark.parametrize("name", [name for name in ATTRIBUTES if name not in UNLIKE])
@pytest.mark.usefixtures("small_ones_too")
def test_an_attribute_is_an_ndarrays(name: str) -> None:
    def program(x: Any) -> Any:
        y = x * 1  # one that is put off
        told = []
        for each in x, y:
            try:
                found = getattr(each, name)
                if callable(found) and not isinstance(found, np.ndarray):
                    found = found(*ARGUMENTS.get(name, ()))
            except Exception as error:
                found = type(error), str(error)
            told.append(str(found) if name == "flags" else found)
        return told, x, y

    x = np.array([1.0, 0, 2, 1, 0, 2])
    if name == "choose":
        x = x.astype(int)
    assert contents(tm.fuse(program)(x.copy())) == contents(program(x.copy()))


@pytest.mark.parametrize("name", ["shape", "dtype", "real", "flat"])
@pytest.mark.usefixtures("small_ones_too")
def test_an_attribute_can_be_set(name: str) -> None:
    def program(x: Any) -> Any:
        y = x * 2
        for each in x, y:
            setattr(each, name, {"shape": (2, 3), "dtype": "i8"}.get(name, 1.5))
        return x, y, x.shape, y.dtype, x * 2

    x = np.arange(6.0)
    assert contents(tm.fuse(program)(x.copy())) == contents(program(x.copy()))


CONVERSIONS: list[Callable[[Any], Any]] = [
    len,
    list,
    repr,
    str,
    copy.copy,
    copy.deepcopy,
    lambda x: pickle.loads(pickle.dumps(x)),
    lambda x: bool(x[0]),
    lambda x: int(x[1]),
    lambda x: float(x[1]),
    lambda x: complex(x[1]),
    lambda x: [10, 20, 30][x.astype(int)[1]],
    lambda x: f"{x[1]:.2f}",
    lambda x: 2.0 in x,
    lambda x: x.tolist(),
    lambda x: x.tobytes(),
    lambda x: np.from_dlpack(x),
    lambda x: np.array(x.__array_interface__["shape"]),
    lambda x: memoryview(x.data).shape,
    lambda x: x.__array__("f4"),
    lambda x: x.base is None,
    lambda x: isinstance(x.ctypes.data, int),
    lambda x: x.__class__,
    lambda x: divmod(x, 2),
    lambda x: divmod(2, x + 1),
    lambda x: x @ x,
    lambda x: [1.0, 2, 3, 4, 5, 6] @ x,
    lambda x: 2**x,
    lambda x: x**2,
    lambda x: [*reversed(x)],
    lambda x: sorted(x, reverse=True),
    lambda x: sum(x),
    lambda x: np.unravel_index(x.astype(int), (7,)),
    lambda x: x[x.astype(int) % 6],
    lambda x: x[[0, 2]],
    lambda x: x[x > 2],
    lambda x: x[..., None].shape,
    lambda x: [a.shape for a in np.broadcast_arrays(x, x[:, None])],
    lambda x: np.linalg.eigvals(np.outer(x, x) + np.eye(6)).shape,
    lambda x: np.unique(x, return_counts=True),
]


@pytest.mark.parametrize("number", range(len(CONVERSIONS)))
@pytest.mark.usefixtures("small_ones_too")
def test_a_lazy_array_is_taken_for_an_ndarray(number: int) -> None:
    def program(x: Any) -> Any:
        return CONVERSIONS[number](x), CONVERSIONS[number](x * 1)

    x = np.arange(6.0)
    assert contents(tm.fuse(program)(x.copy())) == contents(program(x.copy()))


@pytest.mark.usefixtures("small_ones_too")
def test_a_foreign_class_has_its_word() -> None:
    class Foreign:
        __array_ufunc__ = None

        def __radd__(self, other: Any) -> str:
            return f"{type(other).__name__} on the left"

        def __rpow__(self, other: Any) -> str:
            return "power"

    a, b = tm.fuse(lambda x: (x + Foreign(), x ** Foreign()))(np.ones(6))
    assert a.endswith("ndarray on the left")
    assert b == "power"


@pytest.mark.parametrize("name", ["mul", "pow", "truediv", "floordiv", "lt", "imul", "matmul"])
@pytest.mark.parametrize("kind", [np.matrix, lambda x: np.ma.masked_array(x, x > 4)])
def test_a_subclass_has_its_word_in_operators(name: str, kind: Any) -> None:
    function = getattr(operator, name)
    x = np.arange(300.0 * 300).reshape(300, 300)
    for swapped in False, True:
        program = (lambda a, b: function(b, a)) if swapped else (lambda a, b: function(a, b))
        assert not differences(program, [x, kind(x[:300] + 1)])


IDENTITIES: list[Callable[..., Any]] = [
    lambda x, out: np.add(x, 1, out=out, where=x > 1) is out,
    lambda x, out: np.add(x, 1, np.asarray(out)[:]) is out,
    lambda x, out: [each is out for each in np.modf(x, out=(None, out))],
    lambda x, out: [each is out for each in np.divmod(x, 2, out=(out, None))],
    lambda x, out: np.add.reduce(x[None], out=out) is out,
    lambda x, out: np.cumsum(x, out=out) is out,
    lambda x, out: x.take(np.arange(6), out=out) is out,
    lambda x, out: (x.real is x, x.squeeze() is x, np.real(x) is x, np.atleast_1d(x) is x),
    lambda x, out: (x.byteswap(inplace=True) is x, x.T is x, x[...] is x, x.reshape(6) is x),
    lambda x, out: out.__iadd__(x) is out,
]


@pytest.mark.parametrize("number", range(len(IDENTITIES)))
@pytest.mark.usefixtures("small_ones_too")
def test_what_a_call_returns_is_the_array_that_numpy_returns(number: int) -> None:
    assert not differences(IDENTITIES[number], [np.arange(6.0), np.zeros(6)])


@pytest.mark.usefixtures("small_ones_too")
def test_arrays_of_no_axes_are_numpys() -> None:
    def program(x: Any) -> Any:
        y = x[..., 0]
        before = x * 2
        y += 5
        return y.mean(), y.var(), y.std(), np.var(y), y, before, x

    assert not differences(program, [np.arange(6.0)])


@pytest.mark.parametrize("key", [(0, 0), 9, slice(0, 2), ()])
@pytest.mark.usefixtures("small_ones_too")
def test_an_assignment_that_cannot_be_made_is_numpys_error(key: Any) -> None:
    def program(x: Any, y: Any) -> None:
        x[key] = y * 2

    x = np.arange(6.0)
    x.flags.writeable = False
    assert not differences(program, [x, np.ones(6)])
    assert not differences(program, [np.arange(6.0), np.ones(5)])


def test_operations_on_parts_of_few_elements_are_numpys() -> None:
    """As they are at once, with warnings at their lines and in their order."""

    def program(x: Any) -> Any:
        big = np.log(x - x)
        row = x[3] - x[3]
        told = [row.sum(), row.mean(), np.mean(row), np.clip(row, 1, 2), row.std(ddof=row.size), np.ptp(row)]
        with np.errstate(divide="ignore"):
            told.append(np.log(row))
        told += [1 / row, row / row, -row, abs(row), row.astype("i4"), np.where(row, row, 1), row[:0].mean()]
        x[2] = x[3] + x[4] * 2
        x[5] += row
        return big, told, x[2] is x[2], x

    assert not differences(program, [np.linspace(0, 1, 300_000).reshape(300, 1000)])


# ---- explain, foreign ufuncs ----


def test_explain_tells_of_passes_and_why_they_ended(x: Any) -> None:
    @tm.fuse
    def program(x: Any) -> Any:
        y = np.sqrt(x * x + 1)
        most = y.max()
        return np.convolve(y / most, [1.0]) * 2

    told = program.explain(x)  # type: ignore[attr-defined]
    line = program.__wrapped__.__code__.co_firstlineno  # type: ignore[attr-defined]
    assert told.passes == 3
    assert told.moved < told.numpys
    assert "pass 1 over 80000: multiply, add, sqrt, a reduction" in told
    assert f"ended at line {line + 3}, as maximum.reduce asks for a number" in told
    assert f"ended at line {line + 4}, as convolve was NumPy's to run" in told
    assert "by NumPy: convolve" in told
    assert "; ended as the function returned" in told
    assert repr(told) == str(told)
    assert "called as it is" in program.explain(np.ones(9))  # type: ignore[attr-defined]


def test_explain_tells_that_errors_are_exceptions() -> None:
    program = tm.fuse(lambda x: np.sqrt(x * x + 1))
    with np.errstate(over="raise"):
        told = program.explain(np.ones(80_000))  # type: ignore[attr-defined]
    assert told.passes == 0
    assert "as these raise, call, print or log, by np.errstate or a filter" in told


def test_explain_tells_of_what_parallel_runs_at_once() -> None:
    @tm.fuse
    def program(x: Any) -> Any:
        return np.hypot(x - x.max(axis=0), 1)

    told = program.explain(np.ones((9000, 10)))  # type: ignore[attr-defined]
    assert told.startswith("program: 1 pass over memory, ")
    assert "at once: maximum.reduce\n" in told
    assert "by NumPy: " not in told


def test_clip_is_a_step(x: Any) -> None:
    told = tm.fuse(lambda x: np.clip(x, 0.2, 0.5) * 4 + x.clip(None, 2)).explain(x)  # type: ignore[attr-defined]
    assert "pass 1 over 80000: clip, multiply, minimum, add" in told
    assert "by NumPy:" not in told


def test_explain_names_what_may_be_written(x: Any) -> None:
    outside = np.ones(N)
    told = tm.fuse(lambda x: x * 2 + outside).explain(x)  # type: ignore[attr-defined]
    assert "an operand was no argument" in told


def test_a_trusted_foreign_ufunc_is_put_off_and_not_kept(x: Any, passed: list[list[str]]) -> None:
    special = pytest.importorskip("scipy.special")

    def program(x: Any) -> Any:
        return special.erf(x * 2) + 1

    tm.fuse(program)(x)
    assert passed == [["multiply"], ["add"]]
    passed.clear()
    kept = len(building._programs), len(building._plans)
    trusted = tm.parallel(special.erf, trust=True)
    for _ in range(2):
        result = tm.fuse(program)(x)
    assert contents(result) == contents(program(x))
    assert passed == [["multiply", "erf", "add"]] * 2
    assert (len(building._programs), len(building._plans)) == kept
    del trusted


def test_plans_of_a_foreign_ufunc_are_bounded(x: Any, monkeypatch: Any) -> None:
    special = pytest.importorskip("scipy.special")
    trusted = tm.parallel(special.erf, trust=True)
    monkeypatch.setattr(cache, "_MOST", 3)
    for n in range(1, 9):
        tm.fuse(lambda x: special.erf(x * 2) + 1)(x[:-n])
    loop = next(each for each in trusted._loops.values() if isinstance(each, Loop))
    assert len(loop.programs) <= 4
    assert len(loop.programs["passes"]) <= 3


# ---- interruptions and forks ----


INTERRUPTED = """
import _thread, threading, time
import numpy as np, threadmill as tm
from threadmill.fusion import groups

events = []
run = groups.run_pass

def run_pass(*args):
    events.append("begins")
    running.set()
    try:
        result = run(*args)
    except KeyboardInterrupt:
        events.append("interrupted")
        raise
    events.append("ends")
    return result

@tm.fuse
def long(x):
    y = x
    for _ in range(80):
        y = np.arctan2(np.sin(y), np.cos(y))
    return y

def interrupt():
    running.wait()
    time.sleep(0.1)  # into one of passes that take a second
    _thread.interrupt_main()

groups.run_pass = run_pass
running = threading.Event()
thread = threading.Thread(target=interrupt)
thread.start()
x = np.full(2_000_000, 0.5)
try:
    long(x)
except KeyboardInterrupt:
    print(events[-2:], tm.fuse(lambda x: x * 2 + 1)(x)[0])
thread.join()
"""


def test_ctrl_c_ends_a_pass_and_the_function() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.stdout == "['begins', 'interrupted'] 2.0\n", done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_fork_in_the_middle_is_harmless(x: Any) -> None:
    def program(x: Any) -> Any:
        y = x * 2 + 1
        child = os.fork()
        if child == 0:
            os._exit(0 if float((y - x).sum()) == expected else 1)
        return os.waitpid(child, 0)[1], (y - x).sum()

    expected = float((x * 2 + 1 - x).sum())
    assert tm.fuse(program)(x) == (0, expected)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_fork_while_another_thread_is_in_a_pass_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.linspace(0.5, 2, 2_000_000)
    fused = tm.fuse(_long_program)
    expected = contents(fused(x))
    runs, results = threading.Event(), []
    run = groups.run_pass

    def run_pass(*args: Any) -> Any:
        runs.set()
        return run(*args)

    monkeypatch.setattr(groups, "run_pass", run_pass)
    for _ in range(3):
        runs.clear()
        thread = threading.Thread(target=lambda: results.append(contents(fused(x))))
        thread.start()
        runs.wait()
        child = os.fork()
        if child == 0:
            os._exit(0 if contents(fused(x)) == expected else 1)
        thread.join()
        assert os.waitpid(child, 0)[1] == 0
    assert results == [expected] * 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_forked_child_has_what_another_thread_was_computing(monkeypatch: Any, x: Any, when: str) -> None:
    """A fork before or after the arrays are written, with the record's lock held."""
    shared: list[Any] = []
    runs, forked = threading.Event(), threading.Event()
    run = groups.run_pass

    def run_pass(*args: Any) -> Any:
        done = run(*args) if when == "after" else None
        runs.set()
        forked.wait()
        return run(*args) if done is None else done

    def program(x: Any) -> Any:
        y = x * 2 + 1
        z = np.sqrt(y)
        shared.extend([y, z])
        return (z - z.mean()).sum()

    expected = [contents(x * 2 + 1), contents(np.sqrt(x * 2 + 1))]
    monkeypatch.setattr(groups, "run_pass", run_pass)
    thread = threading.Thread(target=tm.fuse(program), args=(x,))
    thread.start()
    runs.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        monkeypatch.setattr(groups, "run_pass", run)
        os._exit(0 if [contents(np.asarray(each)) for each in shared] == expected else 1)
    forked.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0


def _long_program(x: Any) -> Any:
    for _ in range(6):
        x = np.arctan2(np.sin(x), np.cos(x) + 2)
    return x


def test_many_threads_call_one_function_on_one_array_that_is_read_only(x: Any) -> None:
    x.flags.writeable = False
    fused = tm.fuse(lambda x: (np.sqrt(x * x + 1) - x).sum())
    expected = (np.sqrt(x * x + 1) - x).sum()
    results: list[Any] = []

    def run() -> None:
        results.extend([fused(x) for _ in range(10)])

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 60


# ---- operands of a call that writes ------------------------------------------------------------------------


def _both_ways(function: Callable[..., Any], *make: Callable[[], Any]) -> None:
    """NumPy's results and arguments, and ours, have the same bits."""
    numpys, ours = [each() for each in make], [each() for each in make]
    expected, found = function(*numpys), tm.fuse(function)(*ours)
    assert contents([*ours, found]) == contents([*numpys, expected])


def _ramp() -> Any:
    return np.linspace(1.0, 2.0, N)


def _add_products(a: Any, b: Any, out: Any) -> None:
    np.add(2 * a, 3 * b, out)
    np.subtract(a * b, b, out=out)
    out += 2 * a


def test_what_a_call_that_writes_reads_takes_no_memory(x: Any) -> None:
    out = np.empty_like(x)
    fused = tm.fuse(_add_products)
    fused(x, x, out)
    tracemalloc.start()
    try:
        fused(x, x, out)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < x.nbytes / 4
    _both_ways(_add_products, _ramp, _ramp, _ramp)


def test_such_operands_that_somebody_holds_keep_their_values() -> None:
    def held(a: Any, b: Any, out: Any) -> Any:
        x, y = 2 * a, 3 * b
        np.add(x, y, out)
        z = x * out
        np.multiply(x, z, out)
        return x, y, z

    def over_what_they_read(a: Any, b: Any) -> Any:
        x, y = 2 * a, a + b
        np.add(x, y, a)
        np.add(x, b, b)
        return x, y

    def parts(a: Any) -> Any:
        x = 2 * a[: N // 2]
        np.add(x, 1, a[N // 2 :])
        y = x + a[N // 4 : N // 4 + N // 2]
        np.subtract(y, x, a[: N // 2])
        return x, y

    _both_ways(held, _ramp, _ramp, _ramp)
    _both_ways(over_what_they_read, _ramp, _ramp)
    _both_ways(parts, _ramp)


def test_errors_of_such_operands_are_told_once() -> None:
    def divide(a: Any, out: Any) -> Any:
        x = a / 0.0
        np.add(x, 1, out)
        return x

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        tm.fuse(divide)(_ramp(), _ramp())
    assert [str(each.message) for each in told] == ["divide by zero encountered in divide"]


# ---- temporaries that NumPy reuses ----


REUSING: list[Any] = [
    lambda f, c, i: np.abs(f) / c,
    lambda f, c, i: np.abs(f) - c,
    lambda f, c, i: c - np.abs(f),
    lambda f, c, i: c + np.abs(f),
    lambda f, c, i: np.abs(i) / c,
    lambda f, c, i: np.abs(f) // c,
    lambda f, c, i: np.abs(f) % c,
    lambda f, c, i: np.abs(f) * np.abs(c),
    lambda f, c, i: np.abs(c) * np.abs(f),
    lambda f, c, i: np.abs(i) << np.abs(c).astype(int),
    lambda f, c, i: np.atleast_1d(f) * c,
    lambda f, c, i: np.divide(c, c, out=np.sin(f)),
    lambda f, c, i: (np.abs(f) / c)[1:] + np.abs(f[1:]),
]


@pytest.mark.parametrize("program", REUSING)
def test_results_over_temporaries_have_their_order(program: Any) -> None:
    """Large temporaries in Fortran's order beside arrays in C's, and the arguments as they were."""
    rng = np.random.default_rng(0)
    c = rng.normal(size=(300, 400))
    f = np.asfortranarray(rng.normal(size=(300, 400)))
    i = np.asfortranarray(rng.integers(1, 9, (300, 400)))
    assert not differences(program, [f, c, i])


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_results_of_repeated_arrays_in_fortrans_order_lie_as_numpys(axis: int) -> None:
    def program(x: Any) -> Any:
        shape = list(x.shape)
        shape.insert(axis, 3)
        repeated = np.broadcast_to(np.expand_dims(x, axis), shape)
        return -repeated, repeated * repeated + 1

    assert not differences(program, [np.asfortranarray(np.linspace(0, 1, 70_000).reshape(250, 280))])


@pytest.mark.parametrize("ask", [np.isnan, np.isinf, np.isfinite, np.signbit])
@pytest.mark.parametrize("dtype", ["f", "d"])
def test_answers_written_to_every_other_element(ask: Any, dtype: str) -> None:
    """NumPy's loops for these are at fault there: what they make is copied."""
    x = np.random.default_rng(0).choice(np.array([1, -1, np.nan, np.inf, -0.0]), 100_001).astype(dtype)

    def program(x: Any, answers: Any) -> Any:
        found = ask(x)
        answers[...] = found
        return found

    assert not differences(program, [x, np.zeros(2 * x.size, bool)[::2]])


def negate_by_item(x: Any) -> None:
    x[...] = -x


def negate_by_out(x: Any) -> None:
    np.negative(x, out=x)


@pytest.mark.parametrize("step", [2, 4, 8])
@pytest.mark.parametrize("dtype", ["f", "d", "i", "l"])
@pytest.mark.parametrize("program", [negate_by_item, negate_by_out])
def test_every_nth_element_negated_in_place(program: Any, dtype: str, step: int) -> None:
    """NumPy's loop for that is at fault with AVX-512, so that it shows which way NumPy goes."""
    x = np.random.default_rng(0).integers(-9, 9, 300_000).astype(dtype)
    assert not differences(program, [x[::step]])


@pytest.mark.parametrize(
    ("function", "dtype"), [(np.exp, "e"), (np.tan, "e"), (np.square, "F"), (np.square, "D")]
)
@pytest.mark.parametrize("step", [2, 3])
def test_results_written_into_gaps_are_rounded_as_side_by_side(function: Any, dtype: str, step: int) -> None:
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(2, 100_003)) * 3).astype(dtype)
    if dtype in "FD":
        x = x + x.dtype.type(1j) * rng.normal(size=x.shape).astype(x.real.dtype)

    def program(x: Any, out: Any) -> None:
        out[...] = function(x)

    assert not differences(program, [x[0], np.zeros(step * x[0].size, dtype)[::step]])
    assert not differences(program, [x[0][::step], np.zeros_like(x[0])[::step]])


def test_what_is_made_again_is_made_before_its_operand_is_written() -> None:
    def program(x: Any, y: Any) -> Any:
        most = np.maximum(x, 2)
        assert np.allclose(most, most)  # made, and not stored
        np.copyto(y, x)
        return most

    memory = np.arange(N + 1.0)
    shifted = memory.copy()
    assert np.array_equal(
        tm.fuse(program)(memory[:-1], memory[1:]),
        program(shifted[:-1], shifted[1:]),
    )


def test_nans_of_a_result_that_lies_in_gaps_are_those_side_by_side() -> None:
    def program(x: Any) -> Any:
        halves = x // 0.5
        x[...] = halves
        return halves * np.float64(np.nan)

    x = np.ones(2 * N)[::2]
    x[3::7], x[5::7] = np.nan, -np.nan
    with np.errstate(all="ignore"):
        assert bits(tm.fuse(program)(x.copy()[...])) == bits(program(x.copy()))
        strided, twin = np.repeat(x, 2)[::2], np.repeat(x, 2)[::2]
        assert bits(tm.fuse(program)(strided)) == bits(program(twin))


def bits(x: Any) -> bytes:
    return np.ascontiguousarray(x).tobytes()


def test_an_assignment_that_is_numpys_tells_of_its_conversion_once() -> None:
    def program(x: Any, y: Any) -> None:
        y[...] = x * 1

    x, y = np.full(N, 1e300), np.zeros(N, np.float32)[::-1]
    seen = []
    for function in program, tm.fuse(program):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            function(x, y)
        seen.append([str(each.message) for each in told])
    assert seen[0] == seen[1] == ["overflow encountered in cast"]


def test_zeros_of_both_signs_are_kept_apart(pool: tm.Pool) -> None:
    def program(x: Any) -> Any:
        return x + 0.0, x + -0.0, x + 0, np.add(x, -0.0), np.add(0.0, x), np.copysign(1.0, x - 0.0)

    x = np.full(100_000, -0.0)
    for _ in range(2):  # the second time with what is kept
        for made, numpys in zip(tm.fuse(program, pool=pool)(x), program(x), strict=True):
            assert made.tobytes() == numpys.tobytes()


def test_errors_of_functions_and_powers_are_told_at_their_lines(pool: tm.Pool) -> None:
    def program(x: Any) -> Any:
        a = np.multiply(x, 1e308)
        b = x**2 + np.sqrt(-x)
        c = x**3.5
        return a, b, c, np.divide(x, 0), np.multiply(x, x, out=a)

    x = np.full(100_000, 1e300)
    told = []
    for each in program, tm.fuse(program, pool=pool):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            each(x)
        told.append([(str(one.message), one.filename, one.lineno) for one in seen])
    assert told[0]
    assert told[1] == told[0]
