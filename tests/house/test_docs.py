"""README and docs say what holds: their code runs, their links lead somewhere, their names are the tree's."""

import ast
import doctest
import importlib.util
import os
import pkgutil
import re
import shutil
import sys
import warnings
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from kit import commands

import threadmill as tm

ROOT = Path(__file__).resolve().parents[2]
# The tests may have been copied away from the documents.
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
FENCES = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# What the pages bring together with threadmill; .ci/run has them all.
OPTIONAL = {"Cython", "joblib", "numba", "threadpoolctl"}

# A block of code by its page and its number there.
BLOCKS = {
    f"{page.name}-{k}": (language, code)
    for page in PAGES
    for k, (language, code) in enumerate(FENCES.findall(page.read_text(encoding="utf-8")))
}


# ---- code -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_says_what_it_is(block: str) -> None:
    assert BLOCKS[block][0] in {"python", "cython", "c", "sh", "diff"}


# Files of an example begin with their names; what builds and runs them are tests of their own.
PROGRAMS = [
    name
    for name, (language, code) in BLOCKS.items()
    if language == "python" and not re.match(r"# \w+\.py\n", code)
]


@pytest.mark.parametrize("block", PROGRAMS)
def test_every_block_of_python_runs(block: str, tmp_path: Path) -> None:
    code = BLOCKS[block][1]
    for package in re.findall(r"^(?:from|import) (\w+)", code, re.MULTILINE):
        if package in OPTIONAL:
            pytest.importorskip(package)
    if ('"cc ' in code or "compile()" in code or "Cython" in code) and shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    needs = re.match(r"# needs (\w+)", code)
    if needs:
        pytest.importorskip(needs[1])
    done = commands.run(
        sys.executable,
        "-W",
        "error",
        "-c",
        code,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(tm.__file__).parents[1])},
    )
    assert done.returncode == 0, done.stderr


def test_the_diffs_are_true_to_the_tree() -> None:
    """A part of a diff that has context can be applied: the tree has the context once, and not what is added.
    A part without context shows how a thing came in: by lines that the tree has."""
    kinds = {True: 0, False: 0}
    for part in "".join(code for language, code in BLOCKS.values() if language == "diff").split("+++ ")[1:]:
        name, _, lines = part.partition("\n")
        text = (ROOT / name).read_text(encoding="utf-8")
        added = re.findall(r"^\+(.*)$", lines, re.MULTILINE)
        context = re.findall(r"^ (.*)$", lines, re.MULTILINE)
        assert len(added) + len(context) == len(lines.splitlines()), lines
        if context:
            assert text.count("\n" + "\n".join(context) + "\n") == 1, part
            assert "\n".join(added) not in text, part
        else:
            for line in added:
                assert f"\n{line}\n" in text, line
        kinds[bool(context)] += 1
    assert min(kinds.values()) >= 5


C_BLOCKS = [
    name
    for name, (language, code) in BLOCKS.items()
    if language == "c" and not re.match(r"/\* \w+\.c \*/\n", code)
]


@pytest.mark.parametrize("block", C_BLOCKS)
def test_every_block_of_c_is_right(block: str, tmp_path: Path) -> None:
    cc = shutil.which("cc")
    if cc is None:
        pytest.skip("there is no C compiler")
    source = tmp_path / "block.c"
    source.write_text("#include <stddef.h>\n" + BLOCKS[block][1], encoding="utf-8")
    commands.run(cc, "-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", ROOT / "csrc", source)


def test_readme_is_short_and_shows_five_blocks_and_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 150
    inside = text[text.index("## What else is inside") : text.index("## Guarantees")]
    assert len(FENCES.findall(inside)) == 5
    for command in (
        "pip install .",
        "pip install . && python -m threadmill",
        "pip install '.[test]' && pytest",
    ):
        assert f"\n    {command}\n" in text


# ---- links ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


# ---- docs/architecture.md ---------------------------------------------------------------------------------


