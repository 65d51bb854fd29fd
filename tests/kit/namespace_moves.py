"""Random calls of the namespace, the second part: what moves, joins, counts and looks up; products, fft."""

from typing import Any

import numpy as np
from kit.namespace_calls import Arguments, makes, with_out
from kit.namespace_values import DTYPES, NUMBERS, Chooser

import threadmill as tm

_CASTINGS = ["unsafe", "no", "same_kind", "safe", "equiv", "bogus"]
_VALUES = [0, 1, 2.5, np.nan, 1j, True, 300, -1, 2**70, np.float32(0.1), "a", None, np.int8(3)]


def _length(x: Any, options: dict[str, Any]) -> int:
    """How many elements there are along the axis of a call, if it is one."""
    axis = options.get("axis")
    return np.shape(x)[axis] if type(axis) is int and -np.ndim(x) <= axis < np.ndim(x) else np.size(x)


# ---- places ------------------------------------------------------------------------------------------------

makes("nonzero", "argwhere", "flatnonzero")(lambda c, _: ((c.array(),), {}))


@makes("take")
def _take(c: Chooser, function: Any) -> Arguments:
    x = c.array()
    options = c.axis(x)
    count = c.size() if np.size(x) < 3000 else c.one([0, 1, 70, 1000])
    places = c.indices(_length(x, options), count)
    if c.chance(0.3):
        places = c.shaped(places)
    if c.chance(0.05):
        places = int(places.flat[0]) if places.size else 0
    options |= c.options(0.3, mode=["clip", "wrap", "raise", "bogus"])
    return with_out(c, function, (x, places), options, 0.2)


@makes("take_along_axis")
def _take_along_axis(c: Chooser, function: Any) -> Arguments:
    x = c.array()
    shape, axis = np.shape(x), c.one([-1, 0, None, 1, np.ndim(x)])
    places = c.indices(_length(x, {"axis": axis}), np.size(x))
    if places.size == np.size(x) and axis is not None:
        places = places.reshape(shape)
    elif len(shape) > 1 and axis is not None:
        places = places[:1].reshape((1,) * len(shape)) if places.size else places
    return (x, places), {} if axis == -1 and c.chance(0.2) else {"axis": axis}


@makes("compress")
def _compress(c: Chooser, function: Any) -> Arguments:
    x = c.array()
    options = c.axis(x)
    mask = c.values(c.one("?????bfd"), max(0, _length(x, options) + c.one([0, 0, 0, -1, 1])))
    return with_out(c, function, (c.simply_laid_out(mask), x), options, 0.1)


@makes("extract")
def _extract(c: Chooser, function: Any) -> Arguments:
    x = c.array()
    mask = c.values(c.one("????bfd"), np.size(x))
    return (c.simply_laid_out(mask.reshape(np.shape(x)) if c.chance(0.7) else mask), x), {}


@makes("searchsorted")
def _searchsorted(c: Chooser, function: Any) -> Arguments:
    a = np.sort(c.values(c.one([*NUMBERS, "M8[s]"]), c.size()))
    char = a.dtype.str[1:] if a.dtype.kind in "mM" else a.dtype.char
    options = c.options(0.5, side=["left", "right", "bogus", "r"])
    if c.chance(0.1):
        options["sorter"] = np.argsort(a)
    return (c.simply_laid_out(a), c.array(None if c.chance(0.3) else [char])), options


@makes("digitize")
def _digitize(c: Chooser, function: Any) -> Arguments:
    edges = np.sort(c.values(c.one(NUMBERS), c.one([0, 1, 2, 10, 50, 300])))
    edges = edges[::-1] if c.chance(0.3) else edges
    if c.chance(0.1):
        edges = c.values("d", 20)
    return (c.array(NUMBERS), edges), c.options(0.5, right=[True, False, 1])


@makes("interp")
def _interp(c: Chooser, function: Any) -> Arguments:
    xp = np.sort(c.values(c.one("fdil"), c.one([0, 1, 2, 10, 50, 300])))
    fp = c.values(c.one("fdDig"), len(xp) + c.chance(0.05))
    more = c.options(0.2, left=[0, np.nan, None, 1j], right=1.5), c.options(0.1, period=[10, 0, -3.5])
    return (c.array([*"fdilegD?"]), xp, fp), {**more[0], **more[1]}


@makes("isin")
def _isin(c: Chooser, function: Any) -> Arguments:
    more = (
        c.options(0.2, assume_unique=False),
        c.options(0.3, invert=True, kind=["sort", "table", None, "bogus"]),
    )
    return (c.array(), c.array(n=c.one([0, 1, 5, 30, 300]))), {**more[0], **more[1]}


# ---- counts ------------------------------------------------------------------------------------------------


