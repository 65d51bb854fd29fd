"""Queues of fixed-size items."""

from collections.abc import Callable
from queue import Empty, Full
from typing import TYPE_CHECKING, NoReturn

from .._types import Array
from ..errors import ShutDown
from .library import ffi, lib
from .status import check, error_of
from .waits import nanoseconds

if TYPE_CHECKING:
    from ._threadmill import CData

_KERNEL = ffi.typeof("tm_block_kernel")

queue_length: "Callable[[CData], int]" = lib.tm_queue_length
queue_close: "Callable[[CData, bool], int]" = lib.tm_queue_close


def new_queue(capacity: int, item_size: int, lifo: bool) -> "CData":
    made = ffi.new("tm_queue **")
    check(lib.tm_queue_create(capacity, item_size, lib.TM_LIFO if lifo else lib.TM_FIFO, made))
    return ffi.gc(made[0], lib.tm_queue_destroy)


def queue_push(queue: "CData", items: Array, count: int, timeout: float | None) -> int:
    """How many went in, all of them; else queue.Full or ShutDown with that number as `done`."""
    done = ffi.new("size_t *")
    status = lib.tm_queue_push(queue, ffi.from_buffer(items), count, nanoseconds(timeout), done)
    if status < 0:
        _fail_queue(status, done[0])
    return int(done[0])


def queue_pop(queue: "CData", items: Array, count: int, timeout: float | None) -> int:
    """How many came out."""
    done = ffi.new("size_t *")
    target = ffi.from_buffer(items, require_writable=True)
    status = lib.tm_queue_pop(queue, target, count, nanoseconds(timeout), done)
    if status < 0:
        _fail_queue(status, 0, Empty)
    return int(done[0])


def drain(pool: "CData", queue: "CData", block: int, kernel: "CData | int", ctx: "CData") -> tuple[int, int]:
    """A status that is yet to be checked, and how many items the kernel has had."""
    done = ffi.new("size_t *")
    status = lib.tm_drain(pool, queue, block, ffi.cast(_KERNEL, kernel), ctx, done)
    return status, int(done[0])


def _fail_queue(status: int, done: int, on_timeout: type[Exception] = Full) -> NoReturn:
    error: BaseException
    if status == lib.TM_CLOSED:
        error = ShutDown()
    elif status in (lib.TM_TIMEOUT, lib.TM_FULL, lib.TM_EMPTY):
        error = on_timeout()
    else:
        error = error_of(status)
    error.done = done  # type: ignore[attr-defined]
    try:
        raise error
    finally:
        del error  # its traceback holds this frame: no cycle
