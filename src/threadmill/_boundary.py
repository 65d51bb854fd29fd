"""The one place where Python meets the C library: arrays become addresses, statuses become exceptions.

Each section below belongs to one part of csrc/threadmill.h. Nothing here decides what a user's
arguments mean; that is the public modules' work.
"""

import functools
import operator
from collections.abc import Callable
from queue import Empty, Full
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, TypedDict

import numpy as np

from ._arrays import Array
from ._library import ffi, lib
from .errors import DeadlockError, KernelError, ShutDown

if TYPE_CHECKING:
    from ._threadmill import CData

# ---- status: one table, one way from a code to an exception ----------------------------------------

_ERRORS: dict[int, tuple[type[Exception], str | None]] = {
    lib.TM_NO_MEMORY: (MemoryError, None),
    lib.TM_NO_THREAD: (RuntimeError, "can't start new thread"),
    lib.TM_CLOSED: (RuntimeError, "cannot run on a pool after shutdown"),
    lib.TM_FULL: (Full, None),
    lib.TM_EMPTY: (Empty, None),
    lib.TM_TIMEOUT: (TimeoutError, None),
    lib.TM_INVALID: (ValueError, None),
    lib.TM_OVERFLOW: (OverflowError, None),
    lib.TM_OVERLAP: (ValueError, None),
    lib.TM_DEADLOCK: (DeadlockError, None),
    lib.TM_FAILED: (KernelError, None),
}


def check(status: int) -> int:
    """Returns a result that is no failure, raises the exception of one that is."""
    return status if status >= 0 else _fail(status)


def _fail(status: int) -> NoReturn:
    if status == lib.TM_INTERRUPTED:
        raise _take_interrupt()
    kind, text = _ERRORS.get(status, (RuntimeError, None))
    raise kind(text or ffi.string(lib.tm_status_message(status)).decode())


# ---- interrupts: C asks now and then whether a signal handler wants to stop the call ------------------

# What the signal handler raised. C asks only in the main thread, so one place is enough.
_interrupt: BaseException | None = None


def _keep_interrupt(_kind: type[BaseException], error: BaseException, _where: TracebackType) -> None:
    global _interrupt
    _interrupt = error


def _take_interrupt() -> BaseException:
    global _interrupt
    error, _interrupt = _interrupt, None
    return error or KeyboardInterrupt()


@ffi.def_extern(error=1, onerror=_keep_interrupt)
def tm_py_interrupted() -> int:
    """Answers 0; but Python runs due signal handlers first, and what they raise becomes the answer 1."""
    return 0


lib.tm_set_interrupt_check(lib.tm_py_interrupted)


# ---- the machine ---------------------------------------------------------------------------------------


class Machine(TypedDict):
    """What this process may use (tm_machine)."""

    online: int
    affinity: int
    quota: float
    usable: int
    last_level_cache: int


def machine() -> Machine:
    """Asks the system anew; see tm_machine in csrc/threadmill.h for the fields."""
    told = ffi.new("tm_machine *")
    lib.tm_read_machine(told)
    return Machine(
        online=told.online,
        affinity=told.affinity,
        quota=told.quota,
        usable=told.usable,
        last_level_cache=told.last_level_cache,
    )


def usable_cores() -> int:
    return lib.tm_usable_cores()


def simd_levels() -> dict[str, int]:
    """The instruction sets that this processor runs, by name, in rising order."""
    return {_simd_name(level): level for level in range(lib.tm_simd_best() + 1)}


def simd_level() -> str:
    return _simd_name(lib.tm_simd_level())


def set_simd_level(name: str) -> None:
    """Makes all kernels of the process use an instruction set: for tests."""
    check(lib.tm_set_simd_level(simd_levels()[name]))


def _simd_name(level: int) -> str:
    return ffi.string(lib.tm_simd_name(level)).decode()


# ---- kernels --------------------------------------------------------------------------------------------
# The caller has checked that the arrays are C-contiguous, native and aligned, and `out` is writable.
# What comes back is floating-point flags or a failure.

