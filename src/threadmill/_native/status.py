"""One table, one way from a code of the C library's to an exception."""

from queue import Empty, Full

from ..errors import DeadlockError, KernelError
from .library import ffi, lib
from .waits import take_interrupt

OVERFLOW = lib.TM_OVERFLOW
OVERLAP = lib.TM_OVERLAP
FAILED = lib.TM_FAILED
INVALID_FLAG = lib.TM_FP_INVALID

# The texts are the C library's, tm_status_message's.
_ERRORS: dict[int, type[Exception]] = {
    lib.TM_NO_MEMORY: MemoryError,
    lib.TM_NO_THREAD: RuntimeError,
    lib.TM_CLOSED: RuntimeError,
    lib.TM_FULL: Full,
    lib.TM_EMPTY: Empty,
    lib.TM_TIMEOUT: TimeoutError,
    lib.TM_INVALID: ValueError,
    lib.TM_OVERFLOW: OverflowError,
    lib.TM_OVERLAP: ValueError,
    lib.TM_DEADLOCK: DeadlockError,
    lib.TM_FAILED: KernelError,
}


def check(status: int) -> int:
    """Returns a result that is no failure, raises the exception of one that is."""
    if status < 0:
        raise error_of(status)
    return status


def error_of(status: int) -> BaseException:
    """The exception of a failure; of an interrupted call what the signal handler raised, once."""
    if status == lib.TM_INTERRUPTED:
        return take_interrupt()
    return _ERRORS.get(status, RuntimeError)(ffi.string(lib.tm_status_message(status)).decode())
