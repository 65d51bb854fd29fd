"""Checks the models of the C protocols, and that each mutation of them is caught; see docs/models.md."""

import re
import shutil
from pathlib import Path

import pytest
from kit import commands

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "models"
MODELS = sorted(FOLDER.glob("*.pml"))

# A model's steps are all of these files' atomic operations and waits, no more and no less.
WHOLE_FILES = ["gate.h", "gate.c", "bell.h", "bell.c", "queue.c", "failure.h", "core.c", "lend.c"]

RUN_SECONDS = 240  # a model takes up to 15 s on one core, a mutation up to 5

pytestmark = [pytest.mark.native, pytest.mark.timeout(RUN_SECONDS + 30)]


def mutations(model: Path) -> list[str]:
    """The names listed in the model's head."""
    head = model.read_text(encoding="utf-8").partition("*/")[0]
    return re.findall(r"^ \*   ([A-Z_]+)  ", head.partition("Mutations:")[2], re.MULTILINE)


CASES = [(model, mutation) for model in MODELS for mutation in mutations(model)]


def run(command: list[str], folder: Path) -> str:
    done = commands.run(*command, check=False, cwd=folder, seconds=RUN_SECONDS)
    # A spin that stumbles, and a pan that finds an error, may still end with 0.
    output = done.stdout + done.stderr
    assert done.returncode == 0 or command[0] == "./pan", f"{' '.join(command)}\n{output}"
    return output


def check(model: Path, mutation: str, optimize: str, folder: Path) -> str:
    """Searches all states of a model; returns the checker's report."""
    for tool in "spin", "gcc":
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool} on this machine (on Debian: apt-get install {tool})")
    run(["spin", "-a", f"-DMUTATION={mutation}", str(model)], folder)
    options = ["-DSAFETY", "-DCOLLAPSE", "-DVECTORSZ=2048", "-DMEMLIM=1024"]
    run(["gcc", optimize, "-w", *options, "-o", "pan", "pan.c"], folder)
    report = run(["./pan", "-m10000"], folder)
    print(report)
    assert "max search depth too small" not in report
    assert "reached -DMEMLIM bound" not in report
    return report


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_model_holds(model: Path, tmp_path: Path) -> None:
    report = check(model, "0", "-O2", tmp_path)
    assert re.search(r"^Full statespace search", report, re.MULTILINE), report
    assert "Search not completed" not in report
    assert re.search(r"errors: 0$", report, re.MULTILINE), report
    # What is never reached is not held either.
    unreached = re.findall(r"\((\d+) of \d+ states\)", report)
    assert unreached, report
    assert set(unreached) == {"0"}, report


@pytest.mark.parametrize(
    ("model", "mutation"), CASES, ids=[f"{model.stem}-{mutation}" for model, mutation in CASES]
)
def test_mutation_is_caught(model: Path, mutation: str, tmp_path: Path) -> None:
    report = check(model, mutation, "-O0", tmp_path)
    assert re.search(r"errors: 1$", report, re.MULTILINE), report
    # The protocol's fault, not a history that is too short.
    assert re.search(r"pan:1: (assertion violated|invalid end state)", report), report
    assert not re.search(r"newest\[.*\]\+1\)<", report), report


def test_every_mutation_is_listed() -> None:
    defined = set()
    for path in filter(Path.is_file, FOLDER.iterdir()):
        defined |= set(re.findall(r"MUTATION [!=]= (\w+)|unless\((\w+),", path.read_text(encoding="utf-8")))
    used = {name for pair in defined for name in pair if name} - {"mutation"}
    assert used == {mutation for _, mutation in CASES}


# ---- the steps of a model and those of the C code --------------------------------------------------

ATOMIC = re.compile(r"\batomic_(load|store|exchange|fetch_\w+?|compare_exchange_\w+?)(_explicit)?\(")
WAIT = re.compile(
    r"\b(tm_futex_wait|tm_futex_wake|tm_condition_wait|pthread_cond_signal|pthread_cond_broadcast|"
    r"sched_setaffinity|sched_getaffinity)\("
)
LABEL = re.compile(r"/\* (\w+: [\w: ,]+?)( \([A-D]\))? \*/")


def functions(path: Path) -> list[tuple[str, str]]:
    """The names and bodies of a C file's functions."""
    text = path.read_text(encoding="utf-8")
    return re.findall(r"^[a-z][^;{}#]*?\b(\w+)\([^;{}]*\)\n\{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL)


def steps(body: str) -> set[str]:
    """The atomic operations, each with its order, and the waits and wakes of a function."""
    found = set(WAIT.findall(body))
    for match in ATOMIC.finditer(body):
        order = re.search(r"memory_order_(\w+)", body[match.end() :].partition(";")[0])
        assert order or not match[2], body
        found.add(f"{match[1]} {order[1] if order and match[2] else 'seq_cst'}")
    return found


def labels() -> set[tuple[str, str, str]]:
    """What the models name: function, step, and a letter or nothing."""
    found = set()
    for path in filter(Path.is_file, FOLDER.iterdir()):
        for names, letter in LABEL.findall(path.read_text(encoding="utf-8")):
            function = ""
            for name in names.split(", "):
                *named, step = name.split(": ")
                function = named[0] if named else function
                found.add((function, step, letter.strip(" ()")))
    return found


FUNCTIONS = [pair for path in (ROOT / "csrc").glob("*.[ch]") for pair in functions(path)]


@pytest.mark.parametrize(("function", "step", "letter"), sorted(labels()))
def test_step_of_a_model_is_in_the_c_code(function: str, step: str, letter: str) -> None:
    bodies = [body for name, body in FUNCTIONS if name == function]
    assert bodies
    assert any(step in steps(body) or re.search(rf"\b{step}\b", body) for body in bodies), bodies
    assert not letter or any(re.search(rf"/\* {letter}( in bell.h)? \*/", body) for body in bodies), bodies


NOT_MODELLED = {
    # A drain's stop is looked at with the queue's mutex held; whoever sets it wakes all waiters with it held.
    ("queue_is_told_to_stop", "load relaxed"),
    ("tm_queue_wake", "pthread_cond_broadcast"),
    # A worker moves itself here, and accepts no loan.
    ("tm_core_leave", "sched_getaffinity"),
    ("tm_core_pin", "sched_getaffinity"),
    # When it went to sleep, for timelines: no wait asks for it.
    ("tm_bell_wait", "store relaxed"),
}


@pytest.mark.parametrize("name", WHOLE_FILES)
def test_step_of_the_c_code_is_in_a_model(name: str) -> None:
    named = {(function, step) for function, step, _ in labels()}
    for function, body in functions(ROOT / "csrc" / name):
        assert {(function, step) for step in steps(body)} - NOT_MODELLED <= named