@makes("bincount")
def _bincount(c: Chooser, function: Any) -> Arguments:
    x = np.abs(c.values("i", c.size()) // 2) % c.one([1, 5, 300, 3000])
    x = x.astype(c.one(["i", "q", "B", "u8", "?", "h", "f", ">i4"]))
    if x.size and c.chance(0.1):
        x = x.astype("q")
        x[c.rnd.randrange(x.size)] = -1
    options = c.options(0.3, minlength=[0, 5, 1000, -1, None, 2.5])
    if c.chance(0.2):
        options["weights"] = c.values(c.one(NUMBERS), len(x))
    return (c.laid_out(x),), options


@makes("histogram")
def _histogram(c: Chooser, function: Any) -> Arguments:
    x = c.array(NUMBERS)
    edges = [[0, 1, 2], np.linspace(-3, 3, 7), [3, 1], np.arange(5), [], [1.0, np.inf], [np.nan, 1]]
    bins = c.one([10, 1, 0, -1, 2.5, 1000, *edges, *(["auto", "fd", "sqrt"] if np.size(x) < 300 else [])])
    options = c.options(0.3, range=[(0, 1), (-5, 5), (1, 0), (0, 0), (0, np.inf), (-1, 300)])
    if c.chance(0.15):
        options["weights"] = np.ones(np.shape(x), c.one("fdlD"))
    return (x, bins), {**options, **c.options(0.2, density=True)}


# ---- copies, joins, fills ----------------------------------------------------------------------------------


@makes("concatenate", "concat", "stack", "vstack", "hstack", "dstack", "column_stack")
def _join(c: Chooser, function: Any) -> Arguments:
    x, name = c.array(), function.__name__
    arrays = [x] + [c.beside(x, 0.9) if c.chance(0.5) else x for _ in range(c.one([0, 1, 2, 5, 9]))]
    given = tuple(arrays) if c.chance(0.5) else arrays
    options = c.axis(x) if name in ("concatenate", "stack") else {}
    if name not in ("dstack", "column_stack") and c.chance(0.2):
        options |= {"dtype": c.one(DTYPES), **c.options(0.5, casting=_CASTINGS)}
    return with_out(c, function, (given,), options, 0.15 if name in ("concatenate", "stack") else 0)


@makes("repeat")
def _repeat(c: Chooser, function: Any) -> Arguments:
    x = c.array()
    times = [0, 1, 2, 3, 7, -1, [2], 2.5, np.int64(3), True, "a", np.arange(np.size(x) % 50)]
    return (x, c.one(times)), c.axis(x)


@makes("roll")
def _roll(c: Chooser, function: Any) -> Arguments:
    x = c.array()
    by = [0, 1, -1, 5, 10**6, -(10**6), (1, 2), 2.5, True, np.int64(3), 10**25]
    return (x, c.one(by)), c.axis(x, True)


@makes("tile")
def _tile(c: Chooser, function: Any) -> Arguments:
    return (c.array(), c.one([0, 1, 2, 3, (1, 2), (2, 3), (2, 1, 2), -1, 2.5, [2, 2], ()])), {}


@makes("full", "ones")
def _fill(c: Chooser, function: Any) -> Arguments:
    n = c.size()
    shape = c.one([n, (n,), (n // 3, 3), (2, n // 4, 2), [n], n, -1, (2, -1), 2.5, np.int64(n)])
    value = [c.one([*_VALUES, [1, 2, 3]])] if function.__name__ == "full" else []
    return (shape, *value), {**c.options(0.6, dtype=DTYPES), **c.options(0.3, order=[*"CFKA"])}


@makes("full_like", "ones_like", "zeros_like")
def _fill_like(c: Chooser, function: Any) -> Arguments:
    x = c.array()
    more = c.options(0.4, dtype=DTYPES, order=[*"CFKAX"])
    more |= c.options(0.1, subok=False, shape=[5, (2, 3), None, np.shape(x)])
    return ((x, c.one(_VALUES)) if function.__name__ == "full_like" else (x,)), more


@makes("copy")
def _copy(c: Chooser, function: Any) -> Arguments:
    return (c.array(),), {**c.options(0.5, order=[*"CFKAX"]), **c.options(0.2, subok=True)}


@makes("astype")
def _astype(c: Chooser, function: Any) -> Arguments:
    return (c.array(), c.one([*DTYPES, *NUMBERS])), c.options(0.3, copy=[True, False])


@makes("ascontiguousarray", "asfortranarray")
def _contiguous(c: Chooser, function: Any) -> Arguments:
    return (c.array(),), c.options(0.4, dtype=[*DTYPES, *NUMBERS])


@makes("copyto")
def _copyto(c: Chooser, function: Any) -> Arguments:
    x = c.array()
    source = c.beside(x, 0.6)
    if c.chance(0.15):
        source = x[::-1] if isinstance(x, np.ndarray) and x.ndim and c.chance(0.5) else x
    mask = c.values("?", np.size(x)).reshape(np.shape(x))
    return (x, source), {
        **c.options(0.2, casting=_CASTINGS),
        **c.options(0.25, where=[mask, True, False, c.values("?", 3)]),
    }


# ---- products, transforms, linear algebra ------------------------------------------------------------------


def _matrices(c: Chooser) -> tuple[Any, Any]:
    n, m, k = c.one([0, 1, 3, 8, 17, 40]), c.one([1, 2, 5, 9, 30]), c.one([1, 4, 8, 20])
    char = c.one("bhilqBQ?bhilqBQfdD")
    x = c.simply_laid_out(c.values(char, n * m).reshape(n, m))
    other = char if c.chance(0.6) else c.one("di")
    return x, c.simply_laid_out(c.values(other, m * k).reshape(m, k)) if c.chance(0.9) else 3


@makes("dot", "matmul")
def _dot(c: Chooser, function: Any) -> Arguments:
    return with_out(c, function, _matrices(c), {}, 0.25)


@makes("inner")
def _inner(c: Chooser, function: Any) -> Arguments:
    x, y = _matrices(c)
    return (x, y.T if isinstance(y, np.ndarray) else y), {}


_SUMS = [
    *("ij,jk->ik", "ij,ij->i", "ij->ji", "ii->i", "ij->", "ij,ij->ij", "ij,j", "...i,...i->..."),
    *("ij,jk,kl->il", "ij,kj", "ij,ij->", "xx", "bogus,"),
]


@makes("einsum")
def _einsum(c: Chooser, function: Any) -> Arguments:
    n, text = c.one([1, 3, 8, 17, 40]), c.one(_SUMS)
    operands = [
        c.simply_laid_out(c.values(c.one("bilqBQ?fdD"), n * n).reshape(n, n))
        for _ in range(text.count(",") + 1)
    ]
    options = c.options(0.2, optimize=[True, False, "greedy"]) | c.options(0.1, dtype="d", order="F")
    return with_out(c, function, (text, *operands), options, 0.15)


@makes(*(f"fft.{name}" for name in tm.numpy.fft.__all__))
def _transform(c: Chooser, function: Any) -> Arguments:
    x = c.array(n=c.one([60, 4096, 65536] if c.large else [0, 1, 5, 60, 200, 500]))
    if function.__name__[-1] in "2n":
        options = c.options(0.3, axes=[(0,), (0, 1), (-1,), (1, 1), (0, 5)])
    else:
        options = {**c.axis(x), **c.options(0.3, n=[0, 1, 5, 16, -1])}
    options |= c.options(0.4, norm=["ortho", "forward", "backward", None, "bogus"])
    return with_out(c, function, (x,), options, 0.15)


def _squares(c: Chooser, name: str) -> Any:
    """A stack of square matrices, mostly of such as a function takes."""
    n, many = c.one([1, 2, 3, 5, 8]), c.one([(), (1,), (4,), (9,), (2, 3), (0,), (30,)])
    char = c.one("fdFDfdfdig?e")
    x = c.values(char, int(np.prod(many)) * n * n).reshape(*many, n, n)
    if char in "fdFD" and c.chance(0.5):
        x = np.nan_to_num(x, posinf=1, neginf=-1)
        x = x % 7 if char in "fd" else x
        if name in ("cholesky", "eigh", "eigvalsh"):
            x = x @ np.conj(np.swapaxes(x, -1, -2)) + n * 10 * np.eye(n, dtype=x.dtype)
    return c.simply_laid_out(x[..., :-1] if c.chance(0.05) else x)


_OF_LINALG: dict[str, dict[str, list[Any]]] = {
    "eigh": {"UPLO": [*"LUX"]},
    "eigvalsh": {"UPLO": [*"LUX"]},
    "cholesky": {"upper": [True]},
    "svd": {"full_matrices": [False], "compute_uv": [False], "hermitian": [True]},
    "qr": {"mode": ["reduced", "complete", "r", "raw", "bogus"]},
    "cond": {"p": [None, 1, 2, -2, np.inf, "fro"]},
    "pinv": {"hermitian": [True], "rtol": [1e-3]},
    "matrix_rank": {"hermitian": [True], "rtol": [1e-3]},
}


@makes(*(f"linalg.{name}" for name in tm.numpy.linalg.__all__))
def _linalg(c: Chooser, function: Any) -> Arguments:
    name = function.__name__
    x = _squares(c, name)
    if name == "solve":
        shape = x.shape[:-1]
        rows = c.values(c.one("fdD"), int(np.prod(shape))).reshape(*shape, 1)
        return (x, c.simply_laid_out(rows) if c.chance(0.7) else c.values("d", x.shape[-1])), {}
    if name == "norm":
        x = c.array() if c.chance(0.7) else x
        orders = [None, 1, 2, -1, np.inf, -np.inf, 0, 3, "fro", "nuc", "bogus", 0.5]
        options = {**c.axis(x, True), **c.options(0.2, keepdims=True)}
        return (x, *([c.one(orders)] if c.chance(0.6) else [])), options
    return (x,), c.options(0.3, **_OF_LINALG.get(name, {}))
