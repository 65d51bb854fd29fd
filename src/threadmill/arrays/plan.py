"""Plan: all about a call but its arrays. What a first call finds out is kept for the calls like it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._tables import Table
from .._types import Array, Reduced
from .loops import Loop

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["Explanation", "Plan", "Reduction"]


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """How a call of a ufunc would run: a sentence by `str`, a table by `repr` and in notebooks.

    Attributes
    ----------
    name : str
        The ufunc's name.
    parallel : bool
        Whether the pool's threads would run the call.
    reason : str or None
        Why NumPy would make the call; None if it would run in parallel.
    loop : str or None
        The inner loop and its dtypes; None if NumPy would make the call.
    shape : tuple of int
        What the loop goes over, outermost axis first.
    split : int
        The axis that is cut into chunks.
    chunks : int
        The number of chunks; 0 if NumPy would make the call.
    threads : int
        The most threads that take part; 1 if NumPy would make the call.
    """

    name: str
    parallel: bool
    reason: str | None = None
    loop: str | None = None
    shape: tuple[int, ...] = ()
    split: int = 0
    chunks: int = 0
    threads: int = 1

    def __str__(self) -> str:
        if not self.parallel:
            return f"{self.name}: by NumPy, because {self.reason}"
        if not self.shape:
            return f"{self.name}: {self.loop}"
        over = " x ".join(map(str, self.shape))
        many = f"axis {self.split} in {self.chunks} chunk{'s' * (self.chunks != 1)}"
        return f"{self.name}: {self.loop}, over {over}, {many}, on up to {self.threads} threads"

    def __repr__(self) -> str:
        return str(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()

    def _table(self) -> Table:
        if not self.parallel:
            return Table([(self.name, "by NumPy"), ("because", str(self.reason))], numbers=False)
        rows = [(self.name, "in parallel"), ("loop", str(self.loop))]
        if self.shape:
            rows += [
                ("over", " x ".join(f"{length:,}" for length in self.shape)),
                ("cut", f"axis {self.split} in {self.chunks} chunk{'s' * (self.chunks != 1)}"),
                ("threads", f"up to {self.threads}, the caller among them"),
            ]
        return Table(rows, numbers=False)


class Plan:
    """A loop, the shape that it goes over, and how that is cut into chunks.

    Each kind of plan has a method `run`, which takes the pool and what the plan does not hold, and returns
    what NumPy returns, or a Refusal where it is found out only then that NumPy has to make the call. In that
    case the operands are as they were.
    """

    __slots__ = ("grain", "loop", "shape", "split")

    def __init__(self, loop: Loop | None, shape: tuple[int, ...], split: int, grain: int) -> None:
        self.loop = loop  # None: a kernel of our own
        self.shape, self.split, self.grain = shape, split, grain

    def explain(self, name: str, threads: int) -> Explanation:
        chunks = -(-self.shape[self.split] // self.grain)
        loop = "threadmill's own kernel"
        if self.loop is not None:
            loop = f"NumPy's loop for {', '.join(map(str, self.loop.dtypes))}"
        return Explanation(name, True, None, loop, self.shape, self.split, chunks, min(threads, chunks))


class Reduction(Plan):
    """The plan of a reduction; `run(pool, x)` returns what ufunc.reduce returns."""

    __slots__ = ("reusable", "run")

    def __init__(
        self,
        loop: Loop | None,
        shape: tuple[int, ...],
        split: int,
        grain: int,
        run: "Callable[[CData, Array], Reduced]",
        reusable: bool,
    ) -> None:
        super().__init__(loop, shape, split, grain)
        self.run = run
        self.reusable = reusable  # for other arrays of x's dtype and shape that are contiguous as well
