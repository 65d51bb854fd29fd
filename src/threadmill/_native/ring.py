"""The ring of fixed-size items that a typed queue lives in."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from .._types import Array
from ..errors import ShutDown
from .library import ffi, lib
from .status import error_of
from .waits import nanoseconds

if TYPE_CHECKING:
    from ._threadmill import CData

_BLOCK_FUNCTION = ffi.typeof("tm_block_kernel")
_TOO_LATE = lib.TM_TIMEOUT, lib.TM_FULL, lib.TM_EMPTY

length: "Callable[[CData], int]" = lib.tm_queue_length
close: "Callable[[CData, bool], int]" = lib.tm_queue_close


def new_ring(capacity: int, item_size: int, lifo: bool) -> "CData":
    made = ffi.new("tm_queue **")
    status = lib.tm_queue_create(capacity, item_size, lib.TM_LIFO if lifo else lib.TM_FIFO, made)
    if status < 0:
        raise error_of(status)
    return ffi.gc(made[0], lib.tm_queue_destroy)


def new_count() -> "CData":
    """A number that C writes; its item 0."""
    return ffi.new("size_t *")


def push(ring: "CData", items: Array, count: int, timeout: float | None, done: "CData") -> int:
    """Moves items in; a status. `done` becomes the number of items that went in."""
    return lib.tm_queue_push(ring, ffi.from_buffer(items), count, nanoseconds(timeout), done)


def pop(ring: "CData", items: Array, count: int, timeout: float | None, done: "CData") -> int:
    """Moves items out; a status. `done` becomes the number of items that came out."""
    target = ffi.from_buffer(items, require_writable=True)
    return lib.tm_queue_pop(ring, target, count, nanoseconds(timeout), done)


def drain(
    pool: "CData", ring: "CData", chunksize: int, fn: "CData | int", ctx: "CData", done: "CData"
) -> int:
    """Has a pool's threads pop all that comes; a status. `done` becomes the number of items."""
    return lib.tm_drain(pool, ring, chunksize, ffi.cast(_BLOCK_FUNCTION, fn), ctx, done)


def failure(status: int, done: int, too_late: Exception, shut_down: Exception | None = None) -> BaseException:
    """The exception of a push or pop that failed; `too_late` where its time ran out."""
    if status in _TOO_LATE:
        return too_late
    if status == lib.TM_CLOSED:
        return shut_down or ShutDown()
    error = error_of(status)
    error.done = done  # type: ignore[attr-defined]  # Ctrl-C: how many items went in
    return error
