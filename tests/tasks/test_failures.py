"""A failure keeps nothing alive once the caller has dropped it: no path that raises makes a cycle."""

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import numpy as np
import pytest
from kit.threads import soon

import threadmill as tm


class Thing:
    """An input, or what a call makes of it."""


class Scene:
    """Inputs, and calls on them that fail; all that ought to be gone is known by weak references."""

    def __init__(self, pool: tm.Pool) -> None:
        self.pool = pool
        self.known: list[weakref.ref[Thing]] = []

    def things(self, n: int = 5) -> list[Thing]:
        made = [Thing() for _ in range(n)]
        self.known += map(weakref.ref, made)
        return made

    def fail(self, *args: object) -> None:
        (local,) = self.things(1)
        raise ZeroDivisionError(local)

    def survivors(self) -> int:
        return sum(ref() is not None for ref in self.known)


def submit(scene: Scene) -> None:
    scene.pool.submit(scene.fail, *scene.things()).result()


def submit_and_wait(scene: Scene) -> None:
    next(futures.as_completed([scene.pool.submit(scene.fail, thing) for thing in scene.things()])).result()


def map_in_batches(scene: Scene) -> None:
    list(scene.pool.map(scene.fail, scene.things()))


def map_one_by_one(scene: Scene) -> None:
    list(scene.pool.map(scene.fail, scene.things(), chunksize=1))


def map_in_one_batch(scene: Scene) -> None:
    list(scene.pool.map(scene.fail, scene.things(), chunksize=5))


def map_of_a_generator(scene: Scene) -> None:
    list(scene.pool.map(scene.fail, (thing for thing in scene.things())))


def map_several(scene: Scene) -> None:
    list(scene.pool.map(scene.fail, scene.things(), iter(scene.things())))


def map_the_last_fails(scene: Scene) -> None:
    *most, last = scene.things()
    list(scene.pool.map(lambda thing: thing is last and scene.fail(), [*most, last]))


def map_buffered(scene: Scene) -> None:
    list(scene.pool.map(scene.fail, scene.things(), buffersize=2))


def map_with_progress(scene: Scene) -> None:
    list(scene.pool.map(scene.fail, scene.things(), progress=lambda done, total: None))


def map_whose_input_fails(scene: Scene) -> None:
    def inputs() -> Iterator[Thing]:
        yield from scene.things()
        scene.fail()

    list(scene.pool.map(id, inputs()))


def map_buffered_whose_input_fails(scene: Scene) -> None:
    def inputs() -> Iterator[Thing]:
        yield from scene.things()
        scene.fail()

    list(scene.pool.map(id, inputs(), buffersize=2))


def join(scene: Scene) -> None:
    scene.pool.spawn(scene.fail, *scene.things())
    scene.pool.join()


def join_several(scene: Scene) -> None:
    for thing in scene.things():
        scene.pool.spawn(scene.fail, thing)
    scene.pool.join()


def drain(scene: Scene) -> None:
    queue = tm.Queue()
    for thing in scene.things():
        queue.put(thing)
    queue.shutdown()
    scene.pool.drain(queue, scene.fail)


def map_chunks(scene: Scene) -> None:
    things = scene.things()
    tm.map_chunks(lambda view: scene.fail(things), np.arange(100), chunksize=10, pool=scene.pool)


def map_chunks_of_other_shapes(scene: Scene) -> None:
    class Rows(np.ndarray):  # can be referred to weakly
        pass

    def rows(view: Any) -> Any:
        made = view[: len(view) - (view[0] > 0)].view(Rows)
        scene.known.append(weakref.ref(made))
        return made

    try:
        tm.map_chunks(rows, np.arange(100), chunksize=10, pool=scene.pool)
    except ValueError:
        scene.fail()


def reduce(scene: Scene) -> None:
    tm.reduce(scene.fail, scene.things(500), pool=scene.pool)


def pipeline(scene: Scene) -> None:
    with tm.Pipeline([scene.fail, str]) as pipe:
        list(pipe.run(scene.things()))


def pipeline_whose_input_fails(scene: Scene) -> None:
    def inputs() -> Iterator[Thing]:
        yield from scene.things()
        scene.fail()

    with tm.Pipeline([id, str]) as pipe:
        list(pipe.run(inputs()))


def ufunc_of_objects(scene: Scene) -> None:
    class Number(Thing):
        def __add__(self, other: object) -> None:
            scene.fail()

    made = [Number() for _ in range(5)]
    scene.known += map(weakref.ref, made)
    tm.parallel(np.add)(np.array(made), 1, pool=scene.pool)


def map_cancelled(scene: Scene) -> None:
    begun, release = threading.Event(), threading.Event()
    with tm.Pool(1) as pool:
        pool.submit(lambda: begun.set() or release.wait(60))
        begun.wait(60)  # else it is cancelled first, and the worker may have come to the map by then
        results = pool.map(id, scene.things())
        pool.shutdown(wait=False, cancel_futures=True)
        release.set()
        list(results)


def map_timed_out(scene: Scene) -> None:
    """The queued calls let go of their inputs, though no worker has come to them."""
    release = threading.Event()
    with tm.Pool(1) as pool:
        pool.submit(release.wait, 60)
        try:
            list(pool.map(id, scene.things(), timeout=0))
        except futures.TimeoutError:
            kept = scene.survivors()
        release.set()
    assert kept == 0
    scene.fail()


WAYS = [
    submit,
    submit_and_wait,
    map_in_batches,
    map_one_by_one,
    map_in_one_batch,
    map_of_a_generator,
    map_several,
    map_the_last_fails,
    map_buffered,
    map_with_progress,
    map_whose_input_fails,
    map_buffered_whose_input_fails,
    map_cancelled,
    map_timed_out,
    join,
    join_several,
    drain,
    map_chunks,
    map_chunks_of_other_shapes,
    reduce,
    pipeline,
    pipeline_whose_input_fails,
    ufunc_of_objects,
]


def error_of(way: Callable[[Scene], None], scene: Scene) -> BaseException | None:
    try:
        way(scene)
    except BaseException as error:
        return error
    return None


def is_meant(error: BaseException | None) -> bool:
    """Whether it is the calls' own error, or a group of them, or the pool's for a call that did not begin."""
    if hasattr(error, "exceptions"):
        return all(map(is_meant, error.exceptions))
    return isinstance(error, ZeroDivisionError | futures.CancelledError)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_nothing_is_kept_alive(pool: tm.Pool, way: Callable[[Scene], None]) -> None:
    gc.collect()
    gc.disable()
    try:
        for _ in range(4):  # in different orders of the threads
            scene = Scene(pool)
            assert is_meant(error_of(way, scene))
            assert scene.known
            assert soon(lambda scene=scene: scene.survivors() == 0)
    finally:
        gc.enable()
