"""What ends a pass in a fused function runs as our namespace has it, where that gives what NumPy gives."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit.fuse_compare import differences, everything_is_worth_it
from kit.thresholds import lower_thresholds

import threadmill as tm
from threadmill.fusion.numpys_calls import _STOOD_IN_FOR

EDGES = np.linspace(-2, 2, 9)
ORDER = np.arange(600)[::-1].copy()
CALLS: dict[str, Callable[[Any], Any]] = {
    "sort": lambda x: np.sort(x * 2),
    "argsort": lambda x: np.argsort(x * 2, axis=0, kind="stable"),
    "partition": lambda x: np.partition(x * 2, 3, axis=-1),
    "argpartition": lambda x: np.argpartition(x * 2, 3, axis=0),
    "unique": lambda x: np.unique((x > 0).astype(np.int64).ravel() * 3),
    "searchsorted": lambda x: np.searchsorted(EDGES, x * 2, side="right"),
    "digitize": lambda x: np.digitize(x * 2, EDGES),
    "median": lambda x: np.median(x * 2, axis=-1) + 1,
    "quantile": lambda x: np.quantile(x * 2, 0.3, axis=0, keepdims=True) * x,
    "percentile": lambda x: np.percentile(x * 2, 30.0, axis=-1, method="hazen"),
    "nanmedian": lambda x: np.nanmedian(x * 2, axis=0),
    "nanquantile": lambda x: np.nanquantile(x * 2, 0.3, axis=-1),
    "nanpercentile": lambda x: np.nanpercentile(x * 2, 30, axis=0),
    "nonzero": lambda x: np.nonzero(x > 0),
    "flatnonzero": lambda x: np.flatnonzero(x > 0),
    "argwhere": lambda x: np.argwhere(x > 0),
    "histogram": lambda x: np.histogram(np.clip(x, -1, 1), bins=7),
    "bincount": lambda x: np.bincount((x > 0).ravel().astype(np.intp)),
    "isin": lambda x: np.isin(x * 2, x[0] * 2),
    "interp": lambda x: np.interp(x * 2, EDGES, EDGES**2),
    "take": lambda x: np.take(x * 2, ORDER),
    "take_along_axis": lambda x: np.take_along_axis(x * 2, np.argsort(x, -1), -1),
    "repeat": lambda x: np.repeat(x * 2, 3) - 1,
    "roll": lambda x: np.roll(x * 2, 3, axis=1) + x,
    "tile": lambda x: np.tile(x * 2, (2, 1)),
}
SHAPE = (30, 41)


def values(dtype: str, special: float | None) -> Any:
    x = (np.random.default_rng(0).normal(size=SHAPE) * 3).astype(dtype)
    if special is not None and x.dtype.kind == "f":
        x.flat[::7] = special
        x[:, 5] = special
    return x


@pytest.fixture
def _of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    everything_is_worth_it(monkeypatch)
    lower_thresholds(monkeypatch.setattr)


def test_each_function_is_called_here() -> None:
    assert {function.__name__ for function in _STOOD_IN_FOR} == CALLS.keys()


@pytest.mark.usefixtures("_of_any_size")
@pytest.mark.parametrize("name", CALLS)
def test_results_and_warnings_are_numpys(name: str, pools: list[tm.Pool]) -> None:
    for dtype in "fdi":
        for special in None, np.nan, np.inf, -0.0, np.finfo("f").max:
            for layout in (lambda x: x), np.asfortranarray, lambda x: x[::-1, ::2]:
                x = layout(values(dtype, special))
                for state in "warn", "raise":
                    with np.errstate(all=state):
                        assert not differences(CALLS[name], [x], pools[1]), (dtype, special, state)


@pytest.mark.usefixtures("_of_any_size")
@pytest.mark.parametrize("name", CALLS)
def test_each_runs_on_all_cores(name: str) -> None:
    with tm.report() as seen:
        tm.fuse(CALLS[name])(values("d", None))
    rows = [row for row in seen.rows if row.name == name]
    assert [row.became for row in rows] == ["parallel"]


def test_what_calls_the_users_code_is_numpys() -> None:
    told = tm.fuse(lambda x: np.apply_along_axis(sum, 0, x)).explain(np.ones((300, 300)))  # type: ignore[attr-defined]
    assert "by NumPy: apply_along_axis" in told


def test_a_pass_ends_there() -> None:
    def program(x: Any) -> Any:
        return np.sort(-x) + 1

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told = tm.fuse(program).explain(np.ones(100_000))  # type: ignore[attr-defined]
    line = program.__code__.co_firstlineno + 1
    assert f"ended at line {line}, as sort runs at once" in told
    assert "at once: sort" in told
