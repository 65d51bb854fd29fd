"""Programs: the steps that C runs on each tile, made once for a loop and the kinds of places of operands."""

from typing import TYPE_CHECKING

import numpy as np

from . import _boundary
from ._arrays import Array
from ._loops import Entry, Loop
from ._spaces import FEWEST, Space

if TYPE_CHECKING:
    from ._threadmill import CData

__all__ = ["elementwise", "generalized", "reduction"]

_LAST_LEVEL_CACHE = _boundary.machine()["last_level_cache"]


def elementwise(loop: Loop, space: Space, nin: int) -> "CData":
    """Conversions into buffers, the loop, conversions out of buffers or copies past the caches."""
    count = len(loop.dtypes)
    casts: list[str | None] = [
        None if x.dtype == dtype else x.dtype.char
        for x, dtype in zip(space.arrays, loop.dtypes, strict=False)
    ]
    contiguous = all(
        cast is not None or strides[-1] == dtype.itemsize
        for cast, strides, dtype in zip(casts, space.strides, loop.dtypes, strict=False)
    )
    masked = len(space.arrays) > count
    streams = [k >= nin and casts[k] is None and not masked and _streams(space, k, nin) for k in range(count)]
    key = (*casts, *streams, masked, contiguous)
    program = loop.programs.get(key)
    if program is None:
        program = loop.programs[key] = _new_elementwise(loop, nin, casts, streams, masked, contiguous)
    return program


def _streams(space: Space, k: int, nin: int) -> bool:
    """Whether output k is too large for the caches, and not there already because it is read as well."""
    x = space.arrays[k]
    if x.nbytes <= _LAST_LEVEL_CACHE or space.strides[k][-1] != x.itemsize or space.shape[-1] < FEWEST:
        return False
    return not any(np.may_share_memory(x, other) for other in space.arrays[:nin])


def _new_elementwise(
    loop: Loop, nin: int, casts: list[str | None], streams: list[bool], masked: bool, contiguous: bool
) -> "CData":
    count = len(loop.dtypes)
    slots = list(range(count))
    buffers: list[int] = []
    before: list[_boundary.Step] = []
    after: list[_boundary.Step] = []
    for k, dtype in enumerate(loop.dtypes):
        cast = casts[k]
        if cast is None and not streams[k]:
            continue
        slots[k] = buffer = count + masked + len(buffers)
        buffers.append(dtype.itemsize)
        if cast is None:
            after.append((_boundary.stream_loop(dtype.itemsize), (buffer, k)))
        elif k < nin:
            before.append((_boundary.need_cast_loop(cast, dtype.char), (k, buffer)))
        else:
            after.append((_boundary.need_cast_loop(dtype.char, cast), (buffer, k)))
    steps = [*before, (_address(loop, contiguous), tuple(slots)), *after]
    return _boundary.new_program(count + masked, buffers, steps, count if masked else -1)


def _address(loop: Loop, contiguous: bool) -> tuple[int, int, int]:
    entry: Entry = loop.contiguous if contiguous else loop.strided
    return entry.function, entry.context, entry.auxdata


def generalized(loop: Loop, dims: int, strides: int) -> "CData":
    """The loop of a gufunc, which is told of so many core dims and strides."""
    key = "core", dims, strides
    program = loop.programs.get(key)
    if program is None:
        count = len(loop.dtypes)
        step: _boundary.Step = _address(loop, False), tuple(range(count))
        program = loop.programs[key] = _boundary.new_program(count, [], [step], core=(dims, strides))
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
        main: _boundary.Step = _address(loop, contiguous), (0, buffer if cast else 1, 0)
        steps = [main]
        if cast:
            steps.insert(0, (_boundary.need_cast_loop(cast, dtype.char), (1, buffer)))
        program = loop.programs[key] = _boundary.new_program(
            2 + masked,
            [dtype.itemsize] if cast else [],
            steps,
            2 if masked else -1,
            (-1, 0) if stop is None else (0, stop),
        )
    return program
