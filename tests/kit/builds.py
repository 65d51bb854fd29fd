"""Builds for tests: of the package, away from the tree and the installed one, and of C that users bring."""

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from kit import commands

NEEDED = ["csrc", "src", "setup.py", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"]


def run(*command: str | Path, cwd: Path, **settings: str) -> str:
    """Runs a command away from the tree's own settings; a failure shows its output."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PYTEST_", "THREADMILL_")) and name != "VIRTUAL_ENV"
    }
    done = commands.run(*command, cwd=cwd, env=environment | settings, seconds=600)
    return done.stdout + done.stderr


def launchers() -> list[tuple[str, ...]]:
    """ThreadSanitizer can't place its shadow memory under some settings of address space randomisation; a
    process may switch that off for its children."""
    setarch = shutil.which("setarch")
    return [(), (setarch, platform.machine(), "-R")] if setarch else [()]


@dataclass(frozen=True)
class Build:
    """A package in a folder of its own, and the tests beside it."""

    target: Path
    away: Path

    def python(self, *arguments: str | Path, launcher: tuple[str, ...] = (), **settings: str) -> str:
        command = [*launcher, sys.executable, *arguments]
        return run(*command, cwd=self.away, PYTHONPATH=str(self.target), **settings)

    def check(self, launcher: tuple[str, ...] = (), **settings: str) -> None:
        """That it is this package that the tests get."""
        script = "import pathlib, threadmill; print(pathlib.Path(threadmill.__file__).parent)"
        assert Path(self.python("-c", script, launcher=launcher, **settings).strip()).parent == self.target

    def pytest(self, *arguments: str | Path, launcher: tuple[str, ...] = (), **settings: str) -> str:
        options = ["-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
        return self.python(*options, *arguments, launcher=launcher, **settings)


def build(root: Path, folder: Path, **settings: str) -> Build:
    """The package built with these settings of build.py."""
    tree, target, away = folder / "tree", folder / "target", folder / "away"
    tree.mkdir()
    for name in NEEDED:
        if (root / name).is_dir():
            ignored = shutil.ignore_patterns("*.so", "*.o", "__pycache__", "*.egg-info")
            shutil.copytree(root / name, tree / name, ignore=ignored)
        else:
            shutil.copy(root / name, tree)
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--target", target]
    run(sys.executable, "-m", "pip", "install", "--quiet", *options, tree, cwd=folder, **settings)

    for name in "tests", "benchmarks":
        if (root / name).is_dir():
            shutil.copytree(root / name, away / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "pyproject.toml", away)
    return Build(target, away)


def shared_library(folder: Path, source: str) -> Path:
    """C of a test as a shared library; skips where there is no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler")
    text, library = folder / "library.c", folder / "library.so"
    text.write_text(source)
    commands.run(compiler, "-O2", "-shared", "-fPIC", "-o", library, text)
    return library
