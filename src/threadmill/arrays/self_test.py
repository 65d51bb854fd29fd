"""Whether NumPy's inner loops run on our threads at all: the user's word, and a test at first use."""

import contextvars
import functools
import os
import warnings
from typing import Any

import numpy as np
from numpy._core import umath

from .._native.pools import NO_POOL
from . import elementwise, reductions
from .errstate import users_level
from .layout import NO_VALUE
from .loops import LoopCache
from .refusal import Refusal

__all__ = ["NUMPYS", "fault", "refusal_of"]


def refusal_of(trusted: bool) -> Refusal | None:
    """Why NumPy makes all calls of a ufunc, if so; `trusted` may be another package's."""
    if not trusted:
        return Refusal("it is not NumPy's, and nobody has said trust=True")
    return fault()


# NumPy's own ufuncs, which live as long as the process, and don't raise where they don't hold the GIL.
# The one of np.clip has no public name.
NUMPYS = frozenset(
    value for value in (*vars(np).values(), vars(umath)["clip"]) if isinstance(value, np.ufunc)
)


@functools.cache
def fault() -> Refusal | None:
    """Why no ufunc runs on our threads, if so; asked once."""
    if os.environ.get("THREADMILL_UFUNCS") == "0":
        return Refusal("THREADMILL_UFUNCS=0 is set")
    try:
        # The user's np.errstate, np.setbufsize and other context variables are not to be tested.
        wrong = contextvars.Context().run(_first_difference)
    except Exception as error:
        wrong = f"{type(error).__name__}: {error}"
    if wrong is None:
        return None
    warnings.warn(
        f"NumPy {np.__version__} is not as threadmill knows it ({wrong}): NumPy itself runs all ufuncs",
        RuntimeWarning,
        stacklevel=users_level(),
    )
    return Refusal("NumPy's inner loops have not passed the test")


def _first_difference() -> str | None:
    """The first of some known calls whose bits are not NumPy's; on the calling thread alone."""
    # Two chunks, the second a short one, of numbers that no rounding leaves alone.
    x = np.sqrt(np.arange(1, 1501, dtype=np.float64))
    whole = np.arange(1, 1501)
    calls: list[tuple[Any, ...]] = [
        (ufunc, x) for ufunc in (np.sqrt, np.exp, np.sin, np.log1p, np.isnan, np.modf)
    ]
    calls += [
        (ufunc, x, x[::-1]) for ufunc in (np.add, np.multiply, np.arctan2, np.power, np.less, np.divmod)
    ]
    calls += [(np.add, whole, x), (np.floor_divide, whole, 7), (np.multiply, x.astype(np.float32), 3)]
    calls += [(np.exp, x[::3]), (np.add, x[:100, None], x[:30])]
    for ufunc, *operands in calls:
        call = elementwise.prepare(ufunc, LoopCache(), tuple(operands), {})
        if isinstance(call, Refusal) or not _same(call.run(NO_POOL), ufunc(*operands)):
            return f"{ufunc.__name__} of {operands[0].dtype}"
    square = x.reshape(30, 50)
    for ufunc, axis in ((np.add, 0), (np.add, 1), (np.minimum, 0), (np.maximum, 1), (np.multiply, 1)):
        reduction = reductions.prepare(ufunc, LoopCache(), square, axis, None, False, NO_VALUE, True)
        if isinstance(reduction, Refusal):  # one that NumPy runs anyway
            continue
        if not _same(reduction.run(NO_POOL, square), ufunc.reduce(square, axis)):
            return f"{ufunc.__name__}.reduce"
    return None


def _same(ours: Any, numpys: Any) -> bool:
    pairs = zip(ours, numpys, strict=True) if isinstance(ours, tuple) else [(ours, numpys)]
    return all(a.tobytes() == b.tobytes() and a.dtype == b.dtype for a, b in pairs)
