"""How many cores this process may use: what bounds every number of threads."""

from __future__ import annotations

from functools import cache


@cache
def usable_cores() -> int:
    """Cores of the machine that the process may use, at least 1.

    Fewer than there are where a container is limited, or the process is bound to some of them.

    Examples
    --------
    >>> usable_cores() >= 1
    True
    """
    from joblib import cpu_count  # late: it takes longer to import than the rest of the engine

    return int(cpu_count())
