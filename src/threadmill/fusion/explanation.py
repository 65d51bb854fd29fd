"""What a fused function has done: its passes over memory, what is in each, and why it ended."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from .._native.fused import COLUMN, ROW
from .._tables import Table
from .nodes import Node
from .passes import Fold

__all__ = ["MAY_CHANGE", "FusedExplanation", "Log", "name_of"]

_HEAD = ["", "over", "what", "moved", "by NumPy", "ended"]

MAY_CHANGE = "an operand was no argument, or was handed out, and can be written"


class FusedExplanation(str):
    """What `explain` of a fused function tells, as a text; a table in notebooks.

    Attributes
    ----------
    passes : int
        Passes over memory.
    moved : int
        Bytes that they have read and written.
    numpys : int
        Bytes that NumPy reads and writes for the same operations.
    """

    __slots__ = ("_table", "moved", "numpys", "passes")
    passes: int
    moved: int
    numpys: int
    _table: Table

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return self._table._repr_html_()


class _Pass(NamedTuple):
    names: list[str]
    shape: tuple[int, ...]
    moved: int
    numpys: int
    why: str
    line: int  # 0: none of the function's


class Log:
    """The passes of one call, and what NumPy has run in between."""

    def __init__(self) -> None:
        self.passes: list[_Pass] = []
        self.lines: list[str] = []
        self.rows: list[list[str]] = []  # the same, for a table
        self.why = "", 0

    def add(self, nodes: Sequence[Node], folds: Sequence[Fold]) -> None:
        """A pass that has just run."""
        shape = nodes[0].shape if nodes else folds[0].value.shape
        values = {value for node in nodes for value in node.inputs if value.node not in nodes}
        if not nodes:
            values.add(folds[0].value)
        moved = sum(value.array.nbytes for value in values if value.array is not None)
        made = [value for node in nodes for value in node.outs]
        moved += sum(value.array.nbytes for value in made if value.array is not None)
        numpys = 0
        for node in nodes:
            numpys += sum(_size(value.shape, value.dtype) for value in (*node.inputs, *node.outs))
        names = [node.loop.name if node.over in (ROW, COLUMN) else node.name for node in nodes]
        numpys += sum(_size(shape, fold.value.dtype) for fold in folds)
        if folds:
            names.append("a reduction" if len(folds) == 1 else f"{len(folds)} reductions")
        told = _Pass(names, shape, moved, numpys, *self.why)
        self.passes.append(told)
        over = " x ".join(map(str, shape))
        ended = f"at line {told.line}, as {told.why}" if told.line else f"as {told.why}"
        self.rows.append(
            [f"pass {len(self.passes)}", over, _listed(names), _bytes(moved), _bytes(numpys), ended]
        )
        self.lines.append(
            f"  pass {len(self.passes)} over {over}: {_listed(names)}\n"
            f"    {_bytes(moved)} read and written, by NumPy {_bytes(numpys)}; "
            f"ended {ended}"
        )

    def add_remark(self, what: str, remark: str) -> None:
        """What is told between two passes, or of the whole call."""
        self.lines.append(f"  {what}: {remark}")
        self.rows.append([what, "", remark, "", "", ""])

    def told(self, name: str) -> FusedExplanation:
        moved, numpys = sum(each.moved for each in self.passes), sum(each.numpys for each in self.passes)
        head = f"{name}: {len(self.passes)} {'pass' if len(self.passes) == 1 else 'passes'} over memory"
        head += f", {_bytes(moved)} read and written where NumPy moves {_bytes(numpys)}"
        found = FusedExplanation("\n".join([head, *self.lines]))
        found._table = Table(self.rows, _HEAD, head, numbers=False)
        found.passes, found.moved, found.numpys = len(self.passes), moved, numpys
        return found


def name_of(function: Any) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _size(shape: tuple[int, ...], dtype: Any) -> int:
    return math.prod(shape) * int(dtype.itemsize)


def _bytes(n: int) -> str:
    for unit, size in ("GB", 10**9), ("MB", 10**6), ("kB", 10**3):
        if n >= size:
            return f"{n / size:.3g} {unit}"
    return f"{n} bytes"


def _listed(names: list[str]) -> str:
    """Names in their order, those that follow each other often counted."""
    if len(names) <= 12:
        return ", ".join(names)
    return f"{', '.join(names[:6])}, ... {len(names) - 9} more ..., {', '.join(names[-3:])}"
