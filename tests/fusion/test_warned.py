"""Floating-point errors told when the filters of their line are in force no more, and other threads."""

import functools
import operator
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from kit import commands
from kit.fuse_compare import everything_is_worth_it
from kit.threads import run_at_once

import threadmill as tm
from threadmill.fusion import warned
from threadmill.fusion.past_filters import version_now

N = 80_000
BY_CONTEXT = getattr(sys.flags, "context_aware_warnings", False)

if not BY_CONTEXT:
    pytestmark = pytest.mark.thread_unsafe(reason="the filters of warnings are the process's")


@pytest.fixture(autouse=True)
def worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    everything_is_worth_it(monkeypatch)


@contextmanager
def in_force(*filters: tuple[Any, ...]) -> Iterator[list[warnings.WarningMessage]]:
    with warnings.catch_warnings(record=True) as log:
        warnings.resetwarnings()
        for each in filters:
            warnings.filterwarnings(*each)
        yield log


# ---- the filters, as CPython's own warn takes them ----


FILTERS = {
    "always": [("always",)],
    "default": [("default",)],
    "module": [("module",)],
    "once": [("once",)],
    "none": [],
    "message": [("ignore",), ("always", "DIVIDE")],
    "line": [("ignore",), ("always", "", RuntimeWarning, "", 102)],
    "module's name": [("ignore",), ("always", "", Warning, "somebodys")],
    "another's name": [("ignore",), ("always", "", Warning, "nobodys")],
    "category": [("always",), ("ignore", "", RuntimeWarning)],
    "others": [("always",), ("ignore", "", DeprecationWarning), ("ignore", "invalid")],
}

PROGRAM = """
def program(x, in_force, filters):
    told = []
    for again in range(2):
        with in_force(*filters) as log:
            y = np.log(x * 0) + np.log(x * 0)
            for k in range(2): y = y + x / 0
            y = y + np.sqrt(-x)
        told.append(log)
    return y, *told
"""


def caught(function: Callable[..., Any], filters: list[Any]) -> list[Any]:
    _, *told = function(np.linspace(1, 2, N), in_force, filters)
    return [[(str(each.message), each.category, each.filename, each.lineno) for each in log] for log in told]


@pytest.mark.parametrize("name", FILTERS)
def test_filters_that_are_in_force_no_more(name: str) -> None:
    names: dict[str, Any] = {"np": np, "__name__": "somebodys"}
    exec(compile("\n" * 97 + PROGRAM, "somebody.py", "exec"), names)
    program = names["program"]
    with warnings.catch_warnings():
        expected = caught(program, FILTERS[name])
        got = caught(tm.fuse(program), FILTERS[name])
    assert got == expected
    if name == "default":
        assert [len(log) for log in got] == [4, 4]


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("action", ["default", "module", "once", "always"])
def test_what_was_shown_while_filters_were_in_force(action: Any, at_once: bool) -> None:
    def program(x: Any) -> Any:
        y = x
        with warnings.catch_warnings(record=True) as log:
            warnings.simplefilter(action)
            for k in range(3):
                y = np.log(x[::-1] * 0 if at_once and k < 2 else x * 0)
                if k < 2:
                    bool((y < 0).any())
        return y, log

    x = np.linspace(1, 2, N)
    told = [[str(each.message) for each in function(x)[1]] for function in (program, tm.fuse(program))]
    assert told[0] == told[1]


@pytest.mark.parametrize("action", ["default", "module", "once", "always"])
def test_what_was_shown_before_other_filters_were_in_force(action: Any) -> None:
    def program(x: Any) -> Any:
        y = np.log(x * 0)
        bool((y < 0).any())
        y = np.log(x * 0) + np.sqrt(-x)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
        return y

    logs = []
    for function in program, tm.fuse(program):
        for _ in range(2):
            with warnings.catch_warnings(record=True) as log:
                warnings.simplefilter(action)
                function(np.linspace(1, 2, N))
            logs.append([(str(each.message), each.lineno) for each in log])
    assert logs[:2] == logs[2:]


@pytest.mark.parametrize("action", ["default", "module", "once", "always", "ignore"])
def test_what_shows_once_shows_again_after_filters_that_nothing_met(action: Any) -> None:
    def program(x: Any) -> Any:
        y = x
        for k in range(4):
            y = y + np.log(x * 0) + abs(x)
            if k != 1:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
        return y

    x = np.linspace(1, 2, N)
    logs = []
    for function in program, tm.fuse(program):
        with in_force((action,)) as log:
            function(x)
        logs.append([(str(each.message), each.lineno) for each in log])
    assert logs[0] == logs[1]
    assert len(logs[0]) == {"always": 4, "ignore": 0}.get(action, 3)


