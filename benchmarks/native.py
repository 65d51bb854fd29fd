"""C programs and kernels, built when they are needed and gone with the process."""

import functools
import os
import platform
import shutil
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from cffi import FFI

__all__ = ["NoCompiler", "find_compiler", "kernels", "openmp_flags", "run"]

HERE = Path(__file__).resolve().parent
CSRC = HERE.parent / "csrc"
FLAGS = ["-O3", "-std=c11", "-pthread", "-ffp-contract=off", f"-I{CSRC}", f"-I{HERE}"]

# Kernels that threadmill is given to run; a peer is compiled for this very processor.
KERNELS = """
void empty(void *ctx, size_t begin, size_t end);
void read_doubles(void *ctx, size_t begin, size_t end);
"""
FOR_THIS_CPU = ["-march=native"] if platform.machine() in ("x86_64", "AMD64") else []


class NoCompiler(RuntimeError):
    """There is no C compiler."""


def find_compiler() -> str | None:
    names = [os.environ.get("CC", ""), "gcc", "cc", "clang"]
    return next((path for name in names if name and (path := shutil.which(name))), None)


@functools.cache
def openmp_flags() -> tuple[str, ...]:
    """What switches OpenMP on; nothing where the compiler has none."""
    source = _folder() / "probe.c"
    source.write_text("#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n")
    try:
        _compile("-fopenmp", source, "-o", source.with_suffix(""))
    except (NoCompiler, subprocess.CalledProcessError):
        return ()
    return ("-fopenmp",)


def run(source: str, *arguments: object) -> dict[str, list[float]]:
    """Builds a program of this folder with all of csrc/, runs it and groups the `name number` lines of it.

    OpenMP runs as it does by default, whatever the environment says of its waiting.
    """
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("OMP_", "GOMP_"))}
    done = subprocess.run(
        [_program(source), *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=600,
    )
    samples: dict[str, list[float]] = defaultdict(list)
    for line in done.stdout.splitlines():
        name, _, number = line.rpartition(" ")
        samples[name].append(float(number))
    return dict(samples)


@functools.cache
def kernels() -> tuple[FFI, Any]:
    """The kernels of kernels.c, called by cffi."""
    library = _folder() / "libkernels.so"
    _compile(*FOR_THIS_CPU, "-fPIC", "-shared", HERE / "kernels.c", "-o", library)
    ffi = FFI()
    ffi.cdef(KERNELS)
    return ffi, ffi.dlopen(str(library))


@functools.cache
def _program(source: str) -> Path:
    program = _folder() / Path(source).stem
    _compile(*openmp_flags(), HERE / source, *_objects(), "-lm", "-o", program)
    return program


@functools.cache
def _objects() -> tuple[Path, ...]:
    """All of csrc/, compiled."""
    _compile("-c", *sorted(CSRC.rglob("*.c")))
    return tuple(sorted(_folder().glob("*.o")))


def _compile(*arguments: object) -> None:
    compiler = find_compiler()
    if compiler is None:
        raise NoCompiler("no C compiler (CC, gcc, cc or clang)")
    subprocess.run(
        [compiler, *FLAGS, *map(str, arguments)], cwd=_folder(), stderr=subprocess.PIPE, text=True, check=True
    )


@functools.cache
def _temporary() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="threadmill-benchmarks-")


def _folder() -> Path:
    return Path(_temporary().name)
