"""The quick way of an element-wise call: contiguous arrays of one shape, all in C or all in Fortran order.

Such a call depends on nothing but its operands' dtypes and their places. Its plan is made from these alone
and kept; a call then looks at the shapes and flags of its arrays, and at nothing else.
"""

from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from .._native.fresh import FEW, empty
from .._native.memory import any_shared
from .._native.programs import MAX_OPERANDS, cast_loop, run_dense, start_of
from .._native.status import OVERLAP
from .._types import Array
from . import programs
from .cache import Cache
from .errstate import report_flags
from .layout import ALIGNED, C_CONTIGUOUS, F_CONTIGUOUS, WARNS_OF_WRITES, WRITEABLE
from .loops import Loop, LoopCache, find_loop
from .operands import NUMBERS, OUT_BY_KEYWORD, PYTHON_NUMBERS, as_loop_number
from .plan import Plan
from .refusal import Refusal

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["NOT_DENSE", "DensePlan", "PlanCache", "dense_plan", "is_dense"]

# What the plan of a dense call depends on, argument by argument: id(dtype) of an array, the type of anything
# else. The last entry is what `out=` gives, so that the place of each argument shows.
DenseKey: TypeAlias = tuple[int | type, ...]

# Bits of an array's flags: those of an operand, and those that tell of an output.
_DENSE, _DENSE_IN_F = C_CONTIGUOUS | ALIGNED, F_CONTIGUOUS | ALIGNED
_WRITTEN = WRITEABLE | WARNS_OF_WRITES

NOT_DENSE = Refusal("its operands are not all contiguous arrays of one shape")


class DensePlan(Plan):
    """A loop and its programs for contiguous arrays of certain dtypes, of any one shape, and for numbers."""

    __slots__ = (
        *("_block", "_dtypes", "_floats", "_fresh", "_given", "_keeps_flags", "_name", "_nin", "_reports"),
        "_results",
    )

    def __init__(self, loop: Loop, dtypes: list[np.dtype[Any]], strides: list[int]) -> None:
        self.loop, self.shape, self.split, self.grain = loop, (), 0, 1  # each call has its own
        nin = self._nin = loop.ufunc.nin
        self._block = np.getbufsize() if tuple(dtypes) != loop.dtypes else 0
        self._floats = self._block != 0 and programs.converts_floats(loop, dtypes)
        self._dtypes, self._results = loop.dtypes, dtypes[nin:]
        self._name, self._reports = loop.ufunc.__name__, loop.strided.reports or self._floats
        self._keeps_flags = loop.name in programs.KEEP_FLAGS
        self._fresh = programs.dense(loop, dtypes, strides, True)  # for results in memory just allocated
        self._given = programs.dense(loop, dtypes, strides, False)

    def run(self, pool: "CData", args: tuple[Any, ...], out: Array | None) -> Any:
        """What the ufunc returns; a Refusal for arrays that are not dense after all."""
        if len(args) > self._nin:
            *args, out = args  # type: ignore[assignment]
        shape: tuple[int, ...] | None = None
        dense = _DENSE
        data: list[CData] = []
        for x in args:
            if type(x) is not np.ndarray:
                x = as_loop_number(x, self._dtypes[len(data)])
                if x is None:
                    return NOT_DENSE
            else:
                flags = x.flags.num
                if shape is None:
                    shape = x.shape
                    if not flags & C_CONTIGUOUS:
                        dense = _DENSE_IN_F
                elif x.shape != shape:
                    return NOT_DENSE
                if flags & dense != dense:
                    return NOT_DENSE
                if dense is _DENSE_IN_F:
                    x = x.T
            data.append(start_of(x))
        if not shape or 1 in shape or (self._block and self._is_converted_apart(shape)):
            return NOT_DENSE
        program = self._given
        if out is None:
            order: Any = "C" if dense is _DENSE else "F"
            make = np.empty if prod(shape) < FEW else empty  # a call saved
            results = [make(shape, dtype, order) for dtype in self._results]
            program = self._fresh
        elif out.shape == shape and out.flags.num & (dense | _WRITTEN) == dense | WRITEABLE:
            results = [out]
        else:
            return NOT_DENSE
        shared = self._floats and any_shared([x for x in args if type(x) is np.ndarray], results)
        if shared and not self._keeps_flags:
            return NOT_DENSE
        data += map(start_of, results if dense is _DENSE else [result.T for result in results])
        status = run_dense(pool, program, results[0].size, data, len(data))
        if status:
            if status == OVERLAP:
                return NOT_DENSE
            if self._floats and not shared:
                return NOT_DENSE  # NumPy's flags may be others, as elementwise.py says
            report_flags(status, self._name, self._reports)
        return results[0] if len(results) == 1 else tuple(results)

    def _is_converted_apart(self, shape: tuple[int, ...]) -> bool:
        """Whether NumPy converts operands before it begins, or in other blocks than the plan."""
        block = np.getbufsize()
        return block != self._block or (self._floats and len(shape) == 1 and shape[0] <= block)


