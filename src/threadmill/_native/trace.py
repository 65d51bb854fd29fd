"""The events of a pool that is traced, and the names in them."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._types import Array
from .library import ffi, lib
from .status import check

if TYPE_CHECKING:
    from ._threadmill import CData

# What a thread did: the names of tm_event_kind.
KINDS: dict[int, str] = {
    lib.TM_LOOP_EVENT: "loop",
    lib.TM_CHUNK_EVENT: "chunk",
    lib.TM_JOIN_EVENT: "join",
    lib.TM_TASK_EVENT: "task",
    lib.TM_SPIN_EVENT: "spin",
    lib.TM_PARK_EVENT: "park",
    lib.TM_WAKE_EVENT: "wake",
}

_FIELDS = dict(ffi.typeof("tm_event").fields)
_EVENT = np.dtype(
    {
        "names": list(_FIELDS),
        "formats": [
            f"i{(field.type.kind == 'primitive' and ffi.sizeof(field.type)) or 8}"
            for field in _FIELDS.values()
        ],
        "offsets": [field.offset for field in _FIELDS.values()],
        "itemsize": ffi.sizeof("tm_event"),
    }
)


class Lane(NamedTuple):
    """The events of a worker or of all callers: a structured array; how many found no room."""

    events: Array
    dropped: int


class _Names(dict[str, Any]):
    """Names as C holds them, for as long as the process lives: an event may point to any. There are as many
    as the program has functions."""

    def __missing__(self, name: str) -> Any:
        return self.setdefault(name, ffi.new("char[]", name.encode()))


names_in_c = _Names({"": ffi.NULL})


def set_call(name: "CData") -> "CData":
    """Has the calling thread's loops be for somebody; returns for whom they were."""
    return lib.tm_set_call(name)


def start_trace(pool: "CData", capacity: int) -> None:
    check(lib.tm_trace_start(pool, capacity))


def stop_trace(pool: "CData") -> list[Lane]:
    """The lanes of the workers, and of the callers; none in a forked child."""
    if lib.tm_trace_stop(pool) != lib.TM_OK:
        return []
    lanes = []
    count, dropped = ffi.new("size_t *"), ffi.new("size_t *")
    for lane in range(lib.tm_pool_threads(pool) + 1):
        events = lib.tm_trace_events(pool, lane, count, dropped)
        size = count[0] * _EVENT.itemsize
        found = np.frombuffer(ffi.buffer(events, size) if size else b"", _EVENT).copy()
        lanes.append(Lane(found, dropped[0]))
    lib.tm_trace_clear(pool)
    return lanes


def texts(addresses: Array) -> dict[int, str]:
    """The names that events point to."""
    found = (int(address) for address in np.unique(addresses))
    return {each: ffi.string(ffi.cast("char *", each)).decode() for each in found if each}


def read_clocks() -> tuple[int, int]:
    """A moment in the unit of events, and on the monotonic clock in ns."""
    ticks, ns = ffi.new("uint64_t *"), ffi.new("int64_t *")
    lib.tm_read_clocks(ticks, ns)
    return ticks[0], ns[0]
