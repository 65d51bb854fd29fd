"""The machine: how many cores this process may use, and which instruction sets."""

from typing import TypedDict

from .library import ffi, lib
from .status import check


class Machine(TypedDict):
    """What this process may use (tm_machine)."""

    online: int
    affinity: int
    quota: float
    usable: int
    last_level_cache: int


def read_machine() -> Machine:
    """Asks the system anew; see tm_machine in csrc/threadmill.h for the fields."""
    told = ffi.new("tm_machine *")
    lib.tm_read_machine(told)
    return Machine(
        online=told.online,
        affinity=told.affinity,
        quota=told.quota,
        usable=told.usable,
        last_level_cache=told.last_level_cache,
    )


def usable_cores() -> int:
    return lib.tm_usable_cores()


def simd_levels() -> dict[str, int]:
    """The instruction sets that this processor runs, by name, in rising order."""
    return {_simd_name(level): level for level in range(lib.tm_simd_best() + 1)}


def simd_level() -> str:
    return _simd_name(lib.tm_simd_level())


def set_simd_level(name: str) -> None:
    """Makes all kernels of the process use an instruction set: for tests."""
    check(lib.tm_set_simd_level(simd_levels()[name]))


def set_last_level_cache(size: int) -> None:
    """Makes C take the last-level cache for so many bytes, 0 for what the machine tells: for tests."""
    lib.tm_set_last_level_cache(size)


def _simd_name(level: int) -> str:
    return ffi.string(lib.tm_simd_name(level)).decode()
