"""Programs: inner loops, of NumPy's and of our own, over whole arrays."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .._types import Array
from .dtypes import CAST_DTYPES, DTYPES, ORDERED_DTYPES
from .library import ffi, lib
from .trace import names_in_c

if TYPE_CHECKING:
    from ._threadmill import CData

MAX_OPERANDS = lib.TM_MAX_OPERANDS

# What sums are of: csrc/inner_loops.h tells.
ELEMENTS, NUMBERS = lib.TM_OF_ELEMENTS, lib.TM_OF_NUMBERS
SQUARES, NUMBER_SQUARES = lib.TM_OF_SQUARES, lib.TM_OF_NUMBER_SQUARES

# An inner loop: its address, context and auxdata. With the slots of its operands it is a step.
InnerLoop = tuple[Any, int, int]
Step = tuple[InnerLoop, tuple[int, ...]]


def cast_loop(source: str, target: str) -> InnerLoop | None:
    """The inner loop that converts elements of one dtype.char to those of another; None: there is none."""
    if source not in CAST_DTYPES or target not in CAST_DTYPES:
        return None
    function = lib.tm_cast_loop(CAST_DTYPES[source], CAST_DTYPES[target])
    return (function, 0, 0) if function else None


def need_cast_loop(source: str, target: str) -> InnerLoop:
    loop = cast_loop(source, target)
    assert loop is not None
    return loop


def add_rows_loop(char: str) -> InnerLoop | None:
    """The inner loop that adds any number of rows to a row; None: there is none."""
    function = lib.tm_add_rows_loop(DTYPES.get(char, -1))
    return (function, 0, 0) if function else None


def moment_nodes_loop(char: str, value: int) -> InnerLoop:
    """The inner loop that adds up nodes of floats; `value`: what of, ELEMENTS to NUMBER_SQUARES."""
    return lib.tm_moment_nodes_loop(DTYPES[char], value), 0, 0


def moment_rows_loop(char: str, value: int) -> InnerLoop:
    """The inner loop that adds rows of floats to a row."""
    return lib.tm_moment_rows_loop(DTYPES[char], value), 0, 0


def nan_extreme_nodes_loop(char: str, greatest: bool, places: bool) -> InnerLoop:
    """The inner loop that finds the least or the greatest number of nodes, and where: NaNs are left out."""
    return lib.tm_nan_extreme_nodes_loop(DTYPES[char], greatest), not places, 0


def nan_extreme_rows_loop(char: str, greatest: bool) -> InnerLoop:
    """The inner loop that finds the same down columns, and in which rows."""
    return lib.tm_nan_extreme_rows_loop(DTYPES[char], greatest), 0, 0


def nans_loop(itemsize: int, parts: int) -> InnerLoop:
    """The inner loop with one operand, of `parts` numbers an element, that fails where it has a NaN."""
    return lib.tm_nans_loop(1, itemsize), parts, 0


def arg_extreme_loop(char: str, least: bool, over: int) -> InnerLoop | None:
    """The inner loop that looks for the first greatest or least element, or NaN: in all that it sees (EACH),
    in each ROW or down each COLUMN; None where there is none."""
    function = lib.tm_arg_extreme_loop(ORDERED_DTYPES.get(char, -1), over)
    return (function, int(least), 0) if function else None


def sum_where_loop(char: str, numpys: InnerLoop) -> "tuple[InnerLoop, CData]":
    """The inner loop that adds up a row of floats where a mask is true, and what has to live as long."""
    function, context, auxdata = numpys
    kept = ffi.new("tm_loop_of *")
    kept.loop = ffi.cast("tm_inner_loop", function)
    kept.context, kept.auxdata = ffi.cast("void *", context), ffi.cast("void *", auxdata)
    return (lib.tm_sum_where_loop(DTYPES[char]), int(ffi.cast("intptr_t", kept)), 0), kept


def nan_pairs_loop(itemsize: int) -> InnerLoop:
    """The inner loop with two operands that fails where both are NaN, with other bits, or signalling."""
    return lib.tm_nans_loop(2, itemsize), 0, 0


def nan_results_loop(itemsize: int) -> InnerLoop:
    """The same, and the result, which has a NaN wherever an operand has one, and is looked at first."""
    return lib.tm_nans_loop(3, itemsize), 0, 0


def new_program(
    arrays: int,
    buffers: list[int],
    steps: list[Step],
    mask: int = -1,
    stop: tuple[int, int] = (-1, 0),
    core: tuple[int, int] = (0, 0),
    block: int = 0,
    written: int = 0,
    streams: Mapping[int, int] = MappingProxyType({}),
    name: str = "",
    keeps_flags: bool = False,
) -> "CData":
    """A tm_program.

    `buffers`: sizes of elements; `core`: how many core dims and strides steps are told; `block`: how many
    elements NumPy converts at a time, where it does; `written`: the bits of the arrays that chunks write to;
    `streams`: the arrays that C may write past the caches, and the sizes of their elements; `name`: what
    a timeline calls it; `keeps_flags`: no step takes down floating-point flags that are up, or none matter.
    """
    program = ffi.new("tm_program *")
    program.label = names_in_c[name]
    program.written = written
    for array, item in streams.items():
        program.stream_item[array] = item
    program.arrays, program.buffers, program.steps = arrays, len(buffers), len(steps)
    program.buffer_item = buffers
    program.mask, program.block = mask, block
    program.keeps_flags = keeps_flags
    program.stop, program.stop_value = stop
    for step, ((function, context, auxdata), slots) in zip(program.step, steps, strict=False):
        step.loop = ffi.cast("tm_inner_loop", function)
        step.context, step.auxdata = ffi.cast("void *", context), ffi.cast("void *", auxdata)
        step.operands, step.slot = len(slots), slots
        step.core_dims, step.core_strides = core
    return program


def dense_program(program: "CData", inputs: int, strides: list[int]) -> "CData":
    """A copy that `run_dense` takes, for arrays of these strides."""
    copy = ffi.new("tm_program *", program[0])
    copy.inputs, copy.stride = inputs, strides
    return copy


# Where a contiguous array begins. The array stays where it is while this is kept.
start_of: "Callable[[Array], CData]" = ffi.from_buffer

# Called with the number of addresses besides, as C can't tell a list's length.
run_dense: "Callable[[CData, CData, int, list[CData], int], int]" = lib.tm_run_dense


def run_program(
    pool: "CData",
    program: "CData",
    dims: int,
    layout: list[int],
    data: "list[CData]",
    split: int,
    grain: int,
) -> int:
    """As tm_run_program, which is told how long the lists are."""
    return lib.tm_run_program(pool, program, dims, layout, len(layout), data, len(data), split, grain)


chunk_elements: "Callable[[int], int]" = lib.tm_chunk_elements