@pytest.mark.parametrize("action", ["default", "module", "once", "always"])
def test_what_was_shown_is_known_when_its_module_has_forgotten(action: Any) -> None:
    def program(x: Any) -> Any:
        with warnings.catch_warnings(record=True) as log:
            warnings.simplefilter(action)
            y = np.log(x * 0)
            bool((y < 0).any())
            for _ in range(2):
                y = np.log(x * 0)
        warnings.warn("the module notes another version", UserWarning, stacklevel=1)
        return y, log

    x = np.linspace(1, 2, N)
    told = []
    for function in program, tm.fuse(program):
        with in_force(("always",)):
            told.append([(str(each.message), each.lineno) for each in function(x)[1]])
    assert told[0] == told[1]


def test_numpys_code_and_our_copy_of_it_show_once_together() -> None:
    def program(x: Any) -> Any:
        return x.view(np.matrix).sum(), (x * 1).reshape(2, -1).sum(axis=0)

    for functions in (program, program), (program, tm.fuse(program)), (tm.fuse(program), program):
        with warnings.catch_warnings(record=True) as log:
            warnings.simplefilter("default")
            for function in functions:
                function(np.full((2, N), 1e308))
        assert [str(each.message) for each in log] == ["overflow encountered in reduce"]


def test_the_version_of_filters() -> None:
    before = version_now()
    assert before == version_now()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert version_now() not in (None, before)


def test_what_stands_before_a_warning_of_numpys_code_is_told_before() -> None:
    def program(x: Any) -> Any:
        y = np.log(x)
        z = np.sqrt(x - 9)
        return y, np.isclose(x, z, atol=np.inf), np.log(x[:0].reshape(0, 3) * 2).mean()

    x = np.linspace(0, 2, N)
    logs = []
    for function in program, tm.fuse(program):
        with warnings.catch_warnings(record=True) as log:
            warnings.simplefilter("always")
            function(x)
        logs.append([(str(each.message), each.lineno) for each in log])
    assert logs[0] == logs[1]


@pytest.mark.parametrize("factor", [2, 1e-300])
def test_an_error_of_a_call_and_of_the_conversion_of_its_result_is_told_once(factor: float) -> None:
    def program(x: Any, out: Any) -> Any:
        np.multiply(x, factor, out=out, casting="unsafe")
        np.multiply(x, 0.5, out=out, casting="unsafe")
        return np.divide(x, 0, out=x * 2, casting="unsafe")

    logs = []
    for function in program, tm.fuse(program):
        with warnings.catch_warnings(record=True) as log, np.errstate(all="warn"):
            warnings.simplefilter("always")
            function(np.geomspace(1e-300, 1e308, N), np.zeros(N, "f"))
        logs.append([(str(each.message), each.lineno) for each in log])
    assert logs[0] == logs[1]


@pytest.mark.parametrize("size", [10, 200_000])
@pytest.mark.parametrize(("fn", "count"), [(np.exp, 1), (operator.mul, 2)], ids=str)
def test_a_function_without_a_frame_warns_at_the_users_line(fn: Any, count: int, size: int) -> None:
    fused, args = tm.fuse(fn), [np.full(size, 1e300)] * count
    for turned_off in ("0", "1"):
        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings(record=True) as told:
            patch.setenv("THREADMILL_FUSE", turned_off)
            warnings.simplefilter("always")
            fn(*args), fused(*args)  # on one line
        assert len(told) == 2
        assert len({(each.filename, each.lineno, str(each.message)) for each in told}) == 1


class _Logarithm:
    __call__ = np.log


def _told_to_the_caller(x: Any) -> Any:
    warnings.warn("of the caller", stacklevel=2)
    return x + 1


CALLERS: dict[str, Any] = {
    "partial": functools.partial(np.log),
    "object": _Logarithm(),
    "methodcaller": operator.methodcaller("__rtruediv__", 1.0),
    "parallel": tm.parallel(np.log),
    "tm.numpy": tm.numpy.log,
    "dispatcher": np.nanmean,
    "stacklevel": _told_to_the_caller,
    "type": np.matrix,
}


