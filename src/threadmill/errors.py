"""The exceptions that Python has no name for; everything else is raised as the builtin one."""

import sys
import threading
from queue import Full

__all__ = ["DeadlockError", "KernelError", "PartialPut", "PartialShutDown", "ShutDown"]


class DeadlockError(RuntimeError):
    """A call would wait for the very thread that makes it."""


class KernelError(RuntimeError):
    """A native loop body reported a failure of its own."""


if sys.version_info >= (3, 13):
    from queue import ShutDown
else:

    class ShutDown(Exception):
        """A queue is shut down: `queue.ShutDown`, which Python has from 3.13 on."""


class PartialPut(Full):
    """`put_many` ran out of time: not all items went in. A `queue.Full`.

    Attributes
    ----------
    done : int
        How many items went in, the first ones.
    """

    def __init__(self, done: int) -> None:
        super().__init__(f"{done} items went in before the time ran out")
        self.done = done

    def __reduce__(self) -> tuple[type["PartialPut"], tuple[int]]:
        return type(self), (self.done,)


class PartialShutDown(ShutDown):
    """The queue was shut down during `put_many`: not all items went in. A `ShutDown`.

    Attributes
    ----------
    done : int
        How many items went in, the first ones.
    """

    def __init__(self, done: int) -> None:
        super().__init__(f"{done} items went in before the queue was shut down")
        self.done = done

    def __reduce__(self) -> tuple[type["PartialShutDown"], tuple[int]]:
        return type(self), (self.done,)


def is_ctrl_c(error: BaseException) -> bool:
    """Whether a task that the main thread runs itself is to raise it there too, as a plain call would."""
    return isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread()


def lost() -> RuntimeError:
    """What meets those who wait in a forked child for what the parent is to do."""
    return RuntimeError("this task was the parent process's; the forked child does not have it")


def raise_all(failures: list[BaseException], count: int) -> None:
    """Raises the first of `count` failures; several as a group, on Python 3.10 the first with notes.

    The list is emptied: a traceback holds the frames that it was raised through, and so what they hold.
    """
    if count > 1:
        failures[:] = [_together(failures, count)]
    if failures:
        raise failures.pop()


def _together(failures: list[BaseException], count: int) -> BaseException:
    if sys.version_info >= (3, 11):
        kept = f"; the first {len(failures)}" if len(failures) < count else ""
        return BaseExceptionGroup(f"{count} spawned tasks failed{kept}", failures)
    else:  # noqa: RET505  # for mypy, which reads one version at a time
        failures[0].__notes__ = [f"then failed: {other!r}" for other in failures[1:]]  # type: ignore[attr-defined]
        return failures[0]
