"""Builds the sdist, installs it in a new environment and runs the smoke tests there, away from the tree.

Nothing is downloaded: build requirements and dependencies are those of the environment that runs the test,
which the new one sees after its own packages.
"""

import shutil
import sys
import sysconfig
import tarfile
import venv
from pathlib import Path

import pytest
from kit.builds import run

pytestmark = pytest.mark.timeout(600)

TOP_FILES = [
    "CHANGELOG.md",
    "CITATION.cff",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "pyproject.toml",
    "setup.py",
]
FOLDERS = ["benchmarks", "csrc", "docs", "src", "tests"]
GENERATED = {"__pycache__", "threadmill.egg-info", ".hypothesis", ".pytest_cache"}

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


def is_source(path: Path) -> bool:
    return path.is_file() and not GENERATED & set(path.parts) and path.suffix not in {".pyc", ".so", ".o"}


@pytest.fixture(scope="module")
def sdist(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist, built from a copy so that the tree stays as it was."""
    folder = tmp_path_factory.mktemp("sdist")
    tree = folder / "tree"
    tree.mkdir()
    for name in [*TOP_FILES, "MANIFEST.in"]:
        shutil.copy(root / name, tree)
    for name in FOLDERS:
        shutil.copytree(root / name, tree / name, ignore=shutil.ignore_patterns(*GENERATED, "*.so", "*.o"))
    run(sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", folder, tree, cwd=folder)
    (archive,) = folder.glob("threadmill-*.tar.gz")
    return archive


def test_sdist_holds_every_source_file(root: Path, sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    sources = [path for folder in FOLDERS for path in (root / folder).rglob("*") if is_source(path)]
    wanted = {path.relative_to(root).as_posix() for path in sources} | set(TOP_FILES)
    assert wanted - held == set()


@pytest.mark.long
def test_sdist_installs_and_works_away_from_the_tree(sdist: Path, tmp_path: Path) -> None:
    home = tmp_path / "environment"
    venv.create(home, symlinks=True)
    python = home / "bin" / "python"
    packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path)
    # A .pth line comes after the environment's own packages: only pip and threadmill's needs are found there.
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(packages.strip()) / "borrowed.pth").write_text("\n".join(sorted(borrowed)) + "\n")

    options = ["--no-index", "--no-deps", "--no-build-isolation", "--ignore-installed"]
    run(python, "-m", "pip", "install", *options, sdist, cwd=tmp_path)
    run(python, "-c", SCRIPT, cwd=tmp_path)

    away = tmp_path / "away"
    run(python, "-m", "tarfile", "--extract", sdist, tmp_path / "unpacked", cwd=tmp_path)
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    for name in ("tests", "benchmarks"):  # and not src/
        shutil.copytree(unpacked / name, away / name)
    shutil.copy(unpacked / "pyproject.toml", away)
    report = run(python, "-m", "pytest", *SMOKE, cwd=away)
    assert " passed" in report
