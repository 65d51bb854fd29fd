"""Progress of Pool.map, as a tqdm bar or to a callable."""

from collections.abc import Callable, Generator, Iterator
from typing import Any

from .results import Results

__all__ = ["Progress", "check", "shown"]

Progress = bool | Callable[[int, int | None], object]


def check(progress: Progress) -> None:
    """TypeError where it is none, ImportError where it needs what is not installed."""
    if not isinstance(progress, bool) and not callable(progress):
        raise TypeError(f"progress must be True, False or a callable, got {type(progress).__name__}")
    if progress is True:
        _tqdm()


def shown(results: Results, progress: Progress, total: int | None) -> Results:
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
        raise ImportError("progress=True needs tqdm: pip install 'threadmill[progress]'") from error
    return tqdm  # type: ignore[no-any-return]


def _told(
    results: Iterator[Any], tell: Callable[[int, int | None], object], total: int | None
) -> Generator[Any, None, None]:
    for done, result in enumerate(results, 1):
        tell(done, total)
        yield result
