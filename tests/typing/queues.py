"""What users write with queues and pipelines, as mypy and pyright see it; never run."""

import queue
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

import threadmill as tm

if sys.version_info >= (3, 11):
    from typing import assert_type
else:
    from typing_extensions import assert_type

# ---- objects ----

words = tm.Queue[str](10)
words.put("a", timeout=1.5)
assert_type(words.get(), str)
assert_type(words.get_nowait(), str)
assert_type([len(word) for word in words], list[int])
words.put(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

tasks: tm.Queue[tuple[int, str]] = tm.Queue(order="priority")
tasks.put((1, "a"))
number, name = tasks.get()
assert_type(number, int)
tm.Queue(order="random")  # pyright: ignore[reportArgumentType]


def read(line: tm.Queue[int]) -> Iterator[int]:
    while True:
        try:
            yield line.get(timeout=1)
        except queue.Empty:
            continue
        except tm.ShutDown:
            return


# ---- items of a dtype ----

numbers = tm.Queue(1000, dtype=np.float32)
assert_type(numbers, tm.TypedQueue[np.float32])
assert_type(numbers.get(), np.float32)
assert_type(numbers.get_many(100), np.ndarray[Any, np.dtype[np.float32]])
assert_type(numbers.dtype, np.dtype[np.float32])
numbers.put(1.5)

named = tm.Queue(dtype="i8")
assert_type(named, tm.TypedQueue[Any])
try:
    named.put_many([1, 2, 3], timeout=0)
except tm.PartialPut as full:
    assert_type(full.done, int)
except tm.PartialShutDown as ended:
    assert_type(ended.done, int)

assert_type(tm.TypedQueue(10, np.int64), tm.TypedQueue[np.int64])
records: tm.TypedQueue[np.void] = tm.TypedQueue(dtype=[("id", "i8"), ("x", "f4")])


# ---- subclasses ----


class Unique(tm.Queue[int]):
    def _init(self, maxsize: int) -> None:
        self.queue = set[int]()

    def _put(self, item: int) -> None:
        self.queue.add(item)

    def _get(self) -> int:
        return int(self.queue.pop())


unique = Unique(5)
assert_type(unique.get(), int)


class Named(tm.Queue[bytes]):
    def __init__(self, title: str, maxsize: int = 0) -> None:
        super().__init__(maxsize)
        self.title = title


assert_type(Named("title").get(), bytes)

# ---- pipelines ----

stage: tm.Stage = tm.stage(len, workers=2)
with tm.Pipeline([str.strip, stage, tm.stage(abs)], maxsize=8, ordered=False) as pipe:
    for result in pipe.run([" a "]):
        print(result)
tm.stage(len, chunksize=3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
