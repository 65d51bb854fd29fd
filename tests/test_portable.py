"""The build without futexes, SIMD and streaming stores (THREADMILL_PORTABLE=1) passes the smoke tests."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.native, pytest.mark.timeout(600)]

NEEDED = ["csrc", "src", "setup.py", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"]


def run(*command: str | Path, cwd: Path, **settings: str) -> str:
    """Runs a command away from the tree's own settings; a failure shows its output."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PYTEST_", "THREADMILL_"))
    }
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment | settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\nexit status {done.returncode}\n{done.stdout}"
    return done.stdout


def test_the_portable_build_passes_the_smoke_tests(root: Path, tmp_path: Path) -> None:
    tree, target, away = tmp_path / "tree", tmp_path / "target", tmp_path / "away"
    tree.mkdir()
    for name in NEEDED:
        if (root / name).is_dir():
            ignored = shutil.ignore_patterns("*.so", "*.o", "__pycache__", "*.egg-info")
            shutil.copytree(root / name, tree / name, ignore=ignored)
        else:
            shutil.copy(root / name, tree)
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--target", target]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", *options, tree]
    run(*pip, cwd=tmp_path, THREADMILL_PORTABLE="1")

    settings = {"PYTHONPATH": str(target)}
    info = json.loads(run(sys.executable, "-m", "threadmill", "info", "--json", cwd=tmp_path, **settings))
    assert "baseline" in json.dumps(info), info
    script = "import pathlib, threadmill; print(pathlib.Path(threadmill.__file__).parent)"
    assert Path(run(sys.executable, "-c", script, cwd=tmp_path, **settings).strip()).parent == target

    for name in "tests", "benchmarks":
        if (root / name).is_dir():
            shutil.copytree(root / name, away / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "pyproject.toml", away)
    pytest_command = [sys.executable, "-m", "pytest", "-q", "-m", "smoke", "-p", "no:cacheprovider"]
    assert " passed" in run(*pytest_command, cwd=away, **settings)
