"""The model card is CycloneDX 1.6, and its numbers are those of the run."""

from __future__ import annotations

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from statsmodels.stats.proportion import proportion_confint

from camcore.auditing.bundle.model_card import model_card

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def card(evidence):
    return model_card(evidence)


def validated(value):
    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(value))


def test_it_keeps_to_the_schema(card):
    assert validated(card) is None
    card = json.loads(json.dumps(card))
    card["metadata"]["component"]["modelCard"]["quantitativeAnalysis"]["performanceMetrics"][0][
        "value"
    ] = 0.5  # the schema wants a text
    assert validated(card) is not None


def test_metrics_have_the_intervals_of_the_run(card, evidence):
    analysis = card["metadata"]["component"]["modelCard"]["quantitativeAnalysis"]
    metrics = analysis["performanceMetrics"]
    proven = [finding for finding in evidence.findings if finding.effect is not None]
    flips = [metric for metric in metrics if metric["type"] == "excess flips"]
    assert len(flips) == len(proven) > 0
    for metric, finding in zip(flips, proven, strict=True):
        assert finding.id in metric["slice"]
        interval = metric["confidenceInterval"]
        assert float(metric["value"]) == pytest.approx(finding.effect, rel=1e-5)
        assert float(interval["lowerBound"]) == pytest.approx(finding.interval[0], rel=1e-5)
        assert float(interval["upperBound"]) == pytest.approx(finding.interval[1], rel=1e-5)
    forest = next(metric for metric in metrics if metric["slice"] == "class forest")
    images = evidence.images[evidence.images["label"] == "forest"]
    right = int((images["predicted"] == 0).sum())
    low, high = proportion_confint(right, len(images), method="wilson")
    assert float(forest["value"]) == pytest.approx(right / 20)
    assert float(forest["confidenceInterval"]["lowerBound"]) == pytest.approx(low, rel=1e-5)
    assert float(forest["confidenceInterval"]["upperBound"]) == pytest.approx(high, rel=1e-5)


def test_a_class_that_nobody_could_read_has_no_accuracy(card):
    metrics = card["metadata"]["component"]["modelCard"]["quantitativeAnalysis"]
    slices = {metric["slice"] for metric in metrics["performanceMetrics"]}
    assert "class forest" in slices
    assert "class jeep" not in slices
