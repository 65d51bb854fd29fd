"""Pool: native threads with the face of concurrent.futures.Executor."""

import functools
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from .._arguments import integer, require_callable
from .._native import pools
from . import drain
from .backlog import WhenFull
from .buffered_map import map_buffered
from .dispatcher import Dispatcher
from .future import Future
from .item import new_call
from .map import map_in_batches
from .native_function import context_pointer, native_address, require_native
from .progress import Progress, check_progress
from .spawn import join, spawn
from .standard_face import StandardFace
from .stats import Stats
from .workers import Workload, default_pin, default_workers, recommended_workers

if TYPE_CHECKING:
    from .._native._threadmill import CData

P = ParamSpec("P")
T = TypeVar("T")

__all__ = ["Pool"]

# A loop without a chunksize has at most so many chunks: enough for 32 threads to share evenly, and few enough
# that claiming them, about 10 ns each, does not show. The number of threads has no part in it.
_CHUNKS = 256


class Pool(StandardFace):
    """A fixed set of native threads for loops, native kernels and Python calls.

    Parameters
    ----------
    max_workers : int, optional
        The number of threads. By default what `recommended_workers(workload)` says, and for the "cpu"
        workload THREADMILL_NUM_THREADS or else OMP_NUM_THREADS where one is set.
    thread_name_prefix : str, optional
        The threads are called ``<prefix>_<number>``.
    initializer : callable, optional
        Called as ``initializer(*initargs)`` on a thread before its first Python task. If it raises, the
        pool is broken: waiting and later tasks end with concurrent.futures.thread.BrokenThreadPool.
    initargs : tuple, optional
    workload : {"cpu", "io", "memory"}
        What `max_workers` is reckoned for; see `recommended_workers`.
    max_queue : int, optional
        The number of Python tasks that may wait; None for any number.
    when_full : {"block", "raise", "run"}
        What submitting does when so many wait: waits for room, raises queue.Full, or runs the task in the
        calling thread (where Ctrl-C ends both the task and the call). A task that submits to its own full
        pool always runs the new task itself.
    pin : bool, optional
        Whether each thread runs on one core alone, the cores in turn from the second on, for loops on a
        machine that no other program uses. By default what THREADMILL_PIN says, 0 or 1; else the system
        places the threads. No effect but on Linux.

    Raises
    ------
    TypeError, ValueError
        For arguments of the wrong kind; ValueError where THREADMILL_PIN is neither 0 nor 1.

    Notes
    -----
    The threads start when they are first needed, all or none. They end when the pool is shut down or
    collected. A parallel loop runs on at most `max_workers` threads, of which the caller is one. After a fork
    the child's first use of the pool starts threads of its own; tasks that the parent had queued are lost to
    the child.

    A pool is a concurrent.futures.ThreadPoolExecutor, and its semantics hold except where this documentation
    says more.

    Each worker is a Python thread: `threading.enumerate` lists it once it has run Python code, and hooks of
    `threading.settrace` and `setprofile` are set on it. A task runs in a copy of the submitter's contextvars
    context. What `initializer` has set in its context holds there too, unless the submitter has set it.

    A task that waits for other tasks of its own pool runs those that nobody has begun: in `Future.result` and
    `exception`, in concurrent.futures.wait and in as_completed.

    Examples
    --------
    >>> import threadmill as tm
    >>> with tm.Pool(4) as pool:
    ...     future = pool.submit(pow, 2, 10)
    ...     squares = list(pool.map(lambda x: x * x, range(5)))
    >>> future.result(), squares
    (1024, [0, 1, 4, 9, 16])
    """

    # Of the package's own use: the Python tasks, and the C library's pool.
    _tasks: Dispatcher
    _handle: "CData"

    def __init__(
        self,
        max_workers: int | None = None,
        thread_name_prefix: str = "",
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        *,
        workload: Workload = "cpu",
        max_queue: int | None = None,
        when_full: WhenFull = "block",
        pin: bool | None = None,
    ) -> None:
        recommended = recommended_workers(workload) if workload != "cpu" else None
        wanted = recommended or default_workers() if max_workers is None else max_workers
        max_workers = integer("max_workers", wanted)
        if not 0 < max_workers < 1 << 15:
            raise ValueError(f"max_workers must be greater than 0 and less than 32768, got {max_workers}")
        if not isinstance(thread_name_prefix, str | None):
            raise TypeError(f"thread_name_prefix must be a str, got {type(thread_name_prefix).__name__}")
        if max_queue is not None:
            integer("max_queue", max_queue, 1)
        if when_full not in ("block", "raise", "run"):
            raise ValueError(f"when_full must be 'block', 'raise' or 'run', got {when_full!r}")
        if initializer is not None:
            require_callable("initializer", initializer)
        if not isinstance(pin, bool | None):
            raise TypeError(f"pin must be a bool or None, got {type(pin).__name__}")
        pin = default_pin() if pin is None else pin
        prepare = functools.partial(initializer, *initargs) if initializer is not None else None
        self._tasks = Dispatcher(max_workers, thread_name_prefix, prepare, max_queue, when_full, pin)
        self._handle = self._tasks.handle
        self._max_workers = max_workers
        self._thread_name_prefix = self._tasks.prefix
        self._initializer, self._initargs = initializer, initargs
        weakref.finalize(self, Dispatcher.abandon, self._tasks).atexit = False

    @property
    def max_workers(self) -> int:
        """The number of threads."""
        return self._max_workers

    def __repr__(self) -> str:
        return f"<threadmill.Pool {self._tasks.prefix!r}: {self._max_workers} threads>"

    def __str__(self) -> str:
        return f"{self._told()}\n{self.stats()!r}"

    def _repr_html_(self) -> str:
        return f"<p>{self._told()}</p>{self.stats()._repr_html_()}"

    def _told(self) -> str:
        """The pool's name, size and state in a line."""
        state = "broken" if self._tasks.broken() else "shut down" if self._tasks.closed else "open"
        return (
            f"Pool {self._tasks.prefix}: {state}, threads: {self._max_workers}, "
            f"tasks waiting: {self._tasks.waiting():,}"
        )

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Queues ``fn(*args, **kwargs)`` and returns its future; as concurrent.futures.Executor.submit.

        The call runs on one of the pool's threads, in a copy of the submitter's contextvars context.

        Returns
        -------
        concurrent.futures.Future
            A task that waits for the future of another on its own pool runs it, if nobody has begun to.

        Raises
        ------
        RuntimeError
            The pool is shut down, or no thread can be started.
        concurrent.futures.thread.BrokenThreadPool
            The initializer has failed.
        queue.Full
            With when_full="raise".

        Examples
        --------
        >>> import threadmill as tm
        >>> with tm.Pool(2) as pool:
        ...     pool.submit(sorted, "hello", reverse=True).result()
        ['o', 'l', 'l', 'h', 'e']
        """
        future: Future[T] = Future(self._tasks, new_call(fn, args, kwargs))
        self._tasks.put(future)
        return future

    def map(
        self,
        fn: Callable[..., T],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int | None = None,
        buffersize: int | None = None,
        progress: Progress = False,
    ) -> Iterator[T]:
        """fn over the items of the iterables, its results in order; as concurrent.futures.Executor.map.

        Parameters
        ----------
        fn : callable
            Takes as many arguments as there are iterables; runs on the pool's threads.
        *iterables : iterable
            Read by the calling thread to their end before `map` returns, while the first calls run already;
            or as results are taken, where `buffersize` is given.
        timeout : float, optional
            Seconds from now after which taking a result that is not there raises TimeoutError.
        chunksize : int, optional
            Calls that a thread takes at a time, at most. By default the pool groups by itself: quick calls
            into batches of about a millisecond, slow ones not at all.
        buffersize : int, optional
            How many results may be under way or waiting to be taken, at most.
        progress : bool or callable
            True: a bar on stderr, by tqdm (``pip install tqdm``). A callable is called with
            (results taken, number of results, or None if that is unknown).

        Returns
        -------
        iterator
            It raises what a call raised, in that call's place, and ends there. Closed or dropped before its
            end, it cancels the calls that no thread has taken. A statement that only calls `map`, for what
            `fn` does, runs all calls.

        Raises
        ------
        TypeError, ValueError
            `chunksize` or `buffersize` is no integer, or less than 1; `progress` is neither.
        ImportError
            `progress` is True, and tqdm is not installed.
        RuntimeError, queue.Full
            As `submit`.
        Exception
            What reading the iterables raised. The calls for what was read before it run.

        Notes
        -----
        In a subclass that overrides `submit`, and where `buffersize` is given, each call is submitted by
        `submit`, and `chunksize` has no effect.

        Examples
        --------
        >>> import threadmill as tm
        >>> with tm.Pool(4) as pool:
        ...     list(pool.map(pow, range(5), [2] * 5))
        [0, 1, 4, 9, 16]
        """
        for name, value in (("chunksize", chunksize), ("buffersize", buffersize)):
            if value is not None:
                integer(name, value, 1)
        check_progress(progress)
        submit = self.submit
        if buffersize is not None or getattr(submit, "__func__", None) is not _SUBMIT:
            return map_buffered(submit, fn, iterables, timeout, buffersize, progress)
        return map_in_batches(self._tasks, fn, iterables, timeout, chunksize, progress)

    def spawn(self, fn: Any, /, *args: Any, **kwargs: Any) -> None:
        """Queues a call whose result nobody asks for; `join` waits for it and reports its failure.

        Parameters
        ----------
        fn : callable or native function
            A Python callable is called as ``fn(*args, **kwargs)``. A native function, ``void (*)(void *)`` in
            any form that `parallel_for` takes, is called without the GIL with the one argument given, which
            may be anything that `parallel_for` takes for `ctx`; what it points to is kept alive until the
            next `join` or the pool's end.
        *args, **kwargs
            The arguments.

        Raises
        ------
        TypeError
            `fn` is neither, or a native function came with more than one argument.
        RuntimeError, queue.Full
            As `submit`.

        Examples
        --------
        >>> import threadmill as tm
        >>> done = []
        >>> with tm.Pool(2) as pool:
        ...     for i in range(3):
        ...         pool.spawn(done.append, i)
        ...     pool.join()
        >>> sorted(done)
        [0, 1, 2]
        """
        address = native_address(fn)
        if address is None:
            if not callable(fn):
                raise TypeError(f"fn must be a callable or a native function, got {type(fn).__name__}")
            spawn(self._tasks, new_call(fn, args, kwargs))
            return
        if len(args) > 1 or kwargs:
            raise TypeError(
                f"a native task takes one argument, got {len(args) + len(kwargs)}: put them in one object"
            )
        pointer = context_pointer(args[0] if args else None, fn)
        # Twice, as a join in another thread may drop the first before the task is there to be waited for.
        self._tasks.native_references.append((fn, args, pointer))
        pools.spawn(self._handle, address, pointer)
        self._tasks.native_references.append((fn, args, pointer))

    def join(self, timeout: float | None = None) -> None:
        """Waits until all spawned work is done; the pool stays usable.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most.

        Raises
        ------
        Exception
            What a spawned call raised. Several: an ExceptionGroup in the order of their ends, which says how
            many failed and holds the first 16; on Python 3.10 the first, with the others in its __notes__.
        TimeoutError
            Work is left after `timeout`.
        DeadlockError
            From a task of this pool.

        Notes
        -----
        Failures that no `join` has told of are reported when the pool is collected, by sys.unraisablehook, or
        when the program ends, on stderr.
        """
        references, self._tasks.native_references = self._tasks.native_references, []
        try:
            failures = join(self._tasks, timeout)
        except BaseException:
            self._tasks.native_references.extend(
                references
            )  # not +=, which may write a list that a join took
            raise
        failures.raise_all()

    def parallel_for(self, n: int, fn: Any, *, ctx: Any = None, chunksize: int | None = None) -> None:
        """Runs fn(ctx, begin, end) over [0, n) in chunks, on all threads of the pool, without the GIL.

        Parameters
        ----------
        n : int
            The number of indices, 0 or more.
        fn : native function
            ``void (*)(void *ctx, size_t begin, size_t end)``: a cffi function pointer
            (``ffi.addressof(lib, "name")``), a ctypes function, a numba cfunc, a PyCapsule, a
            scipy.LowLevelCallable, or an address as an int. It must be safe to call from several threads.
        ctx : object, optional
            What `fn` gets as `ctx`: an address as an int, a cffi or ctypes pointer, or an object with
            the buffer protocol (kept alive, and its memory in place, until the call returns). None: NULL.
        chunksize : int, optional
            Indices in a chunk. By default n / 256, rounded up, whatever the number of threads.

        Raises
        ------
        TypeError, ValueError
            For arguments of the wrong kind, before any thread moves.
        RuntimeError
            The pool is shut down.
        KeyboardInterrupt
            After Ctrl-C, once the chunks under way have ended.

        Notes
        -----
        The caller is one of the threads. The edges of the chunks depend on `n` and `chunksize` alone. The
        caller's rounding mode holds in every chunk, and floating-point flags raised in a chunk are raised in
        the caller.

        Examples
        --------
        >>> import ctypes, threadmill as tm
        >>> body = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t)
        >>> chunks = []
        >>> with tm.Pool(2) as pool:
        ...     pool.parallel_for(10, body(lambda ctx, begin, end: chunks.append((begin, end))), chunksize=4)
        >>> sorted(chunks)
        [(0, 4), (4, 8), (8, 10)]
        """
        if type(n) is not int or not 0 <= n <= sys.maxsize:  # here 100 ns show
            n = integer("n", n, 0, sys.maxsize)
        chunksize = max(1, -(-n // _CHUNKS)) if chunksize is None else chunksize
        if type(chunksize) is not int or not 1 <= chunksize <= sys.maxsize:
            chunksize = integer("chunksize", chunksize, 1, sys.maxsize)
        address, pointer = require_native(fn), context_pointer(ctx, fn)
        if self._tasks.recorder is None:
            pools.parallel_for(self._handle, n, chunksize, address, pointer)
        else:
            self._tasks.call(fn, pools.parallel_for, self._handle, n, chunksize, address, pointer)

    drain = drain.drain

    def stats(self) -> Stats:
        """What the pool's threads have done since they started.

        Returns
        -------
        dict
            It shows itself as a table, in notebooks too, without the counts that are 0 everywhere; so does
            ``print(pool)``. "threads" is the number of threads. "workers" is a list of dicts, one for each
            worker, and "callers" a dict for all callers of loops together. Each has the following counts,
            and the outer one has their sums: "jobs" (loops taken part in), "chunks" (run), "steals" (chunks
            taken from another thread's share), "tasks" (native tasks run, and visits to the queue of Python
            tasks), "parks" (times a worker went to sleep), "wakeups" (sleeping workers woken), "alone" (loops
            begun without helpers, as these had cost more than they saved), "regretted" (loops for which
            helpers did so, another process having displaced them) and "busy_ns" (nanoseconds spent in chunks
            and tasks).

        Examples
        --------
        >>> import threadmill as tm
        >>> with tm.Pool(2) as pool:
        ...     pool.submit(int).result()
        ...     pool.stats()["threads"]
        0
        2
        """
        *workers, callers = pools.pool_stats(self._handle)
        total = {name: sum(row[name] for row in (*workers, callers)) for name in callers}
        return Stats({"threads": self._max_workers, **total, "callers": callers, "workers": workers})

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Takes no more work and ends the threads; as concurrent.futures.Executor.shutdown.

        Parameters
        ----------
        wait : bool
            Whether to wait until all queued work is done and the threads have ended.
        cancel_futures : bool
            Whether to cancel the Python tasks that nobody has begun, instead of running them.

        Raises
        ------
        DeadlockError
            With `wait`, from a task of this pool; the pool stays open.
        """
        self._tasks.shutdown(wait, cancel_futures)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.shutdown(wait=True)


_SUBMIT = Pool.submit
