"""Pools, their loops and their tasks; a task that is a Python call travels as a handle."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from . import thread_state  # noqa: F401  (its callbacks)
from .library import ffi, lib
from .status import check
from .waits import nanoseconds

if TYPE_CHECKING:
    from ._threadmill import CData

# The pool of a loop that the calling thread runs alone.
NO_POOL: "CData" = ffi.NULL

_KERNEL = ffi.typeof("tm_kernel")
_TASK = ffi.typeof("tm_task_fn")

pool_watch: "Callable[[CData, int], None]" = lib.tm_pool_watch
pool_worker: "Callable[[CData], int]" = lib.tm_pool_worker
pool_needs_worker: "Callable[[CData], int]" = lib.tm_pool_needs_worker
pool_is_closed: "Callable[[CData], int]" = lib.tm_pool_is_closed
close_pool: "Callable[[CData], None]" = lib.tm_pool_close
set_thread_limit: "Callable[[int], int]" = lib.tm_set_thread_limit
get_thread_limit: "Callable[[], int]" = lib.tm_get_thread_limit  # 0: none


def new_pool(threads: int, name: str, pin: bool = False) -> "CData":
    """A pool that lets go of its threads when the last reference to it is gone."""
    options = ffi.new("tm_pool_options *")
    prefix = ffi.new("char[]", name.encode())
    options.threads, options.name, options.pin = threads, prefix, pin
    made = ffi.new("tm_pool **")
    check(lib.tm_pool_create(options, made))
    return ffi.gc(made[0], lib.tm_pool_release)


def check_open(pool: "CData") -> None:
    """Raises RuntimeError for a pool that is shut down; its own tasks may still loop until they are done."""
    if lib.tm_pool_is_closed(pool) and lib.tm_pool_worker(pool) < 0:
        check(lib.TM_CLOSED)


def shutdown_pool(pool: "CData") -> None:
    check(lib.tm_pool_shutdown(pool))


def join_pool(pool: "CData", timeout: float | None) -> None:
    check(lib.tm_join(pool, nanoseconds(timeout)))


def pool_stats(pool: "CData") -> list[dict[str, int]]:
    """One dict for each worker, and one for all callers together."""
    rows = ffi.new("tm_worker_stats[]", lib.tm_pool_threads(pool) + 1)
    lib.tm_pool_stats(pool, rows)
    names = [name for name, _ in ffi.typeof("tm_worker_stats").fields]
    return [{name: getattr(row, name) for name in names} for row in rows]


def parallel_for(pool: "CData", n: int, grain: int, kernel: "CData | int", ctx: "CData") -> None:
    status = lib.tm_parallel_for(pool, n, grain, ffi.cast(_KERNEL, kernel), ctx)
    if status:
        check(status)


def spawn(pool: "CData", task: "CData | int", arg: "CData") -> None:
    check(lib.tm_spawn(pool, ffi.cast(_TASK, task), arg))


# What is on its way to a worker, with the handle that travels in its place; importlib.reload leaves it.
_posted: "dict[_Posted, CData]" = globals().get("_posted", {})


class _Posted:
    """A Python call for a worker. Its handle finds it, whichever load of this module defined tm_py_run."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        _posted[self] = ffi.new_handle(self)

    def __call__(self) -> None:
        del _posted[self]
        self._call()

    def take_back(self) -> None:
        """Has nothing be run, but stays: the handle may be on its way."""
        self._call = lambda: None


@ffi.def_extern()
def tm_py_run(handle: "CData") -> None:
    """Runs, on a worker, what `post` was given."""
    ffi.from_handle(handle)()


def post(pool: "CData", call: Callable[[], None]) -> None:
    """Has a worker run call(), which must not raise."""
    posted = _Posted(call)
    try:
        status = lib.tm_post(pool, lib.tm_py_run, _posted[posted])
    except BaseException:  # Ctrl-C, before or after the pool took it
        posted.take_back()
        raise
    if status:
        del _posted[posted]
        check(status)


def at_worker_end(call: Callable[[], None]) -> None:
    """Has call() run by the calling worker when it ends, as its last Python code."""
    posted = _Posted(call)
    check(lib.tm_at_worker_end(lib.tm_py_run, _posted[posted]))


def forget_posted() -> None:
    """In a forked child: nobody will run what the parent posted."""
    for posted in list(_posted):
        posted.take_back()
