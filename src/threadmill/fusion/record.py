"""The record of one call of a fused function: what has been put off, and how it is run when it is needed."""

from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np

from .._native.programs import cast_loop
from .._types import Array
from ..arrays.elementwise import _zero_by_place as zero_by_place
from ..arrays.loops import Loop, resolve
from ..arrays.operands import as_loop_number
from ..arrays.probes import is_numpys, refuses
from .nodes import KNOWN, Conversion, Node, Value, is_plain
from .passes import MOST_NODES, Fold, run_pass
from .warned import State, place_of_user, state_now, tell

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["SMALL", "Record", "plain_loop"]

# Elements below which an operation is done at once, by NumPy.
SMALL = 4096

# Nodes that are put off at most, so that a long loop keeps neither memory nor its user waiting.
_MOST_PENDING = 256

# Loops by ufunc and operands, None where NumPy has to make the call. Only NumPy's own ufuncs are kept, so that
# it is bounded by them and the dtypes; written by any thread, read once.
_loops: dict[tuple[Any, ...], Loop | None] = {}


def _loop_for(ufunc: np.ufunc, given: tuple[Any, ...]) -> Loop | None:
    if ufunc.signature is not None or refuses(ufunc, False):
        return None
    found = resolve(ufunc, (*given, *[None] * ufunc.nout))
    if not isinstance(found, Loop) or any(dtype.char not in KNOWN for dtype in found.dtypes):
        return None
    for own, dtype in zip(given, found.dtypes, strict=False):
        if isinstance(own, np.dtype) and own.num != dtype.num and not cast_loop(own.char, dtype.char):
            return None
    return found


class Record:
    """Nodes that are put off, in the order of the program; all run when any value is needed.

    It belongs to one call, and is used by the thread that made it.
    """

    def __init__(self, pool: "CData") -> None:
        self.pool = pool
        self.pending: list[Node] = []
        self.borrowed: list[Value] = []
        self.state: State | None = None
        self.is_open = True

    # ---- recording ----

    def node(self, ufunc: np.ufunc, operands: tuple[Any, ...]) -> Node | None:
        """The ufunc's call put off, of values and numbers; None where it has to be made at once."""
        key: list[Any] = [ufunc]
        given: list[Any] = []
        shape: tuple[int, ...] | None = None
        for x in operands:
            if type(x) is Value:
                if not x.is_plain:
                    return None
                key.append(x.dtype.num)
                given.append(x.dtype)
                if shape is None:
                    shape = x.shape
                elif x.shape != shape and x.shape:
                    try:
                        shape = np.broadcast_shapes(shape, x.shape)
                    except ValueError:
                        return None
            else:
                key.append(type(x))
                given.append(type(x))
        if not shape or not self.is_open:
            return None
        found = tuple(key)
        try:
            loop = _loops[found]
        except KeyError:
            loop = _loops[found] = _loop_for(ufunc, tuple(given)) if is_numpys(ufunc) else None
        if loop is None:
            return None
        inputs = []
        for x, dtype in zip(operands, loop.dtypes, strict=False):
            if type(x) is not Value:
                number = as_loop_number(x, dtype)
                if not isinstance(number, np.ndarray):
                    return None
                x = Value.of(number)
            elif not x.shape and x.dtype.num != dtype.num and x.array is not None:
                x = Value.of(x.array.astype(dtype))
            inputs.append(x)
        return self.add(loop, ufunc.__name__, tuple(inputs), shape, loop.strided.reports)

    def add(
        self,
        loop: Loop | Conversion,
        name: str,
        inputs: tuple[Value, ...],
        shape: tuple[int, ...],
        reports: bool,
    ) -> Node | None:
        size = 1
        for length in shape:
            size *= length
        if not all([value.is_plain for value in inputs]):
            return None
        if not size or (size < SMALL and all(value.array is not None for value in inputs)):
            return None
        if _shows_place(loop, name, inputs, shape):
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
        return node

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
        if not nodes:
            return None
        folded = None if fold is None else fold.value
        needed, wanted = _needed(nodes, folded)
        groups = _groups(needed, wanted)
        flags: dict[Node, int] = {}
        ended: tuple[Array, int] | None = None
        try:
            for group in groups:
                end = (
                    fold
                    if fold is not None and fold.value.node in group and _may_end(fold, group, wanted)
                    else None
                )
                if fold is not None and end is None and fold.value.node in group:
                    wanted.add(fold.value)
                raised, partial = run_pass(self.pool, group, wanted, end)
                flags.update(zip(group, raised, strict=False))
                if partial is not None:
                    ended = partial, raised[len(group)]
        except BaseException:
            self.pending = [node for node in needed if node.outs[0].array is None and node.target is None]
            raise
        self.borrowed += [node.outs[0] for node in needed if node.target is not None]
        if ended is not None and folded is not None and folded.is_held():
            self.pending = _ancestors(needed, folded)
        for node in nodes:
            if node.reports and flags.get(node):
                tell(node, flags[node])
        for node in self.pending:
            node.reports = False
        return ended

    # ---- writing ----

    def store(self, target: Array, value: Value) -> bool:
        """Writes the value into an evaluated array of its shape; False: NumPy has to."""
        if target.dtype.num != value.dtype.num or not target.flags.writeable or not is_plain(target):
            return False
        if 0 in target.strides and target.size > 1:
            return False
        self.give_back(target)
        node = value.node
        fits = (
            value.array is None and node is not None and value.shape == target.shape and node.target is None
        )
        fits = fits and len(node.outs) == 1 and not self._reads_elsewhere(target, node)  # type: ignore[union-attr]
        if not fits or node is None:
            with _Holder(value):
                self.flush()
            np.copyto(target, self.evaluate(value))
            return True
        node.target = target
        self.flush()
        return True

    def give_back(self, target: Array | None = None) -> None:
        """Copies values that are borrowed from memory that is about to be written, if they are held.

        None: from memory that code which we do not know may write.
        """
        kept = []
        for value in self.borrowed:
            if value.borrowed and value.is_held():
                if target is None or np.may_share_memory(value.array, target):
                    value.array = value.array.copy()  # type: ignore[union-attr]
                    value.borrowed = False
                else:
                    kept.append(value)
        self.borrowed = kept

    def _reads_elsewhere(self, target: Array, writer: Node) -> bool:
        """Whether anything put off reads the target's memory otherwise than element by element before the writer."""
        alike = all(node.shape == target.shape for node in self.pending)
        written = False
        for node in self.pending:
            for value in node.inputs:
                x = value.array
                if x is None or not np.may_share_memory(x, target):
                    continue
                if (
                    written
                    or not alike
                    or x.shape != target.shape
                    or x.strides != target.strides
                    or x.dtype != target.dtype
                ):
                    return True
                if x.__array_interface__["data"][0] != target.__array_interface__["data"][0]:
                    return True
            written |= node is writer
        return False


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


