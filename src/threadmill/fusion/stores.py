"""A store: an array is about to be written, and what is put off reads arrays that may lie in its memory."""

from collections.abc import Iterable, Sequence
from threading import get_ident
from typing import TYPE_CHECKING

import numpy as np

from .._native.fused import COLUMN
from .._native.memory import APART, OVERLAPPING, overlaps_itself, owner_of, relate
from .._types import Array
from .exposed import give_back
from .loops import shows_gaps
from .nodes import Holder, Node, Value, is_plain, is_turned
from .schedule import ancestors, needed_of
from .sharing import share

if TYPE_CHECKING:
    from .record import Record

__all__ = ["store"]

_ALL_APART = frozenset({APART})

_WRITTEN = "an array was written"


def store(record: "Record", target: Array, value: Value, copies: bool = True) -> bool:
    """Writes the value into an evaluated array of its shape; False: NumPy has to.

    `copies`: as an assignment does. An operation with that output makes other NaNs there than in new memory.
    """
    if target.dtype.num != value.dtype.num or not target.flags.writeable:
        return False
    if not (is_turned(target) if value.turned else is_plain(target)):
        return False
    if overlaps_itself(target):
        return False
    if get_ident() != record.thread:
        share(record)
    give_back(record, target)
    _drop_all_but(record, value)
    around, node = _Store(target, record.pending), value.node
    if node is None or not around.fits(value, node):
        if not copies:
            return False
        others = [each for each in around.staying(record.made_before(record.pending)) if each is not value]
        with Holder(value):
            record.flush(_WRITTEN, spared=others, asked=value, before_write=True)
        np.copyto(target, record.evaluate(value))
        return True
    # What the node reads and can be made again later is spared: nobody is likely to want it, although the
    # call that writes holds its operands until it returns.
    read = [] if record.is_urgent else [*node.inputs, *record.made_before(record.pending)]
    spared = around.staying_after(read)
    node.target = target
    record.flush(_WRITTEN, spared=spared, before_write=True)
    if not value.is_held():  # else the array would have one more reference than in NumPy
        record.borrowed = [each for each in record.borrowed if each is not value]
    return True


def _drop_all_but(record: "Record", value: Value) -> None:
    """Drops what nobody can ask for any more: the operands of a store before, that were spared."""
    if not record.has_made:
        return
    needed, _ = needed_of(record.pending, (value,))
    if len(needed) < len(record.pending):
        kept = set(needed)
        for node in record.pending:
            if node not in kept:
                node.forget()
        record.tally.asked += len(record.pending) - len(needed)
        record.pending = needed


def _is_of_columns(node: Node) -> bool:
    """Whether it reduces columns that may have NaNs, which NumPy settles after the pass: from all that the
    pass has read."""
    return node.over == COLUMN and node.inputs[0].dtype.kind in "fc"


class _Store:
    """The array, and how those that pending nodes read lie to it: each is asked once, and of the views of an
    array with other memory one."""

    __slots__ = ("_apart", "_owner", "_pending", "_relations", "target")

    def __init__(self, target: Array, pending: Sequence[Node]) -> None:
        self.target = target
        self._pending = pending
        self._owner = owner_of(target)
        self._relations: dict[int, int] = {}  # by id
        self._apart: dict[int, int] = {}  # by id of arrays with other memory

    def fits(self, value: Value, node: Node) -> bool:
        """Whether the node can write its result, the value, into the array."""
        if value.array is not None or value.shape != self.target.shape or node.target is not None:
            return False
        if len(node.outs) > 1 or shows_gaps(node, self.target):
            return False
        return not self._reads_elsewhere(node)

    def staying(self, values: Iterable[Value]) -> list[Value]:
        """Those values that are not evaluated, and are the same when the array has been written."""
        return [value for value in values if value.array is None and self._stays(value)]

    def staying_after(self, values: Iterable[Value]) -> list[Value]:
        """The same once `fits` has looked at all that is read."""
        if _ALL_APART.issuperset(self._relations.values()):
            return [value for value in values if value.array is None]
        return self.staying(values)

    def _stays(self, value: Value) -> bool:
        read = [
            each.array
            for node in ancestors(self._pending, [value])
            for each in node.inputs
            if each.array is not None and each.shape
        ]
        return all(self._relation(x) == APART for x in read)

    def _relation(self, x: Array) -> int:
        found = self._relations.get(id(x))
        if found is None:
            owner = owner_of(x)
            if owner is not None and self._owner is not None and owner is not self._owner:
                found = self._apart[id(owner)] = APART
            else:
                found = relate(x, self.target)
            self._relations[id(x)] = found
        return found

    def _reads_elsewhere(self, writer: Node) -> bool:
        """Whether anything reads the array's memory otherwise than element by element before the writer."""
        written, known = False, self._apart
        for node in self._pending:
            for value in node.inputs:
                x = value.array
                if x is None or not value.shape:
                    continue
                relation = known.get(id(x.base))
                if relation is None:
                    relation = self._relation(x)
                if relation == APART:
                    continue
                if relation == OVERLAPPING or written or not self._are_alike(writer.turned):
                    return True
                if any(map(_is_of_columns, self._pending)):
                    return True
                writer.is_in_place = True
            written |= node is writer
        return False

    def _are_alike(self, turned: bool) -> bool:
        """Whether all that is pending goes over the array's elements in one order."""
        shape = self.target.shape
        return all(node.space == shape and node.turned == turned for node in self._pending)
