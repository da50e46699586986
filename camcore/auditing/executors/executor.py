"""What works out the parts of an audit: pure functions of a model and an item, in any order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from camcore.classifier import Classifier

LOCAL = "local"
"""Where an audit runs unless something else is asked for."""

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Result = TypeVar("Result")
Count = Callable[[int, int], object]
"""Takes what is done since the last call, and bad of it; see `Watch.advance`."""


class Executor(Protocol):
    """Has the audited model at hand, once or on many machines.

    What it is given depends on nothing but its arguments and the picture files, so it may be done
    anywhere, in any order and more than once. Whoever asks writes the results down.
    """

    def map(
        self,
        make: Callable[[Classifier], Shared],
        task: Callable[[Shared, Item, Count], Result],
        items: Iterable[Item],
        count: Count,
    ) -> Iterator[tuple[int, Result]]:
        """The results of a task for each item, with the item's place, as they come.

        Parameters
        ----------
        make : callable
            Gives what the tasks share, from the model. It is kept for the next tasks with the very
            same `make`.
        task : callable
        items : iterable
            Taken a few ahead of the results.
        count : callable
            Gets what the tasks count. What it raises ends the work.

        Raises
        ------
        CamcoreError
            That a task raised.
        """
        ...

    def follow(self, flows: Sequence[Callable[[], Result]]) -> list[Result]:
        """Run functions that call `map` and decide by its results; theirs, in order.

        They run in threads where waiting for one of them would leave machines idle.
        """
        ...


class Local:
    """Works in this process, one item after the other.

    Parameters
    ----------
    classifier : Classifier

    Examples
    --------
    >>> local = Local(classifier=None)
    >>> def times(factor, item, count): return count(1, 0) or factor * item
    >>> counted = []
    >>> list(local.map(lambda model: 10, times, [3, 4], lambda done, bad: counted.append(done)))
    [(0, 30), (1, 40)]
    >>> counted
    [1, 1]
    >>> local.follow([lambda: 1, lambda: 2])
    [1, 2]
    """

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._made: tuple[Any, Any] = (None, None)

    def map(
        self,
        make: Callable[[Classifier], Shared],
        task: Callable[[Shared, Item, Count], Result],
        items: Iterable[Item],
        count: Count,
    ) -> Iterator[tuple[int, Result]]:
        for place, item in enumerate(items):
            if self._made[0] is not make:
                self._made = make, make(self._classifier)
            yield place, task(self._made[1], item, count)

    def follow(self, flows: Sequence[Callable[[], Result]]) -> list[Result]:
        return [flow() for flow in flows]
