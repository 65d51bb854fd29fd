"""Any shapes, strides, overlaps, masks and numbers that hypothesis can think of, by us and by NumPy."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.arrays import Array, random_values
from kit.comparison import assert_same_call
from kit.strategies import COMPARISONS, PAIRS, UFUNC_DTYPES, UNARY, operands
from kit.thresholds import lower_thresholds
from kit.ufuncs import BINARY, UFUNCS, dtype_of, values

import threadmill as tm


@pytest.fixture(autouse=True, scope="module")
def all_errors_warn() -> Any:
    with np.errstate(all="warn"):
        yield


def test_rows_of_complex_numbers_backwards(threads: tm.Pool) -> None:
    rows = values("F", 56).reshape(7, 8)
    for name in "absolute", "square", "multiply", "reciprocal", "sqrt":
        ufunc = UFUNCS[name]
        for args in [rows[:, ::-1]] * ufunc.nin, [rows[::-1], rows[:, ::-1]][: ufunc.nin]:
            for order in "CFK":
                assert_same_call(
                    tm.parallel(ufunc),
                    ufunc,
                    lambda args=args, order=order: (args, {"order": order}),
                    name,
                    pool=threads,
                )


def test_an_int_too_large_beside_bools(threads: tm.Pool) -> None:
    for number in 2**63, -(2**63) - 1, 2**63 - 1, 2**200:
        for name in "logical_and", "logical_or", "logical_xor":
            ufunc = UFUNCS[name]
            assert_same_call(
                tm.parallel(ufunc),
                ufunc,
                lambda number=number: ([np.ones(5, bool), number], {}),
                name,
                pool=threads,
            )


def test_strides_of_axes_of_length_1(threads: tm.Pool) -> None:
    for x in (
        np.zeros((1, 2, 2), bool).transpose(1, 2, 0),
        np.asfortranarray(np.ones((2, 2, 1))),
        np.lib.stride_tricks.as_strided(np.zeros(4, bool), (2, 2, 1), (1, 2, 1)),
        np.ones((5, 1)),
        np.ones((1, 5)),
        np.ones((1, 2, 3, 1)),
    ):
        for order in "CFAK":
            assert_same_call(
                tm.parallel(np.absolute),
                np.absolute,
                lambda x=x, order=order: ([x], {"order": order}),
                "absolute",
                pool=threads,
            )


@given(args=operands(1), name=st.sampled_from(UNARY), order=st.sampled_from("CFAK"))
def test_one_operand(threads: tm.Pool, args: list[Any], name: str, order: str) -> None:
    ufunc = UFUNCS[name]
    assert_same_call(tm.parallel(ufunc), ufunc, lambda: (args, {"order": order}), name, pool=threads)


@given(args=operands(2), name=st.sampled_from(PAIRS), order=st.sampled_from("CFAK"))
def test_two_operands(threads: tm.Pool, args: list[Any], name: str, order: str) -> None:
    ufunc = UFUNCS[name]
    assert_same_call(tm.parallel(ufunc), ufunc, lambda: (args, {"order": order}), name, pool=threads)


@given(
    args=operands(2),
    name=st.sampled_from(sorted(BINARY)),
    char=UFUNC_DTYPES,
    casting=st.sampled_from(["same_kind", "unsafe", "safe"]),
    order=st.sampled_from("CF"),
    masked=st.booleans(),
)
def test_out_and_where(
    threads: tm.Pool, args: list[Any], name: str, char: str, casting: str, order: Any, masked: bool
) -> None:
    ufunc = BINARY[name]
    shape = np.broadcast_shapes(*map(np.shape, args))
    # NumPy 2.0 to 2.5 ends the process where a masked comparison is with an int that the dtype can't hold.
    masked = masked and not (name in COMPARISONS and any(type(x) is int for x in args))

    def make() -> Any:
        options: dict[str, Any] = {"out": np.zeros(shape, dtype_of(char), order), "casting": casting}
        if masked:
            options["where"] = values("?", int(np.prod(shape)), 4).reshape(shape, order=order)
        return args, options

    assert_same_call(tm.parallel(ufunc), ufunc, make, name, pool=threads)


CUTS = st.tuples(st.integers(0, 40), st.sampled_from([1, 1, 1, 2, 3, -1]))


@given(
    n=st.integers(1, 3000),
    cuts=st.tuples(CUTS, CUTS, CUTS),
    char=st.sampled_from("bhldFD"),
    rows=st.sampled_from([1, 3]),
    scalar=st.booleans(),
    name=st.sampled_from(["add", "subtract", "copysign", "maximum", "hypot", "multiply", "less"]),
)
def test_any_overlap(
    threads: tm.Pool, n: int, cuts: Any, char: str, rows: int, scalar: bool, name: str
) -> None:
    """Both inputs and the output anywhere in one piece of memory."""
    memory = values(char, 3 * n + 60 * rows)

    def views(base: Array) -> list[Array]:
        found = []
        for start, step in cuts:
            x = base[start:][:: abs(step)][: n // rows * rows]
            x = x[: x.size // rows * rows].reshape(rows, -1)
            found.append(
                (x if step > 0 else x[:, ::-1])[:, : n // 3] if rows > 1 else x[0][:: 1 if step > 0 else -1]
            )
        least = min(x.shape[-1] for x in found)
        return [x[..., :least] for x in found]

    def make() -> Any:
        a, b, out = views(memory.copy())
        if scalar:
            b = b[..., b.shape[-1] // 2].reshape(-1)[:1].reshape(()) if b.size else b
        return [a, b], {"out": out, "casting": "unsafe"}

    ufunc = UFUNCS[name]
    assert_same_call(tm.parallel(ufunc), ufunc, make, name, pool=threads)


@given(
    args=operands(1),
    name=st.sampled_from(sorted(BINARY)),
    data=st.data(),
    keepdims=st.booleans(),
    initial=st.sampled_from([None, 0, 1, -0.0, 7]),
    masked=st.booleans(),
)
def test_reduce(
    threads: tm.Pool,
    args: list[Any],
    name: str,
    data: st.DataObject,
    keepdims: bool,
    initial: Any,
    masked: bool,
) -> None:
    ufunc, (x,) = BINARY[name], args
    axes = st.sets(st.integers(-x.ndim, x.ndim - 1)).map(tuple) if x.ndim else st.just(())
    options: dict[str, Any] = {"keepdims": keepdims, "axis": data.draw(st.one_of(st.none(), axes))}
    if initial is not None:
        options["initial"] = initial
    if masked:
        options["where"] = values("?", x.size, 4).reshape(x.shape)
    assert_same_call(tm.parallel(ufunc).reduce, ufunc.reduce, lambda: (args, options), name, pool=threads)


def test_strided_rows_are_rounded_as_numpy_rounds_them(threads: tm.Pool) -> None:
    """Where it converts an operand, or is asked for an order, its buffer lays them side by side."""
    odd = np.array([[3.4028235e38, 1.0], [0, 1.1754944e-38]], "f4")[::-1]
    truths, numbers = np.array([False, True]).reshape(2, 1, 1), np.array([1.0, 0.0], "f4")[::-1]
    for order in "CFAK":
        for ufunc, args in (
            (np.arccos, [odd]),
            (np.arctan2, [truths, numbers]),
            (np.arctan2, [odd, odd[:, ::-1]]),
        ):
            assert_same_call(
                tm.parallel(ufunc),
                ufunc,
                lambda args=args, order=order: (args, {"order": order}),
                ufunc.__name__,
                pool=threads,
            )


@pytest.mark.parametrize("char", "FD")
@pytest.mark.parametrize("columns", [64, 10_000])  # shorter and longer than NumPy's buffer
def test_strided_rows_of_complex_numbers_are_squared_as_numpy_squares_them(
    threads: tm.Pool, columns: int, char: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NumPy's buffer lays short rows side by side, where its loop rounds as it does for such an array."""
    lower_thresholds(monkeypatch.setattr)
    row = random_values(char, 2 * columns)[::2]

    def make() -> Any:
        return [row], {"out": np.ones((6, 3 * columns), char)[::2, ::3]}

    assert_same_call(tm.parallel(np.square), np.square, make, "square", pool=threads)


