"""The evidence stage: from the scan's rows to tables, without looking at a picture again."""

from __future__ import annotations

import numpy as np
import pandas as pd

from camcore.auditing.evidence.association import association
from camcore.auditing.evidence.attention import Attention, attention
from camcore.auditing.evidence.duplicates import near_duplicates
from camcore.auditing.evidence.response import response
from camcore.auditing.evidence.sampling import sampled
from camcore.auditing.evidence.strategies import strategies
from camcore.auditing.runs.plan import Plan
from camcore.auditing.runs.progress import Watch
from camcore.auditing.runs.store import Store
from camcore.auditing.scan.image_properties import PROPERTIES
from camcore.auditing.scan.rows import light_rows

_NAMES = [image_property.name for image_property in PROPERTIES]


def gather(store: Store, plan: Plan, watch: Watch) -> None:
    """Write ``evidence/*.parquet``; what is there already is kept.

    Raises
    ------
    StoreError, StoppedError
    """
    seed = plan.settings.seed
    steps = ("groups", "association", "attention", "strategies", "response")
    if all(store.whole(f"evidence/{name}.parquet") for name in steps):
        return
    watch.begin("evidence", total=len(steps))
    if not store.whole("evidence/groups.parquet"):
        store.write_table("evidence/groups.parquet", _groups(store))
    watch.advance(1)
    rows = sampled(light_rows(store), seed)
    heavy = _heavy_rows(store, rows.index.to_numpy())
    classes, groups = rows["klass"].to_numpy(), rows["group"].to_numpy()
    properties = heavy[_NAMES]
    names = [audit_class.name for audit_class in plan.classes.classes]
    if not store.whole("evidence/association.parquet"):
        table = association(properties, classes, names, groups=groups, seed=seed)
        table["family"] = table["property"].map(
            {image_property.name: image_property.family for image_property in PROPERTIES}
        )
        store.write_table("evidence/association.parquet", table)
    watch.advance(1)
    maps = normalised(heavy["map_label"], plan.grid)
    if not store.whole("evidence/attention.parquet"):
        attentions = attention(maps, classes, groups=groups, seed=seed)
        store.write_table("evidence/attention.parquet", _attention_table(attentions))
    watch.advance(1)
    if not store.whole("evidence/strategies.parquet"):
        table = _strategies_table(maps, classes, rows.index.to_numpy(), seed)
        store.write_table("evidence/strategies.parquet", table)
    watch.advance(1)
    if not store.whole("evidence/response.parquet"):
        table = response(rows["margin"].to_numpy(), properties, classes, names, groups=groups)
        store.write_table("evidence/response.parquet", table)
    watch.advance(1)


def _groups(store: Store) -> pd.DataFrame:
    parts = [
        store.read_table(part, ["id", "thumb", "sha256", "error"]) for part in store.parts("images")
    ]
    rows = pd.concat(parts, ignore_index=True)
    rows = rows[rows["error"] == ""]
    thumbs = np.frombuffer(b"".join(rows["thumb"]), np.uint8).reshape(len(rows), -1)
    group = near_duplicates(thumbs, rows["sha256"].tolist())
    return pd.DataFrame({"id": rows["id"].to_numpy(), "group": group})


def _heavy_rows(store: Store, ids: np.ndarray) -> pd.DataFrame:
    columns = ["id", "map_label", *_NAMES]
    parts = []
    for part in store.parts("images"):
        table = store.read_table(part, columns)
        parts.append(table[table["id"].isin(ids)])
    return pd.concat(parts, ignore_index=True).set_index("id").loc[ids]


def normalised(blobs: pd.Series, grid: tuple[int, int]) -> np.ndarray:
    """Maps after ReLU, each summing to one, or all zero where there is no evidence."""
    maps = np.zeros((len(blobs), *grid), np.float32)
    for place, blob in enumerate(blobs):
        if blob:
            maps[place] = np.frombuffer(blob, np.float16).reshape(grid)
    np.maximum(maps, 0, out=maps)
    total = maps.sum(axis=(1, 2), keepdims=True)
    shares: np.ndarray = np.divide(maps, total, out=np.zeros_like(maps), where=total > 0)
    return shares


def _attention_table(attentions: list[Attention]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "class": np.array([attended.klass for attended in attentions], np.int32),
            "p": [float(attended.pvalues.min()) for attended in attentions],
            "share": [attended.share for attended in attentions],
            "no_evidence": [attended.no_evidence for attended in attentions],
            "mean": [attended.mean.astype(np.float32).tobytes() for attended in attentions],
            "others": [attended.others.astype(np.float32).tobytes() for attended in attentions],
            "pvalues": [attended.pvalues.astype(np.float32).tobytes() for attended in attentions],
            "cells": [attended.cells.tobytes() for attended in attentions],
        }
    )


def _strategies_table(
    maps: np.ndarray, classes: np.ndarray, ids: np.ndarray, seed: int
) -> pd.DataFrame:
    rows = []
    for klass in np.unique(classes).tolist():
        of_class = np.flatnonzero(classes == klass)
        for number, cluster in enumerate(strategies(maps[of_class], seed=seed).clusters):
            rows.append(
                {
                    "class": klass,
                    "strategy": number,
                    "share": cluster.share,
                    "mean": cluster.mean.astype(np.float32).tobytes(),
                    "cells": cluster.cells.tobytes(),
                    "images": ids[of_class[cluster.members]].tolist(),
                }
            )
    columns = ["class", "strategy", "share", "mean", "cells", "images"]
    return pd.DataFrame(rows, columns=columns)
