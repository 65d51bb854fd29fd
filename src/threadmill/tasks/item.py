"""What waits in a pool's deque, and what a task runs: a function, its arguments, the submitter's context."""

from collections.abc import Callable
from contextvars import Context, copy_context
from functools import partial
from typing import Any, Protocol

__all__ = ["Call", "Item", "new_call"]

# A tuple of three: to the garbage collector it is one object, where a partial of context.run is two.
Call = tuple[Context, Callable[..., Any], tuple[Any, ...]]


def new_call(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
    return copy_context(), partial(fn, **kwargs) if kwargs else fn, args


class Item(Protocol):
    """What waits in the deque. A worker calls it once, also after it was cancelled or has failed.

    A call may raise: Ctrl-C in the main thread, and whatever keeps the item from running or from telling of
    its end. Who has called it then calls `rescue`.
    """

    def __call__(self) -> None: ...
    def done(self) -> bool:
        """Whether a call would do nothing any more."""

    def cancel(self) -> object: ...
    def fail(self, error: BaseException) -> None:
        """Ends the item if nobody has begun it; may be called again if it raises."""

    def rescue(self, error: BaseException) -> None:
        """Ends the item if the calling thread has begun it, and tells those who don't know of the end yet.

        May be called again if it raises.
        """

    def lose(self) -> None:
        """As fail, in a forked child: a lock of the item may be held by a thread that is not there."""
