"""The record of one call of a fused function: what has been put off, and how it is run when it is needed."""

from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np

from .._native.programs import cast_loop
from .._types import Array
from ..arrays.cache import Cache
from ..arrays.loops import Loop, resolve
from ..arrays.operands import as_loop_number
from ..arrays.probes import zero_by_place
from ..arrays.refusal import Refusal
from ..arrays.self_test import NUMPYS, refusal_of
from .nodes import KNOWN, Conversion, Node, Value, is_plain
from .passes import Fold, run_pass
from .schedule import ancestors, groups_of, may_end, needed_of
from .warned import State, place_of_user, state_now, tell

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["SMALL", "Record", "is_same", "plain_loop"]

# Elements below which an operation is done at once, by NumPy.
SMALL = 4096

# Nodes that are put off at most, so that a long loop keeps neither memory nor its user waiting.
_MOST_PENDING = 256

# Loops of NumPy's own ufuncs, by ufunc and the operands' dtypes and types of numbers; a string where NumPy
# has to make the call. Any thread may write.
_loops: Cache[tuple[Any, ...], Loop | Refusal] = Cache()


class Record:
    """Nodes that are put off, in the order of the program; all run when any value is needed.

    It belongs to one call, and is used by the thread that made it. `exposed` is memory that code which we do
    not know may write: nothing that reads it stays put off. `is_urgent`: such a node has been recorded.
    `borrowed` are the values that lie in memory which may be written later.
    """

    def __init__(self, pool: "CData") -> None:
        self.pool = pool
        self.pending: list[Node] = []
        self.borrowed: list[Value] = []
        self.exposed: list[Array] = []
        self.state: State | None = None
        self.is_open = True
        self.is_urgent = False

    # ---- recording ----

    def node(self, ufunc: np.ufunc, operands: tuple[Any, ...]) -> Node | None:
        """The ufunc's call put off, of values and numbers; None where it has to be made at once."""
        key: list[Any] = [ufunc]
        shape: tuple[int, ...] | None = None
        for x in operands:
            if type(x) is not Value:
                key.append(type(x))
                continue
            if not x.is_plain:
                return None
            key.append(x.dtype.num)
            if shape is None:
                shape = x.shape
            elif x.shape != shape and x.shape:
                try:
                    shape = np.broadcast_shapes(shape, x.shape)
                except ValueError:
                    return None
        if not shape or not self.is_open:
            return None
        found = tuple(key)
        loop = _loops.get(found)
        if loop is None:
            loop = _loop_for(ufunc, operands)
            if ufunc in NUMPYS:
                _loops.put(found, loop)
        if isinstance(loop, Refusal):
            return None
        inputs = _as_values(loop, operands)
        if inputs is None or any(map(_is_converted_apart, inputs, loop.dtypes)):
            return None
        return self.add(loop, ufunc.__name__, inputs, shape, loop.strided.reports)

    def add(
        self,
        loop: Loop | Conversion,
        name: str,
        inputs: tuple[Value, ...],
        shape: tuple[int, ...],
        reports: bool,
    ) -> Node | None:
        """One loop put off; None where it has to run at once."""
        if not self._is_worth(inputs, shape) or _shows_place(loop, name, inputs, shape):
            return None
        if len(self.pending) >= _MOST_PENDING:
            self.flush()
        state = self.state
        if state is None or not state.is_now():
            state = self.state = state_now(state)
        if state.at_once and reports:
            return None
        place = place_of_user() if reports else None
        node = Node(loop, name, inputs, shape, reports and bool(state.bits), place, state)
        self.pending.append(node)
        if self.exposed:
            self.is_urgent |= self._may_change(inputs)
        return node

    def _is_worth(self, inputs: tuple[Value, ...], shape: tuple[int, ...]) -> bool:
        size = 1
        for length in shape:
            size *= length
        is_there = True
        for value in inputs:
            if not value.is_plain or not self.is_open:
                return False
            is_there = is_there and value.array is not None
        return size > 0 and (size >= SMALL or not is_there)

    # ---- memory that may be written unseen ----

    def expose(self, array: Array) -> None:
        """From now on code that we do not know may write to the array's memory."""
        base = array
        while isinstance(base.base, np.ndarray):
            base = base.base
        if not any(base is each for each in self.exposed):
            self.exposed.append(base)
        self.give_back(array)

    def _may_change(self, inputs: tuple[Value, ...]) -> bool:
        return any(
            value.array is not None and np.may_share_memory(value.array, each)
            for value in inputs
            for each in self.exposed
        )

    # ---- running ----

    def evaluate(self, value: Value) -> Array:
        """The value's array, in memory of its own."""
        if value.array is None:
            self.flush()
        assert value.array is not None
        if value.borrowed:
            value.array = value.array.copy()
            value.borrowed = False
        return value.array

    def flush(self, fold: Fold | None = None) -> tuple[Array, int] | None:
        """Runs all that is put off.

        Of a fold: its partial results and floating-point flags; None where its value was given an array.
        """
        nodes, self.pending = self.pending, []
        self.is_urgent = False
        if not nodes:
            return None
        folded = None if fold is None else fold.value
        needed, wanted = needed_of(nodes, folded)
        flags: dict[Node, int] = {}
        try:
            ended = self._run(needed, wanted, fold, flags)
        except BaseException:
            self.pending = [node for node in needed if node.outs[0].array is None and node.target is None]
            raise
        self.borrowed += [node.outs[0] for node in needed if node.target is not None]
        if ended is not None and folded is not None and folded.is_held():
            self.pending = ancestors(needed, folded)
        for node in nodes:
            if node.reports and flags.get(node):
                tell(node, flags[node])
        for node in self.pending:
            node.reports = False
        return ended

    def _run(
        self, needed: list[Node], wanted: set[Value], fold: Fold | None, flags: dict[Node, int]
    ) -> tuple[Array, int] | None:
        ended: tuple[Array, int] | None = None
        for group in groups_of(needed, wanted):
            end = None
            if fold is not None and fold.value.node in group:
                if may_end(fold, group, wanted):
                    end = fold
                else:
                    wanted.add(fold.value)
            raised, partial = run_pass(self.pool, group, wanted, end)
            flags.update(zip(group, raised, strict=False))
            if partial is not None:
                ended = partial, raised[len(group)]
        return ended

    def close(self) -> None:
        """The end of the call: whatever somebody still has gets its values."""
        try:
            self.flush()
            self.give_back()
        finally:
            self.is_open = False

    # ---- writing ----

    def store(self, target: Array, value: Value) -> bool:
        """Writes the value into an evaluated array of its shape; False: NumPy has to."""
        if target.dtype.num != value.dtype.num or not target.flags.writeable or not is_plain(target):
            return False
        if 0 in target.strides and target.size > 1:
            return False
        self.give_back(target)
        node = value.node
        if node is None or not self._fits(target, value, node):
            with _Holder(value):
                self.flush()
            np.copyto(target, self.evaluate(value))
            return True
        node.target = target
        self.flush()
        return True

    def _fits(self, target: Array, value: Value, node: Node) -> bool:
        """Whether the node can write its result into the target."""
        if value.array is not None or value.shape != target.shape or node.target is not None:
            return False
        return len(node.outs) == 1 and not self._reads_elsewhere(target, node)

    def give_back(self, target: Array | None = None) -> None:
        """Copies values that are borrowed from memory that is about to be written, if they are held.

        None: from memory that code which we do not know may write.
        """
        kept = []
        for value in self.borrowed:
            if value.borrowed and value.is_held():
                assert value.array is not None
                if target is None or np.may_share_memory(value.array, target):
                    value.array = value.array.copy()
                    value.borrowed = False
                else:
                    kept.append(value)
        self.borrowed = kept

    def _reads_elsewhere(self, target: Array, writer: Node) -> bool:
        """Whether anything reads the target's memory otherwise than element by element before the writer."""
        alike = all(node.shape == target.shape for node in self.pending)
        written = False
        for node in self.pending:
            for value in node.inputs:
                x = value.array
                if x is None or not np.may_share_memory(x, target):
                    continue
                if written or not alike or not is_same(x, target):
                    return True
            written |= node is writer
        return False


