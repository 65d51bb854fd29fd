"""Reductions along an axis that have been met before, where others are nearly alike."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit.fuse_compare import differences

import threadmill as tm

pytestmark = pytest.mark.usefixtures("put_off")


REDUCED: dict[str, Callable[..., Any]] = {
    name: getattr(np, name)
    for name in ("sum", "prod", "min", "max", "any", "all", "mean", "var", "std", "ptp", "average", "argmax")
} | {"count_nonzero": np.count_nonzero, "argmin": np.argmin, "norm": np.linalg.norm}


@pytest.mark.parametrize("name", REDUCED)
def test_reductions_of_all_that_is_nearly_alike(name: str) -> None:
    """Arrays of one kind that lie in other ways, or are made by other nodes, and arguments that are equal."""
    reduced = REDUCED[name]
    rng = np.random.default_rng(0)
    wide = rng.integers(-3, 4, (211, 598))

    def program(x: Any, y: Any) -> Any:
        made: list[Any] = []
        for each in (
            x,
            x + y,
            np.abs(x),
            x.copy(),
            np.where(x < y, x, y),
            x < y,
            (x + y) != 0,
            x.astype("d"),
        ):
            made += [reduced(each, axis=1), reduced(each, axis=-1), reduced(each, axis=0)]
            made += [reduced(each, axis=1, keepdims=True), reduced(each, axis=(0,))] if name[0] != "c" else []
            method = getattr(np.ndarray, name, None)
            if method is not None:
                made += [getattr(each, name)(1), getattr(each, name)(0), getattr(each, name)(axis=-1)]
        return made

    def wrong(x: Any, y: Any) -> Any:
        told: list[Any] = []
        for axis in True, 1.0, np.int64(1), 2, -3:
            try:
                told.append(reduced(x + y, axis))
            except (TypeError, ValueError, IndexError) as error:
                told.append((type(error).__name__, str(error)))
        for options in ({"axis": True}, {"axis": 1.0}, {"axis": 2}, {"axis": 1, "keepdims": 1}, {"axes": 1}):
            try:
                told.append(reduced(x + y, **options))
            except (TypeError, ValueError) as error:
                told.append((type(error).__name__, str(error)))
        return told

    for dtype in "dfl":
        arrays: list[Any] = [
            wide[:, :299].astype(dtype),
            wide.astype(dtype)[:, ::2],
            wide.astype(dtype)[:, :299],
        ]
        arrays.append(np.asfortranarray(arrays[0]))
        for _ in range(2):
            for x in arrays:
                assert differences(program, [x, np.ones_like(x)]) == {}
        assert differences(wrong, [arrays[0], np.ones_like(arrays[0])]) == {}


@pytest.mark.parametrize("dtype", ["f", "d"])
def test_views_of_one_shape_are_taken_as_numpy_takes_them(dtype: str) -> None:
    wide = np.random.default_rng(0).standard_normal((70, 140)).astype(dtype)
    views = [wide[:, :70].copy(), wide[:, ::2], wide[:, 70:], wide[:, ::2].T, wide[:, ::2][::-1]]
    views += [np.broadcast_to(each, (70, 70)) for each in (wide[0, :70], wide[:, :1], wide[:1, :1])]
    views.append(np.lib.stride_tricks.sliding_window_view(wide.ravel()[:139], 70))

    def program(x: Any, y: Any) -> Any:
        made = [x.round(2), np.round(x, 1), x.round(-1), np.around(x, decimals=2), x.round(), x.sum(axis=-1)]
        made += [x.mean(axis=1), x.max(1), x.sum(axis=0), x.std(axis=0), np.argmin(x, axis=1)]
        return [*made, x.any(1), x.var(axis=1, keepdims=True), np.linalg.norm(x, axis=1), (x + y).sum(1)]

    for _ in range(2):
        for x in views:
            assert differences(program, [x, x]) == {}


def test_reductions_after_reductions() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((70, 80, 90))

    def program(x: Any, y: Any) -> Any:
        rows = x.sum(axis=-1)
        kept = (x + y).max(axis=-1, keepdims=True)
        made = [rows, kept, rows.sum(axis=-1), rows.mean(axis=0), kept.mean(axis=1), x - kept, kept * 2]
        made += [rows * 3.0, rows - kept[..., 0], np.sqrt(np.abs(rows)) + rows, rows.var(axis=-1)]
        made += [np.exp(x - kept) / rows[..., None], (x * y).mean(axis=(0, 1)), (x - y).std(axis=0)]
        rows += 1.0
        rows *= rows
        return [*made, rows, x.mean(axis=-1, keepdims=True) - rows[..., None]]

    for _ in range(3):
        assert differences(program, [x, x[::-1].copy()]) == {}


def test_each_of_like_reductions_tells_of_its_errors() -> None:
    x = np.full((211, 199), 1e308)

    def program(x: Any, y: Any) -> Any:
        made = [(x + 0.0).mean(axis=1), (y + 0.0).mean(axis=1), x.sum(axis=1), y.sum(axis=1), x.var(axis=1)]
        with np.errstate(over="ignore"):
            made += [x.mean(axis=1), (x + y).mean(axis=1)]
        return [*made, np.mean(x.astype("f"), axis=1, keepdims=True), np.mean(y, axis=1, keepdims=True)]

    def raises(x: Any, y: Any) -> Any:
        x = x + 0.0
        with np.errstate(all="raise"):
            return x.mean(axis=1)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        for _ in range(3):
            assert differences(program, [x, x.copy()]) == {}
        for _ in range(2):
            with pytest.raises(FloatingPointError, match="overflow encountered in reduce"):
                tm.fuse(raises)(x, x)
