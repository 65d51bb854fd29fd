"""Programs: the steps that C runs on each tile, made once for a loop and the kinds of places of operands."""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._native.programs import (
    Step,
    add_rows_loop,
    dense_program,
    nan_pairs_loop,
    nan_results_loop,
    nans_loop,
    need_cast_loop,
    new_program,
)
from .._types import Array
from .loops import Loop

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = [
    "FAIL_AFTER",
    "FAIL_FIRST",
    "KEEP_FLAGS",
    "ONLY_LOOK",
    "PASS",
    "added_rows",
    "converts_floats",
    "dense",
    "elementwise",
    "generalized",
    "minds_nans",
    "reduction",
    "steps_for_nans",
]

# Loops that wait for memory. To others a tile that is made first and streamed out then gives less than it
# takes, as nothing is read meanwhile (5 * 10**7 float64, two threads: sqrt 39 ms for 28, exp 46 for 33).
_WAIT_FOR_MEMORY = frozenset(
    """
    absolute add bitwise_and bitwise_or bitwise_xor conjugate divide fmax fmin maximum minimum multiply
    negative positive square subtract
    """.split()  # noqa: SIM905
)


# Loops of NumPy's that leave the floating-point flags that were raised before; others may take them down.
KEEP_FLAGS = frozenset({"add", "divide", "multiply", "sqrt", "square", "subtract"})


def converts_floats(loop: Loop, dtypes: Sequence[np.dtype[Any]]) -> bool:
    """Whether operands of these dtypes are converted from or to floats, which NumPy reports as the loop's."""
    pairs = zip(dtypes, loop.dtypes, strict=True)
    return any(own != dtype and not {own.kind, dtype.kind}.isdisjoint("fc") for own, dtype in pairs)


# What a program does about NaNs of which its loop may make another NaN elsewhere in a row: see `minds_nans`.
PASS, FAIL_FIRST, FAIL_AFTER, ONLY_LOOK = range(4)

# What makes a NaN of each NaN.
_SHOW_NANS = frozenset({"add", "divide", "maximum", "minimum", "multiply", "subtract"})


def minds_nans(loop: Loop) -> bool:
    """Whether the loop may make another NaN of an element's operands in another place of a row.

    Of two NaNs an operation hands on either, as the compiler, the processor's vectors and the rest after them
    have it; some loops pass by a signalling NaN. The products of complex numbers add up several NaNs.
    """
    return bool(steps_for_nans(loop, range(loop.ufunc.nin)))


