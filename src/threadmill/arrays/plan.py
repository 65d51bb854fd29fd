"""The quick way of an element-wise call: contiguous arrays of one shape, whose dtypes have been met before.

What elementwise.py finds out about a call for the first time is kept as a plan for all calls of the same
dtypes; such a call only has to look at its arrays' shapes and flags.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from .._native.programs import dense_program, run_dense, start_of
from .._native.status import OVERLAP, check
from .._types import Array
from . import programs
from .cache import Cache
from .errstate import report
from .layout import ALIGNED, C_CONTIGUOUS, WARNS_OF_WRITES, WRITEABLE
from .loops import Loop
from .operands import PYTHON_NUMBERS, as_loop_number

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["Plan", "key_of", "plan_for"]


# Plans by `key_of`: for the dtypes that NumPy itself holds, so that no other can come to have such an id. A
# plan keeps its loop and its programs alive, and no array. Any thread may write.
PlanCache = Cache[tuple[Any, ...], "Plan"]
MOST_PLANS = 256


def key_of(args: tuple[Any, ...], out: Any) -> tuple[Any, ...]:
    """What a plan depends on: of each argument its place and the very dtype, or the type of what is no array.

    `out` is what the keyword gives; its place is the last, and always there. Dtypes are told apart by
    identity: equal ones may differ in their metadata, or be `long` and `long long`.
    """
    key = [id(x.dtype) if type(x) is np.ndarray else type(x) for x in args]
    key.append(id(out.dtype) if type(out) is np.ndarray else type(out))
    return tuple(key)


def key_of_equals(args: tuple[Any, ...], out: Any) -> tuple[Any, ...]:
    """`key_of` the dtypes that NumPy itself holds, where equals are given, as in arrays that were pickled."""
    return tuple([_place_of(x) for x in (*args, out)])


def _place_of(x: Any) -> Any:
    if type(x) is not np.ndarray:
        return type(x)
    dtype = x.dtype
    return id(np.dtype(dtype.char) if dtype.isnative and dtype.metadata is None else dtype)


class Plan:
    """A loop and its programs for dense operands of certain dtypes."""

    __slots__ = ("_block", "_loop", "_nin", "_plain", "_results", "_streaming")

    def __init__(self, loop: Loop, operands: tuple[Any, ...], out: Array | None) -> None:
        """`operands` and `out` are those of the first such call."""
        self._nin = nin = loop.ufunc.nin
        dtypes = list(loop.dtypes)
        for k, x in enumerate(operands):
            if type(x) is np.ndarray:
                dtypes[k] = x.dtype
        if out is not None:
            dtypes[nin] = out.dtype
        dense = [k >= nin or type(operands[k]) is np.ndarray for k in range(len(dtypes))]
        strides = [dtype.itemsize if each else 0 for dtype, each in zip(dtypes, dense, strict=True)]
        self._loop = loop
        self._results = dtypes[nin:]
        self._block = np.getbufsize() if tuple(dtypes) != loop.dtypes else 0
        plain = [False for _ in dtypes]
        streams = [k >= nin and programs.may_stream(loop) for k in range(len(dtypes))]
        self._plain, self._streaming = (
            dense_program(programs.elementwise(loop, dtypes, strides, each, False), nin, strides)
            for each in (plain, streams)
        )

    def run(self, args: tuple[Any, ...], out: Any, pool: "CData") -> Any:
        """What the ufunc returns; NotImplemented for arrays that are not that plain after all."""
        if len(args) > self._nin:
            *args, out = args  # type: ignore[assignment]
        shape = None
        data: list[CData] = []
        for x in args:
            if type(x) is not np.ndarray:
                x = as_loop_number(x, self._loop.dtypes[len(data)])
                if x is None:
                    return NotImplemented
            else:
                if x.flags.num & DENSE != DENSE:
                    return NotImplemented
                if shape is None:
                    shape = x.shape
                elif x.shape != shape:
                    return NotImplemented
            data.append(start_of(x))
        if not shape or 1 in shape or (self._block and self._block != np.getbufsize()):
            return NotImplemented
        streaming = self._streaming
        if out is None:
            results = [np.empty(shape, dtype) for dtype in self._results]
            streaming = self._plain  # see TM_FRESH_OUT
        elif out.shape == shape and out.flags.num & DENSE_TARGET == DENSE | WRITEABLE:
            results = [out]
        else:
            return NotImplemented
        data += [start_of(x) for x in results]
        status = run_dense(pool, self._plain, streaming, results[0].size, data, len(data))
        if status:
            if status == OVERLAP:
                return NotImplemented
            if check(status) and self._loop.strided.reports:
                report(status, self._loop.ufunc.__name__)
        return results[0] if len(results) == 1 else tuple(results)


# Bits of an array's flags: what an operand has, and what tells of an output.
DENSE = C_CONTIGUOUS | ALIGNED
DENSE_TARGET = DENSE | WRITEABLE | WARNS_OF_WRITES


def plan_for(loop: Loop, args: tuple[Any, ...], out: Any) -> Plan | None:
    """The plan for calls like this one, which has been made; None where more must be looked at each time."""
    nin = loop.ufunc.nin
    if len(args) > nin + (out is None and loop.ufunc.nout == 1):
        return None
    operands = [x for x in (*args, out) if x is not None]
    if not all(type(x) is np.ndarray or type(x) in PYTHON_NUMBERS for x in operands):
        return None
    dtypes = [x.dtype for x in operands if type(x) is np.ndarray]
    if any(dtype.kind in "mM" for dtype in dtypes):  # which the buffer protocol does not know
        return None
    if loop.ufunc is np.power and loop.dtypes[1].kind == "i":  # negative powers
        return None
    return Plan(loop, args[:nin], *args[nin:] or (out,))
