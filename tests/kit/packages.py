"""The sdist of this tree and the wheel that it builds, each made once for all workers of a run."""

import fcntl
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from kit.builds import run

__all__ = ["FOLDERS", "TOP_FILES", "is_source", "sdist_of", "wheel_of"]

# What an sdist holds.
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
_GENERATED = {"__pycache__", "threadmill.egg-info", ".hypothesis", ".pytest_cache"}


def is_source(path: Path) -> bool:
    return path.is_file() and not _GENERATED & set(path.parts) and path.suffix not in {".pyc", ".so", ".o"}


def sdist_of(root: Path, factory: pytest.TempPathFactory) -> Path:
    """The sdist, built from a copy so that the tree stays as it was."""

    def make(folder: Path) -> None:
        tree = factory.mktemp("tree")
        for name in [*TOP_FILES, "MANIFEST.in"]:
            shutil.copy(root / name, tree)
        ignored = shutil.ignore_patterns(*_GENERATED, "*.so", "*.o")
        for name in FOLDERS:
            shutil.copytree(root / name, tree / name, ignore=ignored)
        run(sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", folder, tree, cwd=tree)

    return _made_once("sdist", factory, make)


def wheel_of(sdist: Path, factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the sdist; nothing is downloaded."""
    options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    command = [sys.executable, "-m", "pip", "wheel", *options, sdist]
    return _made_once("wheel", factory, lambda folder: run(*command, "--wheel-dir", folder, cwd=sdist.parent))


def _made_once(name: str, factory: pytest.TempPathFactory, make: Callable[[Path], object]) -> Path:
    """The one file that make(folder) writes, in a folder of all workers of pytest-xdist."""
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / name
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            make(folder)
    (made,) = folder.iterdir()
    return made
