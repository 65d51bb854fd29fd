"""Writes ufunc_coverage.md: which loops of NumPy's ufuncs run on threadmill's threads, asked of threadmill
itself.

python docs/coverage.py
"""

import warnings
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

import threadmill as tm
from threadmill.arrays import reductions as _reductions
from threadmill.arrays.layout import NO_VALUE, NUMERIC
from threadmill.arrays.loops import LoopCache
from threadmill.arrays.refusal import Refusal

HEAD = """# Every loop of every ufunc

Written by `docs/coverage.py` with NumPy {version}: every ufunc of NumPy and every loop that it has for
numbers, asked with `ParallelUfunc.explain` of arrays that are plain and large enough. Letters are
`dtype.char`: `?` bool, `bhilq` signed and `BHILQ` unsigned integers, `efdg` floats, `FDG` complex, `Mm` dates
and times. "NumPy" says which loops NumPy runs itself, and why. A reduction over some axes shares out the
results, one over all axes the elements.

| ufunc | parallel | NumPy | `reduce`, some axes | `reduce`, all axes |
|---|---|---|---|---|
"""


def main() -> None:
    rows = [row(ufunc) for name, ufunc in sorted(ufuncs().items())]
    text = HEAD.format(version=np.__version__) + "\n".join(rows) + "\n"
    Path(__file__).with_name("ufunc_coverage.md").write_text(text, encoding="utf-8")


def ufuncs() -> dict[str, np.ufunc]:
    """NumPy's ufuncs by their own names."""
    return {value.__name__: value for value in vars(np).values() if isinstance(value, np.ufunc)}


def row(ufunc: np.ufunc) -> str:
    ours, numpys = "", defaultdict(str)
    for chars in inputs(ufunc):
        told = tm.parallel(ufunc).explain(*operands(ufunc, chars), pool=tm.default_pool())
        own = "".join(dict.fromkeys(chars))
        if told.parallel:
            ours += own if len(own) == 1 else f" {own}"
        else:
            numpys[told.reason] += own if len(own) == 1 else f" {own}"
    reasons = "; ".join(f"`{chars.strip()}`: {why}" for why, chars in numpys.items())
    some, whole = reductions(ufunc)
    return f"| `{ufunc.__name__}` | {code(ours)} | {reasons} | {code(some)} | {code(whole)} |"


def code(chars: str) -> str:
    return f"`{chars.strip()}`" if chars else ""


def inputs(ufunc: np.ufunc) -> list[str]:
    """The dtypes that its loops take; for dates and times, which have several, what goes in is enough."""
    found = dict.fromkeys(types.partition("->")[0] for types in ufunc.types)
    return [chars for chars in found if set(chars) <= NUMERIC]


def operands(ufunc: np.ufunc, chars: str) -> list[Any]:
    shape = (5000, 4) if ufunc.signature else (5000,)
    first, *rest = (np.ones(shape, dtype(char)) for char in chars)
    return [first, *(x[:4] if ufunc in (np.matmul, vars(np).get("vecmat")) else x for x in rest)]


def dtype(char: str) -> Any:
    return f"{char}8[s]" if char in "mM" else char


def reductions(ufunc: np.ufunc) -> tuple[str, str]:
    """The dtypes whose reductions over some and over all axes are shared out."""
    if ufunc.nin != 2 or ufunc.nout != 1 or ufunc.signature:
        return "", ""
    found = {0: "", None: ""}
    for char in sorted(
        {chars[0] for chars in inputs(ufunc) if chars[0] == chars[1]}, key="?bBhHiIlLqQefdgFDGmM".index
    ):
        x = np.ones((260, 10_000), dtype(char))
        for axis in found:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                call = _reductions.prepare(ufunc, LoopCache(), x, axis, None, False, NO_VALUE, True)
            found[axis] += "" if isinstance(call, Refusal) else char
    return found[0], found[None]


if __name__ == "__main__":
    main()
