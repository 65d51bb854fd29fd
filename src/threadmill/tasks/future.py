"""A concurrent.futures.Future that is cheap to make: it has a condition only when somebody waits on it.

The standard one makes a lock, a condition and two lists at once, most of a small task's cost. Here they come
at first use. `concurrent.futures.wait` and `as_completed`, which read the private attributes, find what they
expect.
"""

import concurrent.futures
import threading
from concurrent.futures import CancelledError, InvalidStateError
from concurrent.futures._base import (
    CANCELLED,
    CANCELLED_AND_NOTIFIED,
    FINISHED,
    LOGGER,
    PENDING,
    RUNNING,
)
from typing import TYPE_CHECKING, Any, TypeVar

from .._locks import Condition, Lock
from .item import Call, is_ctrl_c, lost
from .waiters import Waiters

if TYPE_CHECKING:
    from .dispatcher import Dispatcher

__all__ = ["CancelledError", "Future"]

T = TypeVar("T")

_NO_OUTCOME: Any = object()


class Future(concurrent.futures.Future[T]):
    """The result to come of a call, and itself the item that a worker takes from the queue and calls.

    Until somebody waits, the state is written under one of the pool's `future_locks`. The condition is made
    under it too, and from then on guards the state; nobody takes the one lock while holding the other.
    The lock is not the one that submitters take: a thread that is given a lock has yet to get the GIL, so
    who submits and who runs would change places at each task.
    """

    # The class's values stand until there is something to keep.
    _tasks: "Dispatcher"
    _call: Call | None
    _state = PENDING
    _result: Any = _NO_OUTCOME
    _exception: BaseException | None = None
    _made_condition: Condition | None = None
    runner: int | None = None  # the thread that runs it, or has
    _waiters: Any = ()
    _done_callbacks: Any = ()

    def __init__(self, tasks: "Dispatcher", call: Call) -> None:
        self._tasks = tasks
        self._lock = tasks.future_locks[id(self) // 64 % len(tasks.future_locks)]
        self._call = call
        self._forks = tasks.forks

    @property
    def _condition(self) -> Condition:  # type: ignore[override]
        if self._forks != self._tasks.forks:
            self._face_fork()
        if self._made_condition is None:
            with self._lock:
                if self._made_condition is None:
                    self._waiters, self._done_callbacks = Waiters(self), []
                    self._made_condition = Condition()
        return self._made_condition

    def _face_fork(self) -> None:
        """What the parent had is lost here, also where a fork came between the queue and the worker."""
        with self._tasks.lock:
            is_lost, self._forks = self._tasks.has_lost(self, self._forks), self._tasks.forks
        if is_lost:
            self.lose()

    # ---- the worker's side ----

    def __call__(self) -> None:
        """Runs the task, unless it was cancelled or somebody who waits for it has run it already."""
        call = self._claim()
        if call is None:
            return
        context, fn, args = call
        try:
            # No name has the result: whoever is told of it next may let go of the last reference.
            self._keep(self._tasks.run(context, fn, *args), None)
        except BaseException as error:
            self._keep(None, error)
            try:
                self.finish()
            finally:
                # The error's traceback holds this frame: no cycle.
                self = call = None  # type: ignore[assignment]
            if is_ctrl_c(error):
                raise
        else:
            self.finish()

    def _claim(self) -> Call | None:
        """The call, for the one who is to run it; None for all others."""
        with self._lock:
            condition = self._made_condition
            if condition is None:
                return self._start()
        with condition:
            if self._state == CANCELLED:
                self._call, self._state = None, CANCELLED_AND_NOTIFIED
                self._waiters.tell(self)
            return self._start()

    def _start(self) -> Call | None:
        if self._state != PENDING:
            return None
        call, self._call = self._call, None
        self.runner, self._state = threading.get_ident(), RUNNING
        return call

    def _keep(self, result: Any, error: BaseException | None) -> None:
        if self._state == RUNNING:  # not if a fork has lost the task, or somebody has set a result
            self._result, self._exception = result, error

    def finish(self) -> None:
        """Tells everybody of the end; goes on where an exception has stopped an earlier call."""
        with self._lock:
            condition = self._made_condition
            if condition is None:
                self._state = FINISHED
                return
        with condition:
            if self._state == RUNNING:
                self._state = FINISHED
            self._waiters.tell(self)
            condition.notify_all()
        self._invoke_callbacks()

    def _invoke_callbacks(self) -> None:
        callbacks = self._done_callbacks
        while callbacks:
            try:
                callback = callbacks.pop(0)  # so that none is called twice
            except IndexError:  # another thread tells of the end as well
                return
            try:
                callback(self)
            except Exception:
                LOGGER.exception("exception calling callback for %r", self)

    def fail(self, error: BaseException) -> None:
        with self._condition:
            if self._state == PENDING:
                self._result, self._exception, self._call, self._state = None, error, None, FINISHED
        if self._exception is error:
            self.finish()

    def rescue(self, error: BaseException) -> None:
        mine = self.runner == threading.get_ident()
        if mine and self._state == RUNNING and self._result is _NO_OUTCOME:
            self._result, self._exception = None, error
        if mine or self.cancelled():
            self.finish()

    def set_result(self, result: T) -> None:
        """Ends a future from outside; as concurrent.futures.Future.set_result."""
        self._set(result, None)

    def set_exception(self, exception: BaseException | None) -> None:
        """Ends a future from outside; as concurrent.futures.Future.set_exception."""
        self._set(None, exception)

    def _set(self, result: Any, error: BaseException | None) -> None:
        with self._condition:
            if self.done():
                raise InvalidStateError(f"{self._state}: {self!r}")
            self._result, self._exception, self._state = result, error, FINISHED
        self.finish()

    # ---- everybody else's ----

    def cancel(self) -> bool:
        """As concurrent.futures.Future.cancel; who waits by `wait` or `as_completed` is told at once."""
        cancelled = super().cancel()
        if cancelled:
            self()  # tells them here, as no worker may ever come to it
        return cancelled

    def done(self) -> bool:
        return self._state in (FINISHED, CANCELLED, CANCELLED_AND_NOTIFIED)

    def running(self) -> bool:
        return self._state == RUNNING

    def cancelled(self) -> bool:
        return self._state in (CANCELLED, CANCELLED_AND_NOTIFIED)

    def result(self, timeout: float | None = None) -> T:
        """The call's result, as concurrent.futures.Future.result.

        A worker of the same pool that asks for a task which nobody has started runs it itself; any other
        thread spins for some 50 us before it sleeps.
        """
        if self._state != FINISHED:
            self._tasks.bring_forward(self, timeout)
        if self._state == FINISHED and self._exception is None:
            result: T = self._result
            return result
        try:
            return super().result(timeout)
        finally:
            self = None  # type: ignore[assignment]

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """The call's exception or None, as concurrent.futures.Future.exception; waits as `result`."""
        if self._state != FINISHED:
            self._tasks.bring_forward(self, timeout)
        return super().exception(timeout)

    def lose(self) -> None:
        self._forks = self._tasks.forks
        waiters, self._made_condition = self._waiters, None
        if self.done():
            return
        with self._condition:
            self._waiters.extend(waiters)  # callbacks are not: they happen in the parent
            for waiter in waiters:
                waiter.event._at_fork_reinit()
                waiter.lock = Lock()
        self.set_exception(lost())
