"""Table: what is told in rows, as text in a terminal and as HTML in a notebook."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Table", "seconds"]

_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


@dataclass(frozen=True)
class Table:
    """Rows of texts under a head, the first column set to the left.

    `numbers` sets the other columns to the right. Without a head the rows are names and what they mean.
    """

    rows: Sequence[Sequence[str]]
    head: Sequence[str] = ()
    title: str = ""
    numbers: bool = True

    def __str__(self) -> str:
        lines = [self.head, *self.rows] if self.head else self.rows
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        texts = ["  ".join(map(self._set, range(len(widths)), line, widths)).rstrip() for line in lines]
        if self.head:
            texts.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join([self.title, *texts] if self.title else texts)

    def _repr_html_(self) -> str:
        caption = f"<caption>{self.title.translate(_HTML)}</caption>" if self.title else ""
        head = f"<thead>{self._html_row(self.head, 'th')}</thead>" if self.head else ""
        body = "".join(self._html_row(row, "td") for row in self.rows)
        return f"<table>{caption}{head}<tbody>{body}</tbody></table>"

    def _set(self, column: int, text: str, width: int) -> str:
        return text.rjust(width) if column and self.numbers else text.ljust(width)

    def _html_row(self, texts: Sequence[str], cell: str) -> str:
        side = "right" if self.numbers else "left"
        first, *others = (text.translate(_HTML) for text in texts)
        cells = f'<th scope="row" style="text-align: left">{first}</th>'
        cells += "".join(f'<{cell} style="text-align: {side}">{text}</{cell}>' for text in others)
        return f"<tr>{cells}</tr>"


def seconds(value: float) -> str:
    """A time with three digits and the unit that suits it."""
    for unit, size in ("s", 1.0), ("ms", 1e-3), ("us", 1e-6):
        if value >= 0.9995 * size:
            return f"{value / size:.3g} {unit}" if value < 999.5 * size else f"{value / size:,.0f} {unit}"
    return f"{value / 1e-9:.3g} ns"
