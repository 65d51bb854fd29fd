"""One table, one way from a code of the C library's to an exception."""

from queue import Empty, Full

from ..errors import DeadlockError, KernelError
from .library import ffi, lib
from .waits import take_interrupt

OVERFLOW = lib.TM_OVERFLOW
OVERLAP = lib.TM_OVERLAP
FAILED = lib.TM_FAILED
INVALID_FLAG = lib.TM_FP_INVALID

_ERRORS: dict[int, tuple[type[Exception], str | None]] = {
    lib.TM_NO_MEMORY: (MemoryError, None),
    lib.TM_NO_THREAD: (RuntimeError, "can't start new thread"),
    lib.TM_CLOSED: (RuntimeError, "cannot schedule new futures after shutdown"),
    lib.TM_FULL: (Full, None),
    lib.TM_EMPTY: (Empty, None),
    lib.TM_TIMEOUT: (TimeoutError, None),
    lib.TM_INVALID: (ValueError, None),
    lib.TM_OVERFLOW: (OverflowError, None),
    lib.TM_OVERLAP: (ValueError, None),
    lib.TM_DEADLOCK: (DeadlockError, None),
    lib.TM_FAILED: (KernelError, None),
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
    kind, text = _ERRORS.get(status, (RuntimeError, None))
    return kind(text or ffi.string(lib.tm_status_message(status)).decode())
