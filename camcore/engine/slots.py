"""How much is computed at the same time: as much as the machine has cores, the rest waits.

Threads that all compute at once finish no earlier, and leave a server no room to answer others.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from camcore.cores import usable_cores


class Slots:
    """Places to compute in; whoever finds none waits.

    Parameters
    ----------
    count : int, optional
        How many there are; by default one for each core that the process may use.

    Examples
    --------
    >>> slots = Slots(1)
    >>> with slots.taken(), slots.taken():  # a thread that has one needs no other
    ...     pass
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = count or usable_cores()
        self._free = threading.BoundedSemaphore(self.count)
        self._mine = threading.local()

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Have a place for the time of the block, which should wait for no other thread."""
        if getattr(self._mine, "held", False):
            yield
            return
        with self._free:
            self._mine.held = True
            try:
                yield
            finally:
                self._mine.held = False
