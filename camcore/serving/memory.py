"""How much memory a process may still take."""

from __future__ import annotations

import re
from pathlib import Path

_MACHINE = Path("/proc/meminfo")
_CONTAINER = Path("/sys/fs/cgroup")


def free_memory(machine: Path = _MACHINE, container: Path = _CONTAINER) -> int | None:
    """Bytes that are free: of the machine, or of the container where that has less.

    Parameters
    ----------
    machine : Path
        Linux's table of memory.
    container : Path
        The folder of the control group, version 2.

    Returns
    -------
    int or None
        None on systems that have no such files.
    """
    free = []
    try:
        available = re.search(r"^MemAvailable:\s+(\d+) kB", machine.read_text(), re.MULTILINE)
        if available:
            free.append(1024 * int(available[1]))
    except OSError:
        pass
    try:
        limit, used = (
            (container / name).read_text().strip() for name in ("memory.max", "memory.current")
        )
        if limit != "max":
            free.append(max(0, int(limit) - int(used)))
    except OSError:
        pass
    return min(free, default=None)
