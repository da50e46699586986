"""Time several pieces of work in turn, so that a machine that drifts slows all of them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Ratio:
    """One piece of work over the yardstick, round by round."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:5.2f}x ({self.low:.2f}-{self.high:.2f})"


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turn(
    works: Mapping[str, Callable[[], object]], rounds: int, warm: int = 2
) -> dict[str, list[float]]:
    """Seconds of each piece of work in each round, after a few rounds that do not count."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(warm + rounds):
        for name, work in works.items():
            took = seconds(work)
            if turn >= warm:
                times[name].append(took)
    return times


def ratio(times: Mapping[str, list[float]], work: str, yardstick: str) -> Ratio:
    """Median and range of work / yardstick over the rounds."""
    ratios = [a / b for a, b in zip(times[work], times[yardstick], strict=True)]
    return Ratio(median(ratios), min(ratios), max(ratios))
