"""How fast are the one-liners of analysis scripts through threadmill.numpy, beside NumPy?

A table of 5,000 rows of 1,000 numbers, and 5 million of them in one row; the last row is the geometric mean
of all. "halves" are NumPy's own calls on two halves of the rows at once, by a ThreadPoolExecutor: what the
machine gives to who splits by hand, without putting the halves together.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

import threadmill as tm

from .arrays import default_pool_of
from .harness import Call, Plan, Row, compare, mean_of

__all__ = ["run"]

# Names, the arguments besides the array, and how many times NumPy's speed is wanted.
OF_THE_TABLE: list[tuple[str, dict[str, Any], float]] = [
    *((name, {"axis": axis}, 4.0) for name in ("var", "std") for axis in (0, 1)),
    *((name, {"axis": 1}, 1.4) for name in ("median", "nanmedian", "sort", "argmax", "cumsum")),
    ("quantile", {"q": 0.3, "axis": 1}, 1.4),
    ("diff", {"axis": 1}, 1.3),
    ("average", {"axis": 1}, 1.5),
    ("linalg.norm", {"axis": 1}, 1.8),
    ("asfortranarray", {}, 1.3),
]
OF_THE_ROW: list[tuple[str, dict[str, Any], float]] = [
    *((name, {}, 4.0) for name in ("nanmean", "nanstd", "nansum")),
    ("nan_to_num", {}, 2.0),
    ("diff", {}, 1.3),
    ("clip", {"a_min": -1, "a_max": 1}, 1.3),
    ("sort", {}, 1.2),
    ("argsort", {"kind": "stable"}, 1.2),
    ("median", {}, 1.2),
    ("quantile", {"q": 0.3}, 1.4),
    ("nanquantile", {"q": 0.3}, 1.4),
    ("count_nonzero", {}, 1.3),
    ("histogram", {"bins": 100}, 1.3),
    ("cumsum", {}, 1.0),
]


def run(plan: Plan) -> Iterator[Row | str]:
    side = (300, 100) if plan.smoke else (5000, 1000)
    rng = np.random.default_rng(0)
    table = rng.normal(size=side)
    x = table.ravel().copy()
    y = x * (1 + 1e-9)
    indices = rng.integers(0, x.size, x.size)
    integers = rng.integers(0, 100, x.size)
    edges = np.linspace(-3, 3, 50)
    square = rng.integers(0, 9, (40, 40) if plan.smoke else (700, 700))
    others: list[tuple[str, Callable[[Any], Any], float]] = [
        ("isclose", lambda np: np.isclose(x, y), 3.0),
        ("allclose", lambda np: np.allclose(x, y), 3.0),
        ("where", lambda np: np.where(x > 0, x, y), 1.3),
        ("take", lambda np: np.take(x, indices), 1.3),
        ("compress", lambda np: np.compress(x > 0, x), 1.3),
        ("astype float32", lambda np: np.astype(x, "f4"), 1.3),
        ("copy", lambda np: np.copy(x), 1.0),
        ("concatenate", lambda np: np.concatenate((x, y)), 1.0),
        ("nonzero", lambda np: np.nonzero(integers), 1.3),
        ("unique integers", lambda np: np.unique(integers), 1.2),
        ("bincount", lambda np: np.bincount(integers), 1.3),
        ("searchsorted", lambda np: np.searchsorted(edges, x), 1.3),
        ("digitize", lambda np: np.digitize(x, edges), 1.3),
        ("interp", lambda np: np.interp(x, edges, edges), 1.3),
        ("isin", lambda np: np.isin(integers, edges), 1.0),
        (
            "matmul integers",
            lambda np: square @ square if np is not tm.numpy else np.matmul(square, square),
            1.3,
        ),
        ("fft.rfft rows", lambda np: np.fft.rfft(table), 1.0),
        ("mean axis 0", lambda np: np.mean(table, axis=0), 1.0),
    ]
    done = []
    with default_pool_of(plan.threads):
        for each in _rows(plan, table, x, others):
            done.append(each)
            yield each
    yield from mean_of(plan, "all", done, "NumPy", 1.8)


def _rows(
    plan: Plan, table: Any, x: Any, others: list[tuple[str, Callable[[Any], Any], float]]
) -> Iterator[Row]:
    brief = replace(plan, brief=True)
    half = len(table) // 2
    for name, options, target in OF_THE_TABLE:
        halves = [table[:half], table[half:]] if options.get("axis") == 1 else None
        yield from _row(brief, f"{name} {_told(options)} 5,000 x 1,000", name, table, options, target, halves)
    for name, options, target in OF_THE_ROW:
        yield from _row(brief, f"{name} {_told(options)} 5,000,000", name, x, options, target, None)
    for what, call, target in others:
        calls = {"threadmill": partial(call, tm.numpy), "NumPy": partial(call, np)}
        yield from compare(brief, what, calls, targets={"NumPy": target})


def _row(plan: Plan, what: str, name: str, x: Any, options: Any, target: float, halves: Any) -> list[Row]:
    ours, numpys = _found(tm.numpy, name), _found(np, name)
    calls: dict[str, Call] = {
        "threadmill": partial(ours, x, **options),
        "NumPy": partial(numpys, x, **options),
    }
    with ThreadPoolExecutor(2) as pool:
        if halves is not None:
            calls["halves"] = lambda: list(pool.map(lambda part: numpys(part, **options), halves))
        return compare(plan, what, calls, targets={"NumPy": target})


def _found(module: Any, name: str) -> Any:
    for part in name.split("."):
        module = getattr(module, part)
    return module


def _told(options: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in options.items())
