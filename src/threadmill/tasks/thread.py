"""A worker as Python's `threading` knows it: a thread like any other, except that C starts and joins it."""

import contextlib
import contextvars
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures._base import LOGGER
from typing import TYPE_CHECKING, Any

from .._locks import Event
from .._native import pools

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["WorkerThread", "Workers", "log"]


class WorkerThread(threading._DummyThread):
    """The `threading.current_thread()` of a worker, made by the worker itself when it first runs Python.

    The standard library's class for foreign threads is a daemon, and threads that a task starts would
    inherit that. It also stays on the list of threads after its end, and nobody can join it.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        _end_by_hand(self)
        self._ended = Event()
        self._daemonic = False
        self.name = name
        pools.at_worker_end(self._end)

    def set_hooks(self) -> None:
        """Sets what `threading.settrace` and `setprofile` have in store for new threads."""
        if (trace := threading.gettrace()) is not None:
            sys.settrace(trace)
        if (profile := threading.getprofile()) is not None:
            sys.setprofile(profile)

    def is_alive(self) -> bool:
        return not self._ended.is_set()

    def join(self, timeout: float | None = None) -> None:
        """Waits until the thread has run its last Python code; as threading.Thread.join."""
        if self is threading.current_thread():
            raise RuntimeError("cannot join current thread")
        self._ended.wait(timeout)

    def _end(self) -> None:
        """The thread's last Python code. It takes no lock: see _end_by_hand."""
        active = threading._active  # type: ignore[attr-defined]
        if active.get(self.ident) is self:  # nobody else writes there before this thread has ended
            active.pop(self.ident, None)
        self._ended.set()

    def lose(self) -> None:
        """Tells a forked child, which does not have the thread, that it has ended."""
        self._ended = Event()
        self._ended.set()

    if sys.version_info < (3, 13):  # from then on _DummyThread does so itself

        def _reset_internal_locks(self, is_alive: bool) -> None:
            """Becomes the main thread of a child that this thread has forked, as a plain thread does."""
            super()._reset_internal_locks(is_alive)  # type: ignore[misc]
            if is_alive:
                self._set_tstate_lock()  # type: ignore[attr-defined]
                self.__class__ = threading._MainThread  # type: ignore[attr-defined]


def _end_by_hand(thread: WorkerThread) -> None:
    """Has a new worker stay on the list of threads until it takes itself off, without the list's lock.

    From CPython 3.13 on, an object among a foreign thread's locals takes the thread off under that lock. At
    an exit that does not wait for the workers, as Ctrl-C has ended it, the interpreter stops them where they
    are, and then lets go of their locals itself: it waited for ever where a worker had the lock.
    """
    local: Any = getattr(threading, "_thread_local_info", None)
    if hasattr(local, "_track_dummy_thread_ref"):
        del local._track_dummy_thread_ref  # takes it off at once
        threading._active[thread.ident] = thread  # type: ignore[attr-defined]


class Workers:
    """The workers of a pool that have run Python code, and what is done when one does so first."""

    def __init__(
        self, handle: "CData", threads: int, prefix: str, initializer: Callable[[], object] | None
    ) -> None:
        self._handle = handle
        self._threads = threads
        self._prefix = prefix
        self._initializer = initializer
        self._signal_mask: set[int] = set()  # set by each thread that has a worker come
        self.threads: dict[int, WorkerThread] = {}  # by ident; each worker its own
        self._prepared: dict[int, list[tuple[contextvars.ContextVar[Any], Any]]] = {}  # the same
        # Runs a call in its context: run(context, fn, *args).
        self.run: Callable[..., Any] = contextvars.Context.run if initializer is None else self._run_prepared

    def expect(self) -> None:
        """Before a worker is sent for. One that is new to Python will let through the caller's signals.

        Processes that a task starts inherit that mask: they must be as easy to stop as any.
        """
        if len(self.threads) < self._threads:
            self._signal_mask = set(signal.pthread_sigmask(signal.SIG_BLOCK, ()))

    def begin(self, me: int) -> str | None:
        """Makes a worker a Python thread when it comes first; returns why the pool is broken, if it is."""
        if me in self.threads:
            return None
        signal.pthread_sigmask(signal.SIG_SETMASK, self._signal_mask)
        thread = WorkerThread(f"{self._prefix}_{pools.pool_worker(self._handle)}")
        thread.set_hooks()
        self.threads[me] = thread
        if self._initializer is None:
            return None
        try:
            self._initializer()
            self._prepared[me] = list(contextvars.copy_context().items())
        except BaseException:
            log("Exception in initializer:")
            return "A thread initializer failed, the thread pool is not usable anymore"
        return None

    def _run_prepared(self, context: contextvars.Context, fn: Callable[..., Any], *args: Any) -> Any:
        """Runs a call in its context, in which what the thread's initializer has set holds as well.

        What the submitter has set counts more.
        """
        for variable, value in self._prepared.get(threading.get_ident(), ()):
            if variable not in context:
                context.run(variable.set, value)
        return context.run(fn, *args)

    def lose_all(self) -> None:
        """In a forked child, which has no thread but the calling one."""
        for ident, thread in self.threads.items():
            if ident != threading.get_ident():
                thread.lose()
        self.threads.clear()
        self._prepared.clear()


def log(text: str) -> None:
    """Logs what is being handled; a handler that fails changes nothing for the tasks."""
    with contextlib.suppress(BaseException):
        LOGGER.critical(text, exc_info=True)
