"""NumPy's answers, bit for bit, on all your cores, without the GIL.

>>> import numpy as np, threadmill as tm
>>> tm.sum(tm.square(np.arange(4)))
np.int64(14)
"""

from typing import TYPE_CHECKING, Any

from .errors import DeadlockError, KernelError, ShutDown
from .kernels import scale, square, sum
from .pool import Pool, default_pool
from .queues import Queue
from .workers import recommended_workers, usable_cores

if TYPE_CHECKING:
    from .chunks import map_chunks, reduce
    from .pipelines import Pipeline, stage
    from .ufuncs import ParallelUfunc, parallel

__all__ = [
    "DeadlockError",
    "KernelError",
    "ParallelUfunc",
    "Pipeline",
    "Pool",
    "Queue",
    "ShutDown",
    "default_pool",
    "map_chunks",
    "numpy",  # a submodule
    "parallel",
    "recommended_workers",
    "reduce",
    "scale",
    "square",
    "stage",
    "sum",
    "usable_cores",
]


def __getattr__(name: str) -> Any:
    """Looks up, when asked for, what an import of threadmill should not wait for."""
    if name in ("map_chunks", "reduce"):
        from . import chunks

        return getattr(chunks, name)
    if name in ("Pipeline", "stage"):
        from . import pipelines

        return getattr(pipelines, name)
    if name in ("ParallelUfunc", "parallel"):
        from . import ufuncs

        return getattr(ufuncs, name)
    if name == "numpy":
        from importlib import import_module

        return import_module(f"{__name__}.numpy")
    if name == "__version__":  # It takes longer than all the rest.
        from importlib.metadata import version

        return version(__name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