def _loop_for(ufunc: np.ufunc, operands: tuple[Any, ...]) -> Loop | Refusal:
    if ufunc not in NUMPYS:
        return Refusal("it is not NumPy's")
    if ufunc.signature is not None or refusal_of(ufunc, True):
        return Refusal("its loops are not run on our threads")
    given = [x.dtype if type(x) is Value else type(x) for x in operands]
    found = resolve(ufunc, (*given, *[None] * ufunc.nout))
    if isinstance(found, Refusal) or any(dtype.char not in KNOWN for dtype in found.dtypes):
        return Refusal("it has no loop for numbers")
    for own, dtype in zip(given, found.dtypes, strict=False):
        if isinstance(own, np.dtype) and own.num != dtype.num and not cast_loop(own.char, dtype.char):
            return Refusal("there is no conversion")
    return found


def _as_values(loop: Loop, operands: tuple[Any, ...]) -> tuple[Value, ...] | None:
    """The operands with numbers in the loop's dtypes; None where NumPy has to look at one."""
    inputs = []
    for x, dtype in zip(operands, loop.dtypes, strict=False):
        if type(x) is not Value:
            number = as_loop_number(x, dtype)
            if number is None:
                return None
            x = Value.of(number)
        elif not x.shape and x.dtype.num != dtype.num and x.array is not None:
            x = Value.of(x.array.astype(dtype))
        inputs.append(x)
    return tuple(inputs)


def _is_converted_apart(x: Value, dtype: "np.dtype[Any]") -> bool:
    """Whether NumPy converts an operand before it begins, and reports that by the name of "cast"."""
    if x.dtype.num == dtype.num or x.dtype.kind not in "fc" or len(x.shape) > 1:
        return False
    return not x.shape or x.shape[0] <= np.getbufsize()


def is_same(x: Array, target: Array) -> bool:
    if x.shape != target.shape or x.strides != target.strides or x.dtype != target.dtype:
        return False
    found: bool = x.__array_interface__["data"][0] == target.__array_interface__["data"][0]
    return found


class _Holder:
    """Holds a value as a lazy array does."""

    __slots__ = ("__weakref__", "_owner", "_value")

    def __init__(self, value: Value) -> None:
        self._value = value
        self._owner = value.owner

    def __enter__(self) -> None:
        self._value.owner = ref(self)

    def __exit__(self, *failure: object) -> None:
        self._value.owner = self._owner


def _shows_place(
    loop: Loop | Conversion, name: str, inputs: tuple[Value, ...], shape: tuple[int, ...]
) -> bool:
    """Whether where an element lies may show in its bits, so that NumPy's own walk is needed."""
    kind = loop.dtypes[0].char
    if name == "power" and loop.dtypes[1].kind == "i":  # negative powers raise
        return True
    if kind == "e":
        return any(x.array is not None and x.shape and not x.array.flags.c_contiguous for x in inputs)
    if name in ("fmax", "fmin") and kind in "fd" and len(shape) > 1 and isinstance(loop, Loop):
        return zero_by_place(name, kind)
    return False


def plain_loop(source: np.dtype[Any], target: np.dtype[Any]) -> Conversion | None:
    """The conversion from one dtype to another; None where C has none."""
    found = cast_loop(source.char, target.char)
    return None if found is None else Conversion("cast", found, (source, target), source.num != target.num)
