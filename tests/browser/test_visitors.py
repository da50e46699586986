"""Two dozen visitors who all compute leave the server able to answer."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from benchmarks.visitors import MOST_VISITORS, measure, running_server


@pytest.mark.slow
def test_the_server_answers_while_two_dozen_visitors_compute(tmp_path):
    with running_server(tmp_path) as port:
        asyncio.run(measure(port, 1, 1.0))  # TensorFlow comes with the first visitor
        found = asyncio.run(measure(port, MOST_VISITORS, 20.0))
    assert found.failed == []
    assert len(found.pages) >= MOST_VISITORS
    assert np.percentile(found.health, 95) <= 1.0


@pytest.mark.parametrize(("visitors", "seconds"), [(0, 1), (25, 1), (1, 0), (1, 121)])
def test_load_is_bounded(visitors, seconds):
    with pytest.raises(ValueError, match="at most 24 visitors"):
        asyncio.run(measure(1, visitors, seconds))