# tm_dtype by dtype.char, because `long` and `long long` are equal dtypes whose scalars differ in type.
DTYPES: dict[str, int] = {
    np.dtype(char).char: getattr(lib, f"TM_{np.dtype(char).name.upper()}") for char in "?bBhHiIlLqQfdFD"
}
CHECKED = lib.TM_CHECKED
OVERFLOW = lib.TM_OVERFLOW
OVERLAP = lib.TM_OVERLAP
FAILED = lib.TM_FAILED

# The pool of a loop that the calling thread runs alone.
NO_POOL: "CData" = ffi.NULL


def check_open(pool: "CData") -> None:
    """Raises RuntimeError for a pool that is shut down; its own tasks may still loop until they are done."""
    if lib.tm_pool_is_closed(pool) and lib.tm_pool_worker(pool) < 0:
        check(lib.TM_CLOSED)


def square(pool: "CData", code: int, x: Array, out: Array, options: int) -> int:
    return lib.tm_square(pool, code, x.size, ffi.from_buffer(x), ffi.from_buffer(out), options)


def scale(pool: "CData", code: int, x: Array, k: Array, out: Array, options: int) -> int:
    source, factor, target = ffi.from_buffer(x), ffi.from_buffer(k), ffi.from_buffer(out)
    return lib.tm_scale(pool, code, x.size, source, factor, target, options)


def sum(pool: "CData", code: int, x: Array, total: Array, options: int) -> int:
    return lib.tm_sum(pool, code, x.size, ffi.from_buffer(x), ffi.from_buffer(total), options)


set_sum_block: "Callable[[int], None]" = lib.tm_set_sum_block


def set_complex_fused(fused: bool) -> bool:
    """Whether complex products are now rounded so: not every processor can fuse."""
    return lib.tm_set_complex_fused(fused) == lib.TM_OK


# ---- programs: inner loops over whole arrays ------------------------------------------------------------

# The codes of dtypes that convert into one another, by dtype.char.
_CAST_CODES: dict[str, int] = {**DTYPES, "g": lib.TM_LONGDOUBLE, "G": lib.TM_CLONGDOUBLE}

MAX_OPERANDS = lib.TM_MAX_OPERANDS

# An inner loop: its address, context and auxdata. With the slots of its operands it is a step.
InnerLoop = tuple[Any, int, int]
Step = tuple[InnerLoop, tuple[int, ...]]


def cast_loop(source: str, target: str) -> InnerLoop | None:
    """The inner loop that converts elements of one dtype.char to those of another; None: there is none."""
    if source not in _CAST_CODES or target not in _CAST_CODES:
        return None
    function = lib.tm_cast_loop(_CAST_CODES[source], _CAST_CODES[target])
    return (function, 0, 0) if function else None


def need_cast_loop(source: str, target: str) -> InnerLoop:
    loop = cast_loop(source, target)
    assert loop is not None
    return loop


def add_rows_loop(char: str) -> InnerLoop | None:
    """The inner loop that adds any number of rows to a row; None: there is none."""
    function = lib.tm_add_rows_loop(DTYPES.get(char, -1))
    return (function, 0, 0) if function else None


def stream_loop(itemsize: int) -> InnerLoop:
    """The inner loop that copies elements past the caches."""
    return lib.tm_stream_loop, itemsize, 0


def new_program(
    arrays: int,
    buffers: list[int],
    steps: list[Step],
    mask: int = -1,
    stop: tuple[int, int] = (-1, 0),
    core: tuple[int, int] = (0, 0),
) -> "CData":
    """A tm_program. `buffers`: sizes of elements; `core`: how many core dims and strides steps are told."""
    program = ffi.new("tm_program *")
    program.arrays, program.buffers, program.steps = arrays, len(buffers), len(steps)
    program.buffer_item = buffers
    program.mask = mask
    program.stop, program.stop_value = stop
    for step, ((function, context, auxdata), slots) in zip(program.step, steps, strict=False):
        step.loop = ffi.cast("tm_inner_loop", function)
        step.context, step.auxdata = ffi.cast("void *", context), ffi.cast("void *", auxdata)
        step.operands, step.slot = len(slots), slots
        step.core_dims, step.core_strides = core
    return program


