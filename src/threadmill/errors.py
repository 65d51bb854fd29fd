"""The exceptions that Python has no name for; everything else is raised as the builtin one."""

import sys
import threading

__all__ = ["DeadlockError", "KernelError", "ShutDown"]


class DeadlockError(RuntimeError):
    """A call would wait for the very thread that makes it."""


class KernelError(RuntimeError):
    """A native loop body reported a failure of its own."""


if sys.version_info >= (3, 13):
    from queue import ShutDown
else:

    class ShutDown(Exception):
        """A queue is shut down: `queue.ShutDown`, which Python has from 3.13 on."""


def is_ctrl_c(error: BaseException) -> bool:
    """Whether a task that the main thread runs itself is to raise it there too, as a plain call would."""
    return isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread()


def lost() -> RuntimeError:
    """What meets those who wait in a forked child for what the parent is to do."""
    return RuntimeError("this task was the parent process's; the forked child does not have it")


def raise_all(failures: list[BaseException]) -> None:
    """Raises the failure, several as a group (on Python 3.10 the first, which notes the others), or none.

    The list is emptied: a traceback holds the frames that it was raised through, and so what they hold.
    """
    if len(failures) > 1:
        failures[:] = [_together(failures)]
    if failures:
        raise failures.pop()


def _together(failures: list[BaseException]) -> BaseException:
    if sys.version_info >= (3, 11):
        return BaseExceptionGroup(f"{len(failures)} spawned tasks failed", failures)
    else:  # noqa: RET505  # for mypy, which reads one version at a time
        failures[0].__notes__ = [f"then failed: {other!r}" for other in failures[1:]]  # type: ignore[attr-defined]
        return failures[0]
