"""The documents that scripts write, and what they are written from."""

import doctest
import importlib.util
import pkgutil
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import threadmill as tm


@pytest.fixture(scope="module")
def coverage(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("coverage_of_ufuncs", root / "docs" / "coverage.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_row_of_the_coverage(coverage: ModuleType) -> None:
    assert coverage.row(np.exp).startswith("| `exp` | `efdgFDG` |")
    assert "BLAS" in coverage.row(np.matmul)


def test_the_coverage_is_that_of_its_numpy(coverage: ModuleType, root: Path) -> None:
    text = (root / "docs" / "ufunc_coverage.md").read_text(encoding="utf-8")
    if f"with NumPy {np.__version__}:" not in text:
        pytest.skip("the table is another NumPy's")
    for ufunc in coverage.ufuncs().values():
        assert coverage.row(ufunc) in text


def test_every_public_name_is_there() -> None:
    for name in tm.__all__:
        assert getattr(tm, name) is not None
        assert name in dir(tm)
    with pytest.raises(AttributeError, match=r"^module 'threadmill' has no attribute 'cube'$"):
        tm.cube  # type: ignore[attr-defined]  # noqa: B018


def documented() -> list[str]:
    """The modules that hold Examples."""
    names = [each.name for each in pkgutil.walk_packages(tm.__path__, "threadmill.") if not each.ispkg]
    names = [name for name in names if not name.endswith(("__main__", ".build", "._threadmill"))]
    return ["threadmill", *names]


@pytest.mark.parametrize("name", documented())
def test_examples_are_true(name: str) -> None:
    module = pytest.importorskip(name) if name.count(".") == 1 else importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


def test_there_are_examples() -> None:
    for fn in tm.Pool.map, tm.Pool.drain, tm.map_chunks, tm.reduce:
        assert doctest.DocTestFinder(recurse=False).find(fn, fn.__name__)[0].examples
