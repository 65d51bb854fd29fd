"""Formulas: what an element-wise function does with arrays, recorded once, replayed on each of their blocks.

A function is recorded by one call on symbols (symbols.py), which know the whole arrays' dtypes and shapes and
no element. What needs more than an element at a time is refused then, so a formula can't depend on blocks.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from itertools import zip_longest
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Formula", "Recorder", "Slot", "Step", "broadcast"]


class Slot(int):
    """Where a value of a formula stands: sources first, then what the steps return, in their order."""


class Step(NamedTuple):
    """One call. Slots stand for values in the arguments; `makes` values come, those in `writes` change.

    `errors` are numpy.geterr() where the function has set it.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    options: dict[str, Any]
    makes: int
    writes: tuple[Slot, ...] = ()
    errors: Any = None


class Formula:
    """A callable of blocks, one for each source; it returns one block for each result, in a tuple if several.

    Pickles hold ufuncs and functions by their names. Equal formulas have equal tokens in dask.
    """

    def __init__(self, name: str, sources: int, steps: tuple[Step, ...], results: tuple[Slot, ...]) -> None:
        self.__name__ = name
        self.sources = sources
        self.steps = steps
        self.results = results
        self.door: Any = None  # of this process; any thread sets it, when a block comes, and any one does
        # The slots that each step is the last to use: their arrays need not be written to memory.
        last: dict[int, int] = {}
        end = sources
        for number, step in enumerate(steps):
            last.update(dict.fromkeys(_slots(step), number))
            last.update(dict.fromkeys(range(end, end + step.makes), number))
            end += step.makes
        self._done: list[list[int]] = [[] for _ in steps]
        for slot, number in last.items():
            if slot not in results:
                self._done[number].append(slot)

    def __call__(self, *blocks: Any) -> Any:
        values = list(blocks)
        for step, done in zip(self.steps, self._done, strict=True):
            args, options = _filled(step.args, values), _filled(step.options, values)
            with np.errstate(**step.errors) if step.errors else nullcontext():
                made = step.function(*args, **options)
            del args, options
            values.extend(made if step.makes > 1 else (made,))
            del made
            for slot in done:
                values[slot] = None
        found = tuple([values[slot] for slot in self.results])
        return found if len(found) > 1 else found[0]

    def __reduce__(self) -> Any:
        return Formula, (self.__name__, self.sources, self.steps, self.results)

    def __dask_tokenize__(self) -> Any:
        from dask.base import normalize_token

        return normalize_token(("threadmill.Formula", self.sources, self.steps, self.results))


def _filled(x: Any, values: Any) -> Any:
    """x with values in place of slots, in tuples, lists and dicts too."""
    kind = type(x)
    if kind is Slot:
        return values[x]
    if kind is tuple or kind is list:
        return kind([_filled(each, values) for each in x])
    return {name: _filled(each, values) for name, each in x.items()} if kind is dict else x


def _slots(x: Any) -> Iterable[Slot]:
    """The slots in x."""
    if isinstance(x, Slot):
        yield x
    elif isinstance(x, tuple | list | dict):
        for each in x.values() if isinstance(x, dict) else x:
            yield from _slots(each)


class Recorder:
    """The steps of one call of a function, on whole arrays. `models` have each value's dtype and axes, and no
    elements; `arrays` are the sources by their slots."""

    def __init__(self) -> None:
        self.arrays: dict[Slot, Any] = {}
        self.models: list[Any] = []
        self.shapes: list[tuple[Any, ...]] = []
        self.is_open = True
        self._errors = np.geterr()
        self._steps: list[tuple[Slot, Step]] = []  # with the first slot that each makes
        self._by_id: dict[int, Slot] = {}  # the slots of the sources, which `arrays` keeps alive

    def source(self, array: Any) -> Slot:
        """The slot of an array that the function was given, or has found elsewhere."""
        slot = self._by_id.get(id(array))
        if slot is None:
            slot = self._by_id[id(array)] = self._slot(_model(array.ndim, array.dtype), array.shape)
            self.arrays[slot] = array
        return slot

    def _slot(self, model: Any, shape: tuple[Any, ...]) -> Slot:
        self.models.append(model)
        self.shapes.append(shape)
        return Slot(len(self.models) - 1)

    def step(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        options: dict[str, Any],
        writes: tuple[Slot, ...] = (),
    ) -> list[Slot]:
        """The slots of what a call returns; raises what NumPy raises for arrays of such dtypes and shapes."""
        shape = broadcast([self.shapes[slot] for slot in _slots((args, options))])
        for slot in writes:
            if repr(self.shapes[slot]) != repr(shape):  # an unknown length is no number, unlike itself
                raise ValueError(
                    f"non-broadcastable output operand with shape {self.shapes[slot]} doesn't match "
                    f"the broadcast shape {shape}"
                )
        errors = None if np.geterr() == self._errors else np.geterr()
        # Warnings come as of any call. catch_warnings would set the filters of the whole process, also for
        # other threads. Models have no elements to warn of, but those without axes.
        with np.errstate(all="ignore"):
            made = function(*_filled(args, self.models), **_filled(options, self.models))
        several = type(made) is tuple
        step = Step(function, args, options, len(made) if several else 1, writes, errors)
        slots = [
            self._slot(None if each is None else _model(len(shape), each.dtype), shape)
            for each in (made if several else (made,))
        ]
        self._steps.append((slots[0], step))
        return slots

    def formula(self, name: str, results: Sequence[Slot]) -> tuple[Formula, list[Any]]:
        """What makes these results, without the steps that they do not need; and the arrays that it takes."""
        needed, steps = set(results), []
        for first, step in reversed(self._steps):
            if needed.isdisjoint({*range(first, first + step.makes), *step.writes}):
                continue
            needed.update(_slots(step))
            steps.append((first, step))
        sources = [slot for slot in self.arrays if slot in needed]
        new = {slot: Slot(place) for place, slot in enumerate(sources)}
        renumbered, end = [], len(sources)
        for first, step in reversed(steps):
            args, options, writes = _filled((step.args, step.options, step.writes), new)
            renumbered.append(step._replace(args=args, options=options, writes=writes))
            new.update({Slot(first + k): Slot(end + k) for k in range(step.makes)})
            end += step.makes
        formula = Formula(name, len(sources), tuple(renumbered), tuple(new[slot] for slot in results))
        return formula, [self.arrays[slot] for slot in sources]


def _model(axes: int, dtype: Any) -> Any:
    """An array of such axes and dtype, of no elements if it has axes."""
    return np.zeros((0,) * axes, dtype)


def broadcast(shapes: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    """numpy.broadcast_shapes, of lengths that may be unknown (NaN)."""
    shapes = list(shapes)
    found: list[Any] = []
    for lengths in zip_longest(*map(reversed, shapes), fillvalue=1):
        longer = {n for n in lengths if n != 1}
        known = {n for n in longer if n == n}
        if len(known) > 1:
            raise ValueError(
                f"operands could not be broadcast together with shapes {' '.join(map(str, shapes))}"
            )
        found.append(float("nan") if len(longer) > len(known) else known.pop() if known else 1)
    return tuple(reversed(found))
