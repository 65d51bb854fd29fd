"""What the numbers were measured on: machine, versions, commit."""

import json
import os
import platform
import subprocess
import sys
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from . import native

__all__ = ["describe", "facts"]

ROOT = Path(__file__).resolve().parents[1]
PEERS = ("numba", "numexpr")
SPINNING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OMP_PROC_BIND", "NUMBA_THREADING_LAYER")


def facts() -> dict[str, Any]:
    """Facts in types that JSON has; those of `python -m threadmill info` among them."""
    told: dict[str, Any] = json.loads(_output(sys.executable, "-m", "threadmill", "info", "--json") or "{}")
    return told | {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "commit": _output("git", "describe", "--always", "--dirty", "--abbrev=12") or "unknown",
        "cpu": _cpu(),
        "kernel": f"{platform.system()} {platform.release()}",
        "load": os.getloadavg()[0],
        "compiler": _output(native.find_compiler() or "", "--version").partition("\n")[0] or None,
        "openmp": bool(native.openmp_flags()),
        "peers": {name: _version(name) for name in PEERS},
        "environment": {name: os.environ[name] for name in SPINNING if name in os.environ},
    }


def describe(facts: dict[str, Any]) -> str:
    """The facts that a reader of the table needs, as aligned lines."""
    peers = ", ".join(f"{name} {number or 'not installed'}" for name, number in facts["peers"].items())
    spinning = ", ".join(f"{name}={value}" for name, value in facts["environment"].items())
    lines = {
        "threadmill": f"{facts.get('threadmill')} at {facts['commit']}, {facts.get('simd')}",
        "machine": f"{facts['cpu']}, {facts.get('usable')} usable cores, "
        f"{facts.get('last_level_cache', 0) / 2**20:g} MiB last-level cache, load {facts['load']:.2f}",
        "system": f"{facts['kernel']}, {facts['compiler'] or 'no C compiler'}",
        "Python": f"{platform.python_version()}, NumPy {facts.get('numpy')}, {peers}",
        "OpenMP": (spinning or "spins as it does by default") if facts["openmp"] else "none: rows left out",
    }
    return "\n".join(f"{name:<12}{text}" for name, text in lines.items())


def _cpu() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return _output("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _output(*command: str) -> str:
    """What a command prints; nothing where it fails or is not there."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
