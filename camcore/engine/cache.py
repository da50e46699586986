"""A bounded memory of results, and locks by name."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any
from weakref import WeakValueDictionary

_OVERHEAD = 512  # bytes counted for an entry beside its arrays


class BoundedCache:
    """Least recently used values, bounded in bytes, safe for threads.

    Examples
    --------
    >>> cache = BoundedCache(limit=2048)
    >>> cache.put("a", 1, 1000)
    >>> cache.put("b", 2, 1000)
    >>> cache.get("a"), cache.get("b")
    (None, 2)
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._entries: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Bytes held now."""
        return self._bytes

    def get(self, key: Hashable) -> Any | None:
        """The value of a key, or None; a hit becomes the most recent entry."""
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            return self._entries[key][0]

    def put(self, key: Hashable, value: Any, nbytes: int) -> None:
        """Keep a value; the least recent ones go. A value over the limit is not kept."""
        size = nbytes + _OVERHEAD
        with self._lock:
            if key in self._entries:
                self._bytes -= self._entries.pop(key)[1]
            if size > self.limit:
                return
            self._entries[key] = (value, size)
            self._bytes += size
            while self._bytes > self.limit:
                self._bytes -= self._entries.popitem(last=False)[1][1]


class Locks:
    """A lock for each key, there as long as somebody holds it.

    Examples
    --------
    >>> locks = Locks()
    >>> with locks.of("a") as held:
    ...     held
    True
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[Hashable, Any] = WeakValueDictionary()
        self._guard = threading.Lock()

    def of(self, key: Hashable) -> Any:
        """The lock of a key; the thread that holds it may take it again."""
        with self._guard:
            lock = self._locks.get(key)
            if lock is None:
                lock = self._locks[key] = threading.RLock()
            return lock
