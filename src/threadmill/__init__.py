"""NumPy's answers, bit for bit, on all your cores, without the GIL.

>>> import numpy as np, threadmill as tm
>>> tm.sum(tm.square(np.arange(4)))
np.int64(14)
"""

import _thread
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import numpy
    from .chunks import map_chunks, reduce
    from .errors import DeadlockError, KernelError, ShutDown
    from .kernels import scale, square, sum
    from .pipelines import Pipeline, stage
    from .pool import Pool, default_pool
    from .queues import Queue
    from .ufuncs import ParallelUfunc, parallel
    from .workers import recommended_workers, usable_cores

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
    "numpy",
    "parallel",
    "recommended_workers",
    "reduce",
    "scale",
    "square",
    "stage",
    "sum",
    "usable_cores",
]

# Where each name comes from. It is imported when it is first asked for: an executor needs no kernels, and
# concurrent.futures alone takes as long as all the rest.
_HOMES = {
    **dict.fromkeys(("map_chunks", "reduce"), "chunks"),
    **dict.fromkeys(("DeadlockError", "KernelError", "ShutDown"), "errors"),
    **dict.fromkeys(("scale", "square", "sum"), "kernels"),
    **dict.fromkeys(("Pipeline", "stage"), "pipelines"),
    **dict.fromkeys(("Pool", "default_pool"), "pool"),
    "Queue": "queues",
    **dict.fromkeys(("ParallelUfunc", "parallel"), "ufuncs"),
    **dict.fromkeys(("recommended_workers", "usable_cores"), "workers"),
}


def _in_main_interpreter() -> bool:
    if hasattr(_thread, "_is_main_interpreter"):  # from CPython 3.12.1 on
        return bool(_thread._is_main_interpreter())
    try:
        interpreters = import_module("_xxsubinterpreters")
    except ImportError:  # built without them
        return True
    return bool(interpreters.get_current() == interpreters.get_main())


# C threads enter Python in the main interpreter: tasks of any other would never run.
if not _in_main_interpreter():
    raise ImportError("threadmill works in the main interpreter only, not in subinterpreters")


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        return value
    if name == "numpy":
        return import_module(f"{__name__}.numpy")
    if name == "__version__":
        from importlib.metadata import version

        return version(__name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
