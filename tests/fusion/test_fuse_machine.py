"""A fused function that does what hypothesis thinks of, step by step, beside the same steps in NumPy.

The function takes its steps from a queue, on a thread of its own, so that all of a sequence is in one call.
After each step what can be seen without a look at elements is compared: dtypes, shapes, which object it is,
errors, the warnings so far. Looks are steps of their own, as they end a pass. THREADMILL_FUZZ is how many
sequences are tried: ``THREADMILL_FUZZ=50000 pytest tests/fusion/test_fuse_machine.py`` takes an hour.
"""

import contextlib
import faulthandler
import operator
import os
import queue
import threading
import warnings
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)
from kit.fuse_arguments import values
from kit.fuse_compare import LAYOUTS, contents, twin

import threadmill as tm
from threadmill.fusion.lazy import LazyArray

SEQUENCES = int(os.environ.get("THREADMILL_FUZZ", "60"))
PATIENCE = 240  # seconds for one sequence, after which all stacks are shown and the process ends
LARGEST = 300_000  # elements; steps that would make more are left out

SPECIAL = [np.inf, -np.inf, np.nan, -0.0, 5e-324]


def known(x: Any) -> Any:
    """What a result is, in every bit but those of NaNs: which of two comes out is no promise in rows."""
    if isinstance(x, dict):
        return {key: known(each) for key, each in x.items()}
    if isinstance(x, list):
        return [known(each) for each in x]
    if not isinstance(x, np.ndarray | np.generic) or x.dtype.kind not in "fc":
        return contents(x)
    values = np.array(x, order="C").reshape(-1)
    parts = values.view(values.real.dtype)
    with np.errstate(all="ignore"):
        parts[np.isnan(parts)] = np.nan
    return *contents(x)[:-1], values.tobytes()


Step = Callable[..., Any]
Told = list[Any]


class Left(Exception):
    """The function has ended without a result."""


class World:
    """The arrays on one side, by handle, and how a step is made there, or a function in a function."""

    inner = staticmethod(lambda step: step)

    def __init__(self, args: list[Any]) -> None:
        self.args = args
        self.arrays: dict[int, Any] = {}
        self.told: Told = []

    def make(self, step: Step, handles: tuple[int, ...], into: int) -> Any:
        """What a step comes to: its result, an array that goes by the handle `into` perhaps; or its error."""
        try:
            result = step(*[self.arrays[handle] for handle in handles])
        except Exception as error:
            return "an error", type(error).__name__, str(error)
        if not isinstance(result, np.ndarray):
            return "a value", known(result)
        self.arrays[into] = result
        same = [handle for handle, x in self.arrays.items() if x is result and handle != into]
        return "an array", result.dtype, result.shape, same


class FusedWorld(World):
    """A fused call that makes steps until it is ended."""

    inner = staticmethod(tm.fuse)

    def __init__(self, args: list[Any], pool: tm.Pool) -> None:
        super().__init__(args)
        self.steps: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.outcomes: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._run, args=(pool,))
        self.thread.start()
        self.outcomes.get()

    def _run(self, pool: tm.Pool) -> None:
        try:
            result = tm.fuse(self._function, pool=pool)(self.args)
        except BaseException as error:
            result = error
        self.outcomes.put(result)

    def _function(self, args: list[Any]) -> Any:
        self.arrays = dict(enumerate(args))
        self.outcomes.put(None)
        while type(step := self.steps.get()) is tuple:
            self.outcomes.put(super().make(*step))
        if step == "raise":
            raise Left
        return self.arrays

    def make(self, *step: Any) -> Any:
        self.steps.put(step)
        return self.outcomes.get()

    def end(self, how: str) -> Any:
        """The arrays that the function returns, or has left behind."""
        self.steps.put(how)
        result = self.outcomes.get()
        self.thread.join()
        if how == "return":
            return result
        assert type(result) is Left
        return {k: np.asarray(x) if type(x) is LazyArray else x for k, x in self.arrays.items()}


