"""The exceptions that Python has no name for; everything else is raised as the builtin one."""

import sys
from queue import Full

__all__ = ["DeadlockError", "FallbackError", "KernelError", "PartialPut", "PartialShutDown", "ShutDown"]


class DeadlockError(RuntimeError):
    """A call would wait for the very thread that makes it."""


class KernelError(RuntimeError):
    """A native loop body reported a failure of its own."""


class FallbackError(RuntimeError):
    """NumPy would make a call, within `strict`.

    Attributes
    ----------
    name : str
        The function's name.
    reason : str
        Why, as `explain` tells it.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: by NumPy, because {reason}")
        self.name, self.reason = name, reason

    def __reduce__(self) -> tuple[type["FallbackError"], tuple[str, str]]:
        return type(self), (self.name, self.reason)


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
        super().__init__(
            f"{done} items went in before the time ran out: put the rest, those from {done} on, later"
        )
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
        super().__init__(f"{done} items went in before the queue was shut down: put the rest elsewhere")
        self.done = done

    def __reduce__(self) -> tuple[type["PartialShutDown"], tuple[int]]:
        return type(self), (self.done,)
