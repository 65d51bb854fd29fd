"""One run of a pipeline: its queues, what its threads do, and how all of them end.

A run goes on until its last stage has given the last result, or until the first of these: a stage or the
source raises, the consumer leaves, the pipeline is closed, the interpreter exits. Then the queues are shut
down, and each thread ends at its next step.
"""

import _thread
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any

from .. import _process
from .._locks import RLock
from ..errors import ShutDown
from ..queues.queue import Queue
from ..tasks.pool import Pool
from .stages import Stage
from .turnstile import Turnstile

__all__ = ["Run"]


class Run:
    """The queues and the state of one run.

    The consumer calls the methods of the first half, from any thread. A method of the second half runs in a
    thread of the pipeline.
    """

    def __init__(self, stages: list[Stage], maxsize: int, ordered: bool) -> None:
        self._stages = stages
        self._queues = [each.queue(maxsize) for each in stages] + [Queue(maxsize)]
        self._turnstiles = [Turnstile(each.workers, ordered) for each in stages]
        self._futures: list[Future[Any]] = []  # the consumer
        self._is_worker: Callable[[], bool] = bool  # set by start; before it nobody is
        self._lost = False  # set once, in a forked child: it has none of the run's other threads
        self._lock = RLock()  # the collector may come in between with `drop`
        self._error: BaseException | None = None  # _lock: what the consumer is to meet
        self._left = False  # _lock; read without: the consumer wants no more
        self._failed = False  # _lock: a stage or the source
        _process.renew_in_child(self)

    def _renew_locks(self) -> None:
        # The queues renew theirs, and the turnstiles are for the threads that are lost.
        self._lock = RLock()
        self._lost = True

    # ---- the consumer's side ----

    def start(self, pool: Pool, items: Iterator[Any]) -> None:
        self._is_worker = pool._tasks.is_worker
        _process.stop_at_exit(self)
        self._submit(pool, partial(self._read, items))
        for at, each in enumerate(self._stages):
            for _ in range(each.workers):
                self._submit(pool, partial(self._work, at))

    def _submit(self, pool: Pool, task: Callable[[], None]) -> None:
        future = pool.submit(self._guard, task)
        self._futures.append(future)
        future.add_done_callback(self._at_end)  # for what is raised outside of _guard's try

    def next(self) -> Any:
        if self._lost:
            raise RuntimeError(
                "this run is the parent process's; the forked child does not have its threads: begin another"
            )
        try:
            return self._queues[-1].get()
        except ShutDown:
            pass
        except BaseException:
            self.abandon()
            raise
        error = self.leave()
        if error is None:
            raise StopIteration
        try:
            if isinstance(error, StopIteration):  # from here it would look like the end
                raise RuntimeError(
                    "a stage raised StopIteration: return, or raise another exception"
                ) from error
            raise error
        finally:
            del error  # its traceback holds this frame: no cycle

    def leave(self) -> BaseException | None:
        """Ends the run for its consumer: returns, once, what went wrong before that."""
        with self._lock:
            error, self._error, self._left = self._error, None, True
        self.stop(None)
        if not self._is_worker():  # which would wait for itself
            self.wait()
        return error

    def abandon(self) -> None:
        """Ends the run for a consumer that wants to know no more."""
        error = self.leave()
        if error is not None and self._failed and not self._lost:
            _report(error)

    def drop(self) -> None:
        """As abandon, from the collector, which may come in a thread of the run that holds a queue's lock."""
        if self._left:
            return
        if self._is_worker():
            _thread.start_new_thread(self.abandon, ())
        else:
            self.abandon()

    def report_at_exit(self) -> None:
        """Tells of a failure that no consumer has met: none will when the interpreter ends."""
        with self._lock:
            error = self._error if self._failed and not (self._left or self._lost) else None
        if error is not None:
            _report(error)

    def is_live(self) -> bool:
        return not self._left and not self._lost

    def wait(self) -> None:
        """Waits until no thread is at work on the run."""
        if not self._lost:
            for future in self._futures:
                future.exception()
            self._futures = []  # what one may have raised, a failure to report a failure, refers to the run

    def stop(self, error: BaseException | None) -> None:
        """Ends all threads at their next step. The first error is the run's, if its consumer is there.

        All of it is done each time: where an exception comes in between, the next call makes up for it. The
        consumer is told first.
        """
        if self._lost:
            return
        with self._lock:
            if self._error is None and not self._left:
                self._error = error
        for queue in reversed(self._queues):
            queue.shutdown(immediate=True)
        for turnstile in self._turnstiles:
            turnstile.stop()

    # ---- the threads' side ----

    def _guard(self, task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:
            self._fail(error)

    def _at_end(self, future: Future[Any]) -> None:
        error = future.exception()
        if error is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        with self._lock:
            if self._left and isinstance(error, ShutDown):
                return  # of a queue of its own that the consumer has shut down behind itself
            first, self._failed = not self._failed, True
            unseen = first and self._left
        self.stop(error)
        if unseen:
            _report(error)

    def _read(self, items: Iterator[Any]) -> None:
        try:
            for item in items:
                if self._lost:  # the source forked, and this is the child
                    return
                try:
                    self._queues[0].put(item)
                except ShutDown:
                    break
                del item
        finally:
            if isinstance(items, Generator):
                items.close()
        self._queues[0].shutdown()

    def _work(self, at: int) -> None:
        this, turnstile = self._stages[at], self._turnstiles[at]
        source, target = self._queues[at], self._queues[at + 1]
        give = partial(this.give, target)
        while True:
            try:
                with turnstile.entry:
                    ticket = turnstile.ticket()
                    item = this.take(source)
            except ShutDown:
                break
            result = this.work(item)
            if self._lost:  # the stage forked, and this is the child
                return
            try:
                turnstile.give(ticket, result, give)
            except ShutDown:
                return
            del item, result  # not kept while this thread waits for the next
        if turnstile.leave():
            target.shutdown()


def _report(error: BaseException) -> None:
    """Tells the program of a failure that no consumer meets."""
    args = (type(error), error, error.__traceback__, threading.current_thread())
    threading.excepthook(threading.ExceptHookArgs(args))
