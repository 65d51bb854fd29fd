"""A batch of a map: a run of its inputs, and the results of their calls as far as they are there."""

from collections.abc import Iterator, Sequence
from typing import Any

__all__ = ["Batch", "Raised", "up_to_failure"]


class Raised:
    """Stands where a call raised."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


class Batch:
    """Inputs that one worker has claimed: those from `start` to `stop`."""

    def __init__(self, inputs: Sequence[Any], start: int, stop: int) -> None:
        self._inputs = inputs
        self.size = stop - start
        self.start = start
        self.stop = stop
        self.results: list[Any] = []
        self.failed = False
        self.ended = False  # the worker looks at `results` no more

    def inputs_from(self, done: int) -> Sequence[Any]:
        return self._inputs[self.start + done : self.stop]

    def take(self, at: int) -> list[Any]:
        """The results from input `at` on, as many as there are; the batch lets go of them."""
        begin = at - self.start
        if self.ended and begin == 0:
            return self.results
        ready = self.results[begin:]
        self.results[begin : begin + len(ready)] = [None] * len(ready)
        return ready

    def break_off(self, error: BaseException) -> None:
        """Has `error` stand for the results that are not there; may be called again if it raises."""
        self.failed = self.failed or len(self.results) < self.size
        while len(self.results) < self.size:
            self.results.append(Raised(error))


def up_to_failure(ready: list[Any]) -> Iterator[list[Any]]:
    """The results before the first failure, which is then raised."""
    at = next((i for i, result in enumerate(ready) if type(result) is Raised), len(ready))
    failures = [failure.error for failure in ready[at : at + 1]]
    del ready[at:]
    if ready:
        yield ready
    if failures:
        raise failures.pop()  # and nothing here holds it: its traceback holds this frame
