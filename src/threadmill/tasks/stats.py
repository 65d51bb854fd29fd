"""Stats: what a pool's threads have done, a dict that shows itself as a table."""

from typing import Any

from .._tables import Table, seconds

__all__ = ["Stats"]


class Stats(dict[str, Any]):
    """The counts of Pool.stats. Its text is a table in a terminal and in a notebook.

    Columns of zeros are left out of the table.
    """

    def __repr__(self) -> str:
        return str(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()

    def _table(self) -> Table:
        counts = [name for name in self["callers"] if self[name]] or ["jobs", "tasks", "busy_ns"]
        rows = [(f"worker {k}", worker) for k, worker in enumerate(self["workers"])]
        rows += [("callers", self["callers"]), ("all", self)]
        return Table(
            [[who, *(_told(name, row[name]) for name in counts)] for who, row in rows],
            ["thread", *(name.removesuffix("_ns") for name in counts)],
        )


def _told(name: str, count: int) -> str:
    return seconds(count / 1e9) if name == "busy_ns" and count else f"{count:,}"
