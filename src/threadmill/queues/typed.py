"""A typed queue's ring in the C library, as NumPy arrays see it."""

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from .._arguments import integer
from .._native import pointers, ring

if TYPE_CHECKING:
    import numpy.typing as npt

    from .._native._threadmill import CData

__all__ = ["Ring", "run_block"]


class Ring:
    """Items of a fixed-size dtype, pushed and popped in blocks."""

    def __init__(self, maxsize: int, dtype: "npt.DTypeLike | None", order: str) -> None:
        self.dtype = np.dtype(dtype)
        if self.dtype.hasobject:
            raise TypeError(f"dtype must hold no Python objects, got {self.dtype}")
        if self.dtype.itemsize == 0:
            raise ValueError(f"dtype must have a size, got {self.dtype}")
        if order == "priority":
            raise ValueError("order='priority' is for queues of objects; a typed one is 'fifo' or 'lifo'")
        capacity = max(0, integer("maxsize", maxsize, most=sys.maxsize))
        self._queue = ring.new_queue(capacity, self.dtype.itemsize, order == "lifo")

    def one(self, item: Any) -> Any:
        """The item as an array of one."""
        block = np.empty(1, self.dtype)
        block[0] = item
        return block

    def many(self, items: "npt.ArrayLike") -> Any:
        """The items as a contiguous array of the ring's dtype; TypeError where that would change them."""
        array = np.asarray(items)
        if array.ndim != 1:
            raise ValueError(f"items must be one-dimensional, got shape {array.shape}")
        if not np.can_cast(array.dtype, self.dtype, "safe") and array.size:
            raise TypeError(f"items must be of a dtype that casts safely to {self.dtype}, got {array.dtype}")
        return np.ascontiguousarray(array, self.dtype)

    def push(self, block: Any, timeout: float | None) -> int:
        """Moves all in; Full or ShutDown, with `done`, where only some went."""
        return ring.queue_push(self._queue, block.view(np.uint8), len(block), timeout)

    def pop(self, n: int, timeout: float | None) -> Any:
        """Moves up to n out."""
        n = integer("n", n, 1)
        # What is inside now bounds the block; at least one, as one may come while this thread waits.
        block = np.empty(min(n, max(1, self.length())), self.dtype)
        done = ring.queue_pop(self._queue, block.view(np.uint8), len(block), timeout)
        return block[:done]

    def drain(self, pool: "CData", block: int, kernel: "CData | int", ctx: "CData") -> tuple[int, int]:
        """Has the pool's threads pop all that comes; a status, and the number of items."""
        return ring.drain(pool, self._queue, block, kernel, ctx)

    def length(self) -> int:
        return ring.queue_length(self._queue)

    def close(self, discard: bool) -> int:
        """Lets nothing in any more; the number of items dropped."""
        return ring.queue_close(self._queue, discard)


def run_block(kernel: Any, ctx: Any, source: Any, target: Any) -> None:
    """kernel(ctx, source, target, n) over contiguous arrays, on the calling thread without the GIL."""
    pointers.run_block(kernel, ctx, source.view(np.uint8), target.view(np.uint8), len(source))
