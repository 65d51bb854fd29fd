"""Lazy arrays in another thread than that of their call, after which nothing is put off any more.

A function that is fused may hand its arrays to threads, as any function may. The first operation there that
meets what is put off runs it, and closes the record: from then on all operations are made at once, in each
thread by itself. The call's own thread may be anywhere meanwhile, also in the middle of an operation.
"""

from contextlib import ExitStack
from typing import TYPE_CHECKING

from .exposed import give_back
from .nodes import Holder, Node

if TYPE_CHECKING:
    from .record import Record

__all__ = ["add_late", "flush_all", "share"]

_SHARED = "another thread had the arrays"


def share(record: "Record") -> None:
    """Runs what is put off, in another thread than the record's.

    It sets `is_open`, then reads `pending`. Record._put_off adds to `pending`, then reads `is_open`: so one
    of the two sees the node, here or in add_late.
    """
    with record.lock:
        if record.is_open:
            record.is_open = False
            flush_all(record, _SHARED)
            give_back(record)


def flush_all(record: "Record", why: str) -> None:
    """Runs what is put off of a record that is closed; with its lock held.

    Of a node that nobody reads the record's own thread may just be about to show the values.
    """
    nodes = record.pending
    read = {value for node in nodes for value in node.inputs}
    with ExitStack() as held:
        for node in nodes:
            for value in node.outs:
                if value not in read and not value.is_held():
                    held.enter_context(Holder(value))
        record.run_pending(why)


def add_late(record: "Record", node: Node) -> None:
    """A node that was put off while another thread closed the record, which may have missed it."""
    with record.lock:
        if node not in record.pending and any(value.array is None for value in node.outs):
            record.pending.append(node)
