"""The whole public interface in any order, with any arguments, against NumPy, the standard library, a list.

hypothesis makes pools and queues, uses them in any order and shrinks what fails. THREADMILL_FUZZ is how many
sequences are tried; docs/reliability.md tells how to run many.
"""

import faulthandler
import functools
import itertools
import operator
import os
import queue
import signal
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, multiple, rule, run_state_machine_as_test
from kit.arrays import Array, random_values
from kit.comparison import TWINS, assert_same, assert_same_call, outcome
from kit.strategies import PAIRS, operands, views
from kit.ufuncs import BINARY, UFUNCS, dtype_of

import threadmill as tm

SEQUENCES = int(os.environ.get("THREADMILL_FUZZ", "60"))
PATIENCE = 240  # seconds for one sequence, after which all stacks are shown and the process ends

SMALL = st.integers(-4, 40)
HOSTILE = st.sampled_from(
    [None, -1, 0, 2.5, "2", 2**31, 2**63, 2**70, float("nan"), b"", [], object, np.int8(3)]
)


class Oops(Exception):
    pass


def fail(*_: Any) -> None:
    raise Oops("oops")


def half(x: Any) -> Any:
    return 10 // (x % 5) - x


CALLS = st.sampled_from(
    [(pow, (2, 9)), (divmod, (7, 0)), (str.join, (",", "abc")), (fail, ()), (int, ("x",)), (len, ([1],))]
)


@dataclass(eq=False)
class PoolModel:
    """A pool and what `join` is to report."""

    pool: tm.Pool
    rejects: bool  # raises where it is full
    closed: bool = False
    spawned: int = 0
    failures: int = 0
    ran: list[int] = field(default_factory=list)


@dataclass(eq=False)
class QueueModel:
    """A queue and the items that are in it."""

    queue: Any
    maxsize: int
    order: str
    typed: bool
    items: list[int] = field(default_factory=list)
    unfinished: int = 0
    closed: bool = False

    def room(self) -> int:
        return self.maxsize - len(self.items) if self.maxsize > 0 else 10**6

    def take(self) -> int:
        at = {"fifo": 0, "lifo": -1, "priority": self.items.index(min(self.items))}[self.order]
        return self.items.pop(at)


@dataclass(eq=False)
class Given:
    """A future, and what a plain call came to."""

    future: "Future[Any] | None"  # None: refused. What is in a bundle must not depend on the threads' speed
    expected: Any


# One object for each ufunc, which all sequences use: what one call leaves behind, another one meets.
SHARED = {name: tm.parallel(ufunc) for name, ufunc in UFUNCS.items()}


class Subclass(np.ndarray[Any, Any]):
    pass


def copies(args: list[Any]) -> list[Any]:
    """The arguments again, in memory of their own that is laid out as theirs."""
    return [np.copy(x, order="K") if isinstance(x, np.ndarray) else x for x in args]


def dress(x: Any, how: str) -> Any:
    """An array with what calls must carry through, or leave to NumPy."""
    if not isinstance(x, np.ndarray) or how == "plain":
        return x
    if how == "metadata":
        return x.view(np.dtype(x.dtype, metadata={"unit": "m"}))
    if how == "subclass":
        return x.view(Subclass)
    if how == "read-only":
        x.flags.writeable = False
    elif x.dtype.char in PAYLOADS and x.flags.c_contiguous:
        bits, least = PAYLOADS[x.dtype.char]
        words = x.reshape(-1).view(bits)
        words[::3] = least + np.arange(words[::3].size, dtype=bits) % 200
        words[1::7] |= bits(1) << bits(8 * words.itemsize - 1)  # the sign
    return x


# The unsigned integers that floats are made of, and a quiet NaN to which a payload is added.
PAYLOADS: dict[str, Any] = {
    "e": (np.uint16, np.uint16(0x7E00)),
    "f": (np.uint32, np.uint32(0x7FC00000)),
    "d": (np.uint64, np.uint64(0x7FF8000000000000)),
}


