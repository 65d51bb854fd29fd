"""Passes: many inner loops over tiles, as C takes them."""

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from .dtypes import DTYPES
from .library import ffi, lib
from .programs import InnerLoop
from .trace import names_in_c

if TYPE_CHECKING:
    from ._threadmill import CData

MAX_SLOTS: int = lib.TM_FUSED_SLOTS
MAX_STEPS: int = lib.TM_FUSED_STEPS
MAX_FOLDS: int = lib.TM_FUSED_FOLDS

EACH: int = lib.TM_EACH
ONCE: int = lib.TM_ONCE
ROW: int = lib.TM_ROW
COLUMN: int = lib.TM_COLUMN

ALWAYS: int = lib.TM_ALWAYS
LOOK: int = lib.TM_LOOK
CHECK: int = lib.TM_CHECK
LAST: int = lib.TM_LAST
CHAIN: int = lib.TM_CHAIN

MAX_OPERANDS: int = lib.TM_MAX_OPERANDS
CHAIN_LINKS: int = lib.TM_CHAIN_LINKS
LINK_ADD: int = lib.TM_LINK_ADD
LINK_SUBTRACT: int = lib.TM_LINK_SUBTRACT
LINK_SUBTRACT_FROM: int = lib.TM_LINK_SUBTRACT_FROM
LINK_MULTIPLY: int = lib.TM_LINK_MULTIPLY
LINK_DIVIDE: int = lib.TM_LINK_DIVIDE
LINK_DIVIDE_INTO: int = lib.TM_LINK_DIVIDE_INTO
LINK_MAXIMUM: int = lib.TM_LINK_MAXIMUM
LINK_MINIMUM: int = lib.TM_LINK_MINIMUM
LINK_AND: int = lib.TM_LINK_AND
LINK_OR: int = lib.TM_LINK_OR
LINK_XOR: int = lib.TM_LINK_XOR
LINK_NEGATE: int = lib.TM_LINK_NEGATE
LINK_SQUARE: int = lib.TM_LINK_SQUARE
LINK_ABSOLUTE: int = lib.TM_LINK_ABSOLUTE
LINK_SQRT: int = lib.TM_LINK_SQRT


class FusedStep(NamedTuple):
    """An inner loop, the slots of its operands, what it goes over (EACH, ONCE, ROW, COLUMN), the size of a
    row's result, when it runs (ALWAYS, LOOK, CHECK, LAST, CHAIN), and how many steps a chain covers."""

    loop: InnerLoop
    slots: tuple[int, ...]
    over: int = EACH
    item: int = 0
    when: int = ALWAYS
    covers: int = 0


# A fold's inner loop, its slot, the size of an item, the tree's dtype.char and the identity's bytes or None.
Fold = tuple[InnerLoop, int, int, str | None, bytes | None]


class FusedProgram:
    """A tm_fused and what it points to.

    `buffers`: the size of an element, and whether there is one for each row only. `own_steps`: the step of
    each node, conversions being steps as well; `loops` are kept alive. `looks`: whether it looks for NaNs.
    `name`: what a timeline calls it.
    """

    __slots__ = ("_kept", "looks", "own_steps", "raised", "struct", "tree")

    def __init__(
        self,
        arrays: int,
        inputs: int,
        buffers: Sequence[tuple[int, bool]],
        steps: Sequence[FusedStep],
        folds: Sequence[Fold],
        own_steps: Sequence[int],
        loops: Sequence[object],
        name: str,
    ) -> None:
        items = ffi.new("uint8_t[]", [item for item, _ in buffers] or 1)
        once = ffi.new("uint8_t[]", [is_once for _, is_once in buffers] or 1)
        step = ffi.new("tm_fused_step[]", len(steps) or 1)
        fold = ffi.new("tm_fold[]", len(folds) or 1)
        for each, one in zip(step, steps, strict=False):
            _set_loop(each, one.loop)
            each.operands, each.slot, each.over, each.item = len(one.slots), one.slots, one.over, one.item
            each.when, each.covers = one.when, one.covers
        for each, (loop, slot, item, tree, identity) in zip(fold, folds, strict=False):
            _set_loop(each, loop)
            each.slot, each.item = slot, item
            each.tree = -1 if tree is None else DTYPES[tree]
            each.has_identity = identity is not None
            if identity is not None:
                ffi.memmove(each.identity, identity, len(identity))
        self.struct = ffi.new("tm_fused *")
        self.struct.label = names_in_c[name]
        self.struct.arrays, self.struct.inputs, self.struct.buffers = arrays, inputs, len(buffers)
        self.struct.steps, self.struct.folds = len(steps), len(folds)
        self.struct.buffer_item, self.struct.buffer_once = items, once
        self.struct.step, self.struct.fold = step, fold
        self._kept = items, once, step, fold, loops
        self.own_steps = own_steps
        self.raised = len(steps) + len(folds)
        self.looks = any(each.when not in (ALWAYS, CHAIN) for each in steps)
        self.tree = any(tree is not None for _, _, _, tree, _ in folds)

    def chunks(self, n: int) -> int:
        """Partial results that each fold makes of n elements."""
        found: int = lib.tm_fused_chunks(n, self.tree)
        return found

    def run(
        self,
        pool: "CData",
        dims: int,
        layout: Any,
        data: "list[CData]",
        partials: "list[CData]",
    ) -> tuple[int, bytes, bytes]:
        """`layout`: by `lengths_of`, `dims` lengths and each array's strides along them.

        A status; the floating-point flags of each step, and of each fold after them; the open tiles.

        They are a byte for each element, 1 in open tiles; none where no tile is open.
        """
        raised = ffi.new("unsigned char[]", self.raised or 1)
        left_open = ffi.new("char **") if self.looks else ffi.NULL
        status = lib.tm_run_fused(
            *(pool, self.struct, dims, layout, len(layout), data, len(data), partials or ffi.NULL, raised),
            left_open,
        )
        is_open = b""
        if self.looks and left_open[0]:
            is_open = bytes(ffi.buffer(left_open[0], prod(layout[0:dims])))
            lib.tm_free_open(left_open[0])
        return status, bytes(ffi.buffer(raised, self.raised)), is_open


def lengths_of(numbers: Sequence[int]) -> Any:
    """Numbers as C reads them."""
    return ffi.new("intptr_t[]", list(numbers))


def new_chain(char: str, links: Sequence[int]) -> "tuple[InnerLoop, CData]":
    """The inner loop that does a chain's links one after the other, and what has to live as long."""
    chain = ffi.new("tm_chain *", (len(links), list(links)))
    return (lib.tm_chain_loop(DTYPES[char]), int(ffi.cast("intptr_t", chain)), 0), chain


def _set_loop(target: Any, loop: InnerLoop) -> None:
    function, context, auxdata = loop
    target.loop = ffi.cast("tm_inner_loop", function)
    target.context, target.auxdata = ffi.cast("void *", context), ffi.cast("void *", auxdata)


start_of: "Callable[[Any], CData]" = ffi.from_buffer
