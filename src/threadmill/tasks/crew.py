"""One piece of work that several threads of a pool take part in at once."""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import nullcontext, suppress
from queue import Full
from typing import Any

__all__ = ["together"]


def together(
    submit: Callable[[Callable[[], None]], Future[Any]],
    threads: int,
    work: Callable[[], None],
    stop: Callable[[], None],
    *,
    caller: bool,
) -> None:
    """Has up to `threads` threads run work(), and returns when none of them is in it any more.

    The calling thread is one of them if `caller` is true; else it only waits. When the first has returned
    nothing is left to begin: stop() has the others come back soon, and who has not begun never does. `work`
    does not raise; what is raised here (Ctrl-C, a pool that is shut down) also waits for all.
    """
    futures: list[Future[Any]] = []
    try:
        with suppress(Full) if caller else nullcontext():  # who is at work himself can do without
            for _ in range(threads - caller):
                futures.append(submit(work))  # not by extend: each counts as soon as it is there
        if caller:
            work()
        else:
            futures[0].result()  # tasks begin in order: this one has
    finally:
        stop()
        for future in futures:
            if not future.cancel():
                future.exception()
