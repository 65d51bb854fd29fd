"""No call imports anything: all that a call can need is there once `import threadmill` is done.

An import inside a call fails after a chroot and while the interpreter ends, and waits for a module's lock for
ever in a child that was forked while another thread had it.
"""

from kit import commands

import threadmill as tm

# Begins with threadmill imported, and every import refused. The calls follow each other in one process: the
# first one that imports a module tells of it.
REFUSING = """
import sys
import threading
import contextlib
import warnings
import numpy as np
import numpy.ma
import threadmill as tm

class Refusing:
    def find_spec(self, name, path=None, target=None):
        refused.append(name)
        raise ModuleNotFoundError(f"refused: {name}", name=name)

refused = []
sys.meta_path[:] = [Refusing()]
sys.path_hooks.clear()
x = np.arange(2.0e5)
table = x.reshape(500, 400)
"""

# What uses each public name, on ways that succeed and ways that fail.
CALLS = {
    "DeadlockError": """
with tm.Pool(1) as pool:
    error = pool.submit(pool.join).exception()
assert isinstance(error, tm.DeadlockError), error
""",
    "Explanation": "assert isinstance(tm.parallel(np.add).explain(x, x), tm.Explanation)",
    "FallbackError": """
with tm.strict(), contextlib.suppress(tm.FallbackError):
    tm.parallel(np.add).at(np.ones(10**6), 0, 1)
""",
    "get_include": "tm.get_include()",
    "KernelError": "str(tm.KernelError('no'))",
    "ParallelUfunc": """
import pickle
pickle.loads(pickle.dumps(tm.parallel(np.add)))
""",
    "Pipeline": """
def fail(item):
    raise ValueError(item)

with tm.Pipeline([abs, tm.stage(float, workers=2)]) as pipeline:
    list(pipeline.run(range(-5, 5)))
with tm.Pipeline([fail]) as pipeline, contextlib.suppress(ValueError):
    list(pipeline.run([1]))
with tm.Pipeline([abs, abs]) as pipeline:
    pipeline.run(range(1000)).close()
""",
    "Report": """
with tm.report() as seen:
    tm.sum(x)
str(seen), seen._repr_html_()
""",
    "ReportRow": "tm.report().rows",
    "report": "str(tm.report())",
    "strict": """
with tm.strict():
    tm.sum(x)
""",
    "Pool": """
def fail(*_):
    raise ValueError("no")

def interrupt(*_):
    raise SystemExit

with tm.Pool(2, initializer=int) as pool:
    pool.submit(pow, 2, 3).result()
    pool.submit(fail).exception()
    pool.submit(int).add_done_callback(fail)
    pool.submit(int).add_done_callback(interrupt)
    list(pool.map(abs, range(100)))
    list(pool.map(pow, range(9), range(9), chunksize=2, progress=lambda *_: None))
    list(pool.map(abs, range(9), buffersize=2))
    with contextlib.suppress(ValueError):
        list(pool.map(fail, range(9)))
    pool.spawn(int)
    pool.join()
    pool.spawn(fail)
    with contextlib.suppress(ValueError):
        pool.join()
    pool.spawn(fail)
    pool.spawn(fail)
    with contextlib.suppress(Exception):
        pool.join()
    with contextlib.suppress(TypeError):
        pool.parallel_for(5, "no function")
    pool.stats()
    repr(pool)
with contextlib.suppress(RuntimeError):
    pool.submit(int)
pool = tm.Pool(1, initializer=fail)
assert type(pool.submit(int).exception()).__name__ == "BrokenThreadPool"
pool.shutdown()
with tm.Pool(1, max_queue=1, when_full="raise") as pool:
    gate = threading.Event()
    pool.submit(gate.wait)
    with contextlib.suppress(Exception):
        for _ in range(9):
            pool.submit(int)
    gate.set()
pool = tm.Pool(1)
pool.spawn(fail)
pool.shutdown()
""",
    "Queue": """
for queue in tm.Queue(3), tm.Queue(3, order="lifo"), tm.Queue(3, order="priority"), tm.Queue(3, dtype="i8"):
    queue.put(1, timeout=1)
    queue.get(timeout=1)
    queue.task_done()
    queue.join()
    with contextlib.suppress(Exception):
        queue.get_nowait()
    with contextlib.suppress(Exception):
        for item in range(9):
            queue.put_nowait(item)
    queue.shutdown()
    list(queue)
queue = tm.Queue()
queue.put(1)
queue.shutdown()
with tm.Pool(2) as pool:
    pool.drain(queue, abs)
""",
    "TypedQueue": """
queue = tm.TypedQueue(3, [("a", "i4"), ("b", "M8[s]")])
queue.put((1, np.datetime64("2020-01-01", "s")))
for wrong in 5, "a", (1.5, None), (1, "x"), (1 << 40, 5):
    with contextlib.suppress(TypeError, OverflowError):
        queue.put(wrong)
queue.put_many(queue.get_many(1))
""",
    "PartialPut": """
with contextlib.suppress(tm.PartialPut):
    tm.Queue(1, dtype="i8").put_many([1, 2, 3], timeout=0.01)
""",
    "PartialShutDown": """
queue = tm.Queue(1, dtype="f4")
queue.shutdown()
with contextlib.suppress(tm.PartialShutDown):
    queue.put_many(np.ones(3))
""",
    "Stage": "assert isinstance(tm.stage(abs), tm.Stage)",
    "ShutDown": """
queue = tm.Queue()
queue.shutdown()
with contextlib.suppress(tm.ShutDown):
    queue.get()
""",
    "default_pool": "tm.default_pool().submit(int).result()",
    "fuse": """
fused = tm.fuse(lambda a, b: np.sqrt(a * b + 1))
fused(x, x)
fused(x, x)
with contextlib.suppress(Exception):
    fused(x)
with contextlib.suppress(Exception):
    fused("no", x)
""",
    "integers": "tm.integers(np.random.default_rng(1), 6, size=30000)",
    "map_chunks": "tm.map_chunks(np.sqrt, x, chunksize=1000)",
    "numpy": """
tm.numpy.add(x, x)
tm.numpy.sum(table, axis=0)
tm.numpy.max(table)
tm.numpy.matmul(table[:50], table[:50].T)
rows = tm.numpy.sort(table[:, :9], axis=0, pool=tm.default_pool())
whole = (table[:60, :50] * 9).astype(int)
for long in rows, table[:30].repeat(9, axis=1):
    long[3] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in "median", "nanmedian", "cumsum", "nanargmin", "argmax", "nancumprod":
            with contextlib.suppress(ValueError):
                getattr(tm.numpy, name)(long, axis=1, pool=tm.default_pool())
        tm.numpy.nanquantile(long, [0.5], axis=1, pool=tm.default_pool())
        tm.numpy.percentile(long, 5, axis=1, pool=tm.default_pool())
for name in "digitize", "isin":
    getattr(tm.numpy, name)(rows, np.arange(9.0), pool=tm.default_pool())
tm.numpy.interp(rows, np.arange(9.0), np.arange(9.0), pool=tm.default_pool())
tm.numpy.einsum("ij,kj->ik", whole, whole, pool=tm.default_pool())
tm.numpy.fft.fft2(table[:9], pool=tm.default_pool())
for name in "inv", "svd", "qr", "eigh", "cond":
    with contextlib.suppress(np.linalg.LinAlgError):
        getattr(tm.numpy.linalg, name)(np.eye(3)[None].repeat(40, 0), pool=tm.default_pool())
        getattr(tm.numpy.linalg, name)(np.zeros((40, 3, 3)), pool=tm.default_pool())
places = tm.numpy.nonzero(table, pool=tm.default_pool())[0]
tm.numpy.take(table, places % 9, 0, pool=tm.default_pool())
tm.numpy.where(table > 0, table, 0, pool=tm.default_pool())
tm.numpy.concatenate((table.T, table.T), pool=tm.default_pool())
tm.numpy.astype(table, np.float32, pool=tm.default_pool())
tm.numpy.extract(table > 0, table, pool=tm.default_pool())
tm.numpy.bincount(places, pool=tm.default_pool())
tm.numpy.histogram(table, 9, pool=tm.default_pool())
tm.numpy.full(9, 1.0, pool=tm.default_pool())
""",
    "parallel": """
for ufunc in np.add, np.exp, np.sqrt, np.floor_divide, np.isnan, np.logical_and, np.divmod, np.matmul:
    run = tm.parallel(ufunc)
    arrays = (table[:400],) * ufunc.nin
    with np.errstate(all="ignore"):
        run(*arrays)
        run(*arrays)
        run.explain(*arrays)
    with contextlib.suppress(Exception):
        run("no number")
    with contextlib.suppress(Exception):
        run(*[object()] * ufunc.nin)
import warnings
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    tm.parallel(np.log)(-x)
with np.errstate(all="raise"), contextlib.suppress(FloatingPointError):
    tm.parallel(np.log)(-x)
add = tm.parallel(np.add)
for axis in None, 0, 1, (0, 1):
    add.reduce(table, axis=axis)
    tm.parallel(np.maximum).reduce(table, axis=axis)
add.accumulate(x)
add.at(x, [1], 2)
add.outer(x[:9], x[:9])
add(x.astype("f4"), x.astype(">f8"))
add(x.astype("c16"), 1)
add(x, x, where=x > 1, out=np.zeros_like(x))
add(x, x, dtype="f4", casting="unsafe")
add(np.ma.masked_array(x), 1)
add(x.astype(object)[:9], 1)
add(np.array(["a"], dtype=np.dtypes.StringDType()), np.array(["b"], dtype=np.dtypes.StringDType()))
""",
    "random": "tm.random(np.random.default_rng(1), 30000)",
    "recommended_workers": "tm.recommended_workers('io')",
    "reduce": "tm.reduce(lambda a, b: a + b, list(range(100)))",
    "scale": """
tm.scale(x, 3)
with contextlib.suppress(OverflowError):
    tm.scale(np.full(99999, 100, "i1"), 3, overflow="raise")
""",
    "square": "tm.square(x); tm.square(x, out=x)",
    "stage": "tm.stage(abs)",
    "sum": "tm.sum(x); tm.sum(table, axis=0); tm.sum(table, axis=1, keepdims=True); tm.sum([1, 2])",
    "Trace": "assert isinstance(tm.trace(), tm.Trace)",
    "trace": """
import os
path = f"{os.environ.get('TMPDIR', '/tmp')}/threadmill-{os.getpid()}.json"
with tm.trace(path) as run:
    tm.square(x)
    list(tm.default_pool().map(abs, range(99)))
    tm.fuse(lambda x: (x + 1) * 2)(x)
os.remove(path)
assert "at work" in repr(run)
""",
    "usable_cores": "tm.usable_cores()",
}


