"""Which reductions come to the same in any order of their elements, and what they begin with."""

import numpy as np

from .._types import Array
from .loops import Loop

__all__ = ["ANY_ORDER", "LEAST_OR_GREATEST", "identity"]

LEAST_OR_GREATEST = ("minimum", "maximum", "fmin", "fmax")

# The kinds of numbers that may be reduced in any order. Whether floats may, the result tells.
ANY_ORDER = {
    **dict.fromkeys(("add", "multiply", "gcd"), "iu"),
    **dict.fromkeys(LEAST_OR_GREATEST, "biufmM"),
    **dict.fromkeys(("bitwise_and", "bitwise_or", "bitwise_xor"), "biu"),
    **dict.fromkeys(("logical_and", "logical_or", "logical_xor"), "b"),
}


def identity(loop: Loop) -> Array | None:
    """What NumPy begins with unless it is told; None where that is the first element."""
    identity = loop.ufunc.identity
    return None if identity is None else np.asarray(identity).astype(loop.dtypes[0])
