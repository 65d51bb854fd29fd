"""Arrays of one dimension: sorted, in stable order, without duplicates.

Where equal elements have the same bits an array has one sorted form, and the quickest of NumPy's sorts may
make it, whatever `kind` was asked for: on radices for single bytes, on vectors for numbers of 2 to 8 bytes,
among them dates as integers. A stable order is such a form, too: of integers, each a key with its index below
it. Which of two zeros or two NaNs comes first is NumPy's to say: such arrays are NumPy's.

Each function prepares a call, as face.py has it.
"""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from .._types import Array
from ..arrays.bucket_sort import OPEN, sorted_copy_of_alike
from ..arrays.buckets import HAVE_KEYS, Counted, Floats
from ..arrays.errstate import as_the_user
from ..arrays.layout import is_plain
from ..arrays.refusal import Refusal
from ..tasks.crew import run_indices
from ..tasks.pool import Pool
from .face import Prepared

__all__ = ["argsort", "sort", "unique"]

_OTHERS = Refusal("the operand is no plain array of one dimension of real numbers or dates")
_AS_QUICK = Refusal("NumPy's own way is as quick")
_OPEN = Refusal("the order of equal elements is NumPy's own")
_IN_ORDER = Refusal("the elements are nearly in order, which NumPy's stable sort makes use of")
# On vectors of AVX-512 NumPy 2.4 leaves a few of them in another place, which depends on all others.
_FAULTY = Refusal("NumPy's sort of float16 is at fault on some processors")
_JUDGED = Refusal("its arguments are for NumPy to judge")

# Elements that a thread takes at a time: they stay in the second-level cache from one pass to the next.
CHUNK = 1 << 17

# Bytes from which on buckets gain; looked up at each call, so that tests can lower it.
IN_BUCKETS = 1 << 22

_TOP = np.uint64(1 << 63)

# NumPy's own, also where ours are put in their place.
_numpys_unique = np.unique