@pytest.mark.parametrize("char", "fdiqIQ")
@pytest.mark.parametrize("columns", [5, 64, 10_000])  # shorter and longer than NumPy's buffer
def test_strided_rows_are_negated_in_place_as_by_numpy(
    threads: tm.Pool, columns: int, char: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NumPy 2.2 to 2.4 with AVX-512 fills in ones; where its buffer holds the rows it does not."""
    lower_thresholds(monkeypatch.setattr)
    for step in 4, 8:

        def make(step: int = step) -> Any:
            x = np.arange(3 * step * columns).astype(char).reshape(3, step * columns)[:, ::step]
            return [x], {"out": x}

        assert_same_call(tm.parallel(np.negative), np.negative, make, f"step {step}", pool=threads)


def test_the_sign_of_zeros_under_a_mask_is_numpys(threads: tm.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of 0 and -0 is the lesser may change at the end of a loop; runs of a mask are short."""
    lower_thresholds(monkeypatch.setattr)
    rng = np.random.default_rng(0)
    x = np.where(rng.random(4097) < 0.5, -0.0, 0.0)
    where = rng.random(4097) < 0.7
    for name in "fmin", "fmax":
        for one in np.zeros(1, np.uint8), np.zeros(4097, np.uint8), np.zeros(4097), -np.zeros(1):

            def make(one: Any = one) -> Any:
                return [x, one], {"out": np.ones(4097), "where": where}

            ufunc = getattr(np, name)
            assert_same_call(tm.parallel(ufunc), ufunc, make, name, pool=threads)
