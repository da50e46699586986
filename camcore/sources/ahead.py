"""Work done in threads a little ahead of whoever needs it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def ahead(
    workers: ThreadPoolExecutor, tasks: Iterable[Callable[[], Result]], most: int
) -> Iterator[Result]:
    """Results in the order of the tasks, at most a number of them ahead, so memory is bounded.

    Examples
    --------
    >>> with ThreadPoolExecutor(2) as workers:
    ...     list(ahead(workers, [lambda k=k: k * k for k in range(5)], most=3))
    [0, 1, 4, 9, 16]
    """
    waiting: deque[Future[Result]] = deque()
    try:
        for task in tasks:
            waiting.append(workers.submit(task))
            if len(waiting) >= most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
