"""Queue: the standard library's queues by one name, and queues of typed items that live in C."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from .._arguments import integer
from ..errors import ShutDown
from .fifo import MOST_PERMITS, Fifo
from .locked import Locked, Order, check_order
from .typed import Typed

if TYPE_CHECKING:
    import numpy.typing as npt
    from typing_extensions import Self

__all__ = ["Order", "Queue", "TypedQueue"]

T = TypeVar("T")


class Queue(Locked[T], Generic[T]):
    """A queue between threads, as queue.Queue, queue.LifoQueue and queue.PriorityQueue.

    Parameters
    ----------
    maxsize : int
        The number of items that fit; 0 or less for any number.
    dtype : dtype_like, optional
        None: any Python object. A fixed-size NumPy dtype, structured ones too: the queue is a `TypedQueue`.
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

    A subclass may override any method. As queue.Queue, it may also replace how items are kept by `_init`,
    `_put`, `_get` and `_qsize`, which are called with `mutex` held. A subclass for items of a dtype derives
    from `TypedQueue`.

    A forked child has the items and the count of unfinished ones, and none of the parent's threads that
    wait. What a thread of the parent had taken out is taken.
    """

    @overload
    def __new__(cls, maxsize: int = 0, dtype: None = None, order: Order = "fifo") -> "Self": ...
    @overload
    def __new__(cls, maxsize: int = 0, *, dtype: "npt.DTypeLike", order: Order = "fifo") -> "TypedQueue": ...
    @overload
    def __new__(cls, maxsize: int, dtype: "npt.DTypeLike", order: Order = "fifo") -> "TypedQueue": ...
    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        kind = _kind(*args, **kwargs) if cls is Queue else cls  # a subclass's arguments are its own
        return object.__new__(kind)

    def put_nowait(self, item: T) -> None:
        """put(item, block=False)."""
        self.put(item, block=False)

    def get_nowait(self) -> T:
        """get(block=False)."""
        return self.get(block=False)

    def empty(self) -> bool:
        """Whether there was no item a moment ago."""
        return self.qsize() == 0

    def full(self) -> bool:
        """Whether there was no room a moment ago."""
        return 0 < self.maxsize <= self.qsize()

    def __iter__(self) -> Iterator[T]:
        while True:
            try:
                item = self.get()
            except ShutDown:
                return
            yield item


class FifoQueue(Fifo[T], Queue[T]):
    """Python objects in their order of arrival."""


class TypedQueue(Typed, Queue[Any]):
    """A queue of items of one dtype, in memory of the C library.

    `get` returns NumPy scalars; `put_many` and `get_many` move blocks of items without the GIL.

    Parameters
    ----------
    maxsize : int
        The number of items that fit; 0 or less for any number.
    dtype : dtype_like
        A fixed-size dtype without Python objects.
    order : {"fifo", "lifo"}
        Which item comes next: the oldest or the newest.

    Raises
    ------
    TypeError, ValueError
        `dtype` holds Python objects or has no size; `order` is none of these.
    """


def _kind(maxsize: int = 0, dtype: "npt.DTypeLike | None" = None, order: Order = "fifo") -> type[Queue[Any]]:
    """The class for these arguments of Queue."""
    check_order(order)
    size = integer("maxsize", maxsize)
    if dtype is not None:
        return TypedQueue
    return FifoQueue if order == "fifo" and size <= MOST_PERMITS else Queue