def dense_program(program: "CData", inputs: int, strides: list[int]) -> "CData":
    """A copy that `run_dense` takes, for arrays of these strides."""
    copy = ffi.new("tm_program *", program[0])
    copy.inputs, copy.stride = inputs, strides
    return copy


# Where a contiguous array begins. The array stays where it is while this is kept.
address: "Callable[[Array], CData]" = ffi.from_buffer

run_program: "Callable[[CData, CData, int, list[int], list[CData], int, int], int]" = lib.tm_run_program
run_dense: "Callable[[CData, CData, CData, int, list[CData]], int]" = lib.tm_run_dense

chunk_elements: "Callable[[int], int]" = lib.tm_chunk_elements


# ---- pools and their tasks -------------------------------------------------------------------------------

pool_watch: "Callable[[CData, int], None]" = lib.tm_pool_watch
pool_worker: "Callable[[CData], int]" = lib.tm_pool_worker
pool_needs_worker: "Callable[[CData], int]" = lib.tm_pool_needs_worker
pool_is_closed: "Callable[[CData], int]" = lib.tm_pool_is_closed
close_pool: "Callable[[CData], None]" = lib.tm_pool_close
set_thread_limit: "Callable[[int], int]" = lib.tm_set_thread_limit

# What is on its way to a worker, with the handle that travels in its place; importlib.reload leaves it.
_posted: "dict[_Posted, CData]" = globals().get("_posted", {})


class _Posted:
    """A Python call for a worker. Its handle finds it, whichever load of this module defined tm_py_run."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        _posted[self] = ffi.new_handle(self)

    def __call__(self) -> None:
        del _posted[self]
        self._call()

    def take_back(self) -> None:
        """Has nothing be run, but stays: the handle may be on its way."""
        self._call = lambda: None


@ffi.def_extern()
def tm_py_run(handle: "CData") -> None:
    """Runs, on a worker, what `post` was given."""
    ffi.from_handle(handle)()


def forget_posted() -> None:
    """In a forked child: nobody will run what the parent posted."""
    for posted in list(_posted):
        posted.take_back()


def new_pool(threads: int, name: str) -> "CData":
    """A pool that lets go of its threads when the last reference to it is gone."""
    options = ffi.new("tm_pool_options *")
    prefix = ffi.new("char[]", name.encode())
    options.threads, options.name = threads, prefix
    made = ffi.new("tm_pool **")
    check(lib.tm_pool_create(options, made))
    return ffi.gc(made[0], lib.tm_pool_release)


def post(pool: "CData", call: Callable[[], None]) -> None:
    """Has a worker run call(), which must not raise."""
    posted = _Posted(call)
    try:
        status = lib.tm_post(pool, lib.tm_py_run, _posted[posted])
    except BaseException:  # Ctrl-C, before or after the pool took it
        posted.take_back()
        raise
    if status:
        del _posted[posted]
        check(status)


def shutdown_pool(pool: "CData") -> None:
    check(lib.tm_pool_shutdown(pool))


def join_pool(pool: "CData", timeout: float | None) -> None:
    check(lib.tm_join(pool, _nanoseconds(timeout)))


def pool_stats(pool: "CData") -> list[dict[str, int]]:
    """One dict for each worker, and one for all callers together."""
    rows = ffi.new("tm_worker_stats[]", lib.tm_pool_threads(pool) + 1)
    lib.tm_pool_stats(pool, rows)
    names = [name for name, _ in ffi.typeof("tm_worker_stats").fields]
    return [{name: getattr(row, name) for name in names} for row in rows]


NULL: "CData" = ffi.NULL
_CData = ffi.CData
_KERNEL = ffi.typeof("tm_kernel")
_TASK = ffi.typeof("tm_task_fn")
_DRAIN_KERNEL = ffi.typeof("tm_block_kernel")
_BLOCK_KERNEL = ffi.typeof("void (*)(void *, const void *, void *, size_t)")


def is_cdata(value: object) -> bool:
    """Whether a value is cffi's, of this or any other cffi module."""
    return isinstance(value, _CData)


