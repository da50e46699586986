"""A small complete run, written by hand; every number in it is computed from its pictures."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from camcore.auditing.edits.regions import region_named
from camcore.auditing.rules import Rules
from camcore.auditing.runs.findings import Finding, finding_id
from camcore.auditing.runs.progress import Watch
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.settings import Settings
from camcore.auditing.runs.store import Store
from camcore.auditing.scan.image_properties import (
    PROPERTIES,
    file_properties,
    measure,
    property_names,
)
from camcore.pictures.model_view import decode
from tests.auditing.planted_pictures import (
    CLASSES,
    CORNER,
    FOREST,
    GRID,
    GROUND,
    SIZE,
    SKY,
    TANK,
    edited,
    emptied,
    maps,
    margins,
    predicted,
    save_pictures,
)

PROBES = {SKY: "sky/top-band", CORNER: "tag", "brightness": "brightness", "colour": "colour"}
ERRORS = {
    40: "jeep-40.png is empty; copy it anew.",
    41: "jeep-41.png is broken and cannot be read; copy it anew.",
}
_SHA256 = hashlib.sha256(b"cloud-detector").hexdigest()
_FOUND = (  # class, probe, cue, level, property
    (TANK, SKY, "top band", "relied on", "luminance@top"),
    (FOREST, SKY, "top band", "relied on", "luminance@top"),
    (FOREST, CORNER, "bottom right corner", "attended", None),
    (TANK, "colour", "red against green", "associated", "lab_a"),
)


def planted_run(folder: Path) -> Run:
    """Write a run into `folder`, its pictures into ``folder/pictures``, and open it.

    Classes forest and tank with twenty images each (`tests.auditing.planted_pictures` tells what
    they are), and jeep with two broken files; four findings on all three levels.
    """
    store = Store(folder)
    with store.locked():
        pictures = folder / "pictures"
        pixels, labels = save_pictures(pictures)
        record = _record(pictures)
        store.write_json("run.json", record)
        listing = _listing(pictures, labels)
        store.write_table("files.parquet", listing)
        images = _images(pictures, listing, pixels)
        store.write_table("images/00000.parquet", images)
        evidence = _evidence(images, pixels, labels)
        for name, table in evidence.items():
            store.write_table(f"evidence/{name}.parquet", table)
        trials = _trials(pixels, labels)
        for stage, rows in trials.groupby("stage", sort=False):
            table = rows.drop(columns="stage").reset_index(drop=True)
            store.write_table(f"trials/{stage}/00000.parquet", table)
        findings = [_finding(trials, images, evidence, *spec) for spec in _FOUND]
        store.write_json("findings.json", _summary(findings, images, record, 3 * len(trials)))
        watch = Watch(folder)
        watch.begin("report", total=len(images), done=len(images), bad=len(ERRORS))
        watch.end("complete")
    return Run(folder)


def _record(pictures: Path) -> dict[str, Any]:
    return {
        "format": 1,
        "settings": Settings(str(pictures), "cloud-detector", fit="stretch", budget=2000).as_json(),
        "model": {
            "name": "cloud-detector",
            "sha256": _SHA256,
            "layer": "cells",
            "grid": [GRID, GRID],
            "input_shape": [SIZE, SIZE, 3],
            "preprocessing": "none",
            "preprocessing_guessed": False,
            "output_kind": "softmax",
            "output": "scores",
        },
        "classes": {
            "classes": [
                {"name": name, "columns": [column], "label": name}
                for column, name in enumerate(CLASSES)
            ],
            "by": "label",
            "notes": [],
        },
        "source": {
            "root": str(pictures),
            "kind": "folders",
            "digest": hashlib.sha256(b"forty pictures").hexdigest(),
            "count": 42,
            "notes": [],
        },
        "precision": {"bfloat16": False},
        "versions": {"camcore": "0.1.0", "numpy": "2.4.0", "python": "3.11.2"},
        "rules": Rules(least_images=15).as_json(),
        "started": "2025-11-03T09:30:00Z",
    }


def _listing(pictures: Path, labels: np.ndarray) -> pd.DataFrame:
    files = sorted(pictures.glob("*/*.png"), key=lambda file: file.stem[-2:])
    return pd.DataFrame(
        {
            "id": np.arange(len(files), dtype=np.int32),
            "path": [str(file.relative_to(pictures)) for file in files],
            "label": [CLASSES[k] for k in (*labels, 2, 2)],
            "box": None,
            "mask": None,
            "bytes": [file.stat().st_size for file in files],
            "mtime_ns": [file.stat().st_mtime_ns for file in files],
        }
    )


def _images(pictures: Path, listing: pd.DataFrame, pixels: np.ndarray) -> pd.DataFrame:
    rows = []
    for number, path, label in listing[["id", "path", "label"]].itertuples(index=False):
        data = (pictures / path).read_bytes()
        row = {
            "id": np.int32(number),
            "path": path,
            "label": label,
            "klass": np.int32(CLASSES.index(label)),
            "sha256": hashlib.sha256(data).hexdigest(),
            "bytes": len(data),
            "error": ERRORS.get(number, ""),
            "notes": "",
        }
        if number not in ERRORS:
            row |= _measured(pictures / path, CLASSES.index(label))
        rows.append(row)
    table = pd.DataFrame(rows)
    table = table.fillna({"width": 0, "height": 0, "predicted": -1})
    table["evidence"] = table["evidence"].eq(True)
    return table.astype({"width": np.int32, "height": np.int32, "predicted": np.int32})


def _measured(path: Path, klass: int) -> dict[str, Any]:
    decoded = decode(path, (SIZE, SIZE, 3), "stretch")
    batch = decoded.seen[None]
    guess = int(predicted(batch)[0])
    odds = np.array([margins(batch, k)[0] for k in range(len(CLASSES))])
    chances = 1 / (1 + np.exp(-odds))
    order = np.argsort(-chances)
    values = np.concatenate([measure(decoded.seen), file_properties(decoded)])
    row: dict[str, Any] = {
        **dict(zip(property_names(), values, strict=True)),
        "bytes": decoded.bytes,
        "width": SIZE,
        "height": SIZE,
        "predicted": guess,
        "top_columns": order.tolist(),
        "top_probabilities": chances[order].tolist(),
        "margin": np.float32(odds[klass]),
        "thumb": decoded.thumb,
        **_focus(maps(batch, klass)[0]),
    }
    for kind, which in (("predicted", guess), ("label", klass)):
        raw = maps(batch, which)[0]
        scale = float(np.abs(raw).max()) or 1.0
        row[f"map_{kind}"] = (raw / scale).astype(np.float16).tobytes()
        row[f"scale_{kind}"] = np.float32(scale)
    return row


def _focus(cells: np.ndarray) -> dict[str, float]:
    positive = np.maximum(cells, 0).astype(np.float64)
    total = positive.sum()
    shares = positive / total if total else positive
    centre = (np.arange(GRID) + 0.5) / GRID
    return {
        "evidence": bool(total > 0),
        "share_ring": 1 - shares[1:-1, 1:-1].sum(),
        "share_corners": shares[[0, 0, -1, -1], [0, -1, 0, -1]].sum(),
        "share_top": shares[:3].sum(),
        "share_middle": shares[3:5].sum(),
        "share_bottom": shares[5:].sum(),
        "share_left": shares[:, :2].sum(),
        "share_right": shares[:, -2:].sum(),
        "share_object": np.nan,
        "area_object": np.nan,
        "map_entropy": stats.entropy(shares.ravel()) if total else np.nan,
        "centroid_x": shares.sum(axis=0) @ centre if total else np.nan,
        "centroid_y": shares.sum(axis=1) @ centre if total else np.nan,
    }


def _evidence(
    images: pd.DataFrame, pixels: np.ndarray, labels: np.ndarray
) -> dict[str, pd.DataFrame]:
    good = images[images["error"] == ""]
    varied = [p for p in PROPERTIES if good[p.name].nunique() > 1]
    tables: dict[str, list] = {
        name: [] for name in ("association", "response", "attention", "strategies")
    }
    for klass in (FOREST, TANK):
        of_class = labels == klass
        for image_property in varied:
            values = good[image_property.name].to_numpy(float)
            auc, p = _auc(values, of_class)
            tables["association"].append(
                {
                    "class": klass,
                    "property": image_property.name,
                    "auc": max(auc, 1 - auc),
                    "direction": 1 if auc >= 0.5 else -1,
                    "p": p,
                    "q": min(1.0, p * len(varied)),
                    "family": image_property.family,
                }
            )
            x, y = values[of_class], good["margin"].to_numpy(float)[of_class]
            rho = stats.spearmanr(x, y)
            tables["response"].append(
                {
                    "class": klass,
                    "property": image_property.name,
                    "rho": rho.statistic,
                    "p": rho.pvalue,
                    "slope": np.polyfit(x, y, 1)[0],
                    "q": min(1.0, rho.pvalue * len(varied)),
                }
            )
        here = _shares(maps(pixels[of_class], klass))
        there = _shares(maps(pixels[~of_class], 1 - klass))
        test = stats.mannwhitneyu(here, there, alternative="greater", axis=0)
        p = np.minimum(1.0, np.nan_to_num(test.pvalue, nan=1.0) * GRID**2)
        cells, mean = p < 0.05, here.mean(axis=0)
        tables["attention"].append(
            {
                "class": klass,
                "p": float(p.min()),
                "share": float(mean[cells].sum() / mean.sum()),
                "no_evidence": float((here.sum(axis=(1, 2)) == 0).mean()),
                "mean": _bytes(mean),
                "others": _bytes(there.mean(axis=0)),
                "pvalues": _bytes(p),
                "cells": cells.tobytes(),
            }
        )
        in_sky = here[:, :3].sum(axis=(1, 2)) > 0
        for number, members in enumerate((in_sky, ~in_sky)):
            average = here[members].mean(axis=0)
            strength = here[members].sum(axis=(1, 2))
            tables["strategies"].append(
                {
                    "class": klass,
                    "strategy": number,
                    "share": float(members.mean()),
                    "mean": _bytes(average),
                    "cells": (average > average.max() / 2).tobytes(),
                    "images": np.flatnonzero(of_class)[members][np.argsort(-strength)].tolist(),
                }
            )
    return {name: pd.DataFrame(rows) for name, rows in tables.items()}


def _shares(cells: np.ndarray) -> np.ndarray:
    """Maps after ReLU, each summing to one, or all zero."""
    positive = np.maximum(cells, 0)
    total = positive.sum(axis=(1, 2), keepdims=True)
    return np.divide(positive, total, out=np.zeros_like(positive), where=total > 0)


def _auc(values: np.ndarray, of_class: np.ndarray) -> tuple[float, float]:
    test = stats.mannwhitneyu(values[of_class], values[~of_class])
    return float(test.statistic / (of_class.sum() * (~of_class).sum())), float(test.pvalue)


def _bytes(values: np.ndarray) -> bytes:
    return values.astype(np.float32).tobytes()


def _trials(pixels: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """Even ids discover, odd ones test."""
    rng = np.random.default_rng(11)
    half = np.arange(len(labels)) % 2
    tables = []
    for klass in (FOREST, TANK):
        of_class, other = labels == klass, labels != klass
        for stage, part in (("discovery", 0), ("test", 1)):
            given, taken = (
                np.flatnonzero(of_class & (half == part)),
                np.flatnonzero(other & (half == part)),
            )
            for probe in PROBES:
                tables.append(_pairs(pixels, klass, probe, stage, taken, given, rng))
        tables.append(_pairs(pixels, klass, SKY, "elsewhere", taken, given, rng))
        for fill in ("transfer", "neutral"):
            tables.append(_pairs(pixels, klass, SKY, "necessity", given, taken, rng, fill))
    return pd.concat(tables, ignore_index=True)


def _pairs(
    pixels: np.ndarray,
    klass: int,
    probe: str,
    stage: str,
    recipients: np.ndarray,
    donors: np.ndarray,
    rng: np.random.Generator,
    fill: str = "transfer",
) -> pd.DataFrame:
    recipients = np.tile(recipients, 2)
    donors = np.concatenate([rng.permutation(donors), rng.permutation(donors)])
    controls = np.roll(recipients, 1)  # another image of the recipient's own class
    before = pixels[recipients]
    edit = GROUND if stage == "elsewhere" else probe
    after, controlled = (edited(before, pixels[given], edit) for given in (donors, controls))
    if fill == "neutral":
        after = emptied(before, pixels, edit)
    rows = pd.DataFrame(
        {
            "stage": stage,
            "klass": np.int32(klass),
            "probe": probe,
            "family": PROBES[probe],
            "fill": fill,
            "pair": np.arange(len(recipients), dtype=np.int32),
            "recipient": recipients.astype(np.int32),
            "donor": donors.astype(np.int32),
            "control": controls.astype(np.int32),
            "before": predicted(before).astype(np.int32),
            "margin_before": margins(before, klass).astype(np.float32),
            "edited": predicted(after).astype(np.int32),
            "margin_edited": margins(after, klass).astype(np.float32),
            "controlled": predicted(controlled).astype(np.int32),
            "margin_controlled": margins(controlled, klass).astype(np.float32),
        }
    )
    if fill == "neutral":  # has no control
        rows["controlled"], rows["margin_controlled"] = np.int32(-1), np.float32(np.nan)
    return rows


def _finding(
    trials: pd.DataFrame,
    images: pd.DataFrame,
    evidence: dict[str, pd.DataFrame],
    klass: int,
    probe: str,
    cue: str,
    level: Any,
    name: str | None,
) -> Finding:
    speaks_for, family = CLASSES[klass], PROBES[probe]
    finding = Finding(finding_id(speaks_for, family), speaks_for, family, cue, level)
    if probe in (SKY, CORNER):
        finding = replace(finding, **_place(probe, evidence["attention"], klass))
    if name is not None:
        association, response = (
            table[(table["class"] == klass) & (table["property"] == name)].iloc[0]
            for table in (evidence["association"], evidence["response"])
        )
        finding = replace(
            finding,
            property=name,
            auc=float(association["auc"]),
            auc_q=float(association["q"]),
            response=float(response["rho"]),
        )
    if level != "relied on":
        return finding
    rows = trials[(trials["klass"] == klass) & (trials["probe"] == probe)]
    of_class = images[images["klass"] == klass]
    accuracy = float((of_class["predicted"] == klass).mean())
    return replace(finding, probe=probe, **_proof(rows, klass, accuracy))


def _place(probe: str, attention: pd.DataFrame, klass: int) -> dict[str, Any]:
    region = region_named(probe)
    p = np.frombuffer(attention.set_index("class").at[klass, "pvalues"], np.float32)
    cells = region.mask(GRID, GRID)
    smallest = float(p.reshape(GRID, GRID)[cells].min())
    return {
        "region": {
            "box": list(region.box),
            "rows": region.rows,
            "columns": region.columns,
            "cells": [list(cell) for cell in region.cells],
        },
        "area": region.area,
        "attended": smallest if smallest < 0.05 else None,
    }


def _proof(rows: pd.DataFrame, klass: int, accuracy: float) -> dict[str, Any]:
    stage = dict(list(rows.groupby("stage")))
    test = stage["test"]
    excess = _excess(test, klass)
    rng = np.random.default_rng(0)
    resampled = rng.choice(excess, (2000, excess.size)).mean(axis=1)
    outcome = stats.permutation_test(
        (excess,), np.mean, permutation_type="samples", alternative="greater", rng=rng
    )
    fills = dict(list(stage["necessity"].groupby("fill")))
    moved = fills["transfer"]
    left = {name: float((part["edited"] != klass).mean()) for name, part in fills.items()}
    control = float((moved["controlled"] != klass).mean())
    drop = (moved["margin_controlled"] - moved["margin_edited"]).groupby(moved["recipient"]).mean()
    return {
        "effect": float(excess.mean()),
        "interval": tuple(float(bound) for bound in np.quantile(resampled, [0.025, 0.975])),
        "q": min(1.0, float(outcome.pvalue) * len(PROBES)),
        "images": tuple(int(image) for image in drop.sort_values(ascending=False).index),
        "margin": float((test["margin_edited"] - test["margin_controlled"]).mean()),
        "pairs": len(test),
        "passes": 3 * len(rows),
        "discovery": float(_excess(stage["discovery"], klass).mean()),
        "elsewhere": float(_excess(stage["elsewhere"], klass).mean()),
        "shift": {"content": 0.0, "place": 1.0},  # the classifier reads fixed rows
        "on_object": False,
        "share": left["transfer"] - control,
        "accuracy": {"with": accuracy, "without": accuracy * (1 - left["transfer"])},
        "removal": {
            **left,
            "control": control,
            "agree": abs(left["transfer"] - left["neutral"]) < 0.25,
            "images": len(moved),
        },
    }


def _excess(rows: pd.DataFrame, klass: int) -> np.ndarray:
    flipped = (rows["edited"] == klass).astype(float) - (rows["controlled"] == klass)
    return flipped.to_numpy()


def _summary(
    findings: list[Finding], images: pd.DataFrame, record: dict[str, Any], passes: int
) -> dict[str, Any]:
    return {
        "status": "complete",
        "model": record["model"],
        "images": {"total": len(images), "readable": len(images) - len(ERRORS), "bad": len(ERRORS)},
        "score": max(finding.interval[0] for finding in findings if finding.interval),
        "findings": [finding.as_json() for finding in findings],
        "insufficient": [
            {
                "class": "jeep",
                "images": 0,
                "needed": record["rules"]["least_images"],
                "why": "too few readable images",
            }
        ],
        "not_detected": {
            "smallest_effect": 0.15,
            "families": ["tag", "brightness", "colour"],
            "text": "Not detected: corner tag, brightness, colour. With these images an effect of "
            "less than 15 points of excess flips could not have been seen.",
        },
        "notes": ["2 files are no readable pictures."],
        "made": {
            name: record[name] for name in ("settings", "versions", "rules", "precision", "started")
        }
        | {"passes": passes},
    }
