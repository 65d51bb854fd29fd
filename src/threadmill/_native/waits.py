"""What a call that waits in C is given: a timeout, and an end when a signal handler of Python's wants one."""

from types import TracebackType

from .library import ffi, lib


def nanoseconds(timeout: float | None) -> int:
    """A timeout in seconds as C takes it; None is for ever."""
    return lib.TM_FOREVER if timeout is None else int(min(timeout, 1e9) * 1e9)


# What the signal handler raised. C asks only in the main thread, so one place is enough.
_interrupt: BaseException | None = None


def _keep_interrupt(_kind: type[BaseException], error: BaseException, _where: TracebackType) -> None:
    global _interrupt
    _interrupt = error


def take_interrupt() -> BaseException:
    """What the signal handler raised that ended a call; it is given once."""
    global _interrupt
    error, _interrupt = _interrupt, None
    return error or KeyboardInterrupt()


@ffi.def_extern(error=1, onerror=_keep_interrupt)
def tm_py_interrupted() -> int:
    """Answers 0; but Python runs due signal handlers first, and what they raise becomes the answer 1."""
    return 0


lib.tm_set_interrupt_check(lib.tm_py_interrupted)
