"""Writes namespace_coverage.md: how each public name of NumPy runs in threadmill.numpy.

It is parallel in one way or another, or recorded by `fuse`, or NumPy's own object for a reason.

python docs/namespace_coverage.py
"""

import types
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

import threadmill as tm
from threadmill.fusion.definitions import FUNCTIONS
from threadmill.numpy.face import WAYS

HEAD = """# The names of threadmill.numpy

Written by `docs/namespace_coverage.py` with NumPy {version}.
[namespace.md](namespace.md) tells what they are for.

"""

PARALLEL = """## Parallel, or recorded by fuse

| name | how |
|---|---|
"""

NUMPYS = """
## NumPy's own objects

| why | names |
|---|---|
"""

UFUNC = "NumPy's inner loops on chunks: [ufunc_coverage.md](ufunc_coverage.md)"
REDUCTION = "outputs are shared out, or elements: [parallel.md](parallel.md)"

# Why functions are NumPy's, by their names; all others have not been looked at.
REASONS = {
    "its function is Python code, which holds the GIL and may have effects in their order": """
        apply_along_axis apply_over_axes fromfunction frompyfunc piecewise vectorize
    """,
    "it only makes another view": """
        broadcast_arrays broadcast_to diagonal expand_dims flip fliplr flipud matrix_transpose moveaxis
        permute_dims ravel real imag reshape rollaxis rot90 split array_split dsplit hsplit vsplit squeeze
        swapaxes transpose unstack atleast_1d atleast_2d atleast_3d linalg.diagonal linalg.matrix_transpose
    """,
    "it reads, writes or prints": """
        array2string array_repr array_str base_repr binary_repr format_float_positional
        format_float_scientific fromfile fromregex fromstring genfromtxt get_printoptions info load loadtxt
        printoptions save savetxt savez savez_compressed set_printoptions
    """,
    "it calls a BLAS, which has threads of its own, or makes its own product of few numbers": """
        linalg.matmul linalg.lstsq linalg.multi_dot linalg.matrix_power linalg.outer
        linalg.tensordot linalg.tensorinv
        linalg.tensorsolve linalg.vecdot tensordot vdot kron
    """,
    "it tells of dtypes, of settings or of the array itself": """
        can_cast common_type finfo get_include getbufsize geterr geterrcall iinfo isdtype isfortran isscalar
        issubdtype iterable may_share_memory min_scalar_type mintypecode ndim promote_types result_type
        setbufsize seterr seterrcall shape shares_memory show_config show_runtime size typename
    """,
}
NOT_YET = "it is not shared out so far"


def main() -> None:
    Path(__file__).with_name("namespace_coverage.md").write_text(table(), encoding="utf-8")


def table() -> str:
    rows, why = [], defaultdict(list)
    for name in names():
        told = how(name)
        if told is None:
            why[reason(name)].append(f"`{name}`")
        else:
            rows.append(f"| `{name}` | {told} |")
    left = [f"| {each} | {' '.join(found)} |" for each, found in sorted(why.items())]
    head = HEAD.format(version=np.__version__)
    return head + PARALLEL + "\n".join(rows) + "\n" + NUMPYS + "\n".join(left) + "\n"


def names() -> list[str]:
    """NumPy's public names, and those of the modules of which threadmill.numpy has its own."""
    rooms = [room.__name__.rpartition(".")[2] for room in tm.numpy._ROOMS]
    inside = [f"{room}.{name}" for room in rooms for name in getattr(np, room).__all__]
    return sorted({*np.__all__} - {*rooms}) + sorted(inside)


def named(home: Any, name: str) -> Any:
    for part in name.split("."):
        home = getattr(home, part)
    return home


def how(name: str) -> str | None:
    """How a function runs on the pool's threads, or in `fuse`; None if it is NumPy's own object."""
    own, numpys = named(tm.numpy, name), named(np, name)
    recorded = "`fuse` records it" if numpys in _RECORDED else ""
    if isinstance(own, tm.ParallelUfunc):
        return UFUNC
    if own is numpys:
        return recorded or None
    way = WAYS.get(f"{numpys.__module__}.{numpys.__name__}", "").rstrip(".") or REDUCTION
    return f"{way}; {recorded}" if recorded else way


def reason(name: str) -> str:
    """Why a name is NumPy's own object."""
    value = named(np, name)
    if isinstance(value, types.ModuleType):
        return "a module"
    if isinstance(value, type):
        return "a class"
    if not callable(value):
        return "a constant, or a helper for indices"
    return next((why for why, known in REASONS.items() if name in known.split()), NOT_YET)


class _Recorded:
    """The functions of NumPy that are steps of a fused function. Constants such as nan can't be looked up."""

    def __contains__(self, value: Any) -> bool:
        return callable(value) and not isinstance(value, type) and value in FUNCTIONS


_RECORDED = _Recorded()

if __name__ == "__main__":
    main()
