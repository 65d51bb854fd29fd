"""What waits in a pool's deque, and what a task runs: a function, its arguments, the submitter's context."""

import threading
from collections.abc import Callable
from contextvars import Context, copy_context
from functools import partial
from typing import Any, Protocol

__all__ = ["Call", "Item", "is_ctrl_c", "lost", "new_call"]

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


def is_ctrl_c(error: BaseException) -> bool:
    """Whether a task that the main thread runs itself is to raise it there too, as a plain call would."""
    return isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread()


def lost() -> RuntimeError:
    """What meets those who wait in a forked child for what the parent is to do."""
    return RuntimeError(
        "this task was the parent process's; the forked child does not have it: submit it there"
    )