def test_every_public_name_is_called() -> None:
    assert set(CALLS) == set(tm.__all__)


EACH = """
for name, call in calls.items():
    try:
        exec(call, dict(globals()))
    except BaseException as error:
        print(f"{name}: {error!r}")
    for each in refused:
        print(f"{name} imports {each}")
    refused.clear()
print("done")
"""


def test_a_call_imports_nothing() -> None:
    ended = commands.run_python(f"{REFUSING}\ncalls = {CALLS!r}\n{EACH}")
    assert (ended.returncode, ended.stdout) == (0, "done\n"), ended.stderr


def test_a_call_that_imports_something_is_told() -> None:
    calls = {"good": "tm.usable_cores()", "bad": "import colorsys", "last": "tm.sum(x)"}
    ended = commands.run_python(f"{REFUSING}\ncalls = {calls!r}\n{EACH}")
    refused = "bad: ModuleNotFoundError('refused: colorsys')\nbad imports colorsys\n"
    assert (ended.returncode, ended.stdout) == (0, f"{refused}done\n"), ended.stderr


def test_an_attribute_imports_nothing() -> None:
    script = f"{REFUSING}\ntm.__version__\nassert not refused, refused"
    ended = commands.run_python(script)
    assert ended.returncode == 0, ended.stderr
