"""A queue of items of one dtype, which live in a ring of the C library."""

import sys
from queue import Empty, Full
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import numpy as np

from .. import _process
from .._arguments import integer
from .._deadline import seconds_to_wait
from .._native import ring
from ..errors import PartialPut, PartialShutDown
from .casting import Caster
from .locked import Order, check_order
from .unfinished import Unfinished

if TYPE_CHECKING:
    import numpy.typing as npt

    from .._native._threadmill import CData

__all__ = ["Typed"]


S = TypeVar("S", bound=np.generic)


class Typed(Unfinished, Generic[S]):
    """What `TypedQueue` is; only the count of unfinished items is kept here."""

    @overload
    def __init__(
        self, maxsize: int = 0, *, dtype: "type[S] | np.dtype[S]", order: Order = "fifo"
    ) -> None: ...
    @overload
    def __init__(self, maxsize: int, dtype: "type[S] | np.dtype[S]", order: Order = "fifo") -> None: ...
    @overload
    def __init__(
        self: "Typed[Any]", maxsize: int = 0, *, dtype: "npt.DTypeLike", order: Order = "fifo"
    ) -> None: ...
    @overload
    def __init__(self: "Typed[Any]", maxsize: int, dtype: "npt.DTypeLike", order: Order = "fifo") -> None: ...
    def __init__(self, maxsize: int = 0, dtype: Any = None, order: Order = "fifo") -> None:
        check_order(order)
        if order == "priority":
            raise ValueError("order must be 'fifo' or 'lifo' for a queue with a dtype, got 'priority'")
        self.dtype: np.dtype[S] = np.dtype(dtype)  # set once, as all of these
        if self.dtype.hasobject:
            raise TypeError(f"dtype must hold no Python objects, got {self.dtype}")
        if self.dtype.itemsize == 0:
            raise ValueError(f"dtype must have a size, got {self.dtype}")
        self._caster = Caster(self.dtype)
        self.maxsize = integer("maxsize", maxsize, most=sys.maxsize)
        self._ring = ring.new_ring(max(0, self.maxsize), self.dtype.itemsize, order == "lifo")
        self.is_shutdown = False
        self._start_count()
        _process.renew_in_child(self)

    def _renew_locks(self) -> None:
        self._renew_count()  # the library renews its own
        if self.is_shutdown:  # a thread that only the parent has may have been about to close the ring
            ring.close(self._ring, False)

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        self._push(self._caster.one(item), block, timeout)

    def put_many(self, items: "npt.ArrayLike", block: bool = True, timeout: float | None = None) -> None:
        """Puts the items of an array in, in order, as room comes.

        Parameters
        ----------
        items : array_like, shape (n,)
            Shape (n, ...) for a dtype with a shape of its own. What NumPy casts to the queue's dtype by its
            "same_kind" rule, and lists of numbers that fit. A contiguous array of that very dtype is not
            copied.
        block, timeout
            As `put`, for all items together.

        Raises
        ------
        TypeError, OverflowError, ValueError
            An item is of another kind, its value does not fit, or its shape is another; no item went in.
        PartialPut
            There was no room in time; its `done` tells how many items went in. It is a queue.Full.
        PartialShutDown
            The queue was shut down; likewise. It is a ShutDown.

        Notes
        -----
        The calling thread copies, without the GIL.

        Examples
        --------
        >>> import threadmill as tm
        >>> q = tm.Queue(3, dtype="i8")
        >>> try:
        ...     q.put_many([1, 2, 3, 4, 5], timeout=0)
        ... except tm.PartialPut as full:
        ...     print(full.done)
        3
        """
        self._push(self._caster.many(items), block, timeout, many=True)

    def _push(self, items: Any, block: bool, timeout: float | None, many: bool = False) -> None:
        seconds = seconds_to_wait(block, timeout)
        self._count(len(items))  # before they are inside, where others may take them and call them done
        done = ring.new_count()
        try:
            status = ring.push(self._ring, items.view(np.uint8), len(items), seconds, done)
        finally:  # after Ctrl-C as well: what went in counts
            if done[0] != len(items):
                self._count(int(done[0]) - len(items))
        if status < 0 and many:
            inside = int(done[0])
            raise ring.failure(status, inside, PartialPut(inside), PartialShutDown(inside))
        if status < 0:
            raise ring.failure(status, 0, Full())

    def get(self, block: bool = True, timeout: float | None = None) -> S:
        return self._pop(1, block, timeout)[0]  # type: ignore[no-any-return]

    def get_many(
        self, n: int, block: bool = True, timeout: float | None = None
    ) -> "np.ndarray[Any, np.dtype[S]]":
        """Takes up to n items, as soon as there is one.

        Parameters
        ----------
        n : int
            1 or more.
        block, timeout
            As `get`, for the first item.

        Returns
        -------
        ndarray, shape (m,), 1 <= m <= n
            Of the queue's dtype, in the queue's order; shape (m, ...) for a dtype with a shape of its own.

        Raises
        ------
        queue.Empty, ShutDown
            As `get`.

        Examples
        --------
        >>> import threadmill as tm
        >>> q = tm.Queue(dtype="f8")
        >>> q.put_many([1, 2, 3])
        >>> q.get_many(2)
        array([1., 2.])
        >>> q.get_many(2)
        array([3.])
        """
        return self._pop(integer("n", n, 1), block, timeout)

    def _pop(self, n: int, block: bool, timeout: float | None) -> "np.ndarray[Any, np.dtype[S]]":
        seconds = seconds_to_wait(block, timeout)
        # What is inside now bounds the block; at least one, as one may come while this thread waits.
        items = self._caster.empty(1 if n == 1 else min(n, max(1, self.qsize())))
        done = ring.new_count()
        status = ring.pop(self._ring, items.view(np.uint8), len(items), seconds, done)
        if status < 0:
            raise ring.failure(status, 0, Empty())
        return items[: int(done[0])]

    def _drain_into(self, pool: "CData", fn: "CData | int", ctx: "CData", chunksize: int) -> int:
        """Has a pool's threads call a native function for all items that come; a status."""
        done = ring.new_count()
        try:
            return ring.drain(pool, self._ring, chunksize, fn, ctx, done)
        finally:
            self._count(-int(done[0]))

    def qsize(self) -> int:
        return ring.length(self._ring)

    def _count(self, items: int) -> None:
        """Counts items that go in, or takes off the count where `items` is negative."""
        with self.mutex:
            # Items told done while they were inside don't count once more when they are dropped.
            more = max(items, -self.unfinished_tasks)
            self._rest += more
            if more < 0 and self.unfinished_tasks == 0:
                self.all_tasks_done.notify_all()

    def shutdown(self, immediate: bool = False) -> None:
        self.is_shutdown = True
        self._count(-ring.close(self._ring, immediate))
