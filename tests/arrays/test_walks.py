"""How far it is from the user's call to C: the functions of ours on the way, and their files."""

import contextvars
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

import threadmill as tm
from threadmill.arrays import ufunc as ufuncs

PACKAGE = str(Path(tm.__file__).parent)

# On CPython 3.11 and before a comprehension is a function, which no reader walks to.
COMPREHENSIONS = {"<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>"}

# C calls it, to hear of Ctrl-C, where a call waits long for its last chunks, as on a busy machine.
CALLED_BY_C = {"tm_py_interrupted"}

NOT_WALKED = COMPREHENSIONS | CALLED_BY_C


@pytest.fixture(scope="module")
def x() -> Any:
    """An array that is worth threads, after NumPy's loops have been tested."""
    x = np.linspace(0, 1, 1_000_000)
    tm.parallel(np.sqrt)(x)
    return x


def walk(call: Callable[[], Any]) -> list[tuple[str, str]]:
    """The file and the name of each function of ours that is entered, in order."""
    entered: list[tuple[str, str]] = []

    def listen(frame: FrameType, event: str, _arg: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(PACKAGE) and code.co_name not in NOT_WALKED:
            entered.append((code.co_filename, code.co_name))

    before = sys.getprofile()
    sys.setprofile(listen)
    try:
        contextvars.Context().run(call)  # an earlier test may have set how errors are handled, in this one
    finally:
        sys.setprofile(before)
    return entered


def test_a_first_call_of_a_ufunc_walks_through_some_twenty_functions(
    x: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(ufuncs._of_numpy, id(np.exp), raising=False)
    monkeypatch.setattr(ufuncs, "_made", {})
    entered = walk(lambda: tm.parallel(np.exp)(x))
    assert len(set(entered)) <= 26, entered
    assert len({file for file, _ in entered}) <= 11, entered  # of docstrings, doors and small calls, too


def test_calls_like_one_before_walk_through_four(x: Any) -> None:
    exp, add = tm.parallel(np.exp), tm.parallel(np.add)
    out = np.empty_like(x)
    for call in (
        lambda: exp(x),
        lambda: exp(x, out=out),
        lambda: add(x, x, out),
        lambda: tm.sum(x),
        lambda: tm.square(x),
        lambda: tm.square(x, out=out),
    ):
        call()
        entered = walk(call)
        assert 0 < len(entered) <= 4, entered


def test_small_calls_walk_through_none(x: Any) -> None:
    exp, few = tm.parallel(np.exp), x[:10]
    for call in (lambda: exp(few), lambda: tm.square(few), lambda: tm.scale(few, 3.0)):
        call()
        assert walk(call) == []
