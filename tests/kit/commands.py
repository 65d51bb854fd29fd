"""Other processes: a command, or a Python script; what they wrote is in every failure."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["run", "run_python"]


def run(
    *command: str | Path,
    check: bool = True,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
    seconds: float = 100,
) -> "subprocess.CompletedProcess[str]":
    """Runs a command without input; without `check` its status is for the caller to look at."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        wrote = (late.output or b"") + (late.stderr or b"")
        raise AssertionError(f"{words}\nno end after {seconds} s\n{wrote.decode(errors='replace')}") from None
    if check:
        assert done.returncode == 0, f"{words}\nexit status {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def run_python(
    script: str,
    *options: str,
    check: bool = False,
    seconds: float = 100,
    env: Mapping[str, str] | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Runs a script by this Python."""
    return run(sys.executable, *options, "-c", script, check=check, seconds=seconds, env=env)
