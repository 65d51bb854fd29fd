"""report and strict: what becomes of calls, counted or forbidden."""

import atexit
import contextlib
import html
import os
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import NamedTuple

from .._process import lock_of_process
from .watch import FUSED, IS_STRICT, NUMPY, PARALLEL, WATCHERS

__all__ = ["Report", "ReportRow", "report", "report_at_exit", "strict"]

_VARIABLE = "THREADMILL_REPORT"


class ReportRow(NamedTuple):
    """Calls that had one name and became the same."""

    name: str
    within: str  #: the fused function that made them beside its passes, or ""
    became: str  #: "parallel", "fused" or "NumPy"
    reason: str  #: why NumPy made them, or ""
    calls: int
    seconds: float


class Report:
    """What has become of calls; `report` makes it. It counts while it is entered.

    It is shown as a table, by ``str`` and in notebooks.

    Attributes
    ----------
    rows : list of ReportRow
        The longest first.
    """

    def __init__(self) -> None:
        # Calls and ns; under the lock.
        self._counted: dict[tuple[str, str, str, str], tuple[int, int]] = {}

    def __enter__(self) -> "Report":
        with lock_of_process("report"):
            if self in WATCHERS:
                raise RuntimeError("the report is open already: make another one")
            WATCHERS.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        with lock_of_process("report"):
            WATCHERS.remove(self)

    def add(self, name: str, within: str, became: str, reason: str, took_ns: int) -> None:
        """Counts a call; for the package."""
        key = name, within, became, reason
        with lock_of_process("report"):
            calls, ns = self._counted.get(key, (0, 0))
            self._counted[key] = calls + 1, ns + took_ns

    @property
    def rows(self) -> list[ReportRow]:
        with lock_of_process("report"):
            counted = list(self._counted.items())
        rows = [ReportRow(*key, calls, ns / 1e9) for key, (calls, ns) in counted]
        return sorted(rows, key=lambda row: -row.seconds)

    def __str__(self) -> str:
        cells = [_HEADS, *map(_cells, self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = []
        for call, became, calls, seconds, reason in cells:
            line = f"{call:<{widths[0]}}  {became:<{widths[1]}}  {calls:>{widths[2]}}  {seconds:>{widths[3]}}"
            lines.append(f"{line}  {reason}".rstrip())
        return "\n".join([_head(self.rows), *(lines if len(lines) > 1 else [])])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = self.rows
        lines = [_html("th", _HEADS), *(_html("td", _cells(row)) for row in rows)]
        return f"<p>{html.escape(_head(rows))}</p><table>{''.join(lines)}</table>"


_HEADS = ("call", "became", "calls", "time", "because")


def _cells(row: ReportRow) -> tuple[str, str, str, str, str]:
    name = f"{row.name}, in {row.within}" if row.within else row.name
    return name, row.became, f"{row.calls:,}", _time(row.seconds), row.reason


def _html(tag: str, cells: tuple[str, ...]) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"


def _head(rows: list[ReportRow]) -> str:
    """The sums; what a fused function has made beside its passes is part of its own time."""
    outer = [row for row in rows if not row.within]
    told = []
    for became in PARALLEL, FUSED, NUMPY:
        own = [row for row in outer if row.became == became]
        if own:
            calls, seconds = sum(row.calls for row in own), sum(row.seconds for row in own)
            told.append(f"{calls:,} {became} in {_time(seconds)}")
    calls = sum(row.calls for row in outer)
    return f"threadmill: {calls:,} call{'s' * (calls != 1)}{': ' * bool(told)}{', '.join(told)}"


def _time(seconds: float) -> str:
    for unit, size in ("s", 1.0), ("ms", 1e-3):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} us"


def report() -> Report:
    """Counts calls by what becomes of them, in all threads of the process, while it is entered.

    Counted are the calls of `parallel`'s ufuncs and their methods, of `square`, `scale` and `sum`, of
    ``threadmill.numpy``'s functions and of fused functions. A call inside one of these is part of it. What a
    fused function makes at once, beside its passes, has rows of its own, which its own time includes.
    Python code that a call runs counts in its time. Not seen are `random`, `integers`, and what
    ``threadmill.numpy`` hands on as NumPy's own function.

    Returns
    -------
    Report
        A context manager. Reports may be nested, and open at the same time: each one counts all calls. With
        THREADMILL_REPORT=1 in the environment one is open from the import on, and printed to stderr at exit.

    Raises
    ------
    RuntimeError
        A report is entered while it is open.

    See Also
    --------
    ParallelUfunc.explain : how one call would run.
    strict : has calls that NumPy makes be errors.

    Examples
    --------
    >>> import numpy as np, threadmill as tm
    >>> x = np.ones((1000, 1000))
    >>> with tm.report() as seen:
    ...     y = tm.parallel(np.hypot)(x, 2.5)
    ...     z = tm.parallel(np.hypot)(x[:2, :2], 2.5)
    >>> sorted((row.name, row.became, row.calls) for row in seen.rows)
    [('hypot', 'NumPy', 1), ('hypot', 'parallel', 1)]
    """
    return Report()


class _Forbidding:
    """What stands in WATCHERS for each strict context: calls are watched, and not counted."""

    def add(self, name: str, within: str, became: str, reason: str, took_ns: int) -> None:
        pass


@contextlib.contextmanager
def strict() -> Iterator[None]:
    """Has a call that NumPy makes for another reason than its size be an error that names the reason.

    It holds while it is open, in the context that has entered it: in this thread or coroutine, and in tasks
    that it submits to a `Pool`. Contexts may be nested. Calls that are too small to gain are NumPy's still.
    The error is raised before NumPy begins, so that operands are as they were. In a fused function it is an
    error as well to call what is no step of a pass. Functions that `report` does not see are no errors.

    Raises
    ------
    FallbackError
        From the call.

    Examples
    --------
    >>> import numpy as np, threadmill as tm
    >>> x = np.ones(10**6)
    >>> with tm.strict():
    ...     tm.parallel(np.add).at(x, 0, 1)
    Traceback (most recent call last):
    threadmill.errors.FallbackError: add.at: by NumPy, because an index may occur twice
    """
    mark = _Forbidding()
    WATCHERS.append(mark)
    token = IS_STRICT.set(True)
    try:
        yield
    finally:
        IS_STRICT.reset(token)
        WATCHERS.remove(mark)


def report_at_exit() -> None:
    """Where the environment asks for a report: opens it, and has it printed at exit."""
    text = os.environ.get(_VARIABLE, "0")
    if text.strip() not in ("0", "1"):
        raise ValueError(f"{_VARIABLE} must be 0 or 1, got {text!r}")
    if text.strip() == "1":
        atexit.register(_print, Report().__enter__(), os.getpid())


def _print(opened: Report, process: int) -> None:
    if sys.stderr is not None and os.getpid() == process:
        print(opened, file=sys.stderr)
