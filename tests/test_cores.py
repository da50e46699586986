"""Threads follow the cores that a process may use, not those of the machine."""

import os
import subprocess
import sys

import pytest

_CORES = "from camcore.cores import usable_cores; print(usable_cores())"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_a_process_bound_to_one_core_uses_one():
    bind = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
    cores = [
        int(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
        for code in (bind + _CORES, _CORES)
    ]
    assert cores[0] == 1
    assert 1 <= cores[1] <= len(os.sched_getaffinity(0))
