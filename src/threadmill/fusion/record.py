"""The record of one call of a fused function: what has been put off, and how it is run when it is needed."""

from collections.abc import Sequence
from math import prod
from sys import _getframe
from threading import get_ident
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np

from .._locks import RLock
from .._native.fields import RecordFields, new_example, new_node
from .._native.fused import EACH, ONCE
from .._native.memory import are_apart
from .._process import renew_in_child
from .._types import Array
from ..arrays.loops import Loop
from .explanation import Log
from .exposed import give_back, may_change
from .foreseen import Foreseen
from .groups import run_groups
from .loops import as_values, may_show_place, may_show_rows, shows_place
from .node_plans import SMALL, NodePlan, plan_of_call
from .nodes import NODE, VALUE, Conversion, Node, Value
from .passes import Fold
from .schedule import (
    ancestors,
    goes_at_once,
    made_again,
    needed_of,
    rows_of,
)
from .sharing import add_late, flush_all, share
from .together import Together
from .warned import State, kept_state, line_of_user, place_of_user, state_now, tell
from .worth import Tally

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["MOST_PENDING", "RETURNED", "Record"]

# Nodes that are put off at most, so that a long loop keeps neither memory nor its user waiting.
MOST_PENDING = 256

RETURNED = "the function returned"


class Record(RecordFields):
    """Nodes that are put off, in the order of the program; all run when any value is needed.

    It belongs to one call and to the thread that made it, `thread`; `like` is what new_node makes nodes like,
    for that thread alone. Only that thread touches the other fields, until another one closes the record:
    sharing.py tells of that. `is_open` goes from true to false once, at the end of the call or by the other
    thread, which holds `lock`. Nodes run with `lock` held. The own thread adds to `pending` without it.

    `exposed` refers to memory that code which we do not know may write: nothing that reads it stays put off.
    `is_urgent`: such a node has been recorded. `has_rows`: one of those pending may reduce rows or columns.
    `has_made`: one may have been computed and not stored. `borrowed` are the values that lie in memory which
    may be written later. `foreseen` is what follows a reduction that has run, `reduced` what arrays have been
    reduced to that nobody has written to since. `running` are nodes that run now, with their operands; only
    their thread writes it. `log` is what explain tells of, `tally` what tells whether fusing pays.
    """

    def __init__(self, pool: "CData") -> None:
        self.pool = pool
        self.thread = get_ident()
        self.like: Node = new_example(NODE)
        self.lock = RLock()
        self.running: tuple[list[Node], list[tuple[Value, ...]]] = [], []
        self.pending: list[Node] = []
        self.borrowed: list[Value] = []
        self.exposed: list[ref[Array]] = []
        self.state: State | None = kept_state()
        self.log: Log | None = None
        self.tally = Tally()
        self.is_open = True
        self.is_urgent = False
        self.has_rows = self.has_made = False
        self.foreseen: Foreseen | None = None
        self.reduced: list[Together] = []
        renew_in_child(self)

    # ---- recording ----

    def node(self, ufunc: np.ufunc, operands: tuple[Any, ...], above: int = 0) -> Node | None:
        """The ufunc's call put off, of values and numbers; None where it has to be made at once.

        `above`: so many functions of this room at least are between the one that calls this and the user's.
        """
        if len(self.pending) >= MOST_PENDING:
            self.flush(f"{MOST_PENDING} operations are put off at most")
        plan = plan_of_call(ufunc, operands)
        if plan is None:
            return None
        if plan.size < SMALL and all(type(x) is not Value or x.array is not None for x in operands):
            return None
        if not plan.is_quick or self.has_rows:
            inputs = as_values(plan.loop, operands)
            if inputs is None:
                return None
            return self.add(plan.loop, plan.name, inputs, plan.shape, plan.reports)
        taken = as_values(plan.loop, operands) if plan.has_numbers else operands
        if taken is None:
            return None
        return self._put_off(
            plan.loop, plan.name, taken, plan.shape, plan.reports, plan.turned, plan, above=above
        )

    def add(
        self,
        loop: Loop | Conversion,
        name: str,
        inputs: tuple[Value, ...],
        shape: tuple[int, ...],
        reports: bool,
        over: int = EACH,
        space: tuple[int, ...] | None = None,
        axes: tuple[int, ...] = (-1,),
    ) -> Node | None:
        """One loop put off, over each element of what it makes if nothing else is said; None where it has to
        run at once."""
        if over != EACH:
            self.has_rows = True
        elif self.has_rows and space is None:
            space = rows_of(loop, inputs, shape)
            over = EACH if space is None else ONCE
        size = prod(space or shape)
        if size < SMALL and (not size or all(value.array is not None for value in inputs)):
            return None
        turned = False
        for value in inputs:
            turned |= value.turned
        if turned and not all(not x.shape or (x.turned and x.shape == shape) for x in inputs):
            return None
        asks = may_show_place(loop, name) or may_show_rows(loop, name)
        if asks and shows_place(loop, name, inputs, shape):
            return None
        return self._put_off(loop, name, inputs, shape, reports, turned, None, over, space, axes)

    def _put_off(
        self,
        loop: Loop | Conversion,
        name: str,
        inputs: tuple[Value, ...],
        shape: tuple[int, ...],
        reports: bool,
        turned: bool,
        plan: NodePlan | None,
        over: int = EACH,
        space: tuple[int, ...] | None = None,
        axes: tuple[int, ...] = (-1,),
        above: int = 0,
    ) -> Node | None:
        """`plan`: that of a call, from which a node over each element is made at once."""
        if not self.is_open:
            return None
        state = self.state
        if state is None or not state.is_now():
            state = self.state = state_now(state)
        if state.at_once and reports:
            return None
        place = place_of_user(_getframe(3 + above)) if reports else None
        reports = reports and bool(state.bits)
        node: Node | None
        if plan is None:
            if get_ident() != self.thread:
                share(self)
                return None
            node = Node(loop, name, inputs, shape, reports, place, state, turned, over, space, axes)
        else:
            dtype, kind = plan.dtype, plan.kind
            node = new_node(
                self.like, VALUE, loop, name, inputs, shape, reports, place, state, turned, dtype, kind
            )
            if node is None:
                share(self)
                return None
        self.pending.append(node)
        if not self.is_open:  # no longer
            add_late(self, node)  # type: ignore[unreachable]
        if self.exposed:
            self.is_urgent |= may_change(self, inputs)
        return node

    def take_out(self, *nodes: Node) -> None:
        """Takes the latest nodes out again: NumPy has to make the call."""
        while self.pending and self.pending[-1] in nodes:
            self.pending.pop().forget()

    # ---- running ----

    def evaluate(self, value: Value) -> Array:
        """The value's array, in memory of its own."""
        if value.array is None:
            self.flush(asked=value)
        assert value.array is not None
        if value.borrowed:
            value.array = value.array.copy("F" if value.turned else "C")
            value.borrowed = False
        if value.is_view:
            value.array = value.array[...]
            value.is_view = False
        return value.array

    def flush(
        self,
        why: str = "a value was needed",
        folds: Sequence[Fold] = (),
        spared: Sequence[Value] = (),
        asked: Value | None = None,
        before_write: bool = False,
    ) -> list[tuple[Fold, Array, int]]:
        """Runs all that is put off; `why` is for the log. Where one value is `asked` for, or folded, those
        that have been made and not stored stay so, but `before_write`, which might change what they read.

        Values that are `spared` get no array, and are put off again if somebody holds them.
        Of the folds that were made, the first among them or none: partial results and floating-point flags.
        """
        if self.is_open and get_ident() != self.thread:
            share(self)
        with self.lock:
            if self.is_open:
                return self.run_pending(why, folds, spared, asked, before_write)
            if self.pending:
                flush_all(self, why)
            return []

    def run_pending(
        self,
        why: str,
        folds: Sequence[Fold] = (),
        spared: Sequence[Value] = (),
        asked: Value | None = None,
        before_write: bool = False,
    ) -> list[tuple[Fold, Array, int]]:
        """As flush, with the lock held."""
        nodes = self.pending
        if not nodes:
            return []
        self.running = nodes, [node.inputs for node in nodes]
        self.pending = []
        self.is_urgent = False
        flags: dict[Node, int] = {}
        try:
            folded = {fold.value for fold in folds}
            leaves: set[Value] = set()
            is_read = bool(folds) or (asked is not None and not before_write)
            if is_read and not self.exposed:
                made, leaves = made_again(nodes, folded)
                made += self.made_before(nodes)
                spared = (*spared, *[each for each in made if each is not asked])
            if self.log is not None:
                self.log.why = why, 0 if why is RETURNED else line_of_user()
            needed, wanted = needed_of(nodes, folded, spared)
            wanted.update(leaves)
            is_one_pass = goes_at_once(needed)
            ended = run_groups(self, needed, wanted, folds, flags, is_one_pass)
        except BaseException:
            self._put_off_again()
            raise
        if not is_one_pass:
            self._give_operands_back()
        self.borrowed += [node.outs[0] for node in needed if node.target is not None]
        if self.exposed:
            give_back(self)
        spared = (*spared, *folded)
        if spared:
            asked_again = [each for each in spared if each.array is None and each.is_held()]
            self.pending = ancestors(nodes, asked_again) if asked_again else []
        self.tally.asked += len(nodes) - len(self.pending)
        again = set(self.pending)
        self.has_made = bool(again)
        self.has_rows = any(node.over != EACH for node in again)
        self.running = [], []
        for node in nodes:
            if node not in again and self.is_open:  # else its thread may be about to show what it makes
                node.forget()
        if flags:
            tell([(node, flags[node]) for node in nodes if node.reports and flags.get(node)])
        for node in again:
            node.reports = False
            node.outs[0].again = True
        return ended

    def _give_operands_back(self) -> None:
        """Several passes may have made the operands of what runs themselves."""
        for node, inputs in zip(*self.running, strict=True):
            node.inputs = inputs

    def _put_off_again(self) -> None:
        """A run has not come to its end: its nodes that have no array yet are put off as they were."""
        self._give_operands_back()
        nodes = [node for node in self.running[0] if node.outs[0].array is None and node.target is None]
        self.pending[:0] = [node for node in nodes if node not in self.pending]
        self.running = [], []

    def _renew_locks(self) -> None:
        """In a forked child, which has one thread: another one may have run nodes in the parent."""
        if self.lock.acquire(blocking=False):
            self.lock.release()
        else:
            self.lock = RLock()
            self._put_off_again()

    def made_before(self, nodes: Sequence[Node]) -> list[Value]:
        return [node.outs[0] for node in nodes if node.outs[0].again] if self.has_made else []

    def close(self) -> None:
        """The end of the call: whatever somebody still has gets its values."""
        try:
            self.flush(RETURNED)
            give_back(self)
        finally:
            self.is_open = False

    def stands_apart(self, arrays: Sequence[Array | None]) -> bool:
        """Whether what is put off has no errors to tell of, and reads none of these arrays."""
        if self.exposed or self.borrowed or any(node.reports for node in self.pending):
            return False
        read = [each.array for node in self.pending for each in node.inputs if each.array is not None]
        return all(x is None or are_apart(x, each) for x in arrays for each in read)