def steps_for_nans(loop: Loop, slots: Sequence[int]) -> list[Step]:
    """Steps that fail on such operands, which are in `slots`."""
    inputs = list(zip(slots, loop.dtypes[: loop.ufunc.nin], strict=False))
    reals = [(slot, dtype) for slot, dtype in inputs if dtype.char in "efd"]
    steps: list[Step] = [
        (nans_loop(dtype.itemsize // 2, 2), (slot,)) for slot, dtype in inputs if dtype.char in "FD"
    ]
    for (a, dtype), (b, other) in itertools.combinations(reals, 2):
        if dtype == other:
            steps.append((nan_pairs_loop(dtype.itemsize), (a, b)))
    return steps


def elementwise(
    loop: Loop,
    dtypes: Sequence[np.dtype[Any]],
    strides: Sequence[int],
    fresh: Sequence[bool],
    masked: bool,
    nans: int = PASS,
) -> "CData":
    """Conversions into buffers, the loop, conversions out of buffers.

    `dtypes` and innermost `strides` are the operands'; `fresh` tells of each result whether its memory was
    just allocated, so that the system is about to clear it into the caches. `nans`: whether the program fails
    where NaNs are in play that the loop may take in another way than in NumPy's call of it (FAIL_FIRST:
    before the loop; FAIL_AFTER: when it has written its result, if that is quicker; ONLY_LOOK: there is no
    loop).
    """
    casts = [None if own == dtype else own.char for own, dtype in zip(dtypes, loop.dtypes, strict=True)]
    contiguous = all(
        cast is not None or stride == dtype.itemsize
        for cast, stride, dtype in zip(casts, strides, loop.dtypes, strict=True)
    )
    block = np.getbufsize() if any(casts) else 0
    key = (*casts, *fresh, masked, contiguous, nans, block)
    program = loop.programs.get(key)
    if program is None:
        program = loop.programs[key] = _new_elementwise(loop, casts, fresh, masked, contiguous, nans, block)
    return program


def dense(loop: Loop, dtypes: list[np.dtype[Any]], strides: list[int], is_fresh: bool) -> "CData":
    """The program that `run_dense` takes for operands of these dtypes and strides."""
    fresh = [is_fresh] * loop.ufunc.nout
    return dense_program(elementwise(loop, dtypes, strides, fresh, False), loop.ufunc.nin, strides)


def _new_elementwise(
    loop: Loop,
    casts: Sequence[str | None],
    fresh: Sequence[bool],
    masked: bool,
    contiguous: bool,
    nans: int,
    block: int,
) -> "CData":
    count, nin = len(loop.dtypes), loop.ufunc.nin
    slots = list(range(count))
    buffers: list[int] = []
    before: list[Step] = []
    after: list[Step] = []
    for k, (dtype, cast) in enumerate(zip(loop.dtypes, casts, strict=True)):
        if cast is None:
            continue
        slots[k] = buffer = count + masked + len(buffers)
        buffers.append(dtype.itemsize)
        if k < nin:
            before.append((need_cast_loop(cast, dtype.char), (k, buffer)))
        else:
            after.append((need_cast_loop(dtype.char, cast), (buffer, k)))
    call: Step = (loop.contiguous if contiguous else loop.strided).address, tuple(slots)
    looks = steps_for_nans(loop, slots) if nans else []
    if nans == FAIL_AFTER and loop.name in _SHOW_NANS and loop.dtypes[0].char in "efd":
        steps = [*before, call, (nan_results_loop(loop.dtypes[0].itemsize), tuple(slots)), *after]
    elif nans == ONLY_LOOK:
        steps = [*before, *looks]
    else:
        steps = [*before, *looks, call, *after]
    written = 0 if nans == ONLY_LOOK else sum(1 << k for k in range(nin, count))
    mask = count if masked else -1
    keeps_flags = not any(casts) and (loop.name in KEEP_FLAGS or not loop.strided.reports)
    streams = {}
    if loop.name in _WAIT_FOR_MEMORY:
        results = range(nin, count)
        streams = {k: loop.dtypes[k].itemsize for k in results if casts[k] is None and not fresh[k - nin]}
    return new_program(
        count + masked,
        buffers,
        steps,
        mask,
        block=block,
        written=written,
        streams=streams,
        name=loop.ufunc.__name__,
        keeps_flags=keeps_flags,
    )


def generalized(loop: Loop, dims: int, strides: int) -> "CData":
    """The loop of a gufunc, which is told of so many core dims and strides."""
    key = "core", dims, strides
    program = loop.programs.get(key)
    if program is None:
        count = len(loop.dtypes)
        step: Step = loop.strided.address, tuple(range(count))
        program = loop.programs[key] = new_program(
            count,
            [],
            [step],
            core=(dims, strides),
            written=sum(1 << k for k in range(loop.ufunc.nin, count)),
            name=loop.ufunc.__name__,
        )
    return program


def added_rows(loop: Loop, dtype: np.dtype[Any]) -> "CData | None":
    """acc += row for each of some rows, in slots 0 and 1; None: there is no such loop for the dtype."""
    if loop.ufunc is not np.add or dtype != loop.dtypes[1]:
        return None
    if "rows" not in loop.programs:
        found = add_rows_loop(dtype.char)
        made = (
            None
            if found is None
            else new_program(2, [], [(found, (0, 1))], core=(1, 1), written=1, name="add.reduce")
        )
        loop.programs["rows"] = made
    program: CData | None = loop.programs["rows"]
    return program


def reduction(loop: Loop, x: Array, stride: int, masked: bool, stop: int | None) -> "CData":
    """acc = acc op x, in slots 0 and 1; `stride` is acc's innermost; where acc is `stop`, the run ends."""
    dtype = loop.dtypes[1]
    cast = None if x.dtype == dtype else x.dtype.char
    contiguous = stride == dtype.itemsize and (cast is not None or x.strides[-1] == dtype.itemsize)
    key = "reduce", cast, masked, contiguous, stop
    program = loop.programs.get(key)
    if program is None:
        buffer = 2 + masked
        main: Step = (loop.contiguous if contiguous else loop.strided).address, (0, buffer if cast else 1, 0)
        steps = [main]
        if dtype.char in "efd" and loop.name in ("fmax", "fmin"):
            # They pass by a signalling NaN or hand it on, as its place is.
            steps.insert(0, (nan_pairs_loop(dtype.itemsize), (1, 1)))
        if cast:
            steps.insert(0, (need_cast_loop(cast, dtype.char), (1, buffer)))
        program = loop.programs[key] = new_program(
            2 + masked,
            [dtype.itemsize] if cast else [],
            steps,
            2 if masked else -1,
            (-1, 0) if stop is None else (0, stop),
            written=1,
            name=f"{loop.ufunc.__name__}.reduce",
        )
    return program
