"""The build without futexes, SIMD and streaming stores (THREADMILL_PORTABLE=1) passes the smoke tests."""

import json
from pathlib import Path

import pytest
from kit.builds import build

pytestmark = [pytest.mark.native, pytest.mark.timeout(600)]


def test_the_portable_build_passes_the_smoke_tests(root: Path, tmp_path: Path) -> None:
    portable = build(root, tmp_path, THREADMILL_PORTABLE="1")
    portable.check()
    info = json.loads(portable.python("-m", "threadmill", "info", "--json"))
    assert "baseline" in json.dumps(info), info
    assert " passed" in portable.pytest("-m", "smoke", "--share=3/4")
