"""What of a record has to run, and in which passes."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import TypeAlias

from .._native.fused import COLUMN, EACH, ONCE, ROW
from ..arrays.elementwise import ROUNDED_ALIKE
from ..arrays.loops import Loop
from .nodes import Conversion, Node, Value
from .passes import MOST_NODES, Fold
from .worth import QUICK

__all__ = [
    *("ancestors", "ends_of", "goes_at_once", "groups_of", "last_reads", "made_again", "needed_of"),
    "rows_of",
]


def needed_of(
    nodes: list[Node], folded: Collection[Value], spared: Iterable[Value] = ()
) -> tuple[list[Node], set[Value]]:
    """The nodes that have to run, in their order, and the values that get an array; none that are spared."""
    used: set[Value] = set(folded)
    wanted: set[Value] = set()
    needed: list[Node] = []
    without = {*folded, *spared}
    for node in reversed(nodes):
        is_needed = node.reports or node.target is not None
        for value in node.outs:
            owner = None if value.owner is None else value.owner()
            if owner is not None and owner._value is value and value not in without:  # is_held() at once
                is_needed = True
                if node.target is None:
                    wanted.add(value)
            elif value in used:
                is_needed = True
        if is_needed:
            needed.append(node)
            used.update(node.inputs)
    needed.reverse()
    return needed, wanted


def ancestors(nodes: Sequence[Node], made: Iterable[Value]) -> list[Node]:
    """The nodes that make these values, in their order, as far as they are not evaluated."""
    values = set(made)
    found: list[Node] = []
    for node in reversed(nodes):
        if not values.isdisjoint(node.outs):
            found.append(node)
            values.update(each for each in node.inputs if each.array is None)
    found.reverse()
    return found


# So many quick loops, and no more arrays that they read.
_MOST_AGAIN = 8
_MOST_READ = 2


# What makes a value: nodes, the arrays that they read, and values of fewer elements.
Chain: TypeAlias = tuple[set[Node], set[int], set[Value]]
Chains: TypeAlias = dict[Value, Chain]

# The passes to be: how many come before, what they go over, their nodes.
Groups: TypeAlias = list[tuple[int, tuple[tuple[int, ...], bool], list[Node]]]


def made_again(nodes: list[Node], folded: Collection[Value]) -> tuple[list[Value], set[Value]]:
    """Held values beside what passes reduce that are sooner made again than stored, if anybody asks.

    Those are of few quick steps and of one or two arrays. Most are never asked for: a variable holds them
    while the function goes on. Rows or columns that have been reduced go into them as well, which have to be
    stored then.
    """
    found: list[Value] = []
    spaces = {node.space for node in nodes if node.over in (ROW, COLUMN)}
    spaces.update(value.shape for value in folded)
    leaves: set[Value] = set()
    chains: Chains = {}
    for node in nodes:
        chain = _quick_chain(node, chains, spaces)
        if chain is None:
            continue
        value = node.outs[0]
        chains[value] = chain
        if value not in folded and value.shape in spaces and value.is_held():
            found.append(value)
            leaves.update(chain[2])
    return found, leaves


def _quick_chain(node: Node, chains: Chains, spaces: Collection[tuple[int, ...]] = ()) -> Chain | None:
    """What makes a node's value from arrays, if it is quick and of little."""
    if node.name not in QUICK or len(node.outs) > 1:
        return None
    steps: set[Node] = {node}
    read: set[int] = set()
    leaves: set[Value] = set()
    is_whole = node.shape in spaces
    for value in node.inputs:
        if value.array is not None:
            if value.shape:
                read.add(id(value.array))
        elif value in chains and (not is_whole or value.shape == node.shape):
            steps |= chains[value][0]
            read |= chains[value][1]
            leaves |= chains[value][2]
        elif is_whole and value.shape != node.shape:
            leaves.add(value)
        else:
            return None
    return (steps, read, leaves) if len(steps) <= _MOST_AGAIN and len(read) <= _MOST_READ else None


def ends_of(group: list[Node], folds: Sequence[Fold], wanted: set[Value]) -> list[Fold]:
    """The folds that a pass ends in. Those after the first are made with it, or not at all."""
    if not folds or folds[0].value.node not in group:
        return []
    if not _may_end(folds[0], group, wanted):
        wanted.add(folds[0].value)
        return []
    return [fold for fold in folds if fold.value.node in group and _may_end(fold, group, wanted)]


def _may_end(fold: Fold, group: list[Node], wanted: set[Value]) -> bool:
    """Whether the pass may end in the fold: a tree cuts where arrays that are written must not be cut."""
    if any(node.over != EACH for node in group):  # whose chunks are whole rows
        return False
    if fold.value in wanted or (fold.value.node is not None and fold.value.node.target is not None):
        return False
    return not fold.tree or not any(
        node.target is not None or not wanted.isdisjoint(node.outs) for node in group
    )


def _goes_along(value: Value, maker: Node, node: Node) -> bool:
    """Whether a node of the same space finds at each place what belongs there: of a row's value if it stands
    in an axis of its own, of a column's never."""
    if maker.over == COLUMN:
        return False
    return maker.over == EACH or node.over != EACH or len(value.shape) == len(node.space)


def _may_join(members: list[Node], node: Node) -> bool:
    """Whether a pass may take the node as well: its chunks are whole rows, or pieces of all rows."""
    if len(members) >= MOST_NODES:
        return False
    return node.over == EACH or not any(
        each.over != EACH and (each.over == COLUMN) != (node.over == COLUMN) for each in members
    )


