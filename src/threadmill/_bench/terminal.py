"""The terminal: colours where it has them, a table, and a bar while something takes long.

rich and tqdm make them where they are installed; neither is needed.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO, TypeVar

from .._tables import Table

__all__ = ["paint", "print_table", "progress"]

T = TypeVar("T")

# Read well on dark and on light; yellow does not on white.
CODES = {"green": 32, "magenta": 35, "red": 31, "bold": 1}


def has_colours(stream: TextIO) -> bool:
    """NO_COLOR, set to anything, turns colours off (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str) -> str:
    """The text in a colour, "" for none, if stdout has colours."""
    return f"\x1b[{CODES[colour]}m{text}\x1b[0m" if colour and has_colours(sys.stdout) else text


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]], colours: Sequence[str]) -> None:
    """Prints a table with a colour for each row, "" for none: by rich if it is there."""
    try:
        from rich import box
        from rich.console import Console
        from rich.table import Table as RichTable
    except ImportError:
        lines = str(Table(rows, head)).splitlines()
        painted = [paint(line, colour) for line, colour in zip(lines[2:], colours, strict=True)]
        print("\n".join([*lines[:2], *painted]))
        return
    table = RichTable(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for k, name in enumerate(head):
        table.add_column(name, justify="right" if k else "left", no_wrap=True)
    for row, colour in zip(rows, colours, strict=True):
        table.add_row(*row, style=colour or None)
    Console(highlight=False).print(table)


def progress(steps: Sequence[T], what: str) -> Iterable[T]:
    """The steps, with a bar on stderr as they are taken where that is a terminal: by rich, or by tqdm."""
    if not sys.stderr.isatty():
        return steps
    try:
        from rich.console import Console
        from rich.progress import track
    except ImportError:
        try:
            from tqdm import tqdm
        except ImportError:
            return steps
        return tqdm(steps, desc=what, leave=False)  # type: ignore[no-any-return]
    return track(steps, what, console=Console(stderr=True), transient=True)
