"""Queue: the standard library's queues by one name, and queues of typed items that live in C."""

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from .. import _process
from .._arguments import integer
from ..errors import ShutDown
from .fifo import MOST_PERMITS, Fifo
from .locked import Ordered, seconds_to_wait
from .typed import Ring

if TYPE_CHECKING:
    import numpy.typing as npt

    from .._native._threadmill import CData

__all__ = ["Queue"]

Order = Literal["fifo", "lifo", "priority"]


class Queue:
    """A queue between threads, as queue.Queue, queue.LifoQueue and queue.PriorityQueue.

    Parameters
    ----------
    maxsize : int
        The number of items that fit; 0 or less for any number.
    dtype : dtype_like, optional
        None: any Python object. A fixed-size NumPy dtype, structured ones too: the items live in memory of
        the C library, `get` returns NumPy scalars, and `put_many` and `get_many` move blocks of them
        without the GIL.
    order : {"fifo", "lifo", "priority"}
        Which item comes next: the oldest, the newest, or the least ("priority": objects only).

    Raises
    ------
    TypeError, ValueError
        `dtype` holds Python objects or has no size; `order` is none of these, or none for this dtype.

    Notes
    -----
    Names and meaning are the standard library's (Python 3.13's, with `shutdown`, on every version), and so
    are the exceptions: queue.Empty, queue.Full and queue.ShutDown (``threadmill.ShutDown`` before 3.13).
    Iterating takes items until the queue is shut down and empty.
    """

    maxsize: int

    def __new__(
        cls,
        maxsize: int = 0,
        dtype: "npt.DTypeLike | None" = None,
        order: Order = "fifo",
    ) -> "Queue":
        if order not in ("fifo", "lifo", "priority"):
            raise ValueError(f"order must be 'fifo', 'lifo' or 'priority', got {order!r}")
        size = integer("maxsize", maxsize)
        if cls is Queue:
            fast = order == "fifo" and size <= MOST_PERMITS
            cls = _TypedQueue if dtype is not None else _FifoQueue if fast else _OrderedQueue
        return super().__new__(cls)

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Puts an item in, waiting for room; as queue.Queue.put."""
        raise NotImplementedError

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Takes the next item, waiting for one; as queue.Queue.get."""
        raise NotImplementedError

    def qsize(self) -> int:
        """The number of items inside, as of a moment ago."""
        raise NotImplementedError

    def task_done(self) -> None:
        """Tells that an item taken has been worked off; as queue.Queue.task_done."""
        raise NotImplementedError

    def join(self) -> None:
        """Waits until every item put in has been taken and told done; as queue.Queue.join."""
        raise NotImplementedError

    def shutdown(self, immediate: bool = False) -> None:
        """Lets no item in any more; as queue.Queue.shutdown of Python 3.13.

        Whoever waits to put gets ShutDown at once, whoever gets when the queue is empty. With `immediate`
        the items inside are dropped and counted as done.
        """
        raise NotImplementedError

    def put_nowait(self, item: Any) -> None:
        """put(item, block=False)."""
        self.put(item, block=False)

    def get_nowait(self) -> Any:
        """get(block=False)."""
        return self.get(block=False)

    def empty(self) -> bool:
        """Whether there was no item a moment ago."""
        return self.qsize() == 0

    def full(self) -> bool:
        """Whether there was no room a moment ago."""
        return 0 < self.maxsize <= self.qsize()

    def __iter__(self) -> Iterator[Any]:
        while True:
            try:
                item = self.get()
            except ShutDown:
                return
            yield item


class _FifoQueue(Fifo, Queue):
    """Python objects in their order of arrival."""

    def __init__(self, maxsize: int = 0, dtype: None = None, order: Order = "fifo") -> None:  # noqa: ARG002
        super().__init__(maxsize)


class _OrderedQueue(Ordered, Queue):
    """Python objects, the newest or the least first; and more than `Fifo` has permits for."""

    def __init__(self, maxsize: int = 0, dtype: None = None, order: Order = "fifo") -> None:  # noqa: ARG002
        super().__init__(maxsize, order)


class _TypedQueue(Queue):
    """Items of one dtype in a ring of the C library; only the count of unfinished ones is kept here."""

    def __init__(self, maxsize: int = 0, dtype: "npt.DTypeLike | None" = None, order: Order = "fifo") -> None:
        self._ring = Ring(maxsize, dtype, order)
        self.maxsize = maxsize
        self.dtype = self._ring.dtype
        self._renew_locks()
        _process.renew_in_child(self)
        self.unfinished_tasks = 0
        self.is_shutdown = False

    def _renew_locks(self) -> None:
        # Guards unfinished_tasks; taken by itself, as only so Ctrl-C can't keep it.
        self._lock = threading.Lock()
        self._all_done = threading.Condition(self._lock)  # unfinished_tasks == 0

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        self._put(self._ring.one(item), block, timeout)

    def put_many(self, items: "npt.ArrayLike", block: bool = True, timeout: float | None = None) -> None:
        """Puts the items of a one-dimensional array in, in order, as room comes.

        Parameters
        ----------
        items : array_like, shape (n,)
            Of a dtype that casts safely to the queue's; a contiguous array of that very dtype is not copied.
        block, timeout
            As `put`, for all items together.

        Raises
        ------
        queue.Full, ShutDown
            Not all items went in; the exception's `done` tells how many did. The calling thread copies,
            without the GIL.
        """
        self._put(self._ring.many(items), block, timeout)

    def _put(self, items: Any, block: bool, timeout: float | None) -> None:
        self._count(len(items))  # before they are inside, where others may take them and call them done
        done = 0
        try:
            done = self._ring.push(items, seconds_to_wait(block, timeout))
        except BaseException as error:  # Ctrl-C as well: what went in counts
            done = getattr(error, "done", 0)
            raise
        finally:
            self._count(done - len(items))

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        return self._ring.pop(1, seconds_to_wait(block, timeout))[0]

    def get_many(self, n: int, block: bool = True, timeout: float | None = None) -> Any:
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
            Of the queue's dtype, in the queue's order.

        Raises
        ------
        queue.Empty, ShutDown
            As `get`.
        """
        return self._ring.pop(n, seconds_to_wait(block, timeout))

    def drain(self, pool: "CData", block: int, kernel: "CData | int", ctx: "CData") -> int:
        """Native `Pool.drain`; the status that it came to."""
        status, done = self._ring.drain(pool, block, kernel, ctx)
        self._count(-done)
        return status

    def qsize(self) -> int:
        return self._ring.length()

    def task_done(self) -> None:
        with self._lock:
            if self.unfinished_tasks <= 0:
                raise ValueError("task_done() called too many times")
        self._count(-1)

    def _count(self, more: int) -> None:
        with self._lock:
            # Items told done while they were inside don't count once more when they are dropped.
            self.unfinished_tasks = max(0, self.unfinished_tasks + more)
            if self.unfinished_tasks == 0:
                self._all_done.notify_all()

    def join(self) -> None:
        with self._lock:
            while self.unfinished_tasks:
                self._all_done.wait()

    def shutdown(self, immediate: bool = False) -> None:
        self.is_shutdown = True
        self._count(-self._ring.close(immediate))
