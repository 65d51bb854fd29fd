"""Builds every tests/native/test_*.c with the whole of csrc/ and runs it, plain and under the sanitizers."""

import fcntl
import functools
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from kit import commands
from kit.builds import launchers

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = sorted((ROOT / "tests" / "native").glob("test_*.c"))
SOURCES = sorted((ROOT / "csrc").rglob("*.c"))

FLAGS = [
    "-std=c11",
    "-pthread",
    "-ffp-contract=off",
    "-Wall",
    "-Wextra",
    "-Wundef",
    "-Wshadow",
    "-Wstrict-prototypes",
    "-Wconversion",
    "-Werror",
    f"-I{ROOT / 'csrc'}",
]
# -g1: the lines of reports; what debuggers need besides takes a quarter of the compiler's time.
SANITIZED = ["-O1", "-g1", "-fno-omit-frame-pointer"]
MODES = {
    "plain": ["-O2", "-DTM_DEBUG"],
    "address-undefined": [
        *SANITIZED,
        "-DTM_DEBUG",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
    ],
    "thread": [*SANITIZED, "-fsanitize=thread"],
    # What macOS builds in place of the futex.
    "portable-thread": [*SANITIZED, "-fsanitize=thread", "-DTM_PORTABLE_SYNC"],
}
# Programs in which a mode would find nothing: those without threads, and those of what threads run, whichever
# way they wait for each other.
WITHOUT_THREADS = {"test_buckets", "test_extremes", "test_moments", "test_moves", "test_row_functions"}
LEFT_OUT = {
    "thread": WITHOUT_THREADS,
    "portable-thread": {
        *WITHOUT_THREADS,
        *("test_fused", "test_kernels", "test_loops", "test_random", "test_sum"),
    },
}
# Kernels do not know how threads wait: they are built once for modes that differ in nothing else.
KERNELS_OF = {"portable-thread": "thread"}
SANITIZER_OPTIONS = {
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1:die_after_fork=0",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}

COMPILE_SECONDS = 300
RUN_SECONDS = 120
SOAK_SECONDS = 10
FUZZ_CASES = 3000

# Functions of the system that test_faults.c has fail. Other linkers than GNU's can't send a call elsewhere.
WRAPPED = [
    *(
        "malloc",
        "calloc",
        "posix_memalign",
        "aligned_alloc",
        "__sched_cpualloc",
        "sched_getaffinity",
        "sysconf",
    ),
    *("fopen", "getline", "__getdelim", "pthread_create", "pthread_attr_init", "pthread_condattr_init"),
    *("pthread_mutex_init", "pthread_mutex_destroy", "pthread_cond_init", "pthread_cond_destroy"),
    "pthread_atfork",
]
# Functions of ours that test_lend.c has say that a worker is displaced.
LENDING = ["tm_core_is_displaced", "tm_core_lend"]


def wrapped(names: list[str]) -> list[str]:
    return ["-DTM_WRAPPED", *(f"-Wl,--wrap={name}" for name in names)] if sys.platform == "linux" else []


OPTIONS = {"test_faults": wrapped(WRAPPED), "test_lend": wrapped(LENDING)}

pytestmark = [pytest.mark.native, pytest.mark.timeout(COMPILE_SECONDS + RUN_SECONDS + 30)]


@dataclass(frozen=True)
class Toolchain:
    """How a program of one mode is built and started."""

    compiler: str
    flags: tuple[str, ...]
    launcher: tuple[str, ...] = ()

    def compile(self, *arguments: str | Path) -> None:
        run([self.compiler, *self.flags, *map(str, arguments)], COMPILE_SECONDS)

    def start(self, program: Path, *arguments: str, seconds: float = RUN_SECONDS) -> str:
        return run([*self.launcher, str(program), *arguments], seconds)


def run(command: list[str], seconds: float) -> str:
    """Runs a command and returns its output; a failure carries all of it."""
    done = commands.run(*command, seconds=seconds, env=os.environ | SANITIZER_OPTIONS)
    return done.stdout + done.stderr


def find_compiler() -> str | None:
    names = [os.environ.get("CC", ""), "gcc", "cc", "clang"]
    return next((path for name in names if name and (path := shutil.which(name))), None)


def probe(mode: str, folder: Path) -> Toolchain:
    """The toolchain for a mode, tried on a trivial program; skips where that can't be built or run."""
    compiler = find_compiler()
    if compiler is None:
        pytest.skip("no C compiler (CC, gcc, cc or clang)")
    toolchain = Toolchain(compiler, (*FLAGS, *MODES[mode]))
    source, program = folder / "probe.c", folder / "probe"
    source.write_text("int main(void) { return 0; }\n")
    try:
        toolchain.compile(source, "-o", program)
    except AssertionError as error:
        pytest.skip(f"{compiler} can't build for mode {mode}: {error}")
    for launcher in launchers():
        candidate = Toolchain(compiler, toolchain.flags, launcher)
        try:
            candidate.start(program)
        except AssertionError as error:
            refusal = error
        else:
            return candidate
    pytest.skip(f"a program built for mode {mode} doesn't run here: {refusal}")


@pytest.fixture(scope="session")
def build_mode(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], tuple[Toolchain, list[Path]]]:
    """Gives a mode's toolchain and the object files of csrc/, which one worker of pytest-xdist compiles."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent

    @functools.cache
    def build(mode: str) -> tuple[Toolchain, list[Path]]:
        toolchain = probe(mode, tmp_path_factory.mktemp(mode))
        kernels: list[Path] = []
        if mode in KERNELS_OF:
            kernels = [path for path in build(KERNELS_OF[mode])[1] if "kernels" in path.name]
        sources = [path for path in SOURCES if not kernels or path.parent.name != "kernels"]
        folder = shared / f"objects-{mode}"
        folder.mkdir(exist_ok=True)
        objects = [folder / ("-".join(source.relative_to(ROOT).parts) + ".o") for source in sources]

        def compile_one(source: Path, target: Path) -> None:
            if not target.exists():
                toolchain.compile("-c", source, "-o", target)

        with (folder / "lock").open("w") as lock, ThreadPoolExecutor(os.cpu_count()) as executor:
            fcntl.flock(lock, fcntl.LOCK_EX)
            list(executor.map(compile_one, sources, objects))
        return toolchain, [*objects, *kernels]

    return build


@pytest.mark.parametrize(
    ("program", "mode"),
    [
        pytest.param(program, mode, id=f"{program.stem}-{mode}")
        for mode in MODES
        for program in PROGRAMS
        if program.stem not in LEFT_OUT.get(mode, ())
    ],
)
def test_native(
    program: Path,
    mode: str,
    build_mode: Callable[[str], tuple[Toolchain, list[Path]]],
    tmp_path: Path,
) -> None:
    toolchain, objects = build_mode(mode)
    binary = tmp_path / program.stem
    toolchain.compile(program, *objects, *OPTIONS.get(program.stem, []), "-o", binary, "-lm", "-ldl")
    output = toolchain.start(binary)
    print(output)
    # A program that ran no test at all has not passed either.
    assert re.search(r"^[1-9]\d* passed, 0 failed$", output, re.MULTILINE), output


def test_chaos_is_nothing_in_other_builds(
    build_mode: Callable[[str], tuple[Toolchain, list[Path]]],
) -> None:
    _, objects = build_mode("plain")
    assert not [path.name for path in objects if b"tm_chaos" in path.read_bytes()]


@pytest.mark.parametrize("mode", ["plain", "thread"])
def test_soak(mode: str, build_mode: Callable[[str], tuple[Toolchain, list[Path]]], tmp_path: Path) -> None:
    """Trouble at every protocol edge; docs/reliability.md tells how to run an hour of it."""
    toolchain, objects = build_mode(mode)
    kernels = [path for path in objects if "kernels" in path.name]
    others = [path for path in SOURCES if path.parent.name != "kernels"]
    binary = tmp_path / "soak"
    source = ROOT / "tests" / "native" / "soak.c"
    toolchain.compile(
        *("-DTM_CHAOS_BUILD", "-rdynamic", source, *others, *kernels), *("-o", binary, "-lm", "-ldl")
    )
    output = toolchain.start(binary, str(SOAK_SECONDS), seconds=SOAK_SECONDS + RUN_SECONDS)
    print(output)
    assert re.search(r"^1 passed, 0 failed$", output, re.MULTILINE), output


@pytest.mark.parametrize("mode", ["address-undefined"])
def test_fuzz(mode: str, build_mode: Callable[[str], tuple[Toolchain, list[Path]]], tmp_path: Path) -> None:
    """Hostile arguments for the C interface; docs/reliability.md tells how libFuzzer makes them."""
    toolchain, objects = build_mode(mode)
    binary = tmp_path / "fuzz"
    toolchain.compile(ROOT / "tests" / "native" / "fuzz.c", *objects, "-o", binary, "-lm")
    output = toolchain.start(binary, str(FUZZ_CASES))
    print(output)
    assert re.search(r"^1 passed, 0 failed$", output, re.MULTILINE), output


def test_arm64_compiles(tmp_path: Path) -> None:
    """Every C file without a warning; a program without forks, which qemu-user can't emulate, also runs."""
    compiler = shutil.which("aarch64-linux-gnu-gcc")
    if compiler is None:
        pytest.skip("no cross compiler (Debian: gcc-aarch64-linux-gnu libc6-dev-arm64-cross)")
    toolchain = Toolchain(compiler, (*FLAGS, "-O1", "-DTM_DEBUG"))
    binary = tmp_path / "test_drain"
    toolchain.compile(ROOT / "tests" / "native" / "test_drain.c", *SOURCES, "-static", "-o", binary, "-lm")
    emulator = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
    if platform.machine() == "aarch64" or emulator is not None:
        command = [str(binary)] if emulator is None else [emulator, str(binary)]
        assert re.search(r"^[1-9]\d* passed, 0 failed$", run(command, RUN_SECONDS), re.MULTILINE)
