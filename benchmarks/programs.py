"""How fast are whole functions of NumPy arrays, fused, beside NumPy, numexpr, numba, blosc2 and JAX?

The kernels are those that such tools are shown with: stencils, formulas, reductions, softmax, option prices.
Each is written as NumPy code, and fused as it stands. numexpr gets its five formulas in its own language;
numba compiles the function, in parallel and with fastmath, which is not bound to NumPy's bits. blosc2.jit
and JAX (64-bit, all cores) give new arrays, as they take no out.
"""

import gc
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

import threadmill as tm
from threadmill.fusion.one_call import run_fused

from . import peers
from .arrays import default_pool_of
from .harness import Call, Measure, Plan, Row, compare, mean_of, row, summary, timed

__all__ = ["FORMULAS", "KERNELS", "run", "uniform"]

Maker = Callable[[int], tuple[Any, ...]]


# ---- formulas: into an out, as numexpr and numba are given one ----


def linear(a, b, out):
    np.add(2 * a, 3 * b, out)


def binomial(a, b, out):
    np.add(a**2 + b**2, 2 * a * b, out)


def length(a, b, out):
    np.sqrt(a**2 + b**2, out)


def waves(a, b, out):
    np.add(np.sin(a) ** 2, np.cos(b), out)


def decay(a, b, c, out):
    np.divide(np.exp(-a) * np.log(b + 1), c + 1, out)


FORMULAS = {
    linear: "2*a + 3*b",
    binomial: "a**2 + b**2 + 2*a*b",
    length: "sqrt(a**2 + b**2)",
    waves: "sin(a)**2 + cos(b)",
    decay: "exp(-a)*log(b + 1)/(c + 1)",
}


# ---- kernels ----


def quadratic(a, b, c):
    return (-b + np.sqrt(b**2 - 4 * a * c)) / (2 * a)


def jacobi_2d(a, b):
    for x, y in (a, b), (b, a):
        y[1:-1, 1:-1] = 0.2 * (x[1:-1, 1:-1] + x[1:-1, :-2] + x[1:-1, 2:] + x[2:, 1:-1] + x[:-2, 1:-1])


def heat_3d(a, b):
    for x, y in (a, b), (b, a):
        inner = x[1:-1, 1:-1, 1:-1]
        y[1:-1, 1:-1, 1:-1] = (
            0.125 * (x[2:, 1:-1, 1:-1] - 2.0 * inner + x[:-2, 1:-1, 1:-1])
            + 0.125 * (x[1:-1, 2:, 1:-1] - 2.0 * inner + x[1:-1, :-2, 1:-1])
            + 0.125 * (x[1:-1, 1:-1, 2:] - 2.0 * inner + x[1:-1, 1:-1, :-2])
            + inner
        )


def fdtd_2d(ex, ey, hz):
    for t in range(3):
        ey[0, :] = t
        ey[1:, :] -= 0.5 * (hz[1:, :] - hz[:-1, :])
        ex[:, 1:] -= 0.5 * (hz[:, 1:] - hz[:, :-1])
        hz[:-1, :-1] -= 0.7 * (ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1])


