"""How many items of a queue are unfinished, and who waits until none is."""

import sys
from operator import length_hint

from .._locks import Condition, Lock

__all__ = ["HAS_GIL", "Unfinished"]

# Whether `next` on an iterator is one step; without the GIL two threads may be given one number.
HAS_GIL: bool = getattr(sys, "_is_gil_enabled", lambda: True)()


class Unfinished:
    """The count that `task_done` and `join` are about, and the lock; every queue derives from it.

    An item is counted before it is put in, so that nobody can finish one that does not count yet. Where the
    process forks between the two, the child has an item that counts and is not there: as if another thread
    had taken it.
    """

    maxsize: int  # set once

    def _start_count(self) -> None:
        # With the GIL this counts items without a lock: `next` is atomic, and length_hint tells how many
        # numbers are left.
        self._numbers = iter(range(sys.maxsize))
        self._rest = sys.maxsize  # mutex: unfinished items, and the numbers that are left
        self._renew_count()

    def _renew_count(self) -> None:
        """Makes the lock: at first, and in a forked child, which may lack the thread that holds it."""
        self.mutex = Lock()
        self.all_tasks_done = Condition(self.mutex)  # unfinished_tasks == 0

    @property
    def unfinished_tasks(self) -> int:
        """The number of items that were put in and are not yet told done."""
        return self._rest - length_hint(self._numbers)

    @unfinished_tasks.setter
    def unfinished_tasks(self, number: int) -> None:
        self._rest = number + length_hint(self._numbers)

    def _finish(self, items: int) -> None:
        """Counts items as done, with `mutex` held."""
        left = self._rest - length_hint(self._numbers) - items
        if left < 0:
            raise ValueError("task_done() called too many times")
        self._rest -= items
        if left == 0:
            self.all_tasks_done.notify_all()

    def task_done(self) -> None:
        """Tells that an item that was taken is finished; as queue.Queue.task_done.

        Raises
        ------
        ValueError
            More items would be finished than were put in.
        """
        with self.mutex:
            self._finish(1)

    def join(self) -> None:
        """Waits until every item that was put in is finished; as queue.Queue.join."""
        with self.mutex:
            while self.unfinished_tasks:
                self.all_tasks_done.wait()
