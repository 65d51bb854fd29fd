"""tests/typing/ holds what users write; mypy and pyright agree on what it means."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.typing

ROOT = Path(__file__).resolve().parents[2]


def check(*command: str) -> None:
    """Runs a type checker, which must find nothing: each error that is meant is named where it is."""
    module = command[0]
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    environment = {**os.environ, "MYPYPATH": str(ROOT / "src")}
    run = [sys.executable, "-m", *command]
    ended = subprocess.run(run, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=95)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_mypy_understands_user_code() -> None:
    check("mypy", "--strict", "tests/typing")


def test_pyright_understands_user_code() -> None:
    check("pyright", "--project", str(ROOT), "--pythonpath", sys.executable)