UNARY = [
    "negative",
    "sqrt",
    "exp",
    "log",
    "square",
    "reciprocal",
    "isnan",
    "conjugate",
    "logical_not",
    "sign",
]
BINARY = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "maximum",
    "less",
    "equal",
    "hypot",
    "fmin",
    "floor_divide",
]
OPERATORS = [
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "lt",
    "ge",
    "ne",
    "and_",
    "xor",
    "lshift",
]
IN_PLACE = ["iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "iand", "ior"]
REDUCTIONS = [
    "sum",
    "min",
    "max",
    "mean",
    "var",
    "std",
    "any",
    "all",
    "prod",
    "argmin",
    "argmax",
    "cumsum",
    "ptp",
]
NUMBERS = [2, 0.5, -1, 0, 0.0, -0.0, 1j, True, 300, 2**40, float("inf"), np.float32(1.5), np.int8(3)]
KEYS: list[Any] = [
    *(..., slice(1, None), slice(None, -1), slice(None, None, 2), slice(None, None, -1), slice(3, 9), 0, -1),
    *(None, (..., 0), (..., slice(1, -1)), (slice(None), None), (slice(1, None), slice(None, -1)), ()),
]
SHAPES = [
    (2,),
    (7,),
    (64,),
    (1025,),
    (8193,),
    (70_001,),
    (3, 5),
    (300, 3),
    (3, 300),
    (1, 9),
    (260, 257),
    (5, 7, 11),
]
SHAPERS: list[Step] = [
    lambda x: x.T,
    lambda x: x.reshape(-1),
    lambda x: x.reshape(-1, 1),
    lambda x: x.ravel(),
    lambda x: np.broadcast_to(x, (2, *x.shape)),
    lambda x: x.real,
    lambda x: x.imag,
    lambda x: x.view(),
    lambda x: np.diagonal(x),
    lambda x: x.squeeze(),
]
EXPRESSIONS: list[Step] = [
    lambda x, y: x * y + x,
    lambda x, y: (x - y) * (x + y) / 2,
    lambda x, y: x * (y * x),
    lambda x, y: np.sqrt(np.abs(x)) + np.where(y > 0, x, -y),
    lambda x, y: (x - x.mean()) / (y.std() + 1),
    lambda x, y: np.sum((x - y) ** 2),
    lambda x, y: x[1:] - y[:-1],
    lambda x, y: np.clip(x, -1, 1) * y,
    lambda x, y: np.where(x, y, 0),
    lambda x, y: np.fmod(x, 3).astype(np.int32) | 1,
    lambda x, y: divmod(x, y)[1],
    lambda x, y: np.modf(x)[0] + np.frexp(y)[0],
    lambda x, y: np.add(x, y, dtype="f4"),
    lambda x, y: np.var(x, ddof=1, keepdims=True) * y,
    lambda x, y: np.sum(x, where=y > 0, initial=2),
    lambda x, y: np.average(x) + np.median(y),
    lambda x, y: np.subtract.outer(x[:2], y[:3]),
    lambda x, y: np.isclose(x, y) | (abs(x) > 2),
    lambda x, y: np.dot(x, y),
    lambda x, y: np.linalg.norm(x) * np.linalg.norm(y, axis=0),
    lambda x, y: x.round(1).clip(0, 1) @ y,
    lambda x, y: [x, y][np.argmin(x) % 2] * 1,
]
FOREIGN: list[Step] = [
    np.sort,
    np.cumsum,
    np.flip,
    np.unique,
    lambda x: np.asarray(x)[...],
    lambda x: np.ascontiguousarray(x)[...],
    np.nan_to_num,
    lambda x: x.copy(),
    lambda x: x.copy("F"),
    lambda x: x[x > 0],
    lambda x: x[[0, -1]],
    lambda x: np.zeros_like(x),
    lambda x: np.tile(x, 2),
]
LOOKS: list[Step] = [
    lambda x: (known(np.asarray(x)), x.flags.writeable, x.flags.c_contiguous),
    lambda x: x.strides if x.size else None,
    lambda x: bool((x > 0).any()),
    lambda x: x[(0,) * x.ndim],
    lambda x: repr(x),
    lambda x: (len(x), x.size, x.nbytes, x.ndim),
]


class Fused(RuleBasedStateMachine):
    arrays: Bundle[int] = Bundle("arrays")
    pools: ClassVar[list[tm.Pool]]

    def __init__(self) -> None:
        super().__init__()
        faulthandler.dump_traceback_later(PATIENCE, exit=True)
        self.leave = contextlib.ExitStack()
        self.leave.callback(faulthandler.cancel_dump_traceback_later)
        self.handles = 0
        self.is_in_order = True  # arrays that are not lazy warn before what stands above them

    @initialize(
        target=arrays,
        shape=st.sampled_from(SHAPES),
        seed=st.integers(0, 2**20),
        first=st.sampled_from("dfDliqe?b"),
        second=st.sampled_from("dfDl?"),
        layout=st.sampled_from([name for name in LAYOUTS if name != "subclass"]),
        form=st.sampled_from(["apart", "the same", "overlapping", "a row"]),
        special=st.booleans(),
        pool=st.integers(0, 2),
        end=st.sampled_from(["return", "raise"]),
    )
    def begin(
        self,
        shape: tuple[int, ...],
        seed: int,
        first: str,
        second: str,
        layout: str,
        form: str,
        special: bool,
        pool: int,
        end: str,
    ) -> Any:
        self.end = end
        rng = np.random.default_rng(seed)

        def one(dtype: str, shape: tuple[int, ...]) -> Any:
            x = values(rng, int(np.prod(shape)), dtype, False).reshape(shape)
            if special and dtype in "fdFD":
                x[rng.random(shape) < 0.2] = rng.choice(SPECIAL)
            return x

        x = LAYOUTS[layout](one(first, shape))
        args = [x, one(second, shape)]
        if form == "the same":
            args[1] = x
        elif form == "overlapping":
            args = [x[:-1], x[1:]]
        elif form == "a row":
            args[1] = one(second, shape[-1:])
        caught = self.leave.enter_context(warnings.catch_warnings(record=True))
        assert caught is not None
        self.caught = caught
        warnings.simplefilter("always")
        self.numpys = World(twin(args))
        self.numpys.arrays = dict(enumerate(self.numpys.args))
        self.fused = FusedWorld(twin(args), self.pools[pool])
        self.handles = len(args)
        return multiple(*range(len(args)))

    # ---- steps ----

    def step(self, step: Step, *handles: int, is_inner: bool = False) -> Any:
        """Makes a step on both sides, and gives the new array to the rules that follow, if it is one."""
        if not all(handle in self.numpys.arrays for handle in handles) or not self._is_small(handles):
            return multiple()
        into, self.handles = self.handles, self.handles + 1
        outcomes = []
        for world in self.numpys, self.fused:
            outcomes.append(world.make(world.inner(step) if is_inner else step, handles, into))
            world.told += [(str(each.message), each.category, each.lineno) for each in self.caught]
            self.caught.clear()
        if not self._is_told_by_c(outcomes[1], handles):
            assert outcomes[1] == outcomes[0]
        self.is_in_order &= all(type(self.fused.arrays[handle]) is LazyArray for handle in handles)
        if self.is_in_order:
            assert self.fused.told == self.numpys.told[: len(self.fused.told)]
        return into if into in self.numpys.arrays else multiple()

    def _is_told_by_c(self, outcome: Any, handles: tuple[int, ...]) -> bool:
        """Whether an array that is not lazy was handed a lazy one, and refused it in other words."""
        return outcome[0] == "an error" and any(
            type(self.fused.arrays[handle]) is not LazyArray for handle in handles
        )

    def _is_small(self, handles: tuple[int, ...]) -> bool:
        """Whether the result has not too many elements, if these are broadcast together and repeated."""
        try:
            shape = np.broadcast_shapes(*[self.numpys.arrays[handle].shape for handle in handles])
        except ValueError:
            return True
        return int(np.prod(shape)) <= LARGEST

    @rule(target=arrays, x=arrays, name=st.sampled_from(UNARY))
    def unary(self, x: int, name: str) -> Any:
        ufunc = getattr(np, name)
        return self.step(lambda x: ufunc(x), x)

    @rule(target=arrays, x=arrays, y=arrays, name=st.sampled_from(BINARY))
    def binary(self, x: int, y: int, name: str) -> Any:
        ufunc = getattr(np, name)
        return self.step(lambda x, y: ufunc(x, y), x, y)

    @rule(target=arrays, x=arrays, y=arrays, name=st.sampled_from(OPERATORS))
    def operator(self, x: int, y: int, name: str) -> Any:
        function = getattr(operator, name)
        return self.step(lambda x, y: function(x, y), x, y)

    @rule(
        target=arrays,
        x=arrays,
        number=st.sampled_from(NUMBERS),
        name=st.sampled_from(OPERATORS),
        is_first=st.booleans(),
    )
    def operator_with_number(self, x: int, number: Any, name: str, is_first: bool) -> Any:
        function = getattr(operator, name)
        return self.step(lambda x: function(number, x) if is_first else function(x, number), x)

    @rule(target=arrays, x=arrays, y=arrays, step=st.sampled_from(EXPRESSIONS))
    def expression(self, x: int, y: int, step: Step) -> Any:
        return self.step(step, x, y)

    @rule(target=arrays, x=arrays, y=arrays, step=st.sampled_from(EXPRESSIONS))
    def inner_function(self, x: int, y: int, step: Step) -> Any:
        return self.step(step, x, y, is_inner=True)

    @rule(
        target=arrays,
        x=arrays,
        y=arrays,
        name=st.sampled_from(BINARY),
        mode=st.sampled_from(["ignore", "warn", "raise"]),
    )
    def under_errstate(self, x: int, y: int, name: str, mode: Any) -> Any:
        ufunc = getattr(np, name)

        def step(x: Any, y: Any) -> Any:
            with np.errstate(all=mode):
                return ufunc(x, y)

        return self.step(step, x, y)

    @rule(
        target=arrays,
        x=arrays,
        name=st.sampled_from(REDUCTIONS),
        axis=st.sampled_from([None, 0, -1, 1, (0, 1)]),
    )
    def reduction(self, x: int, name: str, axis: Any) -> Any:
        function = getattr(np, name)
        return self.step(lambda x: function(x, axis=axis), x)

    @rule(target=arrays, x=arrays, dtype=st.sampled_from("dfDi?be"))
    def conversion(self, x: int, dtype: str) -> Any:
        return self.step(lambda x: x.astype(dtype), x)

    @rule(target=arrays, x=arrays, step=st.sampled_from(FOREIGN))
    def by_numpy(self, x: int, step: Step) -> Any:
        return self.step(lambda x: step(x), x)

    # ---- views ----

    @rule(target=arrays, x=arrays, key=st.sampled_from(KEYS))
    def view(self, x: int, key: Any) -> Any:
        return self.step(lambda x: x[key], x)

    @rule(target=arrays, x=arrays, step=st.sampled_from(SHAPERS))
    def reshaped(self, x: int, step: Step) -> Any:
        return self.step(step, x)

    # ---- writes ----

    @rule(x=arrays, y=arrays, name=st.sampled_from(IN_PLACE))
    def in_place(self, x: int, y: int, name: str) -> None:
        function = getattr(operator, name)
        self.step(lambda x, y: function(x, y), x, y)

    @rule(x=arrays, number=st.sampled_from(NUMBERS), name=st.sampled_from([*IN_PLACE, "ipow"]))
    def in_place_with_number(self, x: int, number: Any, name: str) -> None:
        if name == "ipow" and number == -1:  # an error that leaves in x what a buffer had
            return
        function = getattr(operator, name)
        self.step(lambda x: function(x, number), x)

    @rule(x=arrays, y=arrays, key=st.sampled_from(KEYS))
    def assignment(self, x: int, y: int, key: Any) -> None:
        self.step(lambda x, y: operator.setitem(x, key, y), x, y)

    @rule(x=arrays, y=arrays, step=st.sampled_from(EXPRESSIONS), key=st.sampled_from(KEYS))
    def assignment_of_expression(self, x: int, y: int, step: Step, key: Any) -> None:
        self.step(lambda x, y: operator.setitem(x, key, step(x, y)), x, y)

    @rule(x=arrays, number=st.sampled_from(NUMBERS), key=st.sampled_from(KEYS))
    def assignment_of_number(self, x: int, number: Any, key: Any) -> None:
        self.step(lambda x: operator.setitem(x, key, number), x)

    @rule(x=arrays, y=arrays, number=st.sampled_from(NUMBERS))
    def assignment_by_mask(self, x: int, y: int, number: Any) -> None:
        self.step(lambda x, y: operator.setitem(x, y > 0, number), x, y)

    @rule(x=arrays, y=arrays, out=arrays, name=st.sampled_from(BINARY))
    def given_out(self, x: int, y: int, out: int, name: str) -> None:
        ufunc = getattr(np, name)
        self.step(lambda x, y, out: ufunc(x, y, out=out), x, y, out)

    @rule(x=arrays, y=arrays, out=arrays, name=st.sampled_from(BINARY))
    def given_where(self, x: int, y: int, out: int, name: str) -> None:
        ufunc = getattr(np, name)
        self.step(lambda x, y, out: ufunc(x, y, out=out, where=x > y), x, y, out)

    @rule(x=arrays, y=arrays)
    def copied(self, x: int, y: int) -> None:
        self.step(lambda x, y: np.copyto(x, y), x, y)

    @rule(x=arrays)
    def written_by_a_stranger(self, x: int) -> None:
        self.step(lambda x: np.asarray(x).__setitem__((..., slice(1)), 3), x)

    # ---- looks, and what is forgotten ----

    @rule(x=arrays, step=st.sampled_from(LOOKS))
    def look(self, x: int, step: Step) -> None:
        self.step(lambda x: step(x), x)

    @rule(x=arrays)
    def forget(self, x: int) -> None:
        for world in self.numpys, self.fused:
            world.arrays.pop(x, None)

    def teardown(self) -> None:
        try:
            if self.handles:
                results = self.fused.end(self.end)
                self.fused.told += [(str(each.message), each.category, each.lineno) for each in self.caught]
                assert known(results) == known(self.numpys.arrays)
                assert known(self.fused.args) == known(self.numpys.args)
                assert sorted(self.fused.told, key=repr) == sorted(self.numpys.told, key=repr)
                assert self.fused.told == self.numpys.told or not self.is_in_order
        finally:
            self.leave.close()


@pytest.mark.thread_unsafe(reason="catches warnings, which are the process's")
@pytest.mark.timeout(240 + 10 * SEQUENCES)
@pytest.mark.usefixtures("small_ones_too")
def test_steps_of_one_call(pools: list[tm.Pool]) -> None:
    Fused.pools = pools
    many = settings(
        max_examples=SEQUENCES,
        stateful_step_count=30,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
    run_state_machine_as_test(Fused, settings=many)
