"""The iterator that Pool.map returns."""

import functools
import itertools
import opcode
import sys
import weakref
from collections import deque
from collections.abc import Callable, Generator, Iterable
from types import FrameType
from typing import Any, Protocol, TypeVar

__all__ = ["Results", "Source"]

T = TypeVar("T")

_POP_TOP = opcode.opmap["POP_TOP"]


class Source(Protocol):
    """A map call, which the results come from."""

    # Has the calls cancelled when the iterator is dropped; None once the first result has been asked for.
    unbegun: "weakref.ref[Results[Any]] | None"
    size: int | None  # how many results there will be, where that is known

    def give_up(self) -> None:
        """Cancels the calls that no thread has taken, and lets go of everything."""


class Results(itertools.chain[T]):
    """An iterator at the speed of C, with the `close` that a generator has.

    Like a generator it cancels what nobody has begun when it is dropped before its end. It does so also when
    it is dropped before its beginning, except by a statement that only calls `pool.map(fn, items)`: that is
    how people call `map` for its effects, and Executor.map runs all of these calls. One that has come to its
    end runs no Python code when it is dropped, where Ctrl-C would be lost.
    """

    _source: Source
    _layers: tuple[Generator[Any, None, None], ...]

    @classmethod
    def of(
        cls, parts: Iterable[Iterable[T]], source: Source, *layers: Generator[Any, None, None]
    ) -> "Results[T]":
        """The items of the parts, one by one; `layers` are the generators behind them, outer ones first."""
        results: Results[T] = cls.from_iterable(parts)  # type: ignore[assignment]
        results._source, results._layers = source, layers
        source.unbegun = weakref.ref(results, functools.partial(_give_up, weakref.ref(source)))
        return results

    def through(self, layer: Generator[T, None, None]) -> "Results[T]":
        """What a generator makes of these results."""
        return Results.of((layer,), self._source, layer, *self._layers)

    def close(self) -> None:
        for layer in self._layers:
            layer.close()
        self._source.give_up()
        deque(self, maxlen=0)  # what it holds of the last part


def _give_up(
    source: "weakref.ref[Source]", _: object, is_finalizing: Callable[[], bool] = sys.is_finalizing
) -> None:
    # When the interpreter ends, the pool has ended before, and this module's names may be gone.
    if is_finalizing() or _ends_a_statement(sys._getframe().f_back):
        return
    if (work := source()) is not None:
        work.give_up()


def _ends_a_statement(frame: FrameType | None) -> bool:
    """Whether `frame` drops the value of an expression statement."""
    return frame is not None and frame.f_code.co_code[frame.f_lasti] == _POP_TOP
