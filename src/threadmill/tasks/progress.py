"""Progress of Pool.map, as a tqdm bar or to a callable."""

from collections.abc import Callable, Generator, Iterator
from typing import Any, TypeVar

from .results import Results

__all__ = ["Progress", "check_progress", "shown"]

T = TypeVar("T")

Progress = bool | Callable[[int, int | None], object]


def check_progress(progress: Progress) -> None:
    """TypeError where it is none, ImportError where it needs what is not installed."""
    if not isinstance(progress, bool) and not callable(progress):
        raise TypeError(f"progress must be True, False or a callable, got {type(progress).__name__}")
    if progress is True:
        _tqdm()


def shown(results: Results[T], progress: Progress, total: int | None) -> Results[T]:
    """The same results, with each told of as it is taken."""
    if progress is False:
        return results
    if progress is True:
        return results.through(iter(_tqdm()(results, total=total)))
    return results.through(_told(results, progress, total))


def _tqdm() -> Callable[..., Any]:
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError("progress=True needs tqdm: pip install tqdm") from error
    return tqdm  # type: ignore[no-any-return]


def _told(
    results: Iterator[T], tell: Callable[[int, int | None], object], total: int | None
) -> Generator[T, None, None]:
    for done, result in enumerate(results, 1):
        tell(done, total)
        yield result
