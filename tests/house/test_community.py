"""What the project says of itself beside its documents: one version, forms that ask, hooks that hold."""

import re
from pathlib import Path

import pytest

import threadmill as tm

ROOT = Path(__file__).resolve().parents[2]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_version_is_the_same_everywhere() -> None:
    assert re.findall(r"^version: (.+)$", text("CITATION.cff"), re.MULTILINE) == [tm.__version__]
    versions = re.findall(r"^## ([\d.]+)$", text("CHANGELOG.md"), re.MULTILINE)
    assert versions[0] == tm.__version__
    assert len(set(versions)) == len(versions) >= 2


def test_the_files_of_a_community_are_yaml() -> None:
    yaml = pytest.importorskip("yaml")
    files = [*ROOT.glob(".github/**/*.yml"), ROOT / ".pre-commit-config.yaml", ROOT / "CITATION.cff"]
    if len(files) < 7:
        pytest.skip("the tests have been copied away from the repository, as an sdist's are")
    for path in files:
        assert isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict), path


def test_forms_ask_for_the_machine() -> None:
    forms = [path for path in ROOT.glob(".github/ISSUE_TEMPLATE/*.yml") if path.stem != "config"]
    if not forms:
        pytest.skip("there are no forms beside the tests, as in an sdist")
    for path in forms:
        assert "`python -m threadmill info --json`" in path.read_text(encoding="utf-8"), path


def test_hooks_are_steps_of_ci() -> None:
    if not (ROOT / ".ci" / "run").is_file():
        pytest.skip("there is no .ci beside the tests, as in an sdist")
    hooks = re.findall(r"name: (.+)$", text(".pre-commit-config.yaml"), re.MULTILINE)
    assert len(hooks) >= 5
    for name in hooks:
        assert f'step "{name}"' in text(".ci/run"), name
