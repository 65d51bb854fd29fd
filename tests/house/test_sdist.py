"""Installs what the sdist builds in a new environment and runs the smoke tests there, away from the tree.

Nothing is downloaded: build requirements and dependencies are those of the environment that runs the test,
which the new one sees after its own packages.
"""

import shutil
import sysconfig
import tarfile
import venv
from pathlib import Path

import pytest
from kit.builds import run
from kit.packages import FOLDERS, TOP_FILES, is_source

pytestmark = pytest.mark.timeout(600)

# Of each smoke test some cases, which need all of its files.
SMOKE = ["-n", "0", "-m", "smoke", "--share=4/4", "-p", "no:cacheprovider"]

SCRIPT = """
import pathlib, sys
import numpy as np
import threadmill as tm

assert pathlib.Path(tm.__file__).is_relative_to(sys.prefix), tm.__file__
x = np.arange(-50_000, 50_000, dtype=np.int32)
y = np.linspace(0.1, 3.0, 100_001)
assert tm.square(x).tobytes() == np.square(x).tobytes()
assert tm.sum(y).tobytes() == np.sum(y).tobytes()
assert tm.scale(y, 2.5).tobytes() == (y * 2.5).tobytes()
"""


def test_sdist_holds_every_source_file(root: Path, sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    sources = [path for folder in FOLDERS for path in (root / folder).rglob("*") if is_source(path)]
    wanted = {path.relative_to(root).as_posix() for path in sources} | set(TOP_FILES)
    assert wanted - held == set()


@pytest.mark.long
def test_what_the_sdist_builds_works_away_from_the_tree(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "environment"
    venv.create(home, symlinks=True)
    python = home / "bin" / "python"
    packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path)
    # A .pth line comes after the environment's own packages: only pip and threadmill's needs are found there.
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(packages.strip()) / "borrowed.pth").write_text("\n".join(sorted(borrowed)) + "\n")

    options = ["--no-index", "--no-deps", "--ignore-installed"]
    run(python, "-m", "pip", "install", *options, wheel, cwd=tmp_path)
    run(python, "-c", SCRIPT, cwd=tmp_path)

    away = tmp_path / "away"
    run(python, "-m", "tarfile", "--extract", sdist, tmp_path / "unpacked", cwd=tmp_path)
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    for name in ("tests", "benchmarks"):  # and not src/
        shutil.copytree(unpacked / name, away / name)
    shutil.copy(unpacked / "pyproject.toml", away)
    report = run(python, "-m", "pytest", *SMOKE, cwd=away)
    assert " passed" in report
