"""One reduction, ready to run: what every way to reduce comes to."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .._native.status import check
from .._types import Array
from .errstate import report
from .loops import Loop

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["ANY_ORDER", "LEAST_OR_GREATEST", "Reduction", "finish", "identity"]


LEAST_OR_GREATEST = ("minimum", "maximum", "fmin", "fmax")

# The kinds of numbers that may be reduced in any order. Whether floats may, the result tells.
ANY_ORDER = {
    **dict.fromkeys(("add", "multiply", "gcd"), "iu"),
    **dict.fromkeys(LEAST_OR_GREATEST, "biufmM"),
    **dict.fromkeys(("bitwise_and", "bitwise_or", "bitwise_xor"), "biu"),
    **dict.fromkeys(("logical_and", "logical_or", "logical_xor"), "b"),
}


class Reduction:
    """One reduction, ready to run on the pool's threads, of which the caller is one."""

    __slots__ = ("grain", "loop", "reusable", "run", "shape", "split")

    def __init__(
        self,
        loop: Loop | None,
        shape: tuple[int, ...],
        split: int,
        grain: int,
        run: "Callable[[CData, Array], Any]",
        reusable: bool,
    ) -> None:
        self.loop = loop  # None: one of the kernels written for the purpose
        self.shape, self.split, self.grain = shape, split, grain
        self.run = run  # run(pool, x) returns what ufunc.reduce returns
        self.reusable = reusable  # for other arrays of x's dtype and shape that are contiguous as well


def identity(loop: Loop) -> Array | None:
    """What NumPy begins with unless it is told; None where that is the first element."""
    identity = loop.ufunc.identity
    return None if identity is None else np.asarray(identity).astype(loop.dtypes[0])


def finish(loop: Loop, status: int, kind: str = "") -> None:
    """Reports what a run came to; `kind` is that of the elements that it converted.

    A loop for booleans reports nothing, and the conversion of a signalling NaN to one does.
    """
    if status and check(status) and (loop.strided.reports or kind == "f"):
        report(status, "reduce")
