"""A histogram of readings as they stream in: feeds put small pieces, one consumer takes all there is."""

import queue
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from example import BLUE, compare, figure, options, save

import threadmill as tm

EDGES = np.linspace(-4.0, 8.0, 241)
PIECE = 1000  # readings in a message
MAXSIZE = 1_000_000  # readings that wait
BLOCK = 100_000  # readings counted at a time, at most


def count_typed(feeds: list[Any], seen: Callable[[Any], None] = lambda _: None) -> Any:
    """The histogram by a typed queue: readings lie in C, and come in blocks as long as what waits."""
    readings = tm.Queue(maxsize=MAXSIZE, dtype="f8")
    start(feeds, readings.put_many, readings.shutdown)
    counts = np.zeros(len(EDGES) - 1, np.int64)
    try:
        while True:
            counts += tm.numpy.histogram(readings.get_many(BLOCK), EDGES)[0]
            seen(counts)
    except tm.ShutDown:  # and empty
        return counts


def count_objects(feeds: list[Any]) -> Any:
    """The same by the standard library: each message is an object, and is counted by itself."""
    messages: queue.Queue[Any] = queue.Queue(maxsize=MAXSIZE // PIECE)
    start(feeds, messages.put, lambda: messages.put(None))
    counts = np.zeros(len(EDGES) - 1, np.int64)
    while (message := messages.get()) is not None:
        counts += np.histogram(message, EDGES)[0]
    return counts


def count_gathered(feeds: list[Any]) -> Any:
    """The same, where the consumer gathers by hand the messages that wait."""
    messages: queue.Queue[Any] = queue.Queue(maxsize=MAXSIZE // PIECE)
    start(feeds, messages.put, lambda: messages.put(None))
    counts = np.zeros(len(EDGES) - 1, np.int64)
    message = messages.get()
    while message is not None:
        block = []
        while message is not None and len(block) < BLOCK // PIECE:
            block.append(message)
            try:
                message = messages.get_nowait()
            except queue.Empty:
                message = messages.get()
                break
        counts += np.histogram(np.concatenate(block), EDGES)[0]
    return counts


def start(feeds: list[Any], put: Callable[[Any], None], end: Callable[[], None]) -> None:
    """A thread for each feed, and one that tells when all are through."""

    def send(feed: Any) -> None:
        for begin in range(0, len(feed), PIECE):
            put(feed[begin : begin + PIECE])

    def send_all() -> None:
        for each in threads:
            each.join()
        end()

    threads = [threading.Thread(target=send, args=(feed,)) for feed in feeds]
    for each in (*threads, threading.Thread(target=send_all)):
        each.start()


def draw(path: Any, feeds: list[Any]) -> None:
    moments: list[Any] = []
    final = count_typed(feeds, lambda counts: moments.append(counts.copy()))
    drawn = figure(8, 2.8)
    axes = drawn.subplots()
    for share, shade in (0.25, 0.25), (0.5, 0.5), (1.0, 1.0):
        counts = next(each for each in moments if each.sum() >= share * final.sum())
        axes.stairs(counts, EDGES, color=BLUE, alpha=shade, label=f"{counts.sum():,} readings")
    axes.set(xlabel="reading", ylabel="count in a bin", xlim=(EDGES[0], EDGES[-1]))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    save(drawn, path)


def main() -> None:
    small, picture = options(__doc__)
    n = 20_000 if small else 2_000_000
    feeds = [
        np.random.default_rng(number).normal(centre, width, n)
        for number, (centre, width) in enumerate([(0, 1), (2, 0.4), (4.5, 1)])
    ]
    for name, other in ("a message at a time", count_objects), ("messages gathered by hand", count_gathered):
        what = f"{3 * n:,} readings, {PIECE} in a message; before: {name}"
        compare(what, lambda other=other: other(feeds), lambda: count_typed(feeds), rounds=5)
    if picture:
        draw(picture, feeds)


if __name__ == "__main__":
    main()
