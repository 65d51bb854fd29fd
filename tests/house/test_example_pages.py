"""The examples of docs/examples/: scripts run on small data, and pages show what they do."""

import importlib
import importlib.util
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from kit import commands

import threadmill as tm

# The tests may have been copied away from the documents.
FOLDER = Path(__file__).resolve().parents[2] / "docs" / "examples"
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "example")
PACKAGES = {
    "dask_blocks": ["dask"],
    "grid_search": ["joblib", "sklearn"],
    "image_filter": ["PIL"],
    "pandas_xarray": ["pandas", "xarray"],
}
FENCES = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def need(name: str) -> None:
    for package in PACKAGES.get(name, ()):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"there is no {package}")
    if name == "monte_carlo_pi" and shutil.which("cc") is None:
        pytest.skip("there is no C compiler")


def run(*arguments: str | Path, cwd: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(Path(tm.__file__).parents[1]), "MPLBACKEND": "agg"}
    return commands.run(sys.executable, *arguments, cwd=cwd, env=environment).stdout


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_runs_on_small_data_and_finds_the_same_bits(name: str, tmp_path: Path) -> None:
    need(name)
    picture = [] if importlib.util.find_spec("matplotlib") is None else ["--picture", "picture.svg"]
    told = run("-W", "error", FOLDER / f"{name}.py", "--small", *picture, cwd=tmp_path)
    assert "same bits" in told
    if picture:
        assert "<svg" in (tmp_path / "picture.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_page_shows_its_picture_and_names_its_command(name: str) -> None:
    page = text(f"{name}.md")
    pictures = re.findall(r"^!\[.+\]\((.+)\)$", page, re.MULTILINE)
    assert pictures
    assert all((FOLDER / picture).is_file() for picture in pictures)
    assert f"`python docs/examples/{name}.py`" in re.sub(r"\s+", " ", page)
    assert f"]({name}.md)" in text("index.md")
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page + text("index.md")):
        assert (FOLDER / target).exists(), target


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_functions_of_a_page_are_those_of_its_script(name: str) -> None:
    script = text(f"{name}.py")
    for language, code in FENCES.findall(text(f"{name}.md")):
        shown = (
            [code]
            if language == "c"
            else re.findall(r'^def \w+\(.*?\):\n(    """.*?)\n\n', code + "\n", re.M | re.S)
        )
        for body in shown:
            assert body in script, body


@pytest.mark.parametrize("name", [name for name in SCRIPTS if "```python" in text(f"{name}.md")])
def test_every_block_of_a_page_runs(name: str, tmp_path: Path) -> None:
    need(name)
    blocks = [code for language, code in FENCES.findall(text(f"{name}.md")) if language == "python"]
    run("-W", "error", "-c", "\n".join(blocks), cwd=tmp_path)


def test_what_the_examples_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    example = importlib.import_module("example")
    assert example.same_bits((1.0, [2]), (1.0, [2]))
    assert not example.same_bits(0.0, -0.0)
    assert not example.same_bits([1.0], [1.0, 2.0])
    with pytest.raises(AssertionError, match=r"^this: the results differ$"):
        example.compare("this", lambda: 1, lambda: 1.0, rounds=1)
