"""The plan of a pass: the steps of its program, the buffers between them, and how arrays lie."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._native.fused import (
    ALWAYS,
    CHAIN,
    CHECK,
    COLUMN,
    EACH,
    LAST,
    LOOK,
    ONCE,
    ROW,
    FusedProgram,
    FusedStep,
    lengths_of,
    new_chain,
)
from .._native.moves import copy_loop
from .._native.programs import InnerLoop, nans_loop, need_cast_loop
from ..arrays.cache import Cache
from ..arrays.loops import Loop
from ..arrays.programs import steps_for_nans
from ..arrays.self_test import NUMPYS
from .chains import Chain, find_chains
from .nodes import Conversion, Node, Value
from .open_tiles import LOOKED_FOR, minds_unlike_nans
from .passes import Pass, is_in_place
from .worth import saved_ns

__all__ = ["PassPlan", "plan_of"]

# Plans by the key of a pass, and programs by its structure, see passes.py. They keep NumPy's loops alive and
# no array. Any thread may write.
_plans: Cache[tuple[Any, ...], "PassPlan"] = Cache()
_programs: Cache[tuple[Any, ...], FusedProgram] = Cache()

# Operations in the name of a pass.
_SHOWN = 4


class PassPlan:
    """All about a pass but its arrays: the program, and how arrays lie.

    `size`: its elements; `rows`: of how many rows its tiles are parts. `layout`: its `dims` lengths, and the
    strides of each array along them. `saved_ns`: what it saves.
    """

    __slots__ = ("dims", "layout", "program", "rows", "saved_ns", "size")

    def __init__(self, one: Pass, program: FusedProgram) -> None:
        layout = one.layout
        self.program = program
        self.size = layout.size
        self.rows = layout.size // layout.shape[-1]
        self.dims = len(layout.shape)
        self.layout = lengths_of(layout.whole())
        self.saved_ns = saved_ns(one.nodes, self.rows) if one.nodes else 0.0


def plan_of(one: Pass) -> PassPlan:
    """The plan of passes with this key, made at the first one."""
    found = _plans.get(one.key)
    if found is not None:
        return found
    for node in one.nodes:
        loop = node.loop
        if isinstance(loop, Loop) and loop.ufunc not in NUMPYS:  # it keeps the plans, not we it
            plans: Cache[tuple[Any, ...], PassPlan] = loop.programs.setdefault("passes", Cache())
            return plans.get(one.key) or plans.put(one.key, PassPlan(one, _new_program(one)))
    structure = one.structure()
    program = _programs.get(structure) or _programs.put(structure, _new_program(one))
    return _plans.put(one.key, PassPlan(one, program))


class _Builder:
    """The steps of a program, and the slots of its buffers, given out again after their last reader."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.items: list[tuple[int, bool]] = []
        self.free: dict[tuple[int, bool], list[int]] = {}
        self.steps: list[FusedStep] = []
        self.chains: list[Any] = []  # what their steps refer to
        self.chain = -1  # the step of the last one

    def buffer(self, itemsize: int, over: int) -> int:
        item = itemsize, over != EACH
        free = self.free.get(item)
        if free:
            return free.pop()
        self.items.append(item)
        return self.first + len(self.items) - 1

    def release(self, slot: int) -> None:
        if slot >= self.first:
            self.free.setdefault(self.items[slot - self.first], []).append(slot)

    def convert(self, slot: int, source: "np.dtype[Any]", target: "np.dtype[Any]", over: int) -> int:
        """Elements of another dtype in a buffer of their own."""
        converted = self.buffer(target.itemsize, over)
        self.steps.append(FusedStep(need_cast_loop(source.char, target.char), (slot, converted), over))
        return converted

    def is_contiguous(self, slot: int, size: int, inner: Sequence[int]) -> bool:
        """Whether elements of this size lie side by side there."""
        if slot >= self.first:
            return not self.items[slot - self.first][1]
        return inner[slot] == size

    def step(self, node: Node, slots: Sequence[int], contiguous: bool, when: int) -> None:
        """A node's own step, on the slots of its operands and of its results."""
        loop, item = _inner(node.loop, contiguous), 0
        if node.over == ROW:  # (x, result), (x, beginning, result) or (x, mask, beginning, result)
            x, *others, result = slots
            first = (result, x) if len(others) > 1 else (result, x, result)
            slots, item = (*first, *others), node.outs[0].dtype.itemsize
        if node.over == COLUMN:  # (x, result), (x, beginning, result) or (x, number, best, result)
            x, *others, result = slots
            slots = (others[1], x, others[0], result) if len(node.outs) > 1 else (result, x, result)
        self.steps.append(FusedStep(loop, tuple(slots), node.over, item, when))

    def begin_chain(self, chain: Chain, slots: Sequence[int]) -> None:
        """A step that does what those up to `end_chain` do."""
        loop, kept = new_chain(chain.made.dtype.char, chain.links)
        self.chains.append(kept)
        self.chain = len(self.steps)
        self.steps.append(FusedStep(loop, tuple(slots), when=CHAIN))

    def end_chain(self) -> None:
        covers = len(self.steps) - 1 - self.chain
        self.steps[self.chain] = self.steps[self.chain]._replace(covers=covers)

    def look(self, node: Node, slots: Sequence[int]) -> None:
        """Looks for unlike NaNs that are about to meet."""
        found = node.loop if isinstance(node.loop, Loop) else node.loop.of
        if found is not None:
            over = EACH if node.over == COLUMN else node.over
            for loop, looked_at in steps_for_nans(found, slots):
                self.steps.append(FusedStep(loop, tuple(looked_at), over, when=LOOK))

    def check(self, slot: int, dtype: "np.dtype[Any]", over: int) -> None:
        """Looks whether there are NaNs at all."""
        parts = 2 if dtype.kind == "c" else 1
        self.steps.append(FusedStep(nans_loop(dtype.itemsize // parts, parts), (slot,), over, when=CHECK))


def _new_program(one: Pass) -> FusedProgram:
    first = len(one.arrays)
    build = _Builder(first)
    looks = one.has_rows and any(map(minds_unlike_nans, one.nodes))
    targets = {value: one.slots[value] for value in one.results}
    last: dict[Value, int] = {}
    for k, node in enumerate(one.nodes):
        last.update(dict.fromkeys((*node.inputs, *node.outs), k))
    # What is written over what the pass reads is written last, when no tile can be left open any more: by the
    # loop itself, or, if later steps read it, from a buffer.
    late = {value for value in one.results if looks and is_in_place(value)}
    if looks:  # a tile that is left open adds nothing to its columns
        late.update(node.outs[0] for node in one.nodes if node.over == COLUMN)
    # So is what a chain makes: its nodes may have to read again what it has read.
    folded = [fold.value for fold in one.folds]
    chains = find_chains(one, folded)
    chained = {chain.made for chain in chains.values() if is_in_place(chain.made)}
    late |= chained
    copied = chained | {value for value in late if any(value in node.inputs for node in one.nodes)}
    slots = {**one.operands, **{value: slot for value, slot in targets.items() if value not in copied}}
    kept = {*copied, *folded}
    kept.update(value for node in one.nodes if node.outs[0] in late - copied for value in node.inputs)
    checked = {slots[value]: value.dtype for value in one.results if value not in late}
    rows = {
        slots[value] for value in one.results if value.node is not None and value.node.over in (ROW, ONCE)
    }
    own_steps: list[int] = []
    chain: Chain | None = None
    for k, node in enumerate(one.nodes):
        if k in chains:
            chain = chains[k]
            made = chain.made
            if made not in slots:  # apart from all that the chain reads: its nodes may have to run after it
                slots[made] = build.buffer(made.dtype.itemsize, EACH)
            if made in chained:
                checked[slots[made]] = made.dtype
            build.begin_chain(chain, [slots[value] for value in (*chain.taken, made)])
        is_late = node.outs[0] in late - copied
        taken: list[int] = []
        given: list[int] = []
        for value, dtype in zip(node.inputs, node.loop.dtypes, strict=False):
            slot = slots[value]
            if value.dtype.num != dtype.num:
                slot = build.convert(slot, value.dtype, dtype, node.over)
                taken.append(slot)
            given.append(slot)
            if is_late and value.shape:
                checked[slot] = dtype
        for value in node.outs:
            if value not in slots:
                slots[value] = build.buffer(value.dtype.itemsize, node.over)
            given.append(slots[value])
        sizes = [dtype.itemsize for dtype in node.loop.dtypes]
        pairs = [*zip(given, sizes, strict=True)]
        if node.over == COLUMN:
            pairs = [pairs[0], pairs[-1]]
        contiguous = all(build.is_contiguous(slot, size, one.inner) for slot, size in pairs)
        if looks and minds_unlike_nans(node):
            build.look(node, [given[0], given[-1]] if node.over == COLUMN else given[: len(node.inputs)])
        own_steps.append(len(build.steps))
        build.step(node, given, contiguous, LAST if is_late else ALWAYS)
        if chain is not None and node.outs[0] is chain.made:
            slot = slots[chain.made]
            if looks and checked.pop(slot, None) is not None and chain.made.dtype.char in LOOKED_FOR:
                build.check(slot, chain.made.dtype, EACH)
            build.end_chain()
            chain = None
        for slot in taken:
            if not is_late:
                build.release(slot)
        for value in dict.fromkeys((*node.inputs, *node.outs)):
            if last[value] == k and value not in kept:
                build.release(slots[value])
    if looks:
        checked.update((slots[value], value.dtype) for value in copied - chained)
        for slot, dtype in checked.items():
            if dtype.char in LOOKED_FOR:
                build.check(slot, dtype, ONCE if slot in rows else EACH)
    for value in copied:
        pair = slots[value], targets[value]
        when = LAST if looks else ALWAYS
        build.steps.append(FusedStep(copy_loop(value.dtype.itemsize), pair, when=when))
    ends = [
        (each.loop, slots[each.value], each.dtype.itemsize, each.tree_char, each.identity)
        for each in one.folds
    ]
    loops = [*(node.loop for node in one.nodes), *(fold.of for fold in one.folds), *build.chains]
    return FusedProgram(
        first, len(one.operands), build.items, build.steps, ends, own_steps, loops, _name(one)
    )


def _name(one: Pass) -> str:
    """What a timeline calls a pass: its operations, as many as can be read."""
    names = [
        *dict.fromkeys(node.loop.name if node.over in (ROW, COLUMN) else node.name for node in one.nodes)
    ]
    names += ["reduce"] * bool(one.folds)
    return ", ".join(names[:_SHOWN]) + ", ..." * (len(names) > _SHOWN)


def _inner(loop: Loop | Conversion, contiguous: bool) -> InnerLoop:
    entry: Any = loop.contiguous if contiguous else loop.strided
    return entry if type(entry) is tuple else entry.address
