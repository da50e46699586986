"""The range of an audit's cost."""

from __future__ import annotations

from camcore.auditing.edits import local_probes
from camcore.auditing.edits.catalogue import most_probes
from camcore.auditing.interventions.budget import sizes
from camcore.auditing.preflight.cost import cost
from camcore.auditing.rules import RULES


def test_classes_that_are_too_small_cost_the_scan_alone():
    few = RULES.least_images - 1
    expected = cost({"a": few, "b": few}, 100_000, 0.01)
    assert (expected.classes, expected.passes) == (0, (4 * few, 8 * few))


def test_the_most_is_what_interventions_may_take():
    expected = cost({"a": 150, "b": 150}, 100_000, 0.01)
    afford = sizes(100_000, 2, most_probes())
    assert expected.classes == 2
    assert expected.passes[1] == 4 * 300 + afford.passes
    assert expected.passes[0] < expected.passes[1] <= 4 * 300 + 100_000
    assert expected.seconds == (expected.passes[0] * 0.01, expected.passes[1] * 0.02)


def test_a_class_alone_is_not_intervened_on():
    assert cost({"a": 150}, 100_000, 0.01).classes == 0


def test_all_probes_are_counted():
    assert most_probes() > len(local_probes())