def sort(
    pool: Pool, a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Prepared:
    is_stable = _is_stable(a, axis, kind, order, stable)
    if isinstance(is_stable, Refusal):
        return is_stable
    if a.size < 2:
        return _AS_QUICK
    if a.dtype.char == "e":
        return _FAULTY
    if is_stable and _has_radix_sort(a):
        return _AS_QUICK
    if is_stable and _is_nearly_ordered(a):
        return _IN_ORDER
    if not is_stable and a.dtype.kind not in "mM" and a.itemsize > 1 and not _is_in_buckets(pool, a):
        return _AS_QUICK
    return lambda: _sorted(pool, a)


def argsort(
    pool: Pool, a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Prepared:
    is_stable = _is_stable(a, axis, kind, order, stable)
    if isinstance(is_stable, Refusal):
        return is_stable
    if not is_stable:
        return _OPEN
    if _has_radix_sort(a) or a.size < 2:
        return _AS_QUICK
    return _IN_ORDER if _is_nearly_ordered(a) else lambda: _order(pool, a)


_PARAMETERS = frozenset(inspect.signature(np.unique).parameters)


def unique(
    pool: Pool,
    ar: Any,
    return_index: Any = False,
    return_inverse: Any = False,
    return_counts: Any = False,
    axis: Any = None,
    **options: Any,  # those that this NumPy has
) -> Prepared:
    if not _is_sortable(ar) or ar.size < 2:
        return _OTHERS
    if axis is not None or options.get("sorted", True) is not True or not options.keys() <= _PARAMETERS:
        return _JUDGED
    if not _is_slow_unique(ar, return_index, return_inverse):
        return _AS_QUICK

    def run() -> Any:
        order = _order(pool, ar) if return_index or return_inverse else None
        elements = _sorted(pool, ar) if order is None else ar[order]
        if isinstance(elements, Refusal):
            return elements
        if _has_nan(elements):
            return as_the_user(
                _numpys_unique, ar, return_index, return_inverse, return_counts, axis, **options
            )
        firsts = np.empty(elements.size, np.bool_)
        firsts[:1] = True
        np.not_equal(elements[1:], elements[:-1], out=firsts[1:])
        results = [elements[firsts]]
        if return_index and order is not None:
            results.append(order[firsts])
        if return_inverse and order is not None:
            inverse = np.empty(elements.size, np.intp)
            inverse[order] = np.cumsum(firsts) - 1
            results.append(inverse.reshape(ar.shape))  # a view, as NumPy's
        if return_counts:
            results.append(np.diff(np.concatenate([*np.nonzero(firsts), [elements.size]])))
        return results[0] if len(results) == 1 else tuple(results)

    return run


# ---- which calls ------------------------------------------------------------------------------------------


def _is_sortable(a: Any) -> bool:
    return is_plain(a) and a.ndim == 1 and (a.dtype.kind in "biumM" or a.dtype.char in "efd")


def _is_whole(axis: Any) -> bool:
    """Whether it is the axis of an array of one dimension."""
    return axis is None or (type(axis) is int and -1 <= axis <= 0)


def _is_stable(a: Any, axis: Any, kind: Any, order: Any, stable: Any) -> bool | Refusal:
    """Whether a sort is asked for that keeps the order of equal elements."""
    if not _is_sortable(a):
        return _OTHERS
    given = {None: None, "quicksort": False, "stable": True, "mergesort": True}
    if not _is_whole(axis) or order is not None or (type(kind) is not str and kind is not None):
        return _JUDGED
    if kind not in given or stable not in (None, True, False) or (kind is not None and stable is not None):
        return _JUDGED
    return bool(stable if kind is None else given[kind])


def _has_radix_sort(a: Array) -> bool:
    """Whether NumPy's stable sort is one on radices."""
    return a.itemsize <= 2 and a.dtype.kind in "biu"


def _is_in_buckets(pool: Pool, a: Array) -> bool:
    """Whether threads gain that sort buckets."""
    return pool.max_workers > 1 and a.itemsize >= 4 and a.dtype.char in HAVE_KEYS and a.nbytes >= IN_BUCKETS


def _is_nearly_ordered(a: Array) -> bool:
    """Whether few neighbours, of some in every part of the array, are in another order than the others."""
    starts = range(0, max(1, a.size - 64), max(64, a.size // 16))
    windows = a[np.add.outer(starts, range(65))] if a.size > 64 else a[np.newaxis]
    rises = np.count_nonzero(windows[:, 1:] > windows[:, :-1])
    falls = np.count_nonzero(windows[:, 1:] < windows[:, :-1])
    return bool(min(rises, falls) * 20 < windows.size)


def _is_slow_unique(ar: Array, return_index: Any, return_inverse: Any) -> bool:
    """Whether NumPy goes a slow way: it puts integers in a hash table, and compares where it has no sort on
    vectors or on radices."""
    if return_index:
        return not _has_radix_sort(ar) and not _is_nearly_ordered(ar)
    if ar.dtype.kind in "mM":
        return True
    return _has_radix_sort(ar) if return_inverse else ar.dtype.kind != "f"


def _has_nan(x: Array) -> bool:
    """Whether a sorted array has a NaN or NaT, which stand at the end."""
    return bool(x.dtype.kind in "fmM" and x.size and np.isnan(x[-1]))


# ---- the ways ---------------------------------------------------------------------------------------------


def _run(pool: Pool, work: Callable[[int], object], pieces: int) -> None:
    """work(0) ... work(pieces - 1); few pieces are done before another thread has come."""
    if pieces < 4:
        for k in range(pieces):
            work(k)
    else:
        run_indices(pool, work, pieces)


def _in_chunks(pool: Pool, n: int, work: Callable[[slice], object]) -> None:
    _run(pool, lambda k: work(slice(k * CHUNK, min((k + 1) * CHUNK, n))), -(-n // CHUNK))


def _copied(pool: Pool, a: Array) -> Array:
    made = np.empty(a.size, a.dtype)
    _in_chunks(pool, a.size, lambda chunk: np.copyto(made[chunk], a[chunk]))
    return made


def _sorted(pool: Pool, a: Array) -> Array | Refusal:
    """A sorted copy of an array that has one sorted form; a Refusal of one that has several."""
    if _is_in_buckets(pool, a):
        return sorted_copy_of_alike(pool, a)
    if a.dtype.kind not in "mM":
        if a.dtype.kind == "f" and _is_open(pool, a):
            return OPEN
        made = _copied(pool, a)
        made.sort(kind="stable" if made.itemsize == 1 else None)
        return made
    made = np.empty(a.size, a.dtype)
    dates = made.view(np.int64)
    # NaT, the least integer, becomes the greatest.
    _in_chunks(pool, a.size, lambda chunk: np.subtract(a[chunk].view(np.int64), 1, out=dates[chunk]))
    dates.sort()
    _in_chunks(pool, a.size, lambda chunk: np.add(dates[chunk], 1, out=dates[chunk]))
    return made


def _is_open(pool: Pool, a: Array) -> bool:
    """Whether floats that are equal may have different bits: zeros of both signs, or NaNs."""
    kind = Floats(a.dtype)
    counted = Counted(pool._handle, a, [kind.least, -1, 0, 1, kind.above])
    has_both_zeros = counted.below(-1) < counted.below(0) < counted.below(1)
    return has_both_zeros or counted.below(kind.above) - counted.below(kind.least) < a.size


def _order(pool: Pool, a: Array) -> Array:
    """The indices of a's elements in stable order."""
    if _has_radix_sort(a):
        return a.argsort(kind="stable")
    result = np.empty(a.size, np.intp)
    packed = result.view(np.uint64)
    ends: list[tuple[int, int]] = []

    def take_keys(chunk: slice) -> None:
        keys = _keys(a[chunk])
        packed[chunk] = keys
        ends.append((int(keys.min()), int(keys.max())))

    _in_chunks(pool, a.size, take_keys)
    least, greatest = min(end[0] for end in ends), max(end[1] for end in ends)
    bits = (a.size - 1).bit_length()
    # As many of the keys' lowest bits have no room beside the index.
    dropped = max(0, (greatest - least).bit_length() + bits - 64)
    indices = np.uint64((1 << bits) - 1)

    def pack(chunk: slice) -> None:
        part = packed[chunk]
        part -= np.uint64(least)
        part >>= np.uint64(dropped)
        part <<= np.uint64(bits)
        part |= np.arange(chunk.start, chunk.stop, dtype=np.uint64)

    _in_chunks(pool, a.size, pack)
    packed.sort()
    cuts = list(range(0, a.size, CHUNK))
    if dropped:  # what has one key, as far as it has room, is not cut
        cuts = sorted({int(np.searchsorted(packed, packed[cut] & ~indices)) for cut in cuts})
    cuts.append(a.size)

    def unpack(k: int) -> None:
        part = packed[cuts[k] : cuts[k + 1]]
        alike = _neighbours(part >> np.uint64(bits)) if dropped else None
        part &= indices
        if alike is not None and alike.size:
            found = part[alike].view(np.int64)
            part[alike] = found[a[found].argsort(kind="stable")].view(np.uint64)

    _run(pool, unpack, len(cuts) - 1)
    return result


def _keys(x: Array) -> Array:
    """Unsigned integers in the order of the elements, equal where those are equal; all NaNs are."""
    if x.dtype.kind in "bu":
        return x.astype(np.uint64)
    if x.dtype.kind == "f":
        with np.errstate(all="ignore"):  # a signalling NaN
            numbers = x.astype(np.float64 if x.itemsize == 8 else np.float32)
            np.add(numbers, 0, out=numbers)  # minus zero becomes zero
        numbers[np.isnan(numbers)] = np.nan
        signed = numbers.view(f"i{numbers.itemsize}")
        signed ^= (signed >> (8 * numbers.itemsize - 1)) & np.iinfo(signed.dtype).max
    else:
        signed = x.view(np.int64) - 1 if x.dtype.kind in "mM" else x
    return signed.astype(np.int64).view(np.uint64) ^ _TOP


def _neighbours(x: Array) -> Array:
    """The places of the elements that equal one beside them."""
    same = x[1:] == x[:-1]
    among = np.zeros(x.size, np.bool_)
    among[1:] = same
    np.logical_or(among[:-1], same, out=among[:-1])
    return np.flatnonzero(among)
