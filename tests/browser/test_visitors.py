"""Two dozen visitors who all compute leave the server able to answer."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from benchmarks.visitors import MOST_VISITORS, Measured, measure, running_server


def measured(port: int, visitors: int, seconds: float) -> Measured:
    """In a thread of its own: the browser of other tests has a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, measure(port, visitors, seconds)).result()


@pytest.mark.slow
def test_the_server_answers_while_two_dozen_visitors_compute(tmp_path):
    with running_server(tmp_path) as port:
        measured(port, 1, 1.0)  # TensorFlow comes with the first visitor
        found = measured(port, MOST_VISITORS, 20.0)
    assert found.failed == []
    assert len(found.pages) >= MOST_VISITORS
    assert np.percentile(found.health, 95) <= 1.0


@pytest.mark.parametrize(("visitors", "seconds"), [(0, 1), (25, 1), (1, 0), (1, 121)])
def test_load_is_bounded(visitors, seconds):
    with pytest.raises(ValueError, match="at most 24 visitors"):
        measured(1, visitors, seconds)
