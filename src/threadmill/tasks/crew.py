"""One piece of work that several threads of a pool take part in at once."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import nullcontext, suppress
from queue import Full
from typing import TYPE_CHECKING

from .._locks import Lock
from .._native.pools import get_thread_limit

if TYPE_CHECKING:
    from .pool import Pool

__all__ = ["Crew", "run_indices"]


class Crew:
    """The threads that take part, and what has failed in them."""

    def __init__(self, called: Callable[..., object]) -> None:
        self.called = called  # the user's function: a trace tells its name
        self.over = False  # nothing more is to be begun; set, and never reset, by any thread
        self._failures: list[tuple[int, BaseException]] = []

    def run(self, pool: "Pool", threads: int, work: Callable[[], None], *, caller: bool) -> None:
        """Has up to `threads` threads run work(), and returns when none of them is in it any more.

        The calling thread is one of them if `caller` is true; otherwise it only waits. `work` returns soon
        when the crew's work is over: when it has returned in one thread, or has failed there, or the caller
        was interrupted. Raises the first failure; what is raised here (Ctrl-C, a pool that is shut down)
        waits for all threads, too.
        """
        futures: list[Future[None]] = []
        try:
            with suppress(Full) if caller else nullcontext():  # a caller that works can do without the others
                for _ in range(threads - caller):
                    futures.append(pool.submit(self._take_part, work))  # each counts as soon as it is there
            if caller:
                self._take_part(work)
            else:
                futures[0].result()  # tasks begin in order: this one has
        finally:
            self.over = True
            for future in futures:
                if not future.cancel():
                    future.exception()
        self._raise_first()

    def _take_part(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self.fail(error)
        self.over = True

    def fail(self, error: BaseException, place: int = 0) -> None:
        """Ends the work. The failure in the first place is the one that is raised, but Ctrl-C before any."""
        self.over = True
        self._failures.append((place if isinstance(error, Exception) else -1, error))

    def _raise_first(self) -> None:
        if self._failures:
            failures, self._failures = self._failures, []
            try:
                raise min(failures, key=lambda failure: failure[0])[1]
            finally:
                del failures  # the error's traceback holds this frame: no cycle


def run_indices(
    pool: "Pool", fn: Callable[[int], object], n: int, called: Callable[..., object] | None = None
) -> None:
    """Runs fn(0) ... fn(n - 1) to their end on all threads of a pool, the caller among them.

    `called` is the user's function that fn calls, if it does. The threads are as many as the caller is
    limited to, at most. The indices are claimed in order. When a call fails no more are claimed, but all
    before it have been: so the first failure in order is always among those that happen, and it is raised.
    """
    if (recorder := pool._tasks.recorder) is not None:
        called = fn = recorder.each(called, fn)
    crew = Crew(called or fn)
    lock = Lock()  # guards `left`
    left: Iterator[int] = iter(range(n))

    def work() -> None:
        for at in iter(claim, None):
            try:
                fn(at)
            except BaseException as error:
                crew.fail(error, at)

    def claim() -> int | None:
        with lock:
            return None if crew.over else next(left, None)

    threads = min(n, pool.max_workers, get_thread_limit() or n)
    crew.run(pool, threads, work, caller=True)
