"""A concurrent.futures.Future that is cheap to make: it has a condition only when somebody waits on it.

The standard one makes a lock, a condition and two lists at once, most of a small task's cost. Here they come
at first use. `concurrent.futures.wait` and `as_completed`, which read the private attributes, find what they
expect.
"""

import concurrent.futures
import threading
from concurrent.futures import CancelledError, InvalidStateError
from concurrent.futures._base import CANCELLED, CANCELLED_AND_NOTIFIED, FINISHED, PENDING, RUNNING
from typing import TYPE_CHECKING, Any

from ..errors import is_ctrl_c, lost
from .item import Call

if TYPE_CHECKING:
    from .dispatcher import Tasks

__all__ = ["CancelledError", "Future"]


class Future(concurrent.futures.Future[Any]):
    """The result to come of a call, and itself the item that a worker takes from the queue and calls.

    Until somebody waits, the state is written under one of the pool's `future_locks`. The condition is made
    under it too, and from then on guards the state; nobody takes the one lock while holding the other.
    The lock is not the one that submitters take: a thread that is given a lock has yet to get the GIL, so
    who submits and who runs would change places at each task.
    """

    # The class's values stand until there is something to keep.
    _tasks: "Tasks"
    _call: Call | None
    _state = PENDING
    _result: Any = None
    _exception: BaseException | None = None
    _made_condition: threading.Condition | None = None
    _waiters: Any = ()
    _done_callbacks: Any = ()

    def __init__(self, tasks: "Tasks", call: Call) -> None:
        self._tasks = tasks
        self._lock = tasks.future_locks[id(self) // 64 % len(tasks.future_locks)]
        self._call = call
        self._forks = tasks.forks

    @property
    def _condition(self) -> threading.Condition:  # type: ignore[override]
        if self._forks != self._tasks.forks:
            self._face_fork()
        if self._made_condition is None:
            with self._lock:
                if self._made_condition is None:
                    self._waiters, self._done_callbacks = [], []
                    self._made_condition = threading.Condition()
        return self._made_condition

    def _face_fork(self) -> None:
        """What the parent had is lost here, also where a fork came between the queue and the worker."""
        with self._tasks.lock:
            is_lost, self._forks = self._tasks.has_lost(self, self._forks), self._tasks.forks
        if is_lost:
            self.lose()

    def __call__(self) -> None:
        """Runs the task, unless it was cancelled or somebody who waits for it has run it already."""
        call = self._claim()
        if call is None:
            return
        context, fn, args = call
        try:
            result = context.run(fn, *args)
        except BaseException as error:
            self.set_exception(error)
            self = None  # type: ignore[assignment]  # the error's traceback holds this frame: no cycle
            if is_ctrl_c(error):
                raise
        else:
            self.set_result(result)

    def _claim(self) -> Call | None:
        """The call, for the one who is to run it; None for all others."""
        with self._lock:
            condition = self._made_condition
            if condition is None:
                return self._start()
        with condition:
            if self._state == CANCELLED:
                self._state = CANCELLED_AND_NOTIFIED
                for waiter in self._waiters:
                    waiter.add_cancelled(self)
            return self._start()

    def _start(self) -> Call | None:
        call, self._call = self._call, None
        if self._state != PENDING:
            return None
        self._state = RUNNING
        return call

    def set_result(self, result: Any) -> None:
        with self._lock:
            condition = self._made_condition
            if condition is None:
                self._finish(result)
                return
        with condition:
            self._finish(result)
            for waiter in self._waiters:
                waiter.add_result(self)
            condition.notify_all()
        self._invoke_callbacks()  # type: ignore[attr-defined]

    def _finish(self, result: Any) -> None:
        if self._state not in (PENDING, RUNNING):
            raise InvalidStateError(f"{self._state}: {self!r}")
        self._result = result
        self._state = FINISHED

    def cancel(self) -> bool:
        """As concurrent.futures.Future.cancel; who waits by `wait` or `as_completed` is told at once."""
        cancelled = super().cancel()
        if cancelled:
            self._claim()  # here, as no worker may ever come to it
        return cancelled

    def done(self) -> bool:
        return self._state in (FINISHED, CANCELLED, CANCELLED_AND_NOTIFIED)

    def running(self) -> bool:
        return self._state == RUNNING

    def cancelled(self) -> bool:
        return self._state in (CANCELLED, CANCELLED_AND_NOTIFIED)

    def result(self, timeout: float | None = None) -> Any:
        """The call's result, as concurrent.futures.Future.result.

        A worker of the same pool that asks for a task which nobody has started runs it itself; any other
        thread looks for some 50 us before it sleeps.
        """
        if self._state != FINISHED:
            self._tasks.wait_briefly(self, timeout)
        if self._state == FINISHED and self._exception is None:
            return self._result
        try:
            return super().result(timeout)
        finally:
            self = None  # type: ignore[assignment]

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """The call's exception or None, as concurrent.futures.Future.exception; waits as `result`."""
        if self._state != FINISHED:
            self._tasks.wait_briefly(self, timeout)
        return super().exception(timeout)

    def fail(self, error: BaseException) -> None:
        if self._claim() is not None:  # not if it was cancelled, or a waiting worker has it
            self.set_exception(error)

    def lose(self) -> None:
        self._forks = self._tasks.forks
        waiters, self._made_condition = self._waiters, None
        if self.done():
            return
        with self._condition:
            self._waiters = list(waiters)  # callbacks are not: they happen in the parent
            for waiter in waiters:
                waiter.event._at_fork_reinit()
                waiter.lock = threading.Lock()
        self.set_exception(lost())
