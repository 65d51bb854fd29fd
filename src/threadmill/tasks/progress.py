"""Progress of an iterator, as a tqdm bar or to a callable."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

__all__ = ["Progress", "check", "shown"]

Progress = bool | Callable[[int, int | None], object]


def check(progress: Progress) -> None:
    """TypeError where it is none."""
    if not isinstance(progress, bool) and not callable(progress):
        raise TypeError(f"progress must be True, False or a callable, got {type(progress).__name__}")


def shown(results: Iterator[Any], progress: Progress, total: int | None) -> Iterator[Any]:
    """The same results, with each told of as it is taken."""
    if progress is False:
        return results
    if progress is True:
        bar: Iterable[Any] = _tqdm()(results, total=total)
        return iter(bar)
    return _told(results, progress, total)


def _tqdm() -> Callable[..., Iterable[Any]]:
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError("progress=True needs tqdm: pip install 'threadmill[progress]'") from error
    return tqdm  # type: ignore[no-any-return]


def _told(
    results: Iterator[Any], tell: Callable[[int, int | None], object], total: int | None
) -> Iterator[Any]:
    for done, result in enumerate(results, 1):
        tell(done, total)
        yield result
