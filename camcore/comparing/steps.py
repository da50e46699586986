"""Progress over steps of unequal length, as one pair of numbers."""

from __future__ import annotations

from collections.abc import Callable


class Steps:
    """Adds up steps, and turns the progress of each into that of all.

    Parameters
    ----------
    report : callable or None
        Called with what is done and what there is, in the unit of the steps' lengths.

    Examples
    --------
    >>> steps = Steps(print)
    >>> steps.add(10)
    >>> steps.add(30)
    >>> steps.part(10)(1, 1)
    10 40
    >>> half = steps.part(30)
    >>> half(1, 2)
    25 40
    >>> half(2, 2)
    40 40
    """

    def __init__(self, report: Callable[[int, int], None] | None) -> None:
        self._report = report
        self._total = 0
        self._before = 0

    def add(self, length: int) -> None:
        """Announce a step."""
        self._total += length

    def part(self, length: int) -> Callable[[int, int], None]:
        """Begin the next step; call the result with what of it is done and what it has."""
        before, self._before = self._before, self._before + length

        def report(done: int, total: int) -> None:
            if self._report is not None:
                self._report(before + round(length * done / max(total, 1)), self._total)

        return report
