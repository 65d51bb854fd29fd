"""A joblib backend on a Pool: ``register()``, then ``joblib.parallel_config(backend="threadmill")``.

For joblib 1.5 and later.
"""

import contextlib
import threading
import traceback
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from multiprocessing.pool import RemoteTraceback  # type: ignore[attr-defined]
from typing import Any

try:
    from joblib import register_parallel_backend
    from joblib.parallel import AutoBatchingMixin, FallbackToBackend, ParallelBackendBase, SequentialBackend
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "threadmill.joblib needs joblib: pip install 'joblib>=1.5'", name="joblib"
    ) from error

from .tasks.default_pool import default_pool
from .tasks.pool import Pool

__all__ = ["ThreadmillBackend", "register"]

# How long a call waits for a thread of the pool before it starts one: long beside waking a thread (0.1 ms).
_PATIENCE_S = 0.05


def register() -> None:
    """Makes the backend known to joblib as "threadmill".

    After that ``joblib.parallel_config(backend="threadmill")`` runs `joblib.Parallel` on the default pool,
    and ``parallel_config(backend="threadmill", pool=pool)`` on another. ``n_jobs`` counts threads of the
    pool: -1 is all of them, and more than all are all. A `Parallel` inside a `Parallel` runs on the same
    pool. Where other work holds all threads of the pool, as the calls of a generator do that was dropped,
    a call starts one thread of its own.
    """
    register_parallel_backend("threadmill", ThreadmillBackend)


class _Call:
    """A call of a Parallel: its batches wait here, and lanes, which are tasks of the pool, work them off."""

    def __init__(self, pool: Pool, n_jobs: int, caller_helps: bool) -> None:
        self._pool = pool
        self._n_jobs = n_jobs
        self.caller_helps = caller_helps
        self._begun = threading.Condition()  # a lane has; its lock guards all below
        self._waiting: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._lanes = 0  # that run or wait for a thread
        self._running = 0  # the lanes that run
        self._queued: list[Future[None]] = []  # the tasks of lanes; those that have begun may be there still

    def again(self) -> "_Call":
        """A call of the same Parallel to come, of which nothing waits."""
        return _Call(self._pool, self._n_jobs, self.caller_helps)

    def submit(self, func: Callable[[], Any], future: Future[Any]) -> None:
        with self._begun:
            self._waiting.append((func, future))
            if self._lanes >= self._n_jobs - self.caller_helps:
                return
            self._lanes += 1
        try:
            lane = self._pool.submit(self._run_lane)
        except BaseException:
            with self._begun:
                self._lanes -= 1
            self.drop()
            raise
        with self._begun:
            self._queued = [*(each for each in self._queued if not each.done()), lane]

    def drop(self) -> None:
        """Batches that no lane has taken are not worked off any more."""
        with self._begun:
            self._waiting.clear()

    def help(self) -> None:
        """Has the calling thread be a lane until no batch waits."""
        with self._begun:
            self._lanes += 1
        self._run_lane()

    def see_to_a_thread(self) -> None:
        """Starts a thread if the pool has none for this call."""
        with self._begun:
            begun = self._begun.wait_for(lambda: self._running > 0 or self._lanes == 0, _PATIENCE_S)
            queued = [] if begun else self._queued
        if any(lane.cancel() for lane in queued):  # which the thread is in place of
            threading.Thread(target=self._run_lane, name=f"{self._pool._tasks.prefix}_joblib").start()

    def _run_lane(self) -> None:
        with self._begun:
            self._running += 1
            self._begun.notify_all()
        while self._run_next():
            pass

    def _run_next(self) -> bool:
        with self._begun:
            if not self._waiting:
                self._lanes -= 1
                self._running -= 1
                return False
            func, future = self._waiting.popleft()
        try:
            result = func()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)  # joblib's callback submits what comes next
        return True


class ThreadmillBackend(AutoBatchingMixin, ParallelBackendBase):  # type: ignore[misc]  # joblib has no types
    """Runs the batches of joblib on a pool, up to n_jobs at once.

    In a nested call that returns a list the calling worker, which could not do anything else, is one of the
    n_jobs. Several calls may share a backend, as they do under one `parallel_config`.

    Parameters
    ----------
    pool : Pool, optional
        The default pool if None.
    **options
        As joblib's ParallelBackendBase.
    """

    supports_retrieve_callback = True
    supports_sharedmem = True
    uses_threads = True

    def __init__(self, pool: Pool | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._pool = pool or default_pool()
        self._calls: weakref.WeakKeyDictionary[Any, _Call] = weakref.WeakKeyDictionary()  # by Parallel

    # ---- what joblib asks before a call ----

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        if n_jobs == 0:
            raise ValueError("n_jobs == 0 in Parallel has no meaning")
        if n_jobs is None:
            return 1
        threads = self._pool.max_workers
        return max(1, threads + 1 + n_jobs) if n_jobs < 0 else min(n_jobs, threads)

    def configure(self, n_jobs: int = 1, parallel: Any = None, **_options: Any) -> int:
        n_jobs = self.effective_n_jobs(n_jobs)
        if n_jobs == 1:
            raise FallbackToBackend(SequentialBackend(nesting_level=self.nesting_level))
        self.parallel = parallel
        # The caller of a generator has to give its results as they come, of inputs that may never end.
        caller_helps = self._pool._tasks.is_worker() and not parallel.return_generator
        self._calls[parallel] = _Call(self._pool, n_jobs, caller_helps)
        return n_jobs

    def get_nested_backend(self) -> tuple[Any, None]:
        return ThreadmillBackend(self._pool, nesting_level=(self.nesting_level or 0) + 1), None

    # ---- the call ----

    def submit(self, func: Callable[[], Any], callback: Callable[[Future[Any]], Any] | None = None) -> Any:
        future: Future[Any] = Future()
        if callback is not None:
            future.add_done_callback(callback)
        self._calls[getattr(callback, "parallel", self.parallel)].submit(func, future)
        return future

    @contextlib.contextmanager
    def retrieval_context(self) -> Iterator[None]:
        """Makes sure that a thread is at work before the caller waits for results; joblib does not say for
        which of the calls."""
        for call in list(self._calls.values()):
            if call.caller_helps:
                call.help()
            else:
                call.see_to_a_thread()
        yield

    def retrieve_result_callback(self, future: Future[Any]) -> Any:
        """The result; joblib drops the traceback of an error, so that goes along as text."""
        error = future.exception()
        if error is not None:
            raise error from RemoteTraceback("".join(traceback.format_exception(error)))
        return future.result()

    # ---- its end ----

    def abort_everything(self, ensure_ready: bool = True) -> None:  # noqa: ARG002
        """Ends the calls that were given up; joblib does not say which, but they are marked."""
        for parallel, call in list(self._calls.items()):
            if parallel._aborting:
                call.drop()
                self._calls[parallel] = call.again()  # the lanes in a batch stay with the old one

    def terminate(self) -> None:
        self.abort_everything()
        self.reset_batch_stats()
