"""The documents that scripts write, and what they are written from."""

import importlib.util
import re
import warnings
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


def test_the_blocks_about_fused_functions_run(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (root / "docs" / "fuse.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 3
    names: dict[str, object] = {}
    with warnings.catch_warnings():  # an error would have every operation run at once
        warnings.simplefilter("always")
        for block in blocks:
            exec(compile(block, "docs/fuse.md", "exec"), names)
    assert "pass 1 over 398 x 498: add, add, add, multiply, subtract" in capsys.readouterr().out