# Plans, or why there is none: for the dtypes that NumPy itself holds, which live as long as the process, so
# that no other can have such an id. They keep loops and programs alive, and no array. Any thread may write.
PlanCache: TypeAlias = Cache[DenseKey, DensePlan | Refusal]


def dense_plan(
    ufunc: np.ufunc, plans: PlanCache, found: LoopCache, args: tuple[Any, ...], out: Any
) -> DensePlan | Refusal:
    """The plan for such a call, which is then kept; arrays from a pickle have dtypes equal to NumPy's own."""
    operands = (*args, out)
    kinds = [_kind(x) for x in operands]
    if any(kind is NotImplemented for kind in kinds):
        return NOT_DENSE
    key = tuple(
        id(kind) if type(x) is np.ndarray else type(x) for x, kind in zip(operands, kinds, strict=True)
    )
    plan = plans.get(key)
    return plans.put(key, _new_plan(ufunc, found, kinds)) if plan is None else plan


def is_dense(
    ufunc: np.ufunc, plans: PlanCache, found: LoopCache, args: tuple[Any, ...], options: dict[str, Any]
) -> bool:
    """Whether a call goes the quick way, as far as its arrays are concerned."""
    given = [x for x in (*args, options.get("out")) if type(x) is np.ndarray]
    if options.keys() - {"out"} or len({x.shape for x in given}) != 1 or 1 in given[0].shape:
        return False
    in_c, in_f = ([getattr(x.flags, order) for x in given] for order in ("c_contiguous", "f_contiguous"))
    plan = dense_plan(ufunc, plans, found, args, options.get("out"))
    return (all(in_c) or all(in_f)) and not isinstance(plan, Refusal)


def _kind(x: Any) -> Any:
    """An array's dtype, as NumPy itself holds it; a number's type; None; NotImplemented for anything else."""
    kind = type(x)
    if kind is not np.ndarray:
        return None if x is None else kind if kind in NUMBERS else NotImplemented
    dtype = x.dtype
    if dtype.kind not in "biufc" or not dtype.isnative or dtype.metadata is not None:
        return NotImplemented
    return np.dtype(dtype.char)


def _new_plan(ufunc: np.ufunc, found: LoopCache, kinds: list[Any]) -> DensePlan | Refusal:
    nin, nout = ufunc.nin, ufunc.nout
    *given, out = kinds
    if len(given) == nin + 1 and nout == 1 and out is None and ufunc not in OUT_BY_KEYWORD:
        out = given.pop()
    if (
        len(given) != nin
        or any(kind is None for kind in given)
        or isinstance(out, type)
        or (out is not None and nout > 1)
    ):
        return NOT_DENSE
    if ufunc.signature is not None or ufunc.nargs > MAX_OPERANDS:
        return NOT_DENSE
    weak = [kind in PYTHON_NUMBERS for kind in given]
    asked = [kind if each else np.dtype(kind) for kind, each in zip(given, weak, strict=True)]
    loop = find_loop(ufunc, found, (*asked, out, *[None] * (nout - 1)))
    if isinstance(loop, Refusal):
        return loop
    own = [dtype if each else kind for kind, each, dtype in zip(asked, weak, loop.dtypes, strict=False)]
    own += loop.dtypes[nin:] if out is None else [out]
    dense = [isinstance(kind, np.dtype) for kind in given] + [True] * nout
    if not _can_run(loop, own, dense):
        return NOT_DENSE
    return DensePlan(loop, own, [dtype.itemsize * each for dtype, each in zip(own, dense, strict=True)])


def _can_run(loop: Loop, own: list[np.dtype[Any]], dense: list[bool]) -> bool:
    """Whether the loop does for operands of these dtypes what NumPy's call does, whatever their values."""
    if any(dtype.kind not in "biufc" for dtype in loop.dtypes):
        return False
    if loop.ufunc is np.power and loop.dtypes[1].kind == "i":
        return False  # a negative exponent is an error
    for k, (mine, dtype, is_array) in enumerate(zip(own, loop.dtypes, dense, strict=True)):
        ends = (mine.char, dtype.char) if k < loop.ufunc.nin else (dtype.char, mine.char)
        if mine != dtype and not (is_array and cast_loop(*ends)):
            return False
    return True
