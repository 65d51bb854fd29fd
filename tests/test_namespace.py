"""threadmill.numpy has all that numpy has."""

import warnings

import numpy as np
import pytest

import threadmill as tm


def test_a_star_import_brings_what_numpys_brings() -> None:
    ours: dict[str, object] = {}
    numpys: dict[str, object] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that NumPy deprecates
        exec("from threadmill.numpy import *", ours)
        exec("from numpy import *", numpys)
    assert set(numpys) <= set(ours)
    for name in numpys.keys() - {"__builtins__"}:
        if isinstance(numpys[name], np.ufunc):
            assert ours[name] is tm.parallel(numpys[name])
        elif name not in tm.numpy.REDUCTIONS:
            assert ours[name] is numpys[name], name


def test_every_name_of_numpy_is_there() -> None:
    assert set(dir(np)) <= set(dir(tm.numpy))
    assert set(np.__all__) <= set(tm.numpy.__all__)


def test_a_name_that_numpy_deprecates_is_told_at_the_users_line() -> None:
    deprecated = []
    for name in sorted({*np.__all__, "in1d", "trapz", "row_stack", "chararray"}):
        with warnings.catch_warnings(record=True) as expected:
            warnings.simplefilter("always")
            getattr(np, name, None)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            getattr(tm.numpy, name, None)
        told = [(each.category, str(each.message), each.filename) for each in caught]
        assert told == [(each.category, str(each.message), each.filename) for each in expected]
        deprecated += told
    if np.lib.NumpyVersion(np.__version__) < "2.4.0":
        assert deprecated


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError):
        tm.numpy.no_such_name  # noqa: B018
