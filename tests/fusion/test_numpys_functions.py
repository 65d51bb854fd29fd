"""NumPy's own functions as programs: those that it writes in Python, below __array_function__.

"as published" they take np.asarray of what they are given, so that little is put off; those that ask for
``type(x)`` are called by their public names. "lazily" they get lazy arrays where they ask for arrays, and all
of their arithmetic is put off.
"""

import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit.fuse_arguments import values
from kit.fuse_compare import SHAPES, differences
from kit.marks import in_pairs
from numpy._core import _methods, fromnumeric, function_base, numeric
from numpy.lib import (
    _function_base_impl,
    _nanfunctions_impl,
    _polynomial_impl,
    _shape_base_impl,
    _twodim_base_impl,
    _type_check_impl,
    _ufunclike_impl,
)
from numpy.linalg import _linalg

import threadmill as tm
from threadmill.fusion.numpys_code import copied

pytestmark = pytest.mark.usefixtures("small_ones_too")

MODULES = [
    *(fromnumeric, numeric, function_base, _function_base_impl, _nanfunctions_impl, _polynomial_impl),
    *(_shape_base_impl, _twodim_base_impl, _type_check_impl, _ufunclike_impl, _linalg),
]

Functions = types.SimpleNamespace


def as_published() -> Functions:
    found: dict[str, Any] = {}
    for module in MODULES:
        for name, own in vars(module).items():
            is_by_type = module is fromnumeric or name in ("nanmin", "nanmax")
            found.setdefault(name, own if is_by_type else getattr(own, "_implementation", own))
    return Functions(**found)


def lazily() -> Functions:
    methods = copied(_methods)
    found: dict[str, Any] = {}
    for module in MODULES:
        for name, own in vars(copied(module, _methods=methods)).items():
            found.setdefault(name, own)
    return Functions(**found)


FORMS = {"as published": as_published(), "lazily": lazily()}