def is_function(cdata: "CData") -> bool:
    return ffi.typeof(cdata).kind == "function"


def pointer(address: int, keep: object = None) -> "CData":
    """A void pointer, which may keep an object alive."""
    made = ffi.cast("void *", address)
    # What lets go is C alone: an exception of a signal handler in a destructor's Python would be lost.
    return made if keep is None else ffi.gc(made, functools.partial(operator.is_, keep))


def pointer_to(value: Any) -> "CData | None":
    """A cffi pointer as it is, a buffer's address with the buffer pinned; None for anything else."""
    if isinstance(value, ffi.CData):
        return ffi.cast("void *", value) if ffi.typeof(value).kind in ("pointer", "array") else None
    try:
        return ffi.from_buffer(value)
    except TypeError:
        return None


def parallel_for(pool: "CData", n: int, grain: int, kernel: "CData | int", ctx: "CData") -> None:
    status = lib.tm_parallel_for(pool, n, grain, ffi.cast(_KERNEL, kernel), ctx)
    if status:
        check(status)


def spawn(pool: "CData", task: "CData | int", arg: "CData") -> None:
    check(lib.tm_spawn(pool, ffi.cast(_TASK, task), arg))


def run_block(kernel: "CData | int", ctx: "CData", source: Array, target: Array, n: int) -> None:
    run = ffi.cast(_BLOCK_KERNEL, kernel)
    run(ctx, ffi.from_buffer(source), ffi.from_buffer(target, require_writable=True), n)


# ---- queues ----------------------------------------------------------------------------------------------

queue_length: "Callable[[CData], int]" = lib.tm_queue_length
queue_close: "Callable[[CData, bool], int]" = lib.tm_queue_close


def new_queue(capacity: int, item_size: int, lifo: bool) -> "CData":
    made = ffi.new("tm_queue **")
    check(lib.tm_queue_create(capacity, item_size, lib.TM_LIFO if lifo else lib.TM_FIFO, made))
    return ffi.gc(made[0], lib.tm_queue_destroy)


def queue_push(queue: "CData", items: Array, count: int, timeout: float | None) -> int:
    """How many went in, all of them; else queue.Full or ShutDown with that number as `done`."""
    done = ffi.new("size_t *")
    status = lib.tm_queue_push(queue, ffi.from_buffer(items), count, _nanoseconds(timeout), done)
    if status < 0:
        _fail_queue(status, done[0])
    return int(done[0])


def queue_pop(queue: "CData", items: Array, count: int, timeout: float | None) -> int:
    """How many came out."""
    done = ffi.new("size_t *")
    target = ffi.from_buffer(items, require_writable=True)
    status = lib.tm_queue_pop(queue, target, count, _nanoseconds(timeout), done)
    if status < 0:
        _fail_queue(status, 0, Empty)
    return int(done[0])


def drain(pool: "CData", queue: "CData", block: int, kernel: "CData | int", ctx: "CData") -> tuple[int, int]:
    """A status that is yet to be checked, and how many items the kernel has had."""
    done = ffi.new("size_t *")
    status = lib.tm_drain(pool, queue, block, ffi.cast(_DRAIN_KERNEL, kernel), ctx, done)
    return status, int(done[0])


def _fail_queue(status: int, done: int, on_timeout: type[Exception] = Full) -> NoReturn:
    error: BaseException
    if status == lib.TM_INTERRUPTED:
        error = _take_interrupt()
    elif status == lib.TM_CLOSED:
        error = ShutDown()
    elif status in (lib.TM_TIMEOUT, lib.TM_FULL, lib.TM_EMPTY):
        error = on_timeout()
    else:
        _fail(status)
    error.done = done  # type: ignore[attr-defined]
    try:
        raise error
    finally:
        del error  # its traceback holds this frame: no cycle


def _nanoseconds(timeout: float | None) -> int:
    return lib.TM_FOREVER if timeout is None else int(min(timeout, 1e9) * 1e9)
