"""Floating-point errors are reported as NumPy's: under np.errstate, in its words, at the caller's line."""

import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit.arrays import LAYOUTS, Array
from kit.comparison import assert_same_call, numpy_scale

import threadmill as tm

# Arrays that overflow and underflow when squared: for C, and for NumPy itself.
VALUES = np.resize([1e200, 1e-200, 2.0], 9001)
INPUTS = {layout: LAYOUTS[layout](VALUES) for layout in ("contiguous", "gaps", "swapped", "misaligned")}
CALLS: dict[str, tuple[Callable[[Array], Any], Callable[[Array], Any]]] = {
    "square": (tm.square, np.square),
    "scale": (lambda x: tm.scale(x, 1e-300), lambda x: numpy_scale(x, 1e-300)),
    "sum": (lambda x: tm.sum(x * 1e108), lambda x: np.sum(x * 1e108)),
}
pytestmark = [
    pytest.mark.usefixtures("every_size_in_c"),
    pytest.mark.parametrize("layout", INPUTS),
    pytest.mark.parametrize("call", CALLS),
]


@pytest.mark.parametrize("mode", ["ignore", "warn", "raise"])
def test_mode(call: str, layout: str, mode: Any) -> None:
    ours, theirs = CALLS[call]
    with np.errstate(all=mode):
        assert_same_call(ours, theirs, lambda: ([INPUTS[layout]], {}), call, places=call == "square")


def test_default_mode(call: str, layout: str) -> None:
    ours, theirs = CALLS[call]
    assert_same_call(ours, theirs, lambda: ([INPUTS[layout]], {}), call, places=call == "square")


def test_call_and_log(call: str, layout: str) -> None:
    heard: list[list[Any]] = []
    for function in CALLS[call]:
        calls: list[Any] = []
        with np.errstate(all="call", call=lambda *what, calls=calls: calls.append(what)):
            function(INPUTS[layout])
        log = io.StringIO()
        with np.errstate(all="log", call=log):
            function(INPUTS[layout])
        heard.append([*calls, log.getvalue()])
    assert heard[0] == heard[1]
    assert heard[0][-1]


@pytest.mark.parametrize("mode", ["call", "log"])
def test_nobody_to_call(call: str, layout: str, mode: Any) -> None:
    ours, theirs = CALLS[call]
    with np.errstate(all=mode, call=None):
        assert_same_call(ours, theirs, lambda: ([INPUTS[layout]], {}), call, places=call == "square")


def test_print(call: str, layout: str, capfd: pytest.CaptureFixture[str]) -> None:
    printed = []
    for function in CALLS[call]:
        with np.errstate(all="print"):
            function(INPUTS[layout])
        printed.append(capfd.readouterr().err)
    assert printed[0] == printed[1]
    assert printed[0].startswith("Warning: ")


def test_a_warning_points_at_the_callers_line(call: str, layout: str) -> None:
    x = INPUTS[layout]
    with np.errstate(all="warn"), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        CALLS[call][0](x)
    assert {warning.filename for warning in caught} == {__file__}


def test_the_callers_state_is_left_alone(call: str, layout: str) -> None:
    with np.errstate(divide="raise", over="ignore", under="warn", invalid="print"):
        before = np.geterr()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            CALLS[call][0](INPUTS[layout])
        assert np.geterr() == before
