"""Queue: the standard library's queues by one name, and queues of typed items that live in C."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from .._arguments import integer
from ..errors import ShutDown
from .fifo import MOST_PERMITS, Fifo
from .locked import Locked, Order, check_order
from .typed import Typed

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from typing_extensions import Self

__all__ = ["Order", "Queue", "TypedQueue"]

T = TypeVar("T")
S = TypeVar("S", bound="np.generic")


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

    Examples
    --------
    >>> import threadmill as tm
    >>> q = tm.Queue(order="priority")
    >>> for word in "pear", "fig", "apple":
    ...     q.put(word)
    >>> q.get()
    'apple'
    >>> q.shutdown()
    >>> list(q)
    ['fig', 'pear']

    Items of a dtype move in blocks:

    >>> q = tm.Queue(dtype="i4")
    >>> q.put_many(range(5))
    >>> q.get_many(3)
    array([0, 1, 2], dtype=int32)
    >>> q.put(2**31)
    Traceback (most recent call last):
        ...
    OverflowError: 2147483648 does not fit a queue of dtype int32; its value would change: use a wider dtype
    """

    @overload
    def __new__(cls, maxsize: int = 0, dtype: None = None, order: Order = "fifo") -> "Self": ...
    @overload
    def __new__(
        cls, maxsize: int = 0, *, dtype: "type[S] | np.dtype[S]", order: Order = "fifo"
    ) -> "TypedQueue[S]": ...
    @overload
    def __new__(
        cls, maxsize: int, dtype: "type[S] | np.dtype[S]", order: Order = "fifo"
    ) -> "TypedQueue[S]": ...
    @overload
    def __new__(
        cls, maxsize: int = 0, *, dtype: "npt.DTypeLike", order: Order = "fifo"
    ) -> "TypedQueue[Any]": ...
    @overload
    def __new__(cls, maxsize: int, dtype: "npt.DTypeLike", order: Order = "fifo") -> "TypedQueue[Any]": ...
    @overload
    def __new__(cls, *args: Any, **kwargs: Any) -> "Self": ...  # a subclass's, for its own __init__ to check
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


class TypedQueue(Typed[S], Queue[S]):
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

    Notes
    -----
    An item keeps its value. What NumPy casts by its "same_kind" rule is taken, and so is any Python number
    that fits. Floats may be rounded. Another kind is a TypeError, as 1.5 for integers, and a value that would
    change is an OverflowError: an integer out of range, a float that becomes infinite, a text that is cut, a
    time that a coarser unit does not have. Numbers are not written as texts, and masked items are refused.

    Examples
    --------
    >>> import threadmill as tm
    >>> q = tm.TypedQueue(100, [("id", "i8"), ("x", "f4")])
    >>> q.put((7, 0.5))
    >>> q.get()["x"]
    np.float32(0.5)
    """


def _kind(maxsize: int = 0, dtype: "npt.DTypeLike | None" = None, order: Order = "fifo") -> type[Queue[Any]]:
    """The class for these arguments of Queue."""
    check_order(order)
    size = integer("maxsize", maxsize)
    if dtype is not None:
        return TypedQueue
    return FifoQueue if order == "fifo" and size <= MOST_PERMITS else Queue
