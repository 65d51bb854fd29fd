"""The nodes that a record needs, in groups of which each is a pass, one after the other."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._types import Array
from .nodes import Node, Value
from .passes import Fold
from .running import run_pass
from .schedule import ends_of, groups_of, last_reads

if TYPE_CHECKING:
    from .record import Record

__all__ = ["run_groups"]

_NOTHING: dict[Node, list[Value]] = {}


def run_groups(
    record: "Record",
    needed: list[Node],
    wanted: set[Value],
    folds: Sequence[Fold],
    flags: dict[Node, int],
    is_one_pass: bool,
) -> list[tuple[Fold, Array, int]]:
    """Runs the nodes that are needed; of the folds what flush tells, and flags by node."""
    ended: list[tuple[Fold, Array, int]] = []
    groups, handed_on = [needed], _NOTHING
    if not is_one_pass:
        asked = wanted.copy()
        groups = groups_of(needed, wanted)
        handed_on = last_reads(groups, wanted - asked)
    for group in groups:
        ends = ends_of(group, folds, wanted)
        raised, partials, saved = run_pass(record.pool, group, wanted, ends)
        record.tally.saved_ns += saved
        if record.log is not None:
            record.log.add(group, ends)
        if any(raised):
            flags.update(zip(group, raised, strict=False))
        if partials is not None:
            ended += zip(ends, partials, raised[len(group) :], strict=True)
        for value in handed_on.get(group[-1], ()):
            if all(value is not fold.value for fold in folds) and not value.is_held():
                value.array = None  # nobody reads it any more
    if len(groups) > 1:
        for node in {node for group in groups for node in group}.difference(needed):
            node.forget()
    return ended
