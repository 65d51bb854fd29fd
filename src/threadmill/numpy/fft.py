"""numpy.fft on all cores: transforms of several rows, whose rows are shared out.

The functions are NumPy's own Python code, in which the one that transforms along an axis takes blocks of
rows. All other names are NumPy's.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.fft as _fft
from numpy.fft import _pocketfft as _code

from ..arrays.layout import is_plain
from ..arrays.rebound import rebound
from ..arrays.refusal import Refusal
from ..tasks.pool import Pool
from .face import Prepared, on_all_cores
from .inner_calls import WARNINGS, Refused, calling, pool_of_call
from .rows import rows_of, run_blocks

__all__ = [
    *("fft", "fft2", "fftn", "hfft", "ifft", "ifft2", "ifftn", "ihfft", "irfft", "irfft2", "irfftn", "rfft"),
    *("rfft2", "rfftn"),
]

_WAY = "Rows are shared out, along one axis after another."

_pocketfft: Any = _code

_ALONG_ONE = frozenset({"fft", "ifft", "rfft", "irfft", "hfft", "ihfft"})

# Bytes from which on it gains, along one axis or along several, and in a block at least: NumPy transforms up
# to 6 KB in a microsecond. Complex numbers wait for memory sooner: of 8 MB some were still slower.
_WORTH, _WORTH_OF_MORE, _BLOCK, _COMPLEX = 1 << 22, 1 << 24, 1 << 16, 4

# Each block works out tables of its own, which takes as long as a transform. Of rows of so many bytes each
# thread has one block.
_LONG = 1 << 15

# NumPy transforms two rows at once. The one left over, alone, hands on the other one of two NaNs.
_TOGETHER = 2

# Columns that are transformed gain if there are so many.
_COLUMNS = 64


def _room(a: Any, *_: Any, **__: Any) -> int:
    """Bytes of real numbers."""
    if type(a) is not np.ndarray:
        return 0
    return a.nbytes // _COMPLEX if a.dtype.kind == "c" else a.nbytes


def _raw_fft(a: Any, n: int, axis: int, is_real: bool, is_forward: bool, norm: Any, out: Any = None) -> Any:
    """NumPy's transform along an axis, on blocks of rows."""
    length = n // 2 + 1 if is_real and is_forward else n
    is_long = a.itemsize * n >= _LONG
    least = -(-a.nbytes // pool_of_call()._max_workers) if is_long else _BLOCK
    rows = rows_of(a, [axis % a.ndim], least=least, together=_TOGETHER)
    few = abs(a.strides[axis]) != a.itemsize and a.size < _COLUMNS * a.shape[axis]
    if isinstance(rows, Refusal) or n < 1 or few or rows.length < 2 * _TOGETHER:
        return _pocketfft._raw_fft(a, n, axis, is_real, is_forward, norm, out)
    axis %= a.ndim
    if out is None:
        real = np.result_type(a.real.dtype, 1.0)
        dtype = real if is_real and not is_forward else np.result_type(a.dtype, 1j)
        out = np.empty_like(a, shape=(*a.shape[:axis], length, *a.shape[axis + 1 :]), dtype=dtype)
    elif out.shape != (*a.shape[:axis], length, *a.shape[axis + 1 :]):
        raise ValueError("output array has wrong shape.")

    def work(piece: slice) -> None:
        block = rows.block(piece)
        _pocketfft._raw_fft(a[block], n, axis, is_real, is_forward, norm, out[block])

    if run_blocks(pool_of_call(), work, rows.pieces) is not None:
        raise Refused
    return out


_own = rebound(_pocketfft, _raw_fft=_raw_fft, warnings=WARNINGS)


def _transform(name: str) -> Callable[..., Any]:
    own = getattr(_own, name)

    def prepare(pool: Pool, a: Any, *args: Any, **options: Any) -> Prepared:
        if not is_plain(a) or a.dtype.kind in "mM":
            return Refusal("the operand is no plain aligned native array of numbers")
        if a.ndim < 2 or not a.size:
            return Refusal("there are no rows to share")
        if options.get("out") is not None or len(args) > 3:
            return Refusal("out is given")

        return calling(pool, own, a, *args, **options)

    worth = _WORTH if name in _ALONG_ONE else _WORTH_OF_MORE
    made: Callable[..., Any] = on_all_cores(getattr(_fft, name), _WAY, worth, _room)(prepare)
    return made


for _name in __all__:
    globals()[_name] = _transform(_name)


def __getattr__(name: str) -> Any:
    found = globals()[name] = getattr(_fft, name)  # it is looked up once
    return found


def __dir__() -> list[str]:
    return dir(_fft)