def architecture() -> str:
    return (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text under a heading, up to the next of its level."""
    found = re.search(rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", architecture(), re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[1]


STEP = re.compile(r"`([\w.]+)`(?:,)?\s+in\s+`([\w/]+\.(?:py|c))`")


def test_the_walks_name_functions_that_are_there() -> None:
    walks = section("Four walks")
    steps = STEP.findall(walks)
    assert len(steps) >= 25
    assert len(re.findall(r"^### ", walks, re.MULTILINE)) == 4
    for name, file in steps:
        if file.endswith(".py"):
            assert name in functions(ROOT / "src" / "threadmill" / file), f"{name} in {file}"
        else:
            text = (ROOT / "csrc" / file).read_text(encoding="utf-8")
            assert re.search(rf"^[\w \*]*\b{name}\([^;]*\n\{{", text, re.MULTILINE), f"{name} in {file}"


def functions(path: Path) -> set[str]:
    """The functions of a module, and the methods of its classes as Class.method."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    found = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    for node in body:
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{each.name}" for each in node.body if isinstance(each, ast.FunctionDef)}
    return found


def test_the_lock_table_names_files_that_are_there() -> None:
    names = re.findall(r"`(\w+\.(?:py|c))`", section("Locks"))
    assert len(names) >= 8
    for name in names:
        assert [*(ROOT / "src").rglob(name), *(ROOT / "csrc").rglob(name)], name


# ---- docs/ufunc_coverage.md -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def coverage(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("coverage_of_ufuncs", root / "docs" / "coverage.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_row_of_the_coverage(coverage: ModuleType) -> None:
    assert coverage.row(np.exp).startswith("| `exp` | `efdgFDG` |")
    assert "BLAS" in coverage.row(np.matmul)


def test_the_coverage_is_that_of_its_numpy(coverage: ModuleType, root: Path) -> None:
    text = (root / "docs" / "ufunc_coverage.md").read_text(encoding="utf-8")
    if f"with NumPy {np.__version__}:" not in text:
        pytest.skip("the table is another NumPy's")
    for ufunc in coverage.ufuncs().values():
        assert coverage.row(ufunc) in text


# ---- docs/namespace_coverage.md ---------------------------------------------------------------------------


def test_the_table_of_names_is_that_of_its_numpy(root: Path) -> None:
    spec = importlib.util.spec_from_file_location("names", root / "docs" / "namespace_coverage.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.how("sort").startswith("Rows")
    assert module.how("sum").endswith("`fuse` records it")
    assert module.how("save") is None
    text = (root / "docs" / "namespace_coverage.md").read_text(encoding="utf-8")
    if f"with NumPy {np.__version__}." not in text:
        pytest.skip("the table is another NumPy's")
    assert module.table() == text


# ---- names ------------------------------------------------------------------------------------------------


def test_every_public_name_is_there() -> None:
    for name in tm.__all__:
        assert getattr(tm, name) is not None
        assert name in dir(tm)
    with pytest.raises(AttributeError, match=r"^module 'threadmill' has no attribute 'cube'$"):
        tm.cube  # type: ignore[attr-defined]  # noqa: B018


def test_every_public_name_is_in_the_table_of_names() -> None:
    text = (ROOT / "docs" / "parallel.md").read_text(encoding="utf-8")
    table = text[text.index("## Names") :]
    for name in tm.__all__:
        assert re.search(rf"`(threadmill\.)?{name}\b", table), name


def test_the_fused_function_of_the_page_about_them_makes_few_passes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with warnings.catch_warnings():  # where they are errors, operations run at once
        warnings.simplefilter("always")
        exec(compile(BLOCKS["fuse.md-0"][1], "docs/fuse.md", "exec"), {})
    told = capsys.readouterr().out
    assert told.startswith("step: 3 passes over memory")
    assert "pass 1 over 398 x 498: add, add, add, multiply, subtract, multiply, add" in told


def documented() -> list[str]:
    """The modules that hold Examples."""
    names = [each.name for each in pkgutil.walk_packages(tm.__path__, "threadmill.") if not each.ispkg]
    names = [name for name in names if not name.endswith(("__main__", ".build", "._threadmill"))]
    numpys = {room.__name__ for room in tm.numpy._ROOMS}  # whose functions have NumPy's own examples
    return ["threadmill", *(name for name in names if name not in numpys)]


@pytest.mark.parametrize("name", documented())
def test_examples_are_true(name: str) -> None:
    is_door = name.count(".") == 1
    module = pytest.importorskip(name, exc_type=ImportError) if is_door else importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


def test_there_are_examples() -> None:
    for fn in tm.Pool.map, tm.Pool.drain, tm.map_chunks, tm.reduce:
        assert doctest.DocTestFinder(recurse=False).find(fn, fn.__name__)[0].examples
