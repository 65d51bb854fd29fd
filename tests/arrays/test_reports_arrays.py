"""Public bug reports about arrays, tried here: of numexpr, numba, bottleneck, NumPy, pandas, dask and xarray.

Each report is a small function of a namespace. What it returns with threadmill.numpy, on a pool of three,
must be what it returns with numpy: classes, dtypes, shapes, strides, bits, warnings with their lines, and
errors. docs/reliability.md lists the reports.
"""

import functools
import itertools
import os
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import threadmill as tm

N = 200_003  # enough for every loop to be shared out, and prime, so that no chunk's end is the array's

REPORTS: dict[str, Callable[[Any], Any]] = {}


def report(*names: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    def add(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        assert "/".join(names) not in REPORTS
        REPORTS["/".join(names)] = function
        return function

    return add


# ---- how two namespaces are compared ----


class OnPool:
    """threadmill.numpy, with `pool` given in each call."""

    def __init__(self, pool: tm.Pool) -> None:
        self._pool = pool

    def __getattr__(self, name: str) -> Any:
        value = getattr(tm.numpy, name)
        if value is getattr(np, name) or isinstance(value, type):
            return value
        call = functools.partial(value, pool=self._pool)
        if isinstance(value, tm.ParallelUfunc):
            for method in "reduce", "outer", "accumulate", "reduceat", "at":
                setattr(call, method, functools.partial(getattr(value, method), pool=self._pool))
        return call


def seen(x: Any) -> Any:
    """All that can be told of a result, in a form that == compares."""
    if isinstance(x, np.ma.MaskedArray):
        return type(x), seen(x.data), seen(np.ma.getmaskarray(x))
    if isinstance(x, np.ndarray | np.generic):
        dtype = x.dtype
        bits = x.tolist() if dtype.hasobject else x.tobytes()
        return type(x), dtype.str, dtype.metadata, x.shape, x.strides, bits
    if isinstance(x, tuple | list):
        return type(x), [seen(each) for each in x]
    library = type(x).__module__.partition(".")[0]
    if library == "pandas":
        labels = [list(axis) for axis in getattr(x, "axes", [])]
        return type(x), str(getattr(x, "dtype", None)), labels, getattr(x, "name", None), repr(x)
    if library == "xarray":
        return type(x), repr(x), x.attrs
    if library == "dask":
        return type(x), x.dtype, x.chunks, seen(x.compute())
    if hasattr(x, "as_seen"):
        return type(x), x.as_seen()
    return type(x), x


def refusal(call: Callable[[], Any]) -> Any:
    """What a call raises, for a report that goes on."""
    with pytest.raises(Exception) as caught:  # noqa: PT011
        call()
    return caught.type, str(caught.value)


def told(function: Callable[[Any], Any], namespace: Any) -> Any:
    """What function(namespace) returns, or raises, and the warnings on the way, each with its line."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = seen(function(namespace))
        except Exception as error:
            result = type(error), str(error)
    # Where NumPy's is about a line of its own, in Python, ours is about the user's.
    here = [(w.lineno if w.filename == __file__ else None) for w in caught]
    return result, [(w.category, str(w.message)) for w in caught], here


@pytest.fixture(scope="module")
def three() -> Iterator[tm.Pool]:
    with tm.Pool(3) as pool:
        yield pool


def numbers(n: int = N, dtype: Any = "d", seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind in "iu":
        bounds = np.iinfo(dtype)
        return rng.integers(bounds.min, bounds.max, n, dtype, endpoint=True)
    return (rng.standard_normal(n) * 10.0 ** rng.integers(-3, 4, n)).astype(dtype)


# ---- numexpr, numba, bottleneck ----


@report("numexpr#63")
def negative_stride(xp: Any) -> Any:
    """A reversed axis: now and then what lay outside the array was read."""
    image = np.arange(300 * 1000 * 2.0).reshape(300, 1000, 2)[::-1, :, 0]
    return xp.subtract(image, 0.25)


@report("numexpr#557", "numexpr#214")
def zeros_now_and_then(xp: Any) -> Any:
    """With many threads a product came back as zeros now and then."""
    x, y = numbers(), numbers(seed=1)
    first = xp.multiply(x, y)
    out = np.empty_like(x)
    for _ in range(100):
        out.fill(np.nan)
        if xp.multiply(x, y, out=out).tobytes() != first.tobytes():
            return out
    return first


@report("numexpr#185")
def other_bits_each_time(xp: Any) -> Any:
    """The same difference of the same arrays changed from call to call."""
    x, y = numbers(), numbers(seed=1)
    return len({xp.subtract(x, y).tobytes() for _ in range(100)}), xp.subtract(x, y)


@report("numexpr#188")
def first_rows_wrong(xp: Any) -> Any:
    """The first two rows of a new column were subnormal numbers."""
    table = numbers(2 * N).reshape(N, 2)
    xp.add(table[:, 0], 10.0, out=table[:, 1])
    return table


@report("numexpr#277", "numexpr#79")
def axis_of_length_one(xp: Any) -> Any:
    """Sums and products over an axis of length one were zeros and ones but for the first."""
    row = numbers().reshape(1, -1)
    flat = [xp.sum(row, axis=0), xp.sum(row.T, axis=1), xp.prod(row, axis=0), xp.prod(row.T, axis=1)]
    return flat, [xp.multiply.reduce(row, axis=0), xp.sum(row.reshape(1, 1, -1), axis=(0, 1))]


@report("numexpr#293")
def complex_infinities(xp: Any) -> Any:
    """exp of −inf−inf·i was nan in another library's routines."""
    return [xp.exp(np.resize(np.array([-1 - 1j, 1 + 1j, -1 + 1j], d) * np.inf, N)) for d in ("D", "F")]


@report("numexpr#454")
def integer_powers_overflow(xp: Any) -> Any:
    """A power too large for its dtype was the dtype's greatest number, not what wrapping leaves."""
    bases = np.resize(np.array([10_000, 20_000, 3, -7]), N)
    return [xp.power(bases.astype(d), abs(bases).astype(d) % 91) for d in "bBhHiIlL"]


@report("numexpr#522")
def many_nans(xp: Any) -> Any:
    """Vectorised arctan2, sin and sqrt gave NaNs that NumPy does not give."""
    x, y = numbers(), numbers(seed=1)
    return [xp.arctan2(y, x), xp.sin(x), xp.sqrt(abs(x)), xp.hypot(x, y), xp.cos(xp.arcsin(x % 1))]


@report("bottleneck#381", "xarray#5424")
def transposed_axis_of_length_one(xp: Any) -> Any:
    """The maximum of zeros was huge: memory outside was read."""
    zeros = np.zeros((1, N, 2)).transpose(1, 2, 0)
    return [xp.max(zeros), xp.min(zeros, axis=1), xp.max(zeros, axis=2), xp.sum(zeros, axis=(0, 2))]


@report("bottleneck#462", "xarray#1346")
def mean_of_many_float32(xp: Any) -> Any:
    """A naive float32 sum stops growing at 2²⁴."""
    ones = np.ones(2**24 + 2**20, "f")
    return [xp.mean(ones), xp.sum(ones), xp.add.reduce(ones.reshape(2, -1), axis=1)]


@report("bottleneck#183")
def sum_with_new_axes(xp: Any) -> Any:
    """With an axis of stride 0 the first element was counted again and again."""
    a = numbers(2 * N).reshape(2, N)
    a[1] = np.nan
    fortran = np.asfortranarray(a)
    return [xp.sum(x[where]) for x in (a, fortran) for where in (np.s_[..., None], np.s_[None, :1])]


@report("bottleneck#161")
def relaxed_strides(xp: Any) -> Any:
    """The stride of an axis of length one means nothing."""
    column = np.ones((N, 2))[:, [1]]
    return [xp.sum(column), xp.sum(column, axis=1), xp.add(column, column), xp.add(column.T, 1)]


@report("numba#7867")
def floor_division_reduced(xp: Any) -> Any:
    """A reduction that is not associative was shared out as if it were."""
    return xp.floor_divide.reduce(np.resize([2, 1, 3], N), initial=10**18), xp.subtract.reduce(numbers())


@report("numba#7344")
def initial_counts_once(xp: Any) -> Any:
    """The start value was added once for each thread."""
    x = numbers(dtype="l") % 1000
    rows = x[:200_000].reshape(100, -1)
    return [xp.add.reduce(x, initial=1), xp.sum(rows, axis=0, initial=7), xp.prod(rows, axis=1, initial=3)]


@report("numba#6949", "numba#5739")
def in_place_with_its_transpose(xp: Any) -> Any:
    """x += x.T read what it had written."""
    square = numbers(447 * 447).reshape(447, 447)
    return xp.add(square, square.T, out=square)


@report("numba#6819")
def spurious_warning_of_a_complex_division(xp: Any) -> Any:
    """1/1 in complex64 warned of an invalid value, depending on the processor's vectors."""
    ones = np.ones(N, "F")
    with np.errstate(all="warn"):
        return xp.divide(np.complex64(1), ones), xp.divide(ones[::-1], ones)


def test_numba_2804_a_sum_of_many_threads_at_once_is_nobody_elses(three: tm.Pool) -> None:
    """Two calls at the same time gave sums of each other's parts, or never returned."""
    arrays = [numbers(seed=k) for k in range(8)]
    with ThreadPoolExecutor(8) as callers:
        for _ in range(20):
            sums = callers.map(lambda x: tm.numpy.sum(x, pool=three), arrays)
            assert list(sums) == [np.sum(x) for x in arrays]


def test_numba_8563_parallel_calls_nest(three: tm.Pool) -> None:
    """A parallel loop in a parallel loop ended the process."""
    x = numbers()

    def mean(k: int) -> Any:
        return tm.numpy.mean(tm.map_chunks(tm.numpy.sqrt, abs(x) + k, pool=three), pool=three)

    assert list(three.map(mean, range(20))) == [np.mean(np.sqrt(abs(x) + k)) for k in range(20)]


def test_numexpr_569_one_object_may_be_called_from_many_threads(three: tm.Pool) -> None:
    """A compiled expression that several threads shared corrupted the heap."""
    less, divide = tm.parallel(np.less), tm.parallel(np.divide)
    inputs = [(numbers(seed=2 * k), abs(numbers(seed=2 * k + 1)) + 0.5) for k in range(4)]
    gate = threading.Barrier(4)

    def work(signal: Any, norm: Any) -> bool:
        gate.wait(30)
        for _ in range(25):
            quotient = divide(signal, norm, pool=three)
            if quotient.tobytes() != (signal / norm).tobytes():
                return False
            if less(quotient, 1.0, pool=three).tobytes() != (quotient < 1).tobytes():
                return False
        return True

    with ThreadPoolExecutor(4) as callers:
        assert all(callers.map(work, *zip(*inputs, strict=True)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_numexpr_33_a_forked_child_computes_too(three: tm.Pool) -> None:
    """After a call in the parent the same call in a child never returned."""
    x = numbers()
    expected = np.sqrt(abs(x)).tobytes()
    assert tm.numpy.sqrt(abs(x), pool=three).tobytes() == expected
    pid = os.fork()
    if pid == 0:
        same = tm.numpy.sqrt(abs(x), pool=three).tobytes() == expected == tm.numpy.sqrt(abs(x)).tobytes()
        os._exit(0 if same else 1)
    assert os.waitpid(pid, 0)[1] == 0


# ---- NumPy: ufuncs and reductions ----


@report("numpy#1683", "numpy#6119", "numpy#5241")
def adding_a_view_of_itself(xp: Any) -> Any:
    """h += h.T was wrong beyond 8,192 elements; so were shifted views."""
    results = []
    for n in 89, 91, 449:
        h = numbers(n * n).reshape(n, n)
        results.append(xp.add(h, h.T, out=h))
    for source, target in itertools.permutations((np.s_[1:], np.s_[:-1], np.s_[:0:-1]), 2):
        x = numbers()
        xp.multiply(x[source], x[:-1], out=x[target])
        results.append(x)
    return results


@report("numpy#2705")
def output_that_overlaps_itself(xp: Any) -> Any:
    """Where elements of an output share memory the last one stays, in the iterator's order."""
    results = []
    for shape, strides in ((N, 2), (0, 8)), ((N // 2, 8), (8, 8)), ((2, N // 2), (8 * (N // 4), 8)):
        for dtype in "d", "l":
            memory = np.zeros(N)
            out = np.lib.stride_tricks.as_strided(memory, shape, strides)
            xp.add(np.arange(out.size, dtype=dtype).reshape(shape), 3, out=out)
            results.append(memory)
    return results


def test_numpy_2705_chunks_of_an_output_that_overlaps_itself(three: tm.Pool) -> None:
    """The same of map_chunks, whose chunks end in any order."""
    x = np.arange(8.0 * N).reshape(N, 8)
    for _ in range(20):
        ours, numpys = np.zeros(N + 8), np.zeros(N + 8)
        for memory in ours, numpys:
            windows = np.lib.stride_tricks.as_strided(memory, (N, 8), (8, 8))
            if memory is ours:
                tm.map_chunks(np.sqrt, x, out=windows, chunksize=5000, pool=three)
            else:
                windows[...] = np.sqrt(x)
        assert ours.tobytes() == numpys.tobytes()


@report("numpy#9334")
def where_without_out(xp: Any) -> Any:
    """`where` without `out` was refused."""
    x = numbers()
    root = xp.sqrt(x, where=x > 0)
    return type(root), root.dtype, root.strides, root[x > 0]


@report("numpy#9886")
def where_is_larger_than_the_input(xp: Any) -> Any:
    """`where` takes part in the broadcast."""
    where = numbers() > 0
    logarithm = xp.log([10.0], where=where)
    return logarithm.shape, logarithm[where]


@report("numpy#18700", "numpy#14659")
def output_keeps_what_is_not_computed(xp: Any) -> Any:
    """An output of another dtype lost its values where `where` is False."""
    x, out = numbers(), np.resize(np.arange(100, dtype="b"), N)
    xp.rint(x % 50, out=out, where=x > 0, casting="unsafe")
    return out, xp.greater(x, 0, out=np.full(N, 3.5, "f"), where=abs(x) > 1)


@report("numpy#7158")
def output_that_is_no_array(xp: Any) -> Any:
    """An `out` that only has __array__ is a TypeError, and stays as it is."""

    class Duck:
        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return np.zeros(N)

    return refusal(lambda: xp.negative(numbers(), out=Duck())), refusal(lambda: xp.sum(numbers(), out=Duck()))


class Told(np.ndarray):
    """A subclass that writes down how it was wrapped."""

    log: list[Any] = []  # noqa: RUF012

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        if context is not None:
            context = context[0].__name__, [type(x).__name__ for x in context[1]], context[2]
        self.log.append((context, return_scalar))
        return super().__array_wrap__(array, None, return_scalar)


@report("numpy#10450", "numpy#4753")
def output_by_position_and_by_name(xp: Any) -> Any:
    """A subclass as `out` was wrapped in other ways by position and by name."""
    Told.log = []
    x, out = numbers(), np.zeros(N).view(Told)
    results = [xp.add(x, 1, out), xp.add(x, 1, out=out), xp.add(x, 1, out=(out,)), xp.add(out, 1, out)]
    return results, [result is out for result in results], Told.log


@report("numpy#8661")
def outer_keeps_a_subclass(xp: Any) -> Any:
    """`outer` made plain arrays of a subclass."""
    Told.log = []
    x = numbers(500).view(Told)
    return xp.multiply.outer(x, x), xp.multiply.outer(x, 2.0), Told.log


@report("numpy#9022", "numpy#5819")
def errors_in_wrapping_are_told(xp: Any) -> Any:
    """What __array_wrap__ raises in `reduce` was swallowed, the result a plain array."""

    class Cross(np.ndarray):
        def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
            raise ZeroDivisionError("wrapped")

    cross = numbers().view(Cross)
    return (
        refusal(lambda: xp.add.reduce(cross)),
        refusal(lambda: xp.sum(cross)),
        refusal(lambda: xp.sqrt(cross)),
    )


@report("numpy#5240")
def subok_false_returns_out(xp: Any) -> Any:
    """With subok=False another array than `out` came back."""
    x, out = numbers(), np.zeros(N)
    sub = np.zeros(N).view(Told)
    return xp.add(x, 1, out=out, subok=False) is out, xp.add(x, 1, out=sub, subok=False) is sub, out, sub


@report("numpy#22772", "numpy#22461")
def nans_are_no_invalid_values(xp: Any) -> Any:
    """expm1 of float64 NaNs and cos of float32 NaNs warned on some processors."""
    results = []
    with np.errstate(all="raise"):
        for name, d in itertools.product(("expm1", "cos", "sin", "log1p", "rint", "tanh", "exp2"), "fd"):
            x = np.full(N, np.nan, d)
            x[1::2] *= -1
            results.append(getattr(xp, name)(x))
    return results


@report("numpy#17761")
def logarithm_in_place(xp: Any) -> Any:
    """log(x, out=x) looked for invalid values in what it had written."""
    x, y = abs(numbers()), abs(numbers(dtype="f"))
    with np.errstate(all="raise"):
        return xp.log(x, out=x), xp.log(y, out=y), xp.log10(abs(x) + 1, out=x), xp.sqrt(y * y, out=y)


@report("numpy#13415", "numpy#13400")
def special_float32_values(xp: Any) -> Any:
    """The first vectorised exp and log of float32 raised flags of their own, and took ±nan for numbers."""
    special = np.array([np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, 100.0, -104.0, 1e-45], "f")
    results = []
    with np.errstate(all="warn"):
        for value in special:
            x = np.ones(N, "f")
            x[N // 2] = value
            results += [xp.exp(x), xp.log(x)]
    return results


@report("numpy#11199", "numpy#11043")
def a_reduction_tells_of_invalid_values_anywhere(xp: Any) -> Any:
    """maximum.reduce warned only if the NaN stood where the vector loop saw it."""
    results = []
    with np.errstate(all="warn"):
        for position in 0, 1, 7, N // 2, N - 1:
            x = numbers()
            x[position], x[position - 1] = np.inf, -np.inf
            results += [xp.add.reduce(x), xp.maximum.reduce(x), xp.sum(x.reshape(1, -1), axis=1)]
            x[position] = np.nan
            results += [xp.maximum.reduce(x), xp.minimum.reduce(x), xp.fmax.reduce(x)]
    return results


@report("numpy#15144")
def output_of_a_reduction_has_its_shape(xp: Any) -> Any:
    """An output of one element took all columns' results."""
    x = np.ones((3, N))
    outs = np.empty(1), np.empty((1, 1)), np.empty(N + 1), np.empty((1, N))
    return [refusal(lambda out=out: xp.add.reduce(x, axis=0, out=out)) for out in outs]


@report("numpy#2078", "numpy#323")
def other_axes_may_be_empty(xp: Any) -> Any:
    """maximum.reduce over an axis with elements was refused if another axis had none."""
    empty = np.ones((3, 0, N))
    return xp.maximum.reduce(empty, axis=2), xp.min(empty, axis=0), xp.add.reduce(empty, axis=1)


@report("numpy#5032")
def least_of_nothing(xp: Any) -> Any:
    """The least of no elements is an error; `initial` makes it one's choice."""
    empty = np.ones((0, N))
    least = xp.min(empty, axis=0, initial=np.inf), xp.max(empty, initial=-1.0)
    return least, refusal(lambda: xp.min(empty, axis=0)), refusal(lambda: xp.maximum.reduce(empty))


@report("numpy#20421")
def maximum_where_needs_initial(xp: Any) -> Any:
    """`where` in a maximum without `initial` is a ValueError."""
    x = numbers().reshape(1, -1)
    greatest = xp.max(x, axis=1, where=x > 0, initial=-np.inf)
    return greatest, refusal(lambda: xp.max(x, axis=1, where=x > 0))


@report("numpy#6030")
def leading_nats(xp: Any) -> Any:
    """The least of NaT, NaT, 2, 3 depended on where the NaTs stood."""
    times = np.arange(N).astype("m8[s]")
    times[:2] = "NaT"
    dates = np.arange(N).astype("M8[D]")
    dates[-2:] = "NaT"
    return [
        xp.min(times),
        xp.fmin.reduce(times),
        xp.max(dates),
        xp.fmax.reduce(dates),
        xp.minimum(times, times[::-1]),
    ]


@report("numpy#24106")
def uint64_and_a_python_int(xp: Any) -> Any:
    """uint64 & int depended on the int's value."""
    x = numbers(dtype="L")
    ints = 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFF, 0, 2**63
    refused = refusal(lambda: xp.bitwise_and(x, -1)), refusal(lambda: xp.add(2**64, x))
    return [xp.bitwise_and(x, k) for k in ints], [xp.add(k, x) for k in ints], refused


@report("numpy#23713", "numpy#5746")
def signed_and_unsigned_compare_exactly(xp: Any) -> Any:
    """int64 and uint64 were compared as float64."""
    u, s = np.full(N, 2**63 + 1, "L"), np.full(N, 2**62 + 1, "l")
    u[::3], s[::2] = 2**62, -1
    names = "equal", "less", "greater_equal"
    return [getattr(xp, name)(*pair) for name in names for pair in ((u, s), (s, u), (u, 2**63), (s, 2**63))]


@report("numpy#2696", "numpy#434")
def keepdims_keeps_the_order(xp: Any) -> Any:
    """A reduced axis that is kept made the result's order another one."""
    x = numbers(120_000).reshape(40, 60, 50)
    orders = x, np.asfortranarray(x), x.transpose(1, 0, 2)
    axes = 0, 1, 2, (0, 2), None
    return [xp.add.reduce(a, axis=axis, keepdims=True) for a in orders for axis in axes]


# ---- pandas, dask, xarray, masks, units ----


@report("pandas#23312")
def reducing_a_series(xp: Any) -> Any:
    """add.reduce(series) was a Series of equal sums."""
    pd = pytest.importorskip("pandas")
    return xp.add.reduce(pd.Series(numbers())), xp.add.reduce(pd.Index(numbers()))


@report("pandas#40662")
def output_of_a_data_frame(xp: Any) -> Any:
    """np.add(frame, 1, out=array) left the array as it was."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(numbers().reshape(-1, 1), columns=["a"])
    out = np.zeros(frame.shape)
    result = xp.add(frame, 1, out=out)
    return type(result), out


@report("pandas#45122")
def nullable_columns_with_out(xp: Any) -> Any:
    """`out` was not supported for nullable columns."""
    pd = pytest.importorskip("pandas")
    column = pd.array([1, None, 3] * 30_000, dtype="Float64")
    out = column.copy()
    return xp.add(column, 1, out=out) is out, str(out.dtype), out.isna(), out.fillna(0).to_numpy(float)


@report("pandas#27186", "pandas#27198")
def outer_of_series(xp: Any) -> Any:
    """`outer` of a Series had no meaning and no error."""
    pd = pytest.importorskip("pandas")
    series = pd.Series(np.arange(300.0))
    return refusal(lambda: xp.multiply.outer(series, np.arange(300.0))), refusal(
        lambda: xp.add.outer(series, series)
    )


@report("pandas#43923")
def least_row_of_a_frame(xp: Any) -> Any:
    """minimum.reduce(frame) was an array, maximum.reduce of dates a datetime64."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(numbers(2 * N).reshape(N, 2), columns=["a", "b"])
    dates = pd.Series(np.arange(N).astype("M8[s]"))
    return (
        xp.minimum.reduce(frame),
        xp.maximum.reduce(dates),
        xp.minimum.reduce(pd.Series([2, None, 1], dtype="Int64")),
    )


@report("pandas#39184", "pandas#26945")
def frames_are_aligned(xp: Any) -> Any:
    """Whether np.add aligns labels changed from version to version."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(numbers(4 * 50_000).reshape(-1, 4), columns=list("abcd"))
    series = frame["a"]
    return (
        xp.add(frame[["a", "b"]], frame[["b", "c"]]),
        xp.add(series, series[::-1]),
        xp.add(series, series[1:]),
    )


@report("pandas#26125")
def least_of_an_index(xp: Any) -> Any:
    """np.min(index) was a TypeError: `out` was passed on though nobody had given it."""
    pd = pytest.importorskip("pandas")
    index = pd.Index(numbers())
    everything = [getattr(xp, name)(index) for name in ("min", "max", "amin", "amax", "any")]
    return everything, [
        xp.min(pd.Series(index)),
        xp.sum(pd.Series(index)),
        xp.mean(pd.DataFrame({"a": index})),
    ]


@report("numpy#21387")
def sums_of_other_classes(xp: Any) -> Any:
    """np.sum calls a class's own `sum`, with what the user gave and `axis`, `dtype` and `out`."""

    class Lazy:
        def sum(self, *args: Any, **options: Any) -> Any:
            return "sum", args, sorted(options.items(), key=str)

        def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
            return ufunc.__name__, method, len(inputs), sorted(options)

    lazy = Lazy()
    every = (
        xp.sum(lazy),
        xp.sum(lazy, axis=1),
        xp.sum(lazy, 1),
        xp.add(lazy, numbers()),
        xp.add(1, lazy, where=True),
    )
    return every, xp.add.reduce(lazy), xp.multiply.outer(lazy, 2), xp.min(lazy, 1)


@report("dask#429", "dask#2438")
def lazy_output(xp: Any) -> Any:
    """`out` was ignored by lazy arrays; it should become the lazy result."""
    da = pytest.importorskip("dask.array")
    x, out = da.from_array(numbers(), chunks=50_000), da.zeros(N, chunks=50_000)
    xp.minimum(x, 0, out=out)
    total = da.zeros((), chunks=())
    xp.sum(x, out=total)
    return out, total


@report("dask#5043")
def lazy_arrays_stay_lazy(xp: Any) -> Any:
    """np.sum of a lazy array stays lazy."""
    da = pytest.importorskip("dask.array")
    x = da.from_array(numbers().reshape(1, -1), chunks=(1, 50_000))
    return xp.sum(x, axis=1), xp.mean(x), xp.max(x, axis=0), xp.any(x > 0), xp.sum(xp.sin(x), axis=0)


@report("dask#1799", "dask#1764", "dask#3208")
def lazy_beside_plain(xp: Any) -> Any:
    """A lazy array beside a plain one, in calls and in `outer`."""
    da = pytest.importorskip("dask.array")
    x = da.from_array(numbers(400), chunks=100)
    return (
        xp.add(numbers(400), x),
        xp.divide(x, numbers(400)),
        xp.multiply.outer(x, numbers(30)),
        xp.isfinite(x),
    )


@report("xarray#1617", "xarray#1962")
def ufuncs_of_data_sets(xp: Any) -> Any:
    """np.sin(dataset) was an error."""
    xr = pytest.importorskip("xarray")
    data = xr.Dataset({"t": ("x", numbers(1000)), "u": ("x", numbers(1000, "f"))}, {"x": np.arange(1000)})
    return xp.sin(data), xp.add(data, 1), xp.add(data["t"], data["u"]), xp.less(data["t"], numbers(1000))


@report("xarray#9114", "xarray#8047")
def attributes_of_operands_stay(xp: Any) -> Any:
    """A ufunc dropped its operand's attributes from the operand."""
    xr = pytest.importorskip("xarray")
    data = xr.DataArray(numbers(100_000), dims="x", coords={"x": np.arange(100_000)}, attrs={"units": "m"})
    data.x.attrs["axis"] = "X"
    product = xp.multiply(data, data)
    return product, data, dict(data.x.attrs), xp.sum(data), xp.max(data, axis=0)


@report("uxarray#1685")
def subclasses_of_data_arrays(xp: Any) -> Any:
    """np.sqrt(array) lost a subclass of DataArray."""
    xr = pytest.importorskip("xarray")

    class Grid(xr.DataArray):
        __slots__ = ()

    grid = Grid(abs(numbers(100_000)), dims="x")
    return [
        type(result).__name__ for result in (xp.sqrt(grid), xp.add(grid, grid), xp.add(1, grid))
    ], xp.sqrt(grid)


@report("numpy#4959", "numpy#8505")
def masked_values(xp: Any) -> Any:
    """log10 of masked values warned; a ufunc of `masked` lost its dimensions."""
    x = np.ma.array(numbers(), mask=numbers() <= 0)
    results = [xp.log10(x), xp.add(x, 1), xp.add(np.ma.masked, np.ones((2, 3))), xp.add.reduce(x), xp.sum(x)]
    return results, [xp.max(x), xp.maximum(x, 0, out=x.copy()), xp.less(0, x), xp.any(x > 0)]


class Metres(np.ndarray):
    """Lengths: they may be added to, compared with and begin with each other alone."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        given = [*inputs, *(options[key] for key in ("initial",) if key in options)]
        if not all(isinstance(x, Metres) for x in given):
            raise TypeError(f"{ufunc.__name__} of metres and {type(given[-1]).__name__}")
        for key in "initial", "out":
            if key in options:
                value = options[key]
                options[key] = tuple(map(np.asarray, value)) if key == "out" else np.asarray(value)[()]
        result = getattr(ufunc, method)(*map(np.asarray, inputs), **options)
        return np.asarray(result).view(Metres) if ufunc is np.add else result


@report("astropy#13340", "pint#2400")
def units_of_initial(xp: Any) -> Any:
    """The unit of `initial` was dropped, or `initial` passed by __array_ufunc__."""
    x = numbers().view(Metres)
    one = np.array(1.0).view(Metres)
    total = (
        xp.add.reduce(x, initial=one),
        xp.sum(x, initial=one),
        xp.maximum.reduce(x, initial=one),
        xp.add(x, one),
    )
    return total, xp.less(x, one), refusal(lambda: xp.sum(x, initial=1.0)), refusal(lambda: xp.add(x, 1.0))


@report("numpy#12644")
def where_of_a_subclass(xp: Any) -> Any:
    """`where` of another class in a reduction, and its `__array_ufunc__` asked or not."""
    x = numbers()
    mask = (x > 0).view(Told)
    Told.log = []
    return (
        xp.add.reduce(x, where=mask),
        xp.sum(x, where=np.asarray(mask)),
        xp.sqrt(abs(x), where=mask)[x > 0],
        Told.log,
    )


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_has_numpys_outcome(name: str, three: tm.Pool) -> None:
    result, warned, lines = told(REPORTS[name], OnPool(three))
    numpys, numpy_warned, numpy_lines = told(REPORTS[name], np)
    assert result == numpys
    assert warned == numpy_warned
    assert all(line in (None, mine) for mine, line in zip(lines, numpy_lines, strict=True))
