"""python -m threadmill: what it prints, and the exit status that scripts rely on."""

import json
import sys

import numpy as np
import pytest
from kit import commands

import threadmill as tm
from threadmill import _report
from threadmill.__main__ import main

FACTS = {
    "threadmill": str,
    "python": str,
    "numpy": str,
    "platform": str,
    "online": int,
    "affinity": int,
    "quota": float,
    "usable": int,
    "last_level_cache": int,
    "default_workers": int,
    "simd": str,
}


@pytest.mark.smoke
def test_info_as_json() -> None:
    done = commands.run(sys.executable, "-m", "threadmill", "info", "--json")
    facts = json.loads(done.stdout)
    assert {name: type(value) for name, value in facts.items()} == FACTS
    assert facts["usable"] == tm.usable_cores()
    assert facts["threadmill"] == tm.__version__


def test_info(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    printed = capsys.readouterr().out
    assert np.__version__ in printed
    assert all(len(line) <= 80 for line in printed.splitlines() if not line.startswith("platform"))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_report, "SIZES", (10**4, 10**6))
    monkeypatch.setattr(_report, "SECONDS", 0.0)


@pytest.mark.usefixtures("quick")
def test_main_job(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert "12 of 12 results have NumPy's bits." in printed
    assert all(len(line) <= 80 for line in printed.splitlines() if not line.startswith("platform"))


@pytest.mark.usefixtures("quick")
def test_a_wrong_bit_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_report, "sum", lambda x: np.sum(x) + 1)
    assert main([]) == 1
    assert "DIFFER" in capsys.readouterr().out


def test_usage_says_that_info_may_be_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["-h"])
    assert capsys.readouterr().out.startswith("usage: python -m threadmill [-h] [info [--json]]\n")
    with pytest.raises(SystemExit):
        main(["info", "-h"])
    assert capsys.readouterr().out.startswith("usage: python -m threadmill info [-h] [--json]\n")


def test_a_bad_variable_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("THREADMILL_NUM_THREADS", "four")
    with pytest.raises(SystemExit) as stopped:
        main(["info"])
    assert stopped.value.code == 2
    assert "THREADMILL_NUM_THREADS must be an integer of 1 or more, got 'four'" in capsys.readouterr().err


def test_bad_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["fly"])
    assert stopped.value.code == 2
    assert "fly" in capsys.readouterr().err
