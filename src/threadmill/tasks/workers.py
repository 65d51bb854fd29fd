"""How many threads are right: the cores that this process may use, and the rule for each kind of work."""

import os
from typing import Literal

from .._native import machine

__all__ = ["Workload", "default_pin", "default_workers", "recommended_workers", "usable_cores"]

Workload = Literal["cpu", "io", "memory"]

_VARIABLE = "THREADMILL_NUM_THREADS"
_OPENMP = "OMP_NUM_THREADS"
_PIN = "THREADMILL_PIN"

_MOST = 32767  # threads of a pool, as tm_pool_create has it


def usable_cores() -> int:
    """The number of cores that this process may use, at least 1.

    The least of the cores switched on, the cores in the process's affinity mask, and the CPU quota of the
    tightest control group that it is in (Linux), rounded down but at least 1. Asked anew at each call.

    Returns
    -------
    int
    """
    return machine.usable_cores()


def recommended_workers(workload: Workload = "cpu") -> int:
    """The number of threads that suits a kind of work.

    Parameters
    ----------
    workload : {"cpu", "io", "memory"}
        "cpu": one thread per usable core. "io": two per core, as most of them wait. "memory": one per
        two cores, at least 1, as more only share the same memory bandwidth.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        For any other `workload`.

    Examples
    --------
    >>> import threadmill as tm
    >>> tm.recommended_workers("io") == 2 * tm.usable_cores()
    True
    """
    cores = usable_cores()
    if workload == "cpu":
        return cores
    if workload == "io":
        return 2 * cores
    if workload == "memory":
        return max(1, cores // 2)
    raise ValueError(f"workload must be 'cpu', 'io' or 'memory', got {workload!r}")


def default_workers() -> int:
    """The size of the default pool: THREADMILL_NUM_THREADS, else OMP_NUM_THREADS, else one thread per core.

    Of OMP_NUM_THREADS, which may be a list, one number for each nested level, the first number counts. It is
    not ours, so that anything but a number of threads in it is ignored.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        THREADMILL_NUM_THREADS is set and no integer of 1 or more.
    """
    text = os.environ.get(_VARIABLE)
    if text is None:
        first = os.environ.get(_OPENMP, "").partition(",")[0]
        return _number(first, _MOST) or recommended_workers("cpu")
    number = _number(text)
    if number is None:
        raise ValueError(f"{_VARIABLE} must be an integer of 1 or more, got {text!r}")
    return number


def _number(text: str, most: int | None = None) -> int | None:
    """A number of 1 to `most` in decimal digits; None where the text is none."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 9:
        return None
    number = int(digits)
    return number if number >= 1 and (most is None or number <= most) else None


def default_pin() -> bool:
    """Whether pools that do not say pin their threads to cores: the environment's THREADMILL_PIN, 0 or 1."""
    text = os.environ.get(_PIN, "0")
    if text.strip() not in ("0", "1"):
        raise ValueError(f"{_PIN} must be 0 or 1, got {text!r}")
    return text.strip() == "1"
