"""numba, numexpr, blosc2 and JAX on as many threads as we have; None where they are not installed."""

import functools
import os
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = [
    "NumbaLoops",
    "allow",
    "blosc2_formula",
    "jax_formula",
    "numba_function",
    "numba_layer",
    "numba_loops",
    "numba_ufunc",
    "numexpr",
]

# The functions that formulas call.
_FUNCTIONS = ("cos", "exp", "log", "sin", "sqrt")


@dataclass(frozen=True)
class NumbaLoops:
    """Loops over `prange`, compiled at their first call for each dtype."""

    square: Any
    scale: Any
    sum: Any


def allow(threads: int) -> None:
    """Has the peers start as many threads as will be asked for; before they are imported."""
    os.environ["NUMBA_NUM_THREADS"] = os.environ["NUMEXPR_MAX_THREADS"] = str(threads)


def numba_loops(threads: int) -> NumbaLoops | None:
    try:
        import numba
    except ImportError:
        return None
    loops = _compiled(numba)
    numba.set_num_threads(threads)
    return loops


def numba_function(threads: int, function: Any) -> Any:
    """The function as numba compiles it, for all threads and in arithmetic of its own."""
    try:
        import numba
    except ImportError:
        return None
    numba.set_num_threads(threads)
    return numba.njit(parallel=True, fastmath=True)(function)


def numba_layer() -> str | None:
    """What numba's threads are made with, once it has run a loop."""
    numba = sys.modules.get("numba")
    try:
        return str(numba.threading_layer()) if numba else None
    except ValueError:
        return None


@functools.cache
def _compiled(numba: Any) -> NumbaLoops:
    @numba.njit(parallel=True)
    def square(x: Any, out: Any) -> None:
        for i in numba.prange(x.size):
            out[i] = x[i] * x[i]

    @numba.njit(parallel=True)
    def scale(x: Any, k: Any, out: Any) -> None:
        for i in numba.prange(x.size):
            out[i] = x[i] * k

    # fastmath: a float sum in any order, without NumPy's bits, or it would not use vectors at all.
    @numba.njit(parallel=True, fastmath=True)
    def sum(x: Any) -> Any:
        total = 0
        for i in numba.prange(x.size):
            total += x[i]
        return total

    return NumbaLoops(square, scale, sum)


@functools.cache
def numba_ufunc(threads: int, name: str, dtype: str) -> Any:
    """NumPy's function as numba vectorizes it for all threads; None where that can't be."""
    try:
        import numba
    except ImportError:
        return None
    numba.set_num_threads(threads)
    ufunc = getattr(np, name)
    arguments = ", ".join("xy"[: ufunc.nin])
    scope: dict[str, Any] = {"function": ufunc}
    exec(f"def call({arguments}): return function({arguments})", scope)
    result = "boolean" if name == "less" else dtype
    try:
        signature = f"{result}({', '.join([dtype] * ufunc.nin)})"
        return numba.vectorize([signature], target="parallel")(scope["call"])
    except Exception:
        return None


def blosc2_formula(threads: int, text: str, count: int) -> Any:
    """The formula as blosc2.jit runs it, into a new array of NumPy's."""
    try:
        import blosc2
    except ImportError:
        return None
    blosc2.set_nthreads(threads)
    return blosc2.jit(_formula(text, np, count))


def jax_formula(text: str, arguments: tuple[Any, ...]) -> Any:
    """A call of the formula as JAX compiles it for the processor, on all its cores, into a new array of
    JAX's."""
    try:
        import jax
    except ImportError:
        return None
    jax.config.update("jax_enable_x64", True)
    compiled = jax.jit(_formula(text, jax.numpy, len(arguments)))
    own = [jax.numpy.asarray(x) for x in arguments]
    return lambda: compiled(*own).block_until_ready()


def _formula(text: str, module: Any, count: int) -> Any:
    names = {name: getattr(module, name) for name in _FUNCTIONS}
    return eval(f"lambda {', '.join('abc'[:count])}: {text}", names)


def numexpr(threads: int) -> Any:
    try:
        import numexpr
    except ImportError:
        return None
    numexpr.set_num_threads(threads)
    return numexpr
