"""Where the arrays of a pass lie: the shape that C walks, and the arrays' strides along it."""

from collections.abc import Sequence

from .._types import Array

__all__ = ["Layout"]


class Layout:
    """`by_rows`: the last axis stays what it is. Otherwise axes that follow each other in memory become
    one."""

    def __init__(self, shape: tuple[int, ...], arrays: Sequence[Array], by_rows: bool) -> None:
        self.size = 1
        for length in shape:
            self.size *= length
        if by_rows:
            strides = [_broadcast(x, shape) for x in arrays]
            self.shape, self.strides = _coalesced(shape[:-1], [each[:-1] for each in strides])
            self.shape.append(shape[-1])
            for own, each in zip(self.strides, strides, strict=True):
                own.append(each[-1])
        elif all(not x.ndim or (x.shape == shape and x.flags.c_contiguous) for x in arrays):
            self.shape = [self.size]
            self.strides = [[x.itemsize if x.ndim else 0] for x in arrays]
        else:
            self.shape, self.strides = _coalesced(shape, [_broadcast(x, shape) for x in arrays])

    def whole(self) -> list[int]:
        layout = list(self.shape)
        for each in self.strides:
            layout += each
        return layout


def _broadcast(x: Array, shape: tuple[int, ...]) -> list[int]:
    missing = len(shape) - x.ndim
    pairs = zip(x.strides, x.shape, shape[missing:], strict=True)
    return [0] * missing + [0 if length == 1 else stride for stride, length, _ in pairs]


def _coalesced(shape: tuple[int, ...], strides: list[list[int]]) -> tuple[list[int], list[list[int]]]:
    """Axes that follow each other in memory in every array become one; axes of length 1 go."""
    lengths: list[int] = []
    merged: list[list[int]] = [[] for _ in strides]
    for axis in reversed(range(len(shape))):
        length = shape[axis]
        if length == 1:
            continue
        if lengths and all(
            each[axis] == own[-1] * lengths[-1] for each, own in zip(strides, merged, strict=True)
        ):
            lengths[-1] *= length
            continue
        lengths.append(length)
        for each, own in zip(strides, merged, strict=True):
            own.append(each[axis])
    if not lengths:
        return [1], [[0] for _ in strides]
    return lengths[::-1], [own[::-1] for own in merged]
