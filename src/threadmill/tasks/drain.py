"""Pool.drain: all workers pull from a queue until it is shut down and empty."""

import queue as standard
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._arguments import integer
from .._native.status import check
from ..errors import ShutDown
from ..queues.queue import TypedQueue
from .crew import Crew
from .native_function import context_pointer, native_address

if TYPE_CHECKING:
    from .pool import Pool

__all__ = ["drain"]

# How long a worker waits for an item before it looks whether it is to stop: a failure elsewhere and Ctrl-C
# show within this time. An empty queue costs each worker 50 looks a second; there is no other way to call one
# back from any object's `get`. The native drain is called back, and sleeps.
_SLICE_S = 0.02


def drain(pool: "Pool", queue: Any, fn: Any, *, ctx: Any = None, chunksize: int = 4096) -> None:
    """Has all threads take items from a queue until it is shut down and empty, and returns then.

    Parameters
    ----------
    queue : Queue
    fn : callable or native function
        A Python callable is called as fn(item) on the pool's threads. A native function is for a queue with
        a dtype: ``void (*)(void *ctx, const void *items, size_t n)``, in any form that `parallel_for` takes,
        is called without the GIL with 1 to `chunksize` items, which are its own until it returns. The caller
        is one of its threads.
    ctx : object, optional
        A native function's, as `parallel_for`'s.
    chunksize : int
        The number of items that a native function gets at a time, at most.

    Raises
    ------
    TypeError, ValueError
        For arguments of the wrong kind, before any thread moves.
    RuntimeError
        The pool is shut down.
    Exception
        The first that fn raised. The other threads end after their items under way; what is left stays in
        the queue. So it is after Ctrl-C.

    Notes
    -----
    Each item that fn has had counts as done, as if fn had called `task_done`, so that a producer can wait
    in ``queue.join()``; a native function's items count when the drain ends.

    Examples
    --------
    >>> import threadmill as tm
    >>> queue, found = tm.Queue(), []
    >>> for word in "abc":
    ...     queue.put(word)
    >>> queue.shutdown()
    >>> with tm.Pool(4) as pool:
    ...     pool.drain(queue, found.append)
    >>> sorted(found)
    ['a', 'b', 'c']
    """
    if native_address(fn) is not None:
        _drain_native(pool, queue, fn, ctx, chunksize)
    elif callable(fn):
        if ctx is not None:
            raise TypeError(f"ctx must be None for a Python callable, got {type(ctx).__name__}")
        _drain_python(pool, queue, fn)
    else:
        raise TypeError(f"fn must be a callable or a native function, got {type(fn).__name__}")


def _drain_native(pool: "Pool", queue: Any, fn: Any, ctx: Any, chunksize: int) -> None:
    if not isinstance(queue, TypedQueue):
        raise TypeError(
            f"queue must be a Queue with a dtype for a native function, got {type(queue).__name__}"
        )
    integer("chunksize", chunksize, 1, (1 << 48) - 1)
    address = native_address(fn)
    assert address is not None
    pointer = context_pointer(ctx, fn)
    check(pool._tasks.call(fn, queue._drain_into, pool._handle, address, pointer, chunksize))


def _drain_python(pool: "Pool", queue: Any, fn: Callable[[Any], object]) -> None:
    if not (hasattr(queue, "get") and hasattr(queue, "task_done")):
        raise TypeError(f"queue must be a Queue, got {type(queue).__name__}")
    crew = Crew(fn)

    def pull() -> None:
        while not crew.over:
            try:
                item = queue.get(timeout=_SLICE_S)
            except standard.Empty:
                continue
            except ShutDown:
                return
            try:
                fn(item)
            finally:
                del item
                queue.task_done()

    crew.run(pool, pool.max_workers, pull, caller=False)
