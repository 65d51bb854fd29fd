"""NumPy's answers, bit for bit, on all your cores, without the GIL.

>>> import numpy as np, threadmill as tm
>>> tm.sum(tm.square(np.arange(4)))
np.int64(14)
"""

import _thread
import gc  # noqa: F401  (weakref.finalize imports it at exit)
import traceback
from importlib import import_module

__version__ = "0.2.0"


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
    raise ImportError(
        "threadmill works in the main interpreter only, not in subinterpreters: use threads or processes"
    )

# Everything that a call can need is imported here: an import on a call's path would wait for a module's lock
# in a child that was forked meanwhile.
from . import numpy  # noqa: E402
from .arrays.functions import scale, square, sum  # noqa: E402
from .arrays.map_chunks import map_chunks  # noqa: E402
from .arrays.plan import Explanation  # noqa: E402
from .arrays.random import integers, random  # noqa: E402
from .arrays.report import Report, ReportRow, report, strict  # noqa: E402
from .arrays.report import report_at_exit as _report_at_exit  # noqa: E402
from .arrays.ufunc import ParallelUfunc, parallel  # noqa: E402
from .errors import DeadlockError, FallbackError, KernelError, PartialPut, PartialShutDown, ShutDown  # noqa: E402
from .fusion.fuse import fuse  # noqa: E402
from .pipelines.pipeline import Pipeline  # noqa: E402
from .pipelines.stages import Stage, stage  # noqa: E402
from .queues.queue import Queue, TypedQueue  # noqa: E402
from .tasks.c_api import C_API as _C_API  # noqa: E402, F401 - which other extensions ask for
from .tasks.c_api import get_include  # noqa: E402
from .tasks.default_pool import default_pool  # noqa: E402
from .tasks.pool import Pool  # noqa: E402
from .tasks.reduce import reduce  # noqa: E402
from .tasks.workers import recommended_workers, usable_cores  # noqa: E402
from .timeline.trace import Trace, trace  # noqa: E402

traceback.format_exception(None)  # CPython 3.15 imports lazily what the first one needs


def __getattr__(name: str) -> object:
    if name == "__pandas_udf__":  # pandas asks for it, given engine=threadmill
        return import_module(".pandas", __name__).Engine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "DeadlockError",
    "Explanation",
    "FallbackError",
    "KernelError",
    "ParallelUfunc",
    "PartialPut",
    "PartialShutDown",
    "Pipeline",
    "Pool",
    "Queue",
    "Report",
    "ReportRow",
    "ShutDown",
    "Stage",
    "Trace",
    "TypedQueue",
    "default_pool",
    "fuse",
    "get_include",
    "integers",
    "map_chunks",
    "numpy",
    "parallel",
    "random",
    "recommended_workers",
    "reduce",
    "report",
    "scale",
    "square",
    "stage",
    "strict",
    "sum",
    "trace",
    "usable_cores",
]

_report_at_exit()
