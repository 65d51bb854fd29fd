"""Random numbers out of the streams of NumPy's bit generators, whose states are told as NumPy tells them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._types import Array
from .library import ffi, lib
from .status import check

if TYPE_CHECKING:
    from ._threadmill import CData

PCG64, PCG64DXSM = lib.TM_PCG64, lib.TM_PCG64DXSM

# Kinds of numbers.
FLOAT64, FLOAT32 = lib.TM_RANDOM_FLOAT64, lib.TM_RANDOM_FLOAT32
INTEGER32, INTEGER64, WIDE64 = lib.TM_RANDOM_INTEGER32, lib.TM_RANDOM_INTEGER64, lib.TM_RANDOM_WIDE64

_WORD = (1 << 64) - 1


def fill(
    pool: "CData",
    generator: int,
    numbers: int,
    lowest: int,
    most: int,
    state: Mapping[str, Any],
    out: Array,
) -> dict[str, Any]:
    """Fills a C-contiguous array; the state after it of a bit generator whose `state` is this one."""
    place = ffi.new("tm_place *")
    at, increment = state["state"]["state"], state["state"]["inc"]
    place.state = (at >> 64, at & _WORD)
    place.increment = (increment >> 64, increment & _WORD)
    place.has_half, place.half = state["has_uint32"], state["uinteger"]
    start = ffi.from_buffer(out, require_writable=True)
    check(lib.tm_random(pool, generator, numbers, out.size, lowest & _WORD, most, place, start))
    at = place.state[0] << 64 | place.state[1]
    return {
        "bit_generator": state["bit_generator"],
        "state": {"state": at, "inc": increment},
        "has_uint32": place.has_half,
        "uinteger": place.half,
    }
