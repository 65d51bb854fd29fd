"""Every message that a user can meet teaches: what came, what was expected, and what to do.

The list is read from the source. A message has one of two forms: "X must be Y, got Z", where what to do is
plain from what was expected; or what is wrong, a colon or a semicolon, and what to do, as an imperative.
"""

import ast
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import threadmill as tm

PACKAGE = Path(tm.__file__).parent

# What makes an exception with a text, and what refuses an argument of the command line.
RAISING = re.compile(r"[A-Z]\w*Error|Full|Empty|BrokenThreadPool|PartialPut|PartialShutDown|refuse|__init__")
EXPECTED = re.compile(r"\b(must|needs?|has|is a|takes)\b.*, (got\b|and \{\})")
TO_DO = re.compile(
    r"[:;] (add|begin|end|call|close|convert|give|"
    r"make|pip install|put|return|submit|take|use)\b"
)

# Texts that programs know already, or that only a fault of ours could bring about.
STANDARD = {
    "'timeout' must be a non-negative number": "queue's",
    "task_done() called too many times": "queue's",
    "cannot schedule new futures after {}": "concurrent.futures'",
    "{}: {}": "concurrent.futures', of InvalidStateError",
    "cannot join current thread": "threading's",
    "cannot wait on un-acquired lock": "threading's",
    "n_jobs == 0 in Parallel has no meaning": "joblib's",
    "len() of unsized object": "NumPy's",
    "Cannot construct a dtype from an array": "NumPy's",
    "'numpy.ndarray' object has no attribute {}": "NumPy's",
    "iteration over a 0-d array": "NumPy's",
    "setting an array element with a sequence.": "NumPy's",
    "output array has wrong shape.": "NumPy's",
    "operands could not be broadcast together with shapes {}": "NumPy's",
    "non-broadcastable output operand with shape {} doesn't match the broadcast shape {}": "NumPy's",
    "{} object has no attribute {}": "Python's",
    "module {} has no attribute {}": "Python's",
}
OURS = {
    "the interpreter exits": "the end of all runs; nothing is left to do",
    "what NumPy tells of {} is not what we take it for": "met by a test of ours, and NumPy goes on",
    "{}: by NumPy, because {}": "asked for, by strict(); the reason stands where it is found",
    "another program's trace": "stands within a message that says more",
    "no kind of event: {}": "stands within a message that says more",
    "{} rows after {} ones": "NumPy makes the call then",
}


def template(node: ast.expr) -> str | None:
    """The text of an expression, with {} for what is filled in; None where it has none."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def messages() -> Iterator[tuple[str, str]]:
    """Each message with its place."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            text = template(node.args[0])
            if RAISING.fullmatch(name) and text is not None:
                yield text, f"{path.relative_to(PACKAGE).as_posix()}:{node.lineno}"


MESSAGES = dict(messages())


def teaches(text: str) -> bool:
    return bool(EXPECTED.search(text) or TO_DO.search(text))


@pytest.mark.parametrize("text", MESSAGES)
def test_a_message_says_what_came_what_was_expected_and_what_to_do(text: str) -> None:
    if text not in STANDARD and text not in OURS:
        assert teaches(text), f"{MESSAGES[text]} says {text!r}"


def test_the_list_is_whole_and_holds_nothing_else() -> None:
    assert len(MESSAGES) > 80
    assert set(STANDARD) | set(OURS) <= set(MESSAGES)
    assert not [text for text in (*STANDARD, *OURS) if teaches(text)]


def test_what_does_not_teach_is_found() -> None:
    assert not teaches("out is read-only")
    assert not teaches("out must be writable")
    assert teaches("out must be writable, got {}")
    assert not teaches("the queue is full: sorry")
    assert teaches("the queue is full: use a larger one")


# ---- packages that are not there ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["joblib", "threadpoolctl"])
def test_a_door_without_its_package_names_the_command(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [each for each in sys.modules if each == f"threadmill.{name}"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModuleNotFoundError, match=rf"^threadmill.{name} needs {name}: pip install '{name}"):
        import_module(f"threadmill.{name}")


def test_a_bar_without_tqdm_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with tm.Pool(1) as pool, pytest.raises(ImportError, match="needs tqdm: pip install tqdm$"):
        pool.map(abs, [1], progress=True)


def test_packages_that_messages_name_stand_in_an_extra() -> None:
    project = Path(__file__).resolve().parents[2] / "pyproject.toml"
    if not project.is_file():
        pytest.skip("the tests have been copied away from the project")
    text = project.read_text(encoding="utf-8")
    extras = text[text.index("[project.optional-dependencies]") : text.index("[tool.setuptools]")]
    named = {package for message in MESSAGES for package in re.findall(r"pip install '?(\w+)", message)}
    assert named == {"joblib", "matplotlib", "threadpoolctl", "tqdm"}
    assert all(f'"{package}' in extras for package in named)
