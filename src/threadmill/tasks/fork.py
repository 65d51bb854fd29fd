"""What a forked child has of the items that its parent's pool had: those of the thread that forked."""

import threading
from collections.abc import Iterable

from .item import Item

__all__ = ["Lineage"]


class Lineage:
    """Which thread of this process is at which item."""

    def __init__(self) -> None:
        # What each worker has taken from the deque: a list of one, which only that worker writes to.
        self.slots: dict[int, list[Item | None]] = {}
        self.helped: set[tuple[int, Item]] = set()  # what workers run because they wait for it; each its own
        self._kept: set[tuple[int, Item]] = set()  # what was under way in the thread that forked

    def slot(self, me: int) -> list[Item | None]:
        return self.slots.setdefault(me, [None])

    def is_at(self, ident: int, item: Item) -> bool:
        """Whether the worker of that ident is at the item already."""
        return (ident, item) in self.helped or self.slot(ident)[0] is item

    def is_kept(self, item: Item) -> bool:
        """Whether an item of the parent's is under way in this process."""
        return any(item is kept for _, kept in self._kept)

    def fork(self) -> list[Item]:
        """In a forked child: forgets the threads that it lacks; returns what they were at."""
        me = threading.get_ident()
        taken = {(ident, slot[0]) for ident, slot in self.slots.items() if slot[0] is not None}
        running = {*taken, *self.helped, *self._kept}
        self._kept = {(ident, item) for ident, item in running if ident == me}
        self.slots = {}
        self.helped = set()
        return [item for ident, item in running if ident != me]


def renew(locks: Iterable[object]) -> None:
    """Makes locks new in a forked child, as the standard library does: a lost thread may hold them."""
    for lock in locks:
        lock._at_fork_reinit()  # type: ignore[attr-defined]
