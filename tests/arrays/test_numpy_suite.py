"""NumPy's own tests, and scipy.special's, as far as they are of ufuncs, on our objects.

The installed wheels' tests run in a process of their own, in which all ufuncs that they name are ours, on
three threads, of any size and in chunks of three elements: see numpy_suite.py. What fails with NumPy itself
on the machine is no failure here. ``pytest -m numpy_suite`` takes some minutes.
"""

import importlib.util
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from kit import commands

pytestmark = [pytest.mark.numpy_suite, pytest.mark.timeout(1800)]

GROUPS = {
    "numpy._core": """
        ufunc umath umath_complex umath_accuracy half numeric multiarray datetime errstate einsum
        nep50_promotions mem_overlap overrides scalarmath casting_floatingpoint_errors regression
        deprecations custom_dtypes indexing longdouble scalar_methods strings stringdtype function_base
        item_selection protocols shape_base
    """,
    "numpy.lib": """
        function_base nanfunctions ufunclike arraysetops type_check mixins stride_tricks twodim_base
        regression index_tricks histograms shape_base polynomial utils
    """,
    "numpy.ma": "core extras subclassing old_ma regression mrecords deprecations",
    "numpy.linalg": "linalg",
    "numpy.matrixlib": "defmatrix masked_matrix",
    "numpy.fft": "pocketfft",
    "scipy.special": """
        basic bdtr boost_ufuncs boxcox cdflib cdft_asymptotic cephes_intp_cast data digamma ellip_harm
        erfinv exponential_integrals faddeeva gamma gammainc hyp2f1 hypergeometric iv_ratio kolmogorov
        lambertw log1mexp loggamma logit nan_inputs ndtr ndtri_exp orthogonal orthogonal_eval owens_t pcf
        pdtr powm1 round sf_error sici specfun spence sph_harm spherical_bessel trig ufunc_signatures
        wright_bessel wrightomega zeta legendre cosine_distr dd gen_harmonic
    """,
}

# Tests that fail on our objects, and why that is right. One that passes has to go from here.
ACCEPTED = {
    "the very ufunc is wanted: `is`, `==`, its docstring, its class in C": """
        numpy/_core/tests/test_ufunc.py::TestUfunc::test_pickle_withstring
        numpy/_core/tests/test_ufunc.py::TestUfunc::test_pickle_name_is_qualname
        numpy/_core/tests/test_umath.py::TestSpecialMethods::test_wrap
        numpy/_core/tests/test_umath.py::TestSpecialMethods::test_ufunc_override
        numpy/_core/tests/test_umath.py::TestSpecialMethods::test_ufunc_override_methods
        numpy/_core/tests/test_umath.py::TestSpecialMethods::test_gufunc_override
        numpy/_core/tests/test_umath.py::TestSpecialMethods::test_ufunc_docstring
        numpy/_core/tests/test_umath.py::TestAttributes::test_doc
        numpy/_core/tests/test_umath.py::TestAdd_newdoc_ufunc::test_ufunc_arg
        numpy/_core/tests/test_multiarray.py::TestBinop::test_ufunc_binop_interaction
        numpy/_core/tests/test_multiarray.py::TestBinop::test_pow_override_with_errors
        numpy/_core/tests/test_multiarray.py::TestCAPI::test_import_entry_point[sin]
        numpy/_core/tests/test_multiarray.py::TestCAPI::test_import_entry_point[fft._pocketfft_umath.ifft]
        numpy/_core/tests/test_regression.py::TestRegression::test_load_ufunc_pickle
        numpy/_core/tests/test_deprecations.py::TestAddNewdocUFunc::test_deprecated
    """,
    "the very function is wanted: np.sum is what __array_function__ is called with": """
        numpy/_core/tests/test_overrides.py::TestNumPyFunctions::test_override_sum
        numpy/_core/tests/test_overrides.py::TestNumPyFunctions::test_sum_on_mock_array
        numpy/_core/tests/test_overrides.py::test_function_like
        numpy/_core/tests/test_overrides.py::TestArrayLike::test_nep35_functions_as_array_functions
        numpy/_core/tests/test_overrides.py::TestArrayLike::test_array_like[False-ascontiguousarray-args3-kwargs3]
        numpy/_core/tests/test_overrides.py::TestArrayLike::test_array_like[False-asfortranarray-args4-kwargs4]
        numpy/_core/tests/test_overrides.py::TestArrayLike::test_array_like[False-full-args7-kwargs7]
        numpy/_core/tests/test_overrides.py::TestArrayLike::test_array_like[False-ones-args8-kwargs8]
    """,
    "`pool` is shown on purpose: in signatures, in docstrings, and by functions of our own module": """
        numpy/_core/tests/test_overrides.py::TestNumPyFunctions::test_set_module
        numpy/_core/tests/test_numeric.py::TestCreationFuncs::test_signatures[full]
        numpy/_core/tests/test_multiarray.py::TestTextSignatures::test_c_func_dispatcher_text_signature[concatenate]
        numpy/_core/tests/test_ufunc.py::TestUfunc::test_no_doc_string
        numpy/_core/tests/test_ufunc.py::TestUFuncInspectSignature::test_params_common_ufunc[sin]
        numpy/_core/tests/test_ufunc.py::TestUFuncInspectSignature::test_params_common_ufunc[add]
        numpy/_core/tests/test_ufunc.py::TestUFuncInspectSignature::test_params_common_ufunc[frexp]
        numpy/_core/tests/test_ufunc.py::TestUFuncInspectSignature::test_params_common_ufunc[divmod]
        numpy/_core/tests/test_ufunc.py::TestUFuncInspectSignature::test_params_common_gufunc[matmul]
        numpy/_core/tests/test_ufunc.py::TestUFuncInspectSignature::test_params_common_gufunc[matvec]
        numpy/_core/tests/test_ufunc.py::TestUFuncInspectSignature::test_params_common_gufunc[vecdot]
        numpy/_core/tests/test_ufunc.py::TestUFuncInspectSignature::test_params_common_gufunc[vecmat]
        numpy/ma/tests/test_extras.py::TestShapeBase::test_inspect_signature[vstack]
    """,
    "an array whose buffer nobody has asked for is wanted: to write to it, we have asked": """
        numpy/_core/tests/test_multiarray.py::TestNewBufferProtocol::test_error_if_stored_buffer_info_is_corrupted[obj0]
    """,
    "the very module is wanted: `array.__array_namespace__() is np`": """
        numpy/_core/tests/test_regression.py::TestRegression::test__array_namespace__
        numpy/_core/tests/test_scalar_methods.py::TestDevice::test___array_namespace__[scalar0]
        numpy/_core/tests/test_scalar_methods.py::TestDevice::test___array_namespace__[scalar1]
        numpy/_core/tests/test_scalar_methods.py::TestDevice::test___array_namespace__[scalar2]
        numpy/_core/tests/test_scalar_methods.py::TestDevice::test___array_namespace__[1.0]
        numpy/_core/tests/test_scalar_methods.py::TestDevice::test___array_namespace__[(1+1j)]
    """,
}