def _needed(nodes: list[Node], folded: Value | None) -> tuple[list[Node], set[Value]]:
    """The nodes that have to run, in their order, and the values that get an array."""
    used: set[Value] = set() if folded is None else {folded}
    wanted: set[Value] = set()
    needed: list[Node] = []
    for node in reversed(nodes):
        held = [value for value in node.outs if value is not folded and value.is_held()]
        if node.target is None:
            wanted.update(held)
        if held or node.reports or node.target is not None or not used.isdisjoint(node.outs):
            needed.append(node)
            used.update(node.inputs)
    needed.reverse()
    return needed, wanted


def _ancestors(nodes: list[Node], value: Value) -> list[Node]:
    """The nodes that make this value, in their order, as far as they are not evaluated."""
    values = {value}
    found: list[Node] = []
    for node in reversed(nodes):
        if not values.isdisjoint(node.outs):
            found.append(node)
            values.update(each for each in node.inputs if each.array is None)
    found.reverse()
    return found


def _may_end(fold: Fold, group: list[Node], wanted: set[Value]) -> bool:
    """Whether the pass may end in the fold: a tree cuts where arrays that are written must not be cut."""
    if fold.value in wanted or (fold.value.node is not None and fold.value.node.target is not None):
        return False
    return not fold.tree or not any(
        node.target is not None or not wanted.isdisjoint(node.outs) for node in group
    )


def _groups(nodes: list[Node], wanted: set[Value]) -> list[list[Node]]:
    """Passes, in an order in which each finds its operands made; what passes hand on is added to `wanted`."""
    places: dict[Node, int] = {}
    groups: list[tuple[int, tuple[int, ...], list[Node]]] = []
    for node in nodes:
        level, least = 0, 0
        for value in node.inputs:
            maker = value.node
            if value.array is None and maker is not None:
                place = places[maker]
                same = groups[place][1] == node.shape
                level = max(level, groups[place][0] + (not same))
                least = max(least, place)
        place = next(
            (
                k
                for k, (own, shape, members) in enumerate(groups)
                if own == level
                and shape == node.shape
                and len(members) < MOST_NODES
                and (k >= least or groups[least][0] < level)
            ),
            len(groups),
        )
        if place == len(groups):
            groups.append((level, node.shape, []))
        places[node] = place
        groups[place][2].append(node)
    for node in nodes:
        for value in node.inputs:
            if value.array is None and value.node is not None and places[value.node] != places[node]:
                wanted.add(value)
    return [members for _, _, members in sorted(groups, key=lambda group: group[0])]


def plain_loop(source: np.dtype[Any], target: np.dtype[Any]) -> Conversion | None:
    """The conversion from one dtype to another; None where C has none."""
    found = cast_loop(source.char, target.char)
    return None if found is None else Conversion("cast", found, (source, target), source.num != target.num)