@pytest.mark.parametrize("size", [10, 200_000])
@pytest.mark.parametrize("name", CALLERS)
def test_what_warns_at_its_callers_line(name: str, size: int) -> None:
    fn, x = CALLERS[name], np.full(size, np.nan)
    x[: size - 1 if name != "dispatcher" else 0] = 0
    fused = tm.fuse(fn)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        fn(x), fused(x)  # on one line
    assert len(told) == 2
    assert len({(each.filename, each.lineno, str(each.message)) for each in told}) == 1


def test_a_hook_that_is_in_force_no_more() -> None:
    calls: list[tuple[Any, ...]] = []

    def program(x: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = lambda *given: calls.append((str(given[0]), *given[1:]))
            return np.log(x * 0)

    x = np.linspace(1, 2, N)
    program(x)
    tm.fuse(program)(x)
    assert len(calls) == 2
    assert calls[0] == calls[1]
    assert calls[0][1] is RuntimeWarning


def test_a_filter_that_raises_and_is_in_force_no_more() -> None:
    """Nodes are not put off under such a filter; another thread may have set it by the time they are told."""
    with in_force(("error",)):
        state = warned.State(None)
    place = (PLACE.__code__, 0, {"__name__": "somebodys"})
    with pytest.raises(RuntimeWarning, match="divide by zero encountered in log") as caught:
        warned.tell_of(state, DIVIDE, place, "log")
    assert str(caught.traceback[-2].path) == __file__
    assert caught.traceback[-2].lineno + 1 == PLACE.__code__.co_firstlineno


def PLACE() -> None: ...


DIVIDE = next(bit for bit, key, _ in warned.ERRORS if key == "divide")


PRINTED = """
import sys, warnings
import numpy as np, threadmill as tm

def program(x):
    y = np.log(x * 0)
    with warnings.catch_warnings(record=True) as log:
        warnings.simplefilter("always")
        seen = bool((y < 0).any())  # runs the pass
    return seen, len(log)

for function in program, tm.fuse(program):
    print("once", file=sys.stderr)
    with warnings.catch_warnings():
        print(function(np.linspace(1, 2, 80_000)))
"""


@pytest.mark.parametrize("by_context", "01")
def test_what_was_printed_is_not_recorded(by_context: str) -> None:
    done = commands.run_python(PRINTED, "-X", f"context_aware_warnings={by_context}")  # older ones ignore it
    assert done.stdout == "(True, 0)\n" * 2
    _, numpys, ours = done.stderr.split("once\n")
    assert "divide by zero encountered in log" in numpys
    assert ours == numpys


# ---- other threads ----


def test_other_threads_keep_their_filters() -> None:
    """One that catches warnings while another tells of an error gets its own and puts the filters back."""
    telling, caught = threading.Event(), threading.Event()

    def hook(*_: object) -> None:
        telling.set()
        caught.wait(60)

    def program(x: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = hook
            return np.log(x * 0)

    before = warnings.filters, list(warnings.filters), warnings.showwarning
    x = np.linspace(1, 2, N)
    thread = threading.Thread(target=tm.fuse(program), args=[x])
    thread.start()
    telling.wait(60)
    with warnings.catch_warnings(record=True) as log:
        warnings.simplefilter("always")
        caught.set()
        thread.join()
        warnings.warn("of this thread", stacklevel=1)
    assert [str(each.message) for each in log] == ["of this thread"]
    assert (warnings.filters, list(warnings.filters), warnings.showwarning) == before
    assert warnings.filters is before[0]


@pytest.mark.usefixtures("restless")
def test_threads_that_tell_at_once_lose_and_misplace_nothing() -> None:
    threads, times = 4, 300
    states, logs = [], []
    for _ in range(threads):
        with in_force(("always",)) as log:
            states.append(warned.State(None))
        logs.append(log)
    before = warnings.filters, warnings.showwarning, warnings._showwarnmsg_impl  # type: ignore[attr-defined]

    def tell(k: int) -> None:
        for _ in range(times):
            warned.tell_of(states[k], DIVIDE, (PLACE.__code__, 0, {"__name__": f"module{k}"}), f"log{k}")

    run_at_once(tell, threads)
    for k, log in enumerate(logs):
        assert [str(each.message) for each in log] == [f"divide by zero encountered in log{k}"] * times
    after = warnings.filters, warnings.showwarning, warnings._showwarnmsg_impl  # type: ignore[attr-defined]
    assert all(a is b for a, b in zip(after, before, strict=True))
