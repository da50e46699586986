"""The audited model and what was measured of it, as a model card of CycloneDX 1.6 (ECMA-424)."""

from __future__ import annotations

import uuid
from typing import Any

from statsmodels.stats.proportion import proportion_confint

from camcore._version import __version__
from camcore.auditing.report import words
from camcore.auditing.runs.run import Run

_SPACE = uuid.UUID("8f4b1c0e-6d0a-5f5e-9c55-3f6a2f6d7a10")  # of serial numbers made from content


def model_card(run: Run) -> dict[str, Any]:
    """A bill of materials of one machine-learning model, its data set, and its model card.

    Metrics are the accuracy of each class, with its 95 % Wilson interval, the excess flips of each
    finding that is relied on, with its 95 % bootstrap interval, and the three scores of the run.

    Parameters
    ----------
    run : Run
        With findings.

    Returns
    -------
    dict
        Valid by the schema ``bom-1.6``; the same for the same run.
    """
    model, source = run.record["model"], run.record["source"]
    height, width, channels = model["input_shape"]
    identity = f"{model['sha256']} {source['digest']} {run.record['started']}"
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_SPACE, identity)}",
        "version": 1,
        "metadata": {
            "timestamp": run.record["started"],
            "tools": {
                "components": [{"type": "application", "name": "CAM Audit", "version": __version__}]
            },
            "component": {
                "type": "machine-learning-model",
                "bom-ref": "model",
                "name": model["name"],
                "version": model["sha256"][:16],
                "hashes": [{"alg": "SHA-256", "content": model["sha256"]}],
                "modelCard": {
                    "bom-ref": "model-card",
                    "modelParameters": {
                        "task": "image classification",
                        "datasets": [{"ref": "data"}],
                        "inputs": [{"format": f"image, {height} x {width} x {channels}"}],
                        "outputs": [{"format": f"{model['output_kind']}, {model['output']}"}],
                    },
                    "quantitativeAnalysis": {"performanceMetrics": _metrics(run)},
                    "considerations": {
                        "technicalLimitations": [
                            *words.verdict(run),
                            run.summary["not_detected"]["text"],
                            words.PROVES,
                        ]
                    },
                },
            },
        },
        "components": [
            {
                "type": "data",
                "bom-ref": "data",
                "name": source["root"],
                "hashes": [{"alg": "SHA-256", "content": source["digest"]}],
                "data": [{"type": "dataset", "name": f"{source['count']} files"}],
            }
        ],
    }


def _metrics(run: Run) -> list[dict[str, Any]]:
    metrics = []
    readable = run.images[run.images["error"] == ""]
    for klass, name in enumerate(run.class_names):
        answers = readable.loc[readable["klass"] == klass, "predicted"] == klass
        if len(answers):
            right = int(answers.sum())
            interval = proportion_confint(right, len(answers), method="wilson")
            metrics.append(
                _metric("accuracy", right / len(answers), f"class {name}", tuple(interval))
            )
    for finding in run.findings:
        if finding.effect is not None:
            name = f"class {finding.class_name}, cue {finding.cue}, finding {finding.id}"
            metrics.append(_metric("excess flips", finding.effect, name, finding.interval))
    for kind, score in run.summary.get("scores", {}).items():
        metrics.append(_metric("reliance score", score, kind))
    return metrics


def _metric(
    kind: str, value: float, part: str, interval: tuple[float, ...] | None = None
) -> dict[str, Any]:
    metric: dict[str, Any] = {"type": kind, "value": f"{value:.6g}", "slice": part}
    if interval is not None:
        low, high = interval
        metric["confidenceInterval"] = {"lowerBound": f"{low:.6g}", "upperBound": f"{high:.6g}"}
    return metric
