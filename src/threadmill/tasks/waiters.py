"""`concurrent.futures.wait` and `as_completed` in a task, for futures of the pool that runs it.

Both append a waiter to each future's `_waiters` and then sleep on the waiter's event. A worker that would
sleep there runs the tasks that nobody has begun, as `Future.result` does.
"""

import weakref
from collections import deque
from concurrent.futures._base import FINISHED, _AllCompletedWaiter
from typing import TYPE_CHECKING, Any

from .._deadline import deadline_or_now
from .._locks import Event

if TYPE_CHECKING:
    from .future import Future

__all__ = ["Waiters"]


class Waiters(list[Any]):
    """The `_waiters` of a future, guarded by its condition."""

    def __init__(self, future: "Future[Any]") -> None:
        super().__init__()
        self._future = weakref.ref(future)  # which holds this list: no cycle
        self._untold: list[Any] | None = None  # None before the end

    def append(self, waiter: Any) -> None:
        super().append(waiter)
        future = self._future()
        if future is None or not future._tasks.is_worker():
            return
        if not isinstance(waiter.event, _HelpingEvent):
            waiter.event = _HelpingEvent()  # nobody knows the other yet: all futures' conditions are held
        waiter.event.futures.append(self._future)

    def tell(self, future: "Future[Any]") -> None:
        """Tells each waiter of the end, once; goes on where an exception has stopped an earlier call."""
        if self._untold is None:
            self._untold = self[::-1]
        while self._untold:
            waiter = self._untold[-1]
            if _has_been_told(waiter, future):
                waiter.event.set()
            elif future._state != FINISHED:
                waiter.add_cancelled(future)
            elif future._exception is not None:
                waiter.add_exception(future)
            else:
                waiter.add_result(future)
            self._untold.pop()


def _has_been_told(waiter: Any, future: "Future[Any]") -> bool:
    """Whether an exception has come between a waiter's list and its event: it is not to list a future twice.

    One that counts futures has to be told again, which may list one twice.
    """
    is_counting = isinstance(waiter, _AllCompletedWaiter)
    return not is_counting and any(each is future for each in waiter.finished_futures)


class _HelpingEvent(Event):
    """An event that a worker waits for by running the tasks which are to set it."""

    def __init__(self) -> None:
        super().__init__()
        self.futures: deque[weakref.ref[Future[Any]]] = deque()  # not yet looked at, by the one who waits

    def wait(self, timeout: float | None = None) -> bool:
        deadline = deadline_or_now(timeout)
        while self.futures and not self.is_set():
            future = self.futures.popleft()()
            if future is not None:
                future._tasks.help(future)
            del future
        return super().wait(deadline.left())