def _hand_on(
    nodes: list[Node], places: dict[Node, int], groups: list[list[Node]], wanted: set[Value]
) -> None:
    """Has values stored, or made again, that one pass makes and another one reads."""
    chains: Chains = {}
    if any(node.over in (ROW, COLUMN) for node in nodes) and all(node.target is None for node in nodes):
        for node in nodes:
            chain = _quick_chain(node, chains)
            if chain is not None:
                chains[node.outs[0]] = chain
    made: dict[tuple[int, Value], Value] = {}  # by the place of the pass
    begins: Counter[int] = Counter()  # where its own nodes do
    for node in nodes:
        for value in node.inputs:
            if value.array is not None or value.node is None or places[value.node] == places[node]:
                continue
            if value in wanted or value not in chains or node.outs[0] in chains:
                wanted.add(value)
                continue
            members = groups[places[node]]
            if len(members) + len(chains[value][0]) > MOST_NODES:
                wanted.add(value)
                continue
            again = [each for each in nodes if each in chains[value][0]]
            copies = [
                _copy_of(each, node.space, places[node], made)
                for each in again
                if (places[node], each.outs[0]) not in made
            ]
            begin = begins[places[node]]
            members[begin:begin] = copies  # after those that they may read
            begins[places[node]] += len(copies)
    for node in nodes:
        node.inputs = tuple([made.get((places[node], value), value) for value in node.inputs])


def _copy_of(node: Node, space: tuple[int, ...], place: int, made: dict[tuple[int, Value], Value]) -> Node:
    """A node that makes its value once more, of values that the pass makes again: for each element of the
    pass's space, which may be larger."""
    inputs = tuple([made.get((place, value), value) for value in node.inputs])
    copy = Node(
        *(node.loop, node.name, inputs, node.shape, False, node.place, node.state, node.turned),
        *(node.over, space if node.over == EACH else node.space, node.axes),
    )
    made[place, node.outs[0]] = copy.outs[0]
    return copy


def _makers_of(node: Node) -> list[Node]:
    """The nodes that make what it reads, and that have not run."""
    return [each.node for each in node.inputs if each.array is None and each.node is not None]


def _place_of(node: Node, places: dict[Node, int], groups: Groups) -> tuple[int, int]:
    """The level and the place of the group that may take the node; the place after all for a new one."""
    level, least = 0, 0
    for value in node.inputs:
        maker = value.node
        if value.array is None and maker is not None:
            place = places[maker]
            same = groups[place][1] == (node.space, node.turned) and _goes_along(value, maker, node)
            level = max(level, groups[place][0] + (not same))
            least = max(least, place)
    if node.target is not None and groups:  # in the last pass: the others may read what it writes over
        level = max(level, *[own for own, _, _ in groups])
        least = max(k for k, (own, _, _) in enumerate(groups) if own == level or k == least)
    space = node.space, node.turned
    if groups and groups[least][:2] == (level, space) and _may_join(groups[least][2], node):
        return level, least
    return level, next(
        (
            k
            for k, (own, shape, members) in enumerate(groups)
            if own == level
            and shape == space
            and _may_join(members, node)
            and (k >= least or groups[least][0] < level)
        ),
        len(groups),
    )


def groups_of(nodes: list[Node], wanted: set[Value]) -> list[list[Node]]:
    """Passes, in an order in which each finds its operands made; what passes hand on is added to `wanted`.

    Nodes may get other inputs, for what their pass makes itself, and another space: what goes once over a row
    goes over elements where the row is in another pass, or has been made.
    """
    places: dict[Node, int] = {}
    groups: Groups = []
    for node in nodes:
        level, place = _place_of(node, places, groups)
        if node.over == ONCE and {places[maker] for maker in _makers_of(node)} != {place}:
            node.over, node.space = EACH, node.shape
            level, place = _place_of(node, places, groups)
        if place == len(groups):
            groups.append((level, (node.space, node.turned), []))
        places[node] = place
        groups[place][2].append(node)
    _hand_on(nodes, places, [members for _, _, members in groups], wanted)
    return [members for _, _, members in sorted(groups, key=lambda group: group[0])]


def goes_at_once(nodes: list[Node]) -> bool:
    """Whether all nodes go over the same elements, in one pass: most records."""
    if not nodes or len(nodes) > MOST_NODES:
        return False
    space, turned = nodes[0].space, nodes[0].turned
    for node in nodes:  # noqa: SIM110 - all() takes twice as long
        if node.space != space or node.over != EACH or node.turned != turned:
            return False
    return True


def last_reads(groups: list[list[Node]], handed_on: set[Value]) -> dict[Node, list[Value]]:
    """What passes hand on, by the last node of the pass that reads it last."""
    if not handed_on:
        return {}
    last = {value: group[-1] for group in groups for node in group for value in node.inputs}
    found: dict[Node, list[Value]] = {}
    for value in handed_on:
        found.setdefault(last[value], []).append(value)
    return found


def rows_of(
    loop: Loop | Conversion, inputs: tuple[Value, ...], shape: tuple[int, ...]
) -> tuple[int, ...] | None:
    """The space of the rows whose value a loop takes, where it takes nothing else but numbers.

    Of two such values NumPy's loop may take another NaN where they stand among others than alone, and some
    loops round otherwise there. A number may be NaN as well.
    """
    if isinstance(loop, Loop) and (loop.name not in ROUNDED_ALIKE or loop.dtypes[0].char in "eFD"):
        return None
    row: Value | None = None
    for value in inputs:
        if value.array is not None and not value.shape:
            if value.is_nan():
                return None
            continue
        maker = value.node
        if value.array is not None or maker is None or maker.over in (EACH, COLUMN) or value.shape != shape:
            return None
        if row is not None and row is not value:
            return None
        row = value
    return None if row is None or row.node is None else row.node.space
