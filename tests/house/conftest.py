"""The packages that are made of this tree."""

from pathlib import Path

import pytest
from kit.packages import sdist_of, wheel_of


@pytest.fixture(scope="session")
def sdist(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sdist_of(root, tmp_path_factory)


@pytest.fixture(scope="session")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel_of(sdist, tmp_path_factory)