def softmax(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def variance(x):
    return x.var()


def distance(x, y):
    return np.sqrt(np.sum((x - y) ** 2))


def integer_clip(x, y):
    return np.clip(x, 2, 10) * 4 + y * 3 + 9


def black_scholes(price, strike, t):
    a, b = np.log(price / strike), t * -0.05
    z = t * 0.08
    c = 0.25 * z
    y = 1 / np.sqrt(z)
    d1 = 0.5 + 0.5 * np.tanh((a - b + c) * y)
    d2 = 0.5 + 0.5 * np.tanh((a - b - c) * y)
    call = price * d1 - np.exp(b) * strike * d2
    return call, call - price + np.exp(b) * strike


def equation_of_state(s, t, p):
    """Some hundred operations, of the shape that ocean models have: polynomials in three variables."""
    root, total = np.sqrt(s), 0.0
    for k in range(8):
        inner = 1e-3 * (k + 1) + t * (1e-4 + t * (-1e-5 * k + t * (1e-6 + 1e-8 * t)))
        total = total + inner * root * (1 + 1e-4 * k * p)
    return total / (1 + p * (1e-5 + s * 1e-7))


def uniform(count: int, dtype: Any = np.float64) -> Maker:
    def make(*shape: int) -> tuple[Any, ...]:
        rng = np.random.default_rng(0)
        return tuple(rng.uniform(1, 2, shape).astype(dtype) for _ in range(count))

    return make


def _integers(size: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(0)
    return tuple(rng.integers(0, 20, size) for _ in range(2))


def _roots(size: int) -> tuple[Any, ...]:
    a, b, c = uniform(3)(size)  # type: ignore[call-arg]
    return a, b + 10, c


# Kernels, what makes their arguments, their shapes and how many times NumPy's speed is wanted.
KERNELS: list[tuple[Any, Any, tuple[int, ...], float]] = [
    (quadratic, _roots, (10**7,), 4.5),
    (quadratic, _roots, (10**6,), 3.0),
    (quadratic, _roots, (10**5,), 1.5),
    (jacobi_2d, uniform(2), (2800, 2800), 6.0),
    (jacobi_2d, uniform(2), (700, 700), 4.0),
    (heat_3d, uniform(2), (120, 120, 120), 4.0),
    (fdtd_2d, uniform(3), (1000, 1200), 2.5),
    (softmax, uniform(1, np.float32), (2000, 4000), 2.5),
    (variance, uniform(1), (2 * 10**7,), 4.0),
    (distance, uniform(2), (2 * 10**7,), 4.0),
    (integer_clip, _integers, (10**7,), 2.5),
    (black_scholes, uniform(3), (4 * 10**6,), 1.5),
    (equation_of_state, uniform(3), (4 * 10**6,), 4.0),
]


def run(plan: Plan) -> Iterator[Row | str]:
    with default_pool_of(plan.threads):
        formulas = []
        for function, text in FORMULAS.items():
            rows = _formula(plan, function, text)
            formulas += rows
            yield from rows
        for peer, target in {"numexpr": 1.4, "numba": 1.0}.items():
            yield from mean_of(plan, "formulas", formulas, peer, target)
        for kernel, make, shape, target in KERNELS:
            yield from _kernel(plan, kernel, make(*_smaller(plan, shape)), target)
        yield from _first_call(plan)
        yield from _small(plan)
        yield from _recording(plan)


def _smaller(plan: Plan, shape: tuple[int, ...]) -> tuple[int, ...]:
    if not plan.smoke:
        return shape
    return tuple(min(length, {1: 70_000, 2: 270, 3: 41}[len(shape)]) for length in shape)


def _formula(plan: Plan, function: Callable[..., None], text: str) -> list[Row]:
    (size,) = _smaller(plan, (2 * 10**7,))
    arguments = uniform(function.__code__.co_argcount - 1)(size)  # type: ignore[call-arg]
    out = np.empty(size)
    calls: dict[str, Call] = {
        "threadmill": partial(tm.fuse(function), *arguments, out),
        "NumPy": partial(function, *arguments, out),
    }
    if numexpr := peers.numexpr(plan.threads):
        names = dict(zip("abc", arguments, strict=False))
        calls["numexpr"] = partial(numexpr.evaluate, text, local_dict=names, out=out)
    if compiled := peers.numba_function(plan.threads, function):
        calls["numba"] = partial(compiled, *arguments, out)
    if formula := peers.blosc2_formula(plan.threads, text, len(arguments)):
        calls["blosc2"] = partial(formula, *arguments)
    if compiled := peers.jax_formula(text, arguments):
        calls["JAX"] = compiled
    targets = {"numexpr": 0.95}
    return compare(plan, f"{text} {size:,}", calls, targets=targets, nbytes=8 * size * (len(arguments) + 1))


def _kernel(plan: Plan, kernel: Callable[..., Any], arguments: tuple[Any, ...], target: float) -> list[Row]:
    calls: dict[str, Call] = {
        "threadmill": partial(tm.fuse(kernel), *arguments),
        "NumPy": partial(kernel, *arguments),
    }
    x = arguments[0]
    what = f"{kernel.__name__} {' x '.join(map('{:,}'.format, x.shape))} {x.dtype}"
    return compare(plan, what, calls, targets={"NumPy": target})


def _first_call(plan: Plan) -> Iterator[Row | str]:
    """The first call of a structure that has not been met, 30 operations of it."""

    def chain(x: Any, start: int) -> Any:
        for k in range(30):
            x = x + 1 if start >> (k % 16) & 1 else x * 0.5
        return x

    x = np.linspace(0, 1, 80_000)
    fused = tm.fuse(chain)
    fused(x, 0)
    first, again = [], []
    for start in range(1, 10):
        first.append(timed(partial(fused, x, start), 1))
        again.append(timed(partial(fused, x, start), 1))
    what = "30 operations for the first time, 80,000 float64"
    yield row(plan, what, first, Measure.EXCESS, peer="again", theirs=again, target=2e-3)


def _small(plan: Plan) -> Iterator[Row | str]:
    """What a call costs that is not fused, and an operation that is put off."""
    x = np.ones(100)
    fused = tm.fuse(lambda x: x)
    yield from compare(
        plan,
        "a call of 100 numbers",
        {"threadmill": partial(fused, x), "NumPy": partial(lambda x: x, x)},
        how=Measure.EXCESS,
        targets={"NumPy": 1e-6},
    )
    large = np.ones(80_000)

    def chained(operations: int) -> Any:
        def chain(x: Any) -> Any:
            for _ in range(operations):
                x = x + 1
            return x

        return tm.fuse(chain)

    few, many = chained(10), chained(60)
    costs = []
    for _ in range(plan.rounds[0]):
        short = summary([timed(partial(few, large), 1) for _ in range(20)]).p10
        costs.append((summary([timed(partial(many, large), 1) for _ in range(20)]).p10 - short) / 50)
    note = "the operation itself, on 80,000 numbers, among it"
    yield row(plan, "an operation that is put off", costs, Measure.SECONDS, note=note)


def _in_place(x: Any) -> None:
    x += 1.0


# Of a million numbers, so that the call is worth while; `mask` and `made` are put off before.
RECORDED: dict[str, Callable[..., Any]] = {
    "x + x": lambda x, *_: x + x,
    "x * 2.0": lambda x, *_: x * 2.0,
    "2.0 * x": lambda x, *_: 2.0 * x,
    "np.sqrt(x)": lambda x, *_: np.sqrt(x),
    "np.abs(x)": lambda x, *_: np.abs(x),
    "np.add(x, x)": lambda x, *_: np.add(x, x),
    "np.maximum(x, 0)": lambda x, *_: np.maximum(x, 0),
    "x ** 2": lambda x, *_: x**2,
    "x ** 3": lambda x, *_: x**3,
    "made += 1.0": lambda _x, _mask, made: _in_place(made),
    "np.add(x, x, out=made)": lambda x, _mask, made: np.add(x, x, out=made),
    "x.astype(np.float32)": lambda x, *_: x.astype(np.float32),
    "x.copy()": lambda x, *_: x.copy(),
    "x.clip(0, 1)": lambda x, *_: x.clip(0, 1),
    "np.clip(x, 0, 1)": lambda x, *_: np.clip(x, 0, 1),
    "np.where(mask, x, 0.0)": lambda x, mask, _made: np.where(mask, x, 0.0),
    "x ** x": lambda x, *_: x**x,
    "np.zeros_like(x)": lambda x, *_: np.zeros_like(x),
    "x.sum(axis=-1)": lambda x, *_: x.sum(axis=-1),
    "made.mean(axis=0)": lambda _x, _mask, made: made.mean(axis=0),
    "x[1:-1, :-2]": lambda x, *_: x[1:-1, :-2],
}

# Those that are several operations.
SEVERAL = {"made.mean(axis=0)": 2}


def _recording(plan: Plan) -> Iterator[Row | str]:
    """What Python does while an operation is put off, or a view is made.

    The garbage collector comes after some hundred operations, whichever that is: it is off, and has a row.
    """

    def recorded(x: Any, operation: Callable[..., Any], times: int) -> float:
        arguments = x, x > 0.5, x + 1.0
        empty = timed(partial(lambda *_: None, *arguments), times)
        return (timed(partial(operation, *arguments), times) - empty) / times

    def fused(*args: Any) -> float:  # never as it is, whichever way is the quicker one
        return float(run_fused(tm.default_pool(), recorded, args, {}))

    x = np.ones((1000, 1000))
    was_on = gc.isenabled()
    gc.disable()
    try:
        for what, operation in RECORDED.items():
            costs = [summary([fused(x, operation, 25) for _ in range(5)]).p10 for _ in range(plan.rounds[0])]
            target = 1.5e-6 * SEVERAL.get(what, 1)
            yield row(plan, f"recording {what}", costs, Measure.SECONDS, target=target)
    finally:
        if was_on:
            gc.enable()
    # So many operations stay put off until the function returns.
    costs = [
        summary([fused(x, RECORDED["x + x"], 250) for _ in range(5)]).median for _ in range(plan.rounds[0])
    ]
    note = "with the collector's part"
    yield row(plan, "recording x + x, 250 times", costs, Measure.SECONDS, target=1.5e-6, note=note)
