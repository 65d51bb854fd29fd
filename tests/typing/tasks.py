"""What users write with pools, as type checkers see it. Read by mypy and pyright; never run."""

import asyncio
import concurrent.futures
import ctypes
import sys
from collections.abc import Iterable

import threadmill as tm

if sys.version_info >= (3, 11):
    from typing import assert_type
else:
    from typing_extensions import assert_type


def parse(line: str, base: int = 10) -> int:
    return int(line, base)


async def fetch(url: str) -> bytes:
    return url.encode()


# ---- a pool, and its futures ----

with tm.Pool(4, thread_name_prefix="mill") as pool:
    future = pool.submit(parse, "12", base=8)
    assert_type(future.result(), int)
    assert_type(future.result(timeout=1), int)
    assert_type(future.exception(), BaseException | None)
    assert_type(pool.max_workers, int)
    pool.submit(parse, 12)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    pool.submit(parse, "12", bass=8)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

    pool.spawn(parse, "3")
    pool.join(timeout=5.0)


def show(done: "concurrent.futures.Future[int]") -> None:
    print(done.result() + 1)


future.add_done_callback(show)


# ---- instead of ThreadPoolExecutor ----


def count(executor: concurrent.futures.Executor, lines: Iterable[str]) -> list[int]:
    waiting = [executor.submit(parse, line) for line in lines]
    return [each.result() for each in concurrent.futures.as_completed(waiting)]


def count_on(executor: concurrent.futures.ThreadPoolExecutor) -> list[int]:
    return count(executor, ["1", "2"])


assert_type(count_on(tm.Pool(2)), list[int])


async def main() -> int:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(tm.Pool(2))
    number = await loop.run_in_executor(tm.default_pool(), parse, "5")
    return number + await asyncio.wrap_future(tm.default_pool().submit(parse, "6"))


class Traced(tm.Pool):
    """A pool that says what it is given."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        print(self.stats()["threads"])
        super().shutdown(wait, cancel_futures=cancel_futures)


# ---- native functions ----

BODY = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t)
body = BODY(lambda _ctx, begin, end: print(begin, end))

tm.default_pool().parallel_for(100, body, chunksize=10)
tm.default_pool().parallel_for(100, body, ctx=bytearray(8))
tm.default_pool().parallel_for(100, body, 10)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

assert_type(tm.recommended_workers("memory"), int)
tm.recommended_workers("disk")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
tm.Pool(when_full="wait")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