def in_a_child(of: QueueModel) -> int:
    """0 if the queue of a forked child is as the model says, and takes and gives as any queue."""
    signal.alarm(30)  # faulthandler's watch is a thread, which a child has lost
    try:
        items, unfinished = list(of.items), of.unfinished
        assert of.queue.qsize() == len(items)
        if not of.closed and of.room() > 0:
            of.queue.put(5, timeout=1)
            of.items.append(5)
            unfinished += 1
        while of.items:
            assert of.queue.get(timeout=1) == of.take()
        for _ in range(unfinished):
            of.queue.task_done()
        of.queue.join()
        of.queue.shutdown()
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


class Interface(RuleBasedStateMachine):
    steps = 0
    pools = Bundle("pools")
    queues = Bundle("queues")
    futures = Bundle("futures")

    def __init__(self) -> None:
        super().__init__()
        faulthandler.dump_traceback_later(PATIENCE, exit=True)
        self.made: list[PoolModel] = []
        self.threads = threading.active_count()

    def teardown(self) -> None:
        for each in self.made:
            each.pool.shutdown()
            outcome(each.pool.join)  # what has failed would be told at exit
        assert threading.active_count() <= self.threads + 8  # Python names a native thread when it meets one
        faulthandler.cancel_dump_traceback_later()

    # ---- pools ----

    @rule(
        target=pools,
        size=st.integers(1, 4),
        most=st.sampled_from([None, None, 1, 2, 50]),
        full=st.sampled_from(["block", "raise", "run"]),
    )
    def make_pool(self, size: int, most: int | None, full: Any) -> PoolModel:
        self.made.append(
            PoolModel(tm.Pool(size, max_queue=most, when_full=full), full == "raise" and most is not None)
        )
        return self.made[-1]

    @rule(
        name=st.sampled_from(["max_workers", "max_queue", "when_full", "workload", "initializer"]),
        value=HOSTILE,
    )
    def make_a_wrong_pool(self, name: str, value: Any) -> None:
        if (name, value) == ("initializer", object) or (
            value is None and name != "workload" and name != "when_full"
        ):
            return
        if name == "max_queue" and isinstance(value, int | np.integer) and value > 0:
            return
        if name == "max_workers" and isinstance(value, np.integer):
            return
        with pytest.raises((TypeError, ValueError)):
            tm.Pool(**{"max_workers": 1, name: value})

    def attempt(self, of: PoolModel, call: Callable[[], Any]) -> Any:
        """The call's result, or None where the pool refuses it as it must or may."""
        Interface.steps += 1
        if of.closed:
            with pytest.raises(RuntimeError):
                call()
            return None
        try:
            return call()
        except queue.Full:
            assert of.rejects
            return None

    @rule(target=futures, of=pools, call=CALLS)
    def submit(self, of: PoolModel, call: Any) -> Any:
        fn, args = call
        future = self.attempt(of, lambda: of.pool.submit(fn, *args))
        return Given(future, outcome(lambda: fn(*args)))

    @rule(given=futures)
    def result(self, given: Given) -> None:
        Interface.steps += 1
        if given.future is None:
            return
        told = outcome(given.future.result)
        assert given.future.done()
        if given.future.cancelled():
            assert told.error == (CancelledError, "")
        else:
            assert told == given.expected

    @rule(given=futures)
    def cancel(self, given: Given) -> None:
        Interface.steps += 1
        assert given.future is None or given.future.cancel() == given.future.cancelled()

    @rule(of=pools)
    def submit_from_a_task(self, of: PoolModel) -> None:
        outer = self.attempt(of, lambda: of.pool.submit(lambda: of.pool.submit(pow, 2, 5).result()))
        assert outer is None or outer.result() == 32

    @rule(of=pools, fails=st.booleans(), count=st.integers(1, 20))
    def spawn(self, of: PoolModel, fails: bool, count: int) -> None:
        def spawn_one() -> bool:
            of.pool.spawn(fail if fails else of.ran.append, 1)
            return True

        for _ in range(count):
            if self.attempt(of, spawn_one):
                of.failures += fails
                of.spawned += not fails

    @rule(of=pools)
    def join(self, of: PoolModel) -> None:
        Interface.steps += 1
        expected, of.failures = of.failures, 0
        many = 0
        try:
            of.pool.join()
        except BaseException as error:
            first = 1 + len(getattr(error, "__notes__", ()))  # on Python 3.10
            many = len(getattr(error, "exceptions", range(first)))
        assert many == min(expected, 16)  # the first ones are kept
        assert len(of.ran) == of.spawned

    @rule(of=pools, wait=st.booleans(), cancel=st.booleans())
    def shutdown(self, of: PoolModel, wait: bool, cancel: bool) -> None:
        Interface.steps += 1
        of.pool.shutdown(wait, cancel_futures=cancel)
        if cancel and not of.closed:  # spawned calls that nobody has begun may be gone
            of.pool.shutdown()
            assert len(of.ran) <= of.spawned
            of.spawned = len(of.ran)
            outcome(of.pool.join)
            of.failures = 0
        of.closed = True

    @rule(
        of=pools,
        fn=st.sampled_from([abs, half, fail]),
        items=st.lists(SMALL, max_size=60),
        chunksize=st.sampled_from([None, 1, 7]),
        buffersize=st.sampled_from([None, 1, 5]),
    )
    def map(self, of: PoolModel, fn: Any, items: list[int], chunksize: Any, buffersize: Any) -> None:
        if of.closed and not items:
            return

        def run() -> Any:
            return list(of.pool.map(fn, items, chunksize=chunksize, buffersize=buffersize))

        expected = outcome(lambda: [fn(item) for item in items])
        told = outcome(lambda: self.attempt(of, run))
        assert told == expected or of.closed or (of.rejects and told.result is None and told.error is None)

    # ---- arrays ----

    @rule(of=pools, x=views(), name=st.sampled_from(["square", "sum", "scale"]), k=st.integers(-3, 300))
    def kernel(self, of: PoolModel, x: Array, name: str, k: int) -> None:
        Interface.steps += 1
        function = getattr(tm, name)
        arguments = (x, k) if name == "scale" else (x,)
        if of.closed:
            with pytest.raises(RuntimeError):
                function(*arguments, pool=of.pool)
            return
        numpys, places = TWINS[function], name == "square"
        assert_same_call(function, numpys, lambda: (arguments, {}), name, places, pool=of.pool)

    @rule(
        x=views(),
        name=st.sampled_from(["square", "sum"]),
        keyword=st.sampled_from(["out", "axis", "dtype"]),
        value=HOSTILE,
    )
    def wrong_keyword(self, x: Array, name: str, keyword: str, value: Any) -> None:
        Interface.steps += 1
        function = getattr(tm, name)
        ours, numpys = (outcome(lambda f=f: f(x, **{keyword: value})) for f in (function, TWINS[function]))
        assert (ours.error and ours.error[0]) == (numpys.error and numpys.error[0])
        if numpys.error is None and not isinstance(numpys.result, object if keyword == "dtype" else ()):
            assert_same(ours.result, numpys.result)

    @rule(x=SMALL, overflow=HOSTILE)
    def wrong_overflow(self, x: int, overflow: Any) -> None:
        Interface.steps += 1
        for call in (tm.square, tm.sum):
            with pytest.raises((TypeError, ValueError)):
                call(np.arange(9), overflow=overflow)  # type: ignore[operator]

    @rule(of=pools, args=operands(2), name=st.sampled_from(PAIRS), order=st.sampled_from("CFAK"))
    def ufunc(self, of: PoolModel, args: list[Any], name: str, order: str) -> None:
        Interface.steps += 1
        if of.closed:
            return
        ufunc = UFUNCS[name]
        with np.errstate(all="warn"):
            assert_same_call(tm.parallel(ufunc), ufunc, lambda: (args, {"order": order}), name, pool=of.pool)

    @rule(
        of=pools,
        args=operands(1),
        name=st.sampled_from(sorted(BINARY)),
        axis=st.sampled_from([None, 0, -1, 9, "x", 2.5, (0, 0)]),
    )
    def ufunc_reduce(self, of: PoolModel, args: list[Any], name: str, axis: Any) -> None:
        Interface.steps += 1
        if of.closed:
            return
        ufunc = BINARY[name]
        with np.errstate(all="warn"):
            assert_same_call(
                tm.parallel(ufunc).reduce, ufunc.reduce, lambda: (args, {"axis": axis}), name, pool=of.pool
            )

    @rule(
        of=pools,
        n=st.integers(0, 3000),
        columns=st.sampled_from([None, 1, 3]),
        chunk=st.sampled_from([None, 1, 7, 999, 2**70]),
    )
    def map_chunks(self, of: PoolModel, n: int, columns: int | None, chunk: Any) -> None:
        x = random_values("d", n * (columns or 1)).reshape((n,) if columns is None else (n, columns))
        if chunk == 1:
            x = x[:50]
        got = outcome(
            lambda: self.attempt(of, lambda: tm.map_chunks(np.negative, x, chunksize=chunk, pool=of.pool))
        )
        if got.result is not None:
            assert_same(got.result, np.negative(x))
        else:
            assert of.closed or of.rejects

    @rule(
        of=pools, words=st.lists(st.sampled_from(["a", "bc", "", "def"]), max_size=200), initial=st.booleans()
    )
    def reduce(self, of: PoolModel, words: list[str], initial: bool) -> None:
        more = ("<",) if initial else ()
        expected = outcome(lambda: functools.reduce(operator.add, words, *more))
        got = outcome(lambda: self.attempt(of, lambda: tm.reduce(operator.add, words, *more, pool=of.pool)))
        if got.result is None and (of.closed or of.rejects):
            return
        assert (got.result, got.error and got.error[0]) == (
            expected.result,
            expected.error and expected.error[0],
        )

    @rule(
        items=st.lists(SMALL, max_size=40),
        fns=st.lists(st.sampled_from([abs, half, str, hash]), min_size=1, max_size=3),
        workers=st.integers(1, 3),
        maxsize=st.integers(1, 4),
        leave=st.sampled_from([None, 0, 3]),
    )
    def pipeline(
        self, items: list[int], fns: list[Any], workers: int, maxsize: int, leave: int | None
    ) -> None:
        Interface.steps += 1

        fns = fns if leave is None else [abs]  # what an iterator that is left behind meets, it reports

        def through(item: Any) -> Any:
            return functools.reduce(lambda value, fn: fn(value), fns, item)

        with tm.Pipeline([tm.stage(fn, workers=workers) for fn in fns], maxsize=maxsize) as pipe:
            run = pipe.run(iter(items))
            told = outcome(lambda: list(itertools.islice(run, leave)))
            expected = outcome(lambda: list(map(through, items))[:leave])
            assert told.result == expected.result
            assert (told.error is None) == (expected.error is None)  # which of several is a matter of speed
            run.close()  # type: ignore[attr-defined]

    @rule(of=pools, n=HOSTILE, grain=HOSTILE)
    def wrong_loop(self, of: PoolModel, n: Any, grain: Any) -> None:
        Interface.steps += 1
        with pytest.raises((TypeError, ValueError)):
            of.pool.parallel_for(n, fail, chunksize=grain)

    # ---- what only a mixture finds: the same objects again and again, in every form of a call ----

    @rule(
        of=pools,
        args=operands(2),
        name=st.sampled_from(PAIRS),
        form=st.sampled_from(["none", "positional", "keyword", "tuple", "ellipsis", "overlapping"]),
        out_char=st.sampled_from("?bqefdFDm"),
        dressed=st.sampled_from(["plain", "metadata", "subclass", "payloads", "read-only"]),
    )
    def ufunc_in_every_form(
        self, of: PoolModel, args: list[Any], name: str, form: str, out_char: str, dressed: str
    ) -> None:
        Interface.steps += 1
        if of.closed:
            return
        ufunc = UFUNCS[name]

        def make() -> tuple[list[Any], dict[str, Any]]:
            given = [dress(x, dressed) for x in copies(args)]
            shapes = [np.shape(x) for x in given]
            try:
                shape = np.broadcast_shapes(*shapes)
            except ValueError:
                shape = shapes[0]
            own = given[0] if isinstance(given[0], np.ndarray) and given[0].shape == shape else None
            out: Any = (
                own if form == "overlapping" and own is not None else np.zeros(shape, dtype_of(out_char))
            )
            outs = (out,) + (None,) * (ufunc.nout - 1)
            if form == "positional":
                return [*given, *outs], {}
            named = {"none": {}, "ellipsis": {"out": ...}}.get(form, {"out": outs})
            if form == "keyword" and ufunc.nout == 1:
                named = {"out": out}
            return given, named

        with np.errstate(all="warn"):
            assert_same_call(SHARED[name], ufunc, make, f"{name} ({form}, {dressed})", pool=of.pool)

    @rule(
        of=pools,
        args=operands(1),
        name=st.sampled_from(sorted(BINARY)),
        form=st.sampled_from(["none", "keyword", "positional", "ellipsis"]),
        keepdims=st.booleans(),
        dressed=st.sampled_from(["plain", "metadata", "subclass", "payloads"]),
    )
    def reduction_in_every_form(
        self, of: PoolModel, args: list[Any], name: str, form: str, keepdims: bool, dressed: str
    ) -> None:
        Interface.steps += 1
        if of.closed:
            return
        ufunc = BINARY[name]

        def make() -> tuple[list[Any], dict[str, Any]]:
            (x,) = (dress(x, dressed) for x in copies(args))
            shape = list(np.shape(x))
            if shape:
                shape[0:1] = [1] if keepdims else []
            out = np.zeros(shape, getattr(x, "dtype", float))
            if form == "positional":
                return [x, 0, None, out, keepdims], {}
            named: dict[str, Any] = {"keyword": {"out": out}, "ellipsis": {"out": ...}}.get(form, {})
            return [x], {"axis": 0, "keepdims": keepdims, **named}

        with np.errstate(all="warn"):
            assert_same_call(
                SHARED[name].reduce, ufunc.reduce, make, f"{name}.reduce ({form}, {dressed})", pool=of.pool
            )

    # ---- a forked child, and debuggers ----

    @rule(of=queues)
    def fork_beside_a_queue(self, of: QueueModel) -> None:
        """The child has the queue as it was, and every method of it comes to an end."""
        Interface.steps += 1
        child = os.fork()
        if child == 0:
            os._exit(in_a_child(of))  # pragma: no cover
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0

    @rule(of=pools, on=st.booleans())
    def trace_all_threads(self, of: PoolModel, on: bool) -> None:
        """A debugger or a coverage tool comes or goes; what runs is the same, and it sees new threads."""
        Interface.steps += 1
        seen: list[str] = []

        def tracer(frame: Any, event: str, _: Any) -> None:
            seen.append(event)

        threading.settrace(tracer if on else None)  # type: ignore[arg-type]
        try:
            with tm.Pool(1) as pool:
                assert pool.submit(half, 3).result() == half(3)
            assert bool(seen) == on
            future = self.attempt(of, lambda: of.pool.submit(half, 3))
            assert future is None or future.result() == half(3)
        finally:
            threading.settrace(None)  # type: ignore[arg-type]

    # ---- queues ----

    @rule(
        target=queues,
        maxsize=st.sampled_from([0, -1, 1, 2, 7]),
        order=st.sampled_from(["fifo", "lifo", "priority"]),
        dtype=st.sampled_from([None, None, None, "i8", ">i4", "f4"]),
        items=st.lists(SMALL, max_size=4),
    )
    def make_queue(self, maxsize: int, order: Any, dtype: str | None, items: list[int]) -> Any:
        if dtype is not None and order == "priority":
            with pytest.raises(ValueError, match="order"):
                tm.Queue(maxsize, dtype, order)
            return multiple()
        made = QueueModel(tm.Queue(maxsize, dtype, order), maxsize, order, dtype is not None)
        made.items = items[: made.room()]  # an empty queue shows few faults
        made.unfinished = len(made.items)
        for item in made.items:
            made.queue.put_nowait(item)
        return made

    @rule(of=queues, item=SMALL, timeout=st.sampled_from([0, 0.0005, 1e-9]))
    def put(self, of: QueueModel, item: int, timeout: float) -> None:
        Interface.steps += 1
        error = tm.ShutDown if of.closed else queue.Full if of.room() <= 0 else None
        if error:
            with pytest.raises(error):
                of.queue.put(item, timeout=timeout)
            return
        of.queue.put(item, timeout=timeout)
        of.items.append(item)
        of.unfinished += 1

    @rule(of=queues, block=st.booleans())
    def get(self, of: QueueModel, block: bool) -> None:
        Interface.steps += 1
        if of.items:
            assert of.queue.get(block) == of.take()
            return
        with pytest.raises(tm.ShutDown if of.closed else queue.Empty):
            of.queue.get(block, timeout=0.0005)

    @rule(of=queues, items=st.lists(SMALL, max_size=12))
    def put_many(self, of: QueueModel, items: list[int]) -> None:
        Interface.steps += 1
        if not of.typed:
            return
        fits = 0 if of.closed else min(len(items), of.room())
        put = functools.partial(of.queue.put_many, np.array(items, np.int8), block=False)
        if fits < len(items):
            with pytest.raises(tm.ShutDown if of.closed else queue.Full) as raised:
                put()
            assert raised.value.done == fits
        else:
            put()
        of.items += items[:fits]
        of.unfinished += fits

    @rule(of=queues, n=st.integers(1, 2**40))
    def get_many(self, of: QueueModel, n: int) -> None:
        Interface.steps += 1
        if not of.typed or not of.items:
            return
        expected = [of.take() for _ in range(min(n, len(of.items)))]
        assert of.queue.get_many(n).tolist() == expected

    @rule(of=queues)
    def task_done(self, of: QueueModel) -> None:
        Interface.steps += 1
        assert of.queue.unfinished_tasks == of.unfinished  # or join has no end
        if of.unfinished == 0:
            of.queue.join()
            with pytest.raises(ValueError, match="too many times"):
                of.queue.task_done()
            return
        of.queue.task_done()
        of.unfinished -= 1

    @rule(of=queues, immediate=st.booleans())
    def shutdown_queue(self, of: QueueModel, immediate: bool) -> None:
        Interface.steps += 1
        of.queue.shutdown(immediate)
        of.closed = True
        if immediate:
            of.unfinished -= min(len(of.items), of.unfinished)
            of.items.clear()
        assert of.queue.qsize() == len(of.items)

    @rule(by=pools, of=queues, fails=st.booleans())
    def drain(self, by: PoolModel, of: QueueModel, fails: bool) -> None:
        if of.unfinished < len(of.items):
            return  # told done before they were taken: then draining tells too often
        of.queue.shutdown()
        of.closed = True
        seen: list[int] = []
        call = functools.partial(by.pool.drain, of.queue, fail if fails else seen.append)
        if by.closed or by.rejects:
            return
        Interface.steps += 1
        if fails and of.items:
            with pytest.raises(Oops):
                call()
            of.unfinished -= len(of.items) - of.queue.qsize()
            of.items = [of.queue.get() for _ in range(of.queue.qsize())]
            of.items.clear()
            return
        call()
        assert sorted(seen) == sorted(of.items)
        of.unfinished -= len(of.items)
        of.items.clear()

    @rule(of=queues)
    def look(self, of: QueueModel) -> None:
        Interface.steps += 1
        assert of.queue.qsize() == len(of.items)
        assert of.queue.empty() == (not of.items)
        assert of.queue.full() == (of.maxsize > 0 and len(of.items) >= of.maxsize)
        assert of.queue.unfinished_tasks == of.unfinished


@pytest.mark.timeout(PATIENCE + 60 * SEQUENCES)
@pytest.mark.usefixtures("every_size_in_c")
def test_the_whole_interface() -> None:
    many = settings(
        max_examples=SEQUENCES,
        stateful_step_count=40,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    run_state_machine_as_test(Interface, settings=many)
    print(f"{Interface.steps} calls in {SEQUENCES} sequences")