PROGRAMS: dict[str, Callable[[Functions, Any, Any], Any]] = {
    "sum": lambda of, x, y: (of.sum(x), of.sum(x, -1), of.sum(x, 0, keepdims=True), of.sum(x, where=y > 0)),
    "prod": lambda of, x, y: (of.prod(x), of.prod(x, axis=0)),
    "mean": lambda of, x, y: (
        of.mean(x),
        of.mean(x, 0),
        of.mean(x, -1, keepdims=True),
        of.mean(x, where=y > 0),
    ),
    "mean dtype": lambda of, x, y: (of.mean(x, dtype="f4"), of.mean(x, -1, dtype="D")),
    "var": lambda of, x, y: (
        of.var(x),
        of.var(x, 0, ddof=1),
        of.var(x, -1, keepdims=True),
        of.var(x, where=y > 0),
    ),
    "var mean": lambda of, x, y: of.var(x, -1, mean=of.mean(x, -1, keepdims=True)),
    "std": lambda of, x, y: (of.std(x), of.std(x, -1), of.std(x, ddof=x.size)),
    "min max": lambda of, x, y: (of.min(x), of.max(x, -1), of.amax(x, 0), of.ptp(x), of.ptp(x, -1)),
    "any all": lambda of, x, y: (of.any(x), of.all(x, -1), of.any(x > y), of.count_nonzero(x > y)),
    "clip": lambda of, x, y: (of.clip(x, 1, 3), of.clip(x, None, y), of.clip(x, y, y + 1)),
    "round": lambda of, x, y: (of.round(x, 1), of.around(x * y)),
    "average": lambda of, x, y: (of.average(x), of.average(x, weights=abs(y) + 1), of.average(x, -1)),
    "average returned": lambda of, x, y: of.average(x, -1, y, returned=True),
    "cov": lambda of, x, y: (of.cov(x.reshape(-1)), of.cov(x[:9].reshape(9, -1))),
    "corrcoef": lambda of, x, y: of.corrcoef(x[:9].reshape(9, -1)),
    "gradient": lambda of, x, y: of.gradient(x.reshape(-1)),
    "gradient spaced": lambda of, x, y: of.gradient(x, 0.5, axis=0, edge_order=2),
    "trapezoid": lambda of, x, y: (of.trapezoid(x), of.trapezoid(x, dx=0.1), of.trapezoid(x, y)),
    "diff": lambda of, x, y: (of.diff(x), of.diff(x, 2), of.diff(x, axis=0)),
    "median": lambda of, x, y: (of.median(x), of.median(x, -1)),
    "percentile": lambda of, x, y: (of.percentile(x, 30), of.quantile(x, [0.1, 0.5], axis=-1)),
    "interp": lambda of, x, y: of.interp(x.reshape(-1), np.arange(9.0), np.arange(9.0) ** 2),
    "select": lambda of, x, y: of.select([x > 1, y > 1], [x, y * 2], 3),
    "piecewise": lambda of, x, y: of.piecewise(x, [x > 1, x <= 1], [lambda x: x * 2, 1]),
    "angle": lambda of, x, y: of.angle(x),
    "unwrap": lambda of, x, y: of.unwrap(x * 3),
    "sinc": lambda of, x, y: of.sinc(x),
    "i0": lambda of, x, y: of.i0(x),
    "nansum": lambda of, x, y: (of.nansum(x), of.nansum(x, -1), of.nanprod(x)),
    "nanmean": lambda of, x, y: (of.nanmean(x), of.nanmean(x, 0)),
    "nanvar": lambda of, x, y: (of.nanvar(x), of.nanvar(x, -1, ddof=1), of.nanstd(x)),
    "nanmin": lambda of, x, y: (of.nanmin(x), of.nanmax(x, -1)),
    "nanargmin": lambda of, x, y: (of.nanargmin(x), of.nanargmax(x, -1)),
    "nanmedian": lambda of, x, y: (of.nanmedian(x), of.nanpercentile(x, 20, axis=-1), of.nancumsum(x)),
    "norm": lambda of, x, y: (
        of.norm(x),
        of.norm(x, axis=-1),
        of.norm(x.reshape(-1), 1),
        of.norm(x.reshape(-1), 3),
    ),
    "norm inf": lambda of, x, y: (
        of.norm(x, np.inf, axis=-1),
        of.norm(x, -np.inf, axis=0),
        of.norm(x, 0, axis=0),
    ),
    "vector_norm": lambda of, x, y: (of.vector_norm(x), of.vector_norm(x, axis=-1, keepdims=True)),
    "isclose": lambda of, x, y: (
        of.isclose(x, y),
        of.isclose(x, x + 1e-9, equal_nan=True),
        of.allclose(x, x),
    ),
    "array_equal": lambda of, x, y: (
        of.array_equal(x, x),
        of.array_equal(x, y, equal_nan=True),
        of.array_equiv(x, y),
    ),
    "nan_to_num": lambda of, x, y: (of.nan_to_num(x), of.nan_to_num(x / y, nan=1.0, posinf=2.0)),
    "real_if_close": lambda of, x, y: (
        of.real_if_close(x),
        of.isreal(x),
        of.iscomplex(x),
        of.real(x),
        of.imag(x),
    ),
    "isposinf": lambda of, x, y: (of.fix(x), of.isposinf(x), of.isneginf(x)),
    "polyval": lambda of, x, y: (of.polyval([2, 0.5, -1], x), of.vander(x[:9].reshape(-1)[:9], 3)),
    "cross": lambda of, x, y: of.cross(x.reshape(-1)[:9].reshape(3, 3), y.reshape(-1)[:9].reshape(3, 3)),
    "roll": lambda of, x, y: (of.roll(x, 3), of.roll(x, 1, axis=0), of.rollaxis(x, 0), of.moveaxis(x, 0, -1)),
    "outer": lambda of, x, y: (
        of.outer(x[:9], y[0]),
        of.kron(x.reshape(-1)[:9], y.reshape(-1)[:5]),
        of.tile(x, 2),
    ),
    "full_like": lambda of, x, y: (of.zeros_like(x), of.ones_like(x), of.full_like(x, 3), of.zeros_like(x.T)),
    "triu": lambda of, x, y: (of.triu(x), of.tril(x), of.flip(x), of.flipud(x)),
    "linspace": lambda of, x, y: of.linspace(x, y, 3),
    "convolve": lambda of, x, y: (of.convolve(x.reshape(-1), [1, 2, 3]), of.correlate(x.reshape(-1), [1, 2])),
    "take_along_axis": lambda of, x, y: of.take_along_axis(x, of.argsort(y, axis=-1), axis=-1),
    "append": lambda of, x, y: (of.append(x, y), of.insert(x, 1, 5), of.delete(x, [0, 1], axis=0)),
    "wrong": lambda of, x, y: of.average(x, weights=y[:-1]),
    "wrong axis": lambda of, x, y: of.mean(x * 2, axis=7),
    "wrong edge": lambda of, x, y: of.gradient(x * 2, edge_order=3),
}


@pytest.mark.parametrize(("name", "dtype", "form"), in_pairs(PROGRAMS, "fdeFDilB?", FORMS))
def test_a_function_of_numpys(form: str, name: str, dtype: str, pools: list[tm.Pool]) -> None:
    program = PROGRAMS[name]
    rng = np.random.default_rng(0)
    for k, shape in enumerate(SHAPES.values()):
        for special in (False, True) if len(shape) == 1 else (False,):
            x, y = (values(rng, int(np.prod(shape)), dtype, special).reshape(shape) for _ in range(2))
            found = differences(lambda x, y: program(FORMS[form], x, y), [x, y], pools[k])
            assert found == {}, (shape, special)
