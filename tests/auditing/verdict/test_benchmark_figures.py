"""What is said of the audit's own record."""

from __future__ import annotations

from camcore._version import __version__
from camcore.auditing.verdict.benchmark_figures import Measured, measured


def blind_spots(recall: dict) -> str:
    return Measured("2026-01-01", 9, "", recall, __version__).blind_spots


def test_cues_that_are_mostly_caught_are_no_blind_spots():
    assert blind_spots({"frame": (9, 10), "blur": (5, 5)}) == ""


def test_a_cue_that_no_network_learned_is_not_measured():
    assert blind_spots({"frame": (0, 0)}) == ""


def test_the_worst_is_named_first():
    words = blind_spots({"blur": (8, 10), "sky band": (2, 10), "frame": (10, 10)})
    assert words.index("2 of 10 networks that relied on sky band") < words.index("8 of 10")
    assert "frame" not in words


def test_the_figures_that_are_shipped_are_whole():
    shipped = measured()
    assert shipped.cases >= 0
    assert all(0 <= caught <= relied for caught, relied in shipped.recall.values())


def test_figures_of_other_rules_are_said_to_be_that():
    assert "0.0.1; those of this version are not" in Measured("2026", 9, "", {}, "0.0.1").base
    assert Measured("2026", 9, "", {}, __version__).base.endswith("digits, 2026.")
