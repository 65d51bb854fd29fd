"""numpy.linalg on all cores: functions of stacks of small matrices, which are shared out.

The functions are NumPy's own Python code, in which gufuncs take blocks of the stack. All other names are
NumPy's.
"""

import types
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.linalg as _linalg_face
from numpy.linalg import _linalg, _umath_linalg

from ..arrays.layout import is_plain
from ..arrays.rebound import rebound
from ..arrays.refusal import Refusal
from ..tasks.pool import Pool
from .face import NEVER, Prepared, on_all_cores
from .fused import norm as norm
from .inner_calls import WARNINGS, Refused, calling, pool_of_call
from .rows import gathered, rows_of

__all__ = [
    *("cholesky", "cond", "det", "eig", "eigh", "eigvals", "eigvalsh", "inv", "matrix_rank", "pinv", "qr"),
    *("norm", "slogdet", "solve", "svd", "svdvals"),
]

_WAY = "Matrices of a stack are shared out."

# Bytes from which on a stack gains. OpenBLAS has locks that threads wait for: of matrices of 4, 8, 16 and 32
# rows cholesky, det and slogdet gained 0.5 to 1.06, inv and solve 0.6 to 1.0 and from 8 rows on 1.2 to 1.6,
# eigh and eigvalsh 1.4 to 1.9, of 16 and 32 rows 0.8 to 0.9.
_LEAST = 1 << 20
_NEVER_GAINING = frozenset({"cholesky", "det", "slogdet"})
_GAINING = {"inv": (8, 64), "solve": (8, 64), "eigh": (1, 15), "eigvalsh": (1, 15)}

# Matrices from this size on are left to the BLAS, which has threads of its own.
_BLAS_THREADS = 64


class _Gufuncs(types.ModuleType):
    """NumPy's gufuncs of matrices, on blocks of a stack."""

    def __getattr__(self, name: str) -> Any:
        gufunc = getattr(_umath_linalg, name)
        if not isinstance(gufunc, np.ufunc):
            return gufunc

        def shared(*args: Any, **options: Any) -> Any:
            return _shared(gufunc, args, options)

        return shared


def _shared(gufunc: np.ufunc, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    first = args[0]
    alike = all(
        type(x) is np.ndarray
        and x.flags.c_contiguous
        and x.ndim == first.ndim
        and x.shape[:-2] == first.shape[:-2]
        for x in args
    )
    rows = rows_of(first, [first.ndim - 2, first.ndim - 1], first.shape[-1]) if alike else Refusal("")
    if isinstance(rows, Refusal):
        return gufunc(*args, **options)

    def one(piece: slice) -> Any:
        block = rows.block(piece)
        return gufunc(*(x[block] for x in args), **options)

    def two() -> Any:  # of copies: some gufuncs write to their operands
        return gufunc(*(x[rows.block(slice(0, 2))].copy() for x in args), **options)

    result = gathered(pool_of_call(), rows, one, sample=two)
    if isinstance(result, Refusal):
        raise Refused
    return result


_own = rebound(_linalg, _umath_linalg=_Gufuncs("_umath_linalg"), warnings=WARNINGS)


def _of_stacks(name: str) -> Callable[..., Any]:
    own = getattr(_own, name)

    def prepare(pool: Pool, a: Any, *args: Any, **options: Any) -> Prepared:
        if not is_plain(a) or a.dtype.kind in "mM":
            return Refusal("the operand is no plain aligned native array of numbers")
        if a.ndim < 3 or not a.size:
            return Refusal("there is one matrix")
        if max(a.shape[-2:]) >= _BLAS_THREADS:
            return Refusal("the BLAS has threads of its own for large matrices")

        return calling(pool, own, a, *args, **options)

    smallest, largest = _GAINING.get(name, (1, _BLAS_THREADS))

    def size(a: Any, *_: Any, **__: Any) -> int:
        if type(a) is not np.ndarray or a.ndim < 3:
            return 0
        return a.nbytes if smallest <= a.shape[-1] <= largest else 0

    least = NEVER if name in _NEVER_GAINING else _LEAST
    made: Callable[..., Any] = on_all_cores(getattr(_linalg_face, name), _WAY, least, size)(prepare)
    return made


for _name in __all__:
    if _name != "norm":
        globals()[_name] = _of_stacks(_name)


def __getattr__(name: str) -> Any:
    found = globals()[name] = getattr(_linalg_face, name)  # it is looked up once
    return found


def __dir__() -> list[str]:
    return dir(_linalg_face)