def run(tests: list[str], folder: Path, plain: bool) -> dict[str, str]:
    """What each test came to: "passed", "skipped" or "failed: ..."."""
    report, settings = folder / "report.json", folder / "pytest.ini"
    report.unlink(missing_ok=True)
    settings.write_text("[pytest]\n")
    here = Path(__file__).parents[1]
    source = str(Path(importlib.util.find_spec("threadmill").origin).parents[1])  # type: ignore[union-attr, arg-type]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(here), source]),
        "THREADMILL_NUM_THREADS": "3",
        "SUITE_REPORT": str(report),
        "SUITE_PLAIN": "1" if plain else "0",
    }
    options = ["-q", "-p", "kit.numpy_suite", "-p", "no:cacheprovider", "-c", str(settings), "--tb=line"]
    options += ["--rootdir", str(Path(np.__file__).parents[1]), "-W", "ignore"]
    options += ["-m", "not slow"]  # as numpy.test() does: these take gigabytes
    command = [sys.executable, "-m", "pytest", *options, *tests]
    told = commands.run(*command, check=False, seconds=1700, cwd=folder, env=environment)
    assert report.exists(), told.stdout[-2000:] + told.stderr[-2000:]
    found = json.loads(report.read_text())
    assert plain or "in 34 chunks, on up to 3 threads" in found["how"]
    assert found["outcomes"], told.stdout[-2000:]
    return found["outcomes"]  # type: ignore[no-any-return]


def failed(outcomes: dict[str, str]) -> dict[str, str]:
    return {test: told for test, told in outcomes.items() if told.startswith("failed")}


@pytest.mark.parametrize("package", GROUPS)
def test_the_tests_pass_on_our_objects(package: str, tmp_path: Path) -> None:
    home = Path(pytest.importorskip(package).__file__).parent / "tests"
    paths = [home / f"test_{name}.py" for name in GROUPS[package].split()]
    tests = [str(path) for path in paths if path.exists()]  # releases differ
    if not tests:
        pytest.skip(f"{package} is installed without its tests")
    outcomes = run(tests, tmp_path, plain=False)
    accepted = {test for tests in ACCEPTED.values() for test in tests.split()}
    wrong = {test: told for test, told in failed(outcomes).items() if test not in accepted}
    if wrong:
        root = Path(np.__file__).parents[1]
        anyway = failed(run([str(root / test) for test in wrong], tmp_path, plain=True))
        wrong = {test: told for test, told in wrong.items() if test not in anyway}
    assert wrong == {}
    assert sorted(test for test in accepted & outcomes.keys() if outcomes[test] == "passed") == []
