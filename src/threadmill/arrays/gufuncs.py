"""A call of a gufunc, such as np.vecdot: it loops over sub-arrays, and these are shared out.

The walk goes over the outer dimensions; of the core dimensions the loop is told the sizes and the strides.
"""

import math
import re
from typing import Any

import numpy as np

from .._types import Array
from . import programs
from .elementwise import ArrayPlan, Call
from .layout import is_plain
from .loops import Loop, LoopCache, find_loop
from .refusal import Refusal
from .spaces import Space, Walk

__all__ = ["prepare"]

# These call a BLAS, which has threads of its own, for floats and complex numbers.
_BY_BLAS = frozenset({"matmul", "matvec", "vecmat"})
_OF_BLAS = "fdFD"

# From such a core dimension on, a BLAS that a loop calls may use threads of its own.
_BLAS_THREADS = 8192


def prepare(
    ufunc: np.ufunc, loops: LoopCache, args: tuple[Any, ...], options: dict[str, Any]
) -> Call | Refusal:
    """The call ``ufunc(*args)``."""
    if options or len(args) != ufunc.nin:
        return Refusal("operands other than plain arrays, or options, are for NumPy")
    if not all(is_plain(x) and (x.flags.c_contiguous or ufunc is np.matmul) for x in args):
        return Refusal("an operand is no plain contiguous aligned native array of numbers")
    given = (*[x.dtype for x in args], *[None] * ufunc.nout)
    loop = find_loop(ufunc, loops, given)
    if isinstance(loop, Refusal):
        return loop
    if any(x.dtype != dtype for x, dtype in zip(args, loop.dtypes, strict=False)):
        return Refusal("an operand is of another dtype than the loop's")
    if ufunc.__name__ in _BY_BLAS and loop.dtypes[0].char in _OF_BLAS:
        return Refusal("it calls a BLAS, which has threads of its own")
    if ufunc is np.matmul:
        return _product(loop, *args)
    cores = [re.findall(r"[^\s,]+", core) for core in re.findall(r"\(([^)]*)\)", loop.ufunc.signature or "")]
    return _lay_out(loop, args, cores)


def _product(loop: Loop, a: Array, b: Array) -> Call | Refusal:
    """Of one matrix by another, each row is one in a stack."""
    if a.ndim != 2 or b.ndim != 2 or not loop.dtypes[0] == loop.dtypes[1] == loop.dtypes[2]:
        return Refusal("it is no product of two matrices")
    result = np.empty((len(a), b.shape[1]), loop.dtypes[2])
    call = _lay_out(loop, (a[:, None], b), [["n", "k"], ["k", "m"], ["n", "m"]], [result[:, None]])
    return call if isinstance(call, Refusal) else Call(call.plan, call.walk, (result,))


def _lay_out(
    loop: Loop, args: tuple[Array, ...], cores: list[list[str]], given: list[Array] | None = None
) -> Call | Refusal:
    sizes = _sizes(cores, args)
    if sizes is None:
        return Refusal("its core dimensions are not all plain ones that the operands have")
    if loop.dtypes[0].char in _OF_BLAS and any(size > _BLAS_THREADS for size in sizes.values()):
        return Refusal("its loop may call a BLAS, which has threads of its own")
    try:
        outer = np.broadcast_shapes(
            *(x.shape[: x.ndim - len(core)] for x, core in zip(args, cores, strict=False))
        )
    except ValueError:
        return Refusal("the operands don't go together")
    if not math.prod(outer) or not outer or 0 in sizes.values():
        return Refusal("there is nothing to share", by_size=True)
    shapes = [outer + tuple(sizes[name] for name in core) for core in cores]
    inputs = [np.broadcast_to(x, shape) for x, shape in zip(args, shapes, strict=False)]
    results = tuple(given or ()) or tuple(
        np.empty(shape, dtype)
        for shape, dtype in zip(shapes[len(args) :], loop.dtypes[len(args) :], strict=True)
    )
    arrays = [*inputs, *results]
    inner = [stride for x in arrays for stride in x.strides[len(outer) :]]
    strides = [x.strides[: len(outer)] for x in arrays]
    space = Space(outer, strides, core=[*sizes.values(), *inner])
    program = programs.generalized(loop, len(sizes), len(inner))
    weight = max(math.prod(shape) for shape in shapes) // math.prod(outer)
    return Call(ArrayPlan(loop, space, program, weight, is_core=True), Walk(space, arrays), results)


def _sizes(cores: list[list[str]], args: tuple[Array, ...]) -> dict[str, int] | None:
    """The size of each core dimension, in the order in which a loop is told them; None: not that plain."""
    sizes: dict[str, int] = {}
    for core, x in zip(cores, args, strict=False):
        if x.ndim < len(core):
            return None
        for name, size in zip(core, x.shape[x.ndim - len(core) :], strict=True):
            if not name.isidentifier() or sizes.setdefault(name, size) != size:
                return None
    return sizes if all(name in sizes for core in cores for name in core) else None
