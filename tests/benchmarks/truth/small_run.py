"""A run of a few small pictures, with just what the baselines read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from camcore import Run
from camcore.auditing.rules import Rules
from camcore.auditing.runs.store import Store

GRID = 8


def small_run(
    folder: Path,
    *,
    pictures: dict[str, np.ndarray] | None = None,
    maps: dict[str, np.ndarray] | None = None,
    cells: dict[str, np.ndarray] | None = None,
    trials: pd.DataFrame | None = None,
) -> Run:
    """Write a run and open it.

    Parameters
    ----------
    pictures : dict of str to ndarray, shape (n, H, W, 3) or (n, H, W), uint8
        By class.
    maps : dict of str to ndarray, shape (n, GRID, GRID)
        By class, before ReLU.
    cells : dict of str to ndarray of bool, shape (GRID, GRID)
        What each class attends.
    trials : DataFrame
        Of the coarse scan.
    """
    given = pictures or maps or {"a": np.empty(0), "b": np.empty(0)}
    names = list(given)
    store = Store(folder)
    with store.locked():
        classes = [{"name": n, "columns": [k], "label": n} for k, n in enumerate(names)]
        record = {
            "settings": {"source": str(folder / "pictures"), "model": "none"},
            "source": {
                "root": str(folder / "pictures"), "kind": "folders", "digest": "",
                "count": sum(map(len, given.values())), "notes": [],
            },
            "classes": {"classes": classes, "by": "label", "notes": []},
            "model": {
                "name": "none", "sha256": "", "layer": "cells", "grid": [GRID, GRID],
                "input_shape": [GRID, GRID, 3], "preprocessing": "none", "output": "scores",
                "output_kind": "softmax",
            },
            "versions": {},
            "rules": Rules().as_json(),
        }  # fmt: skip
        store.write_json("run.json", record)
        rows: list[dict[str, Any]] = []
        for klass, name in enumerate(names):
            place = folder / "pictures" / name
            place.mkdir(parents=True)
            for number in range(len(given[name])):
                file = f"{name}/{number}.png"
                row = {"path": file, "label": name, "klass": klass, "error": ""}
                if pictures:
                    Image.fromarray(pictures[name][number]).save(place / f"{number}.png")
                if maps:
                    raw_map = maps[name][number].astype(np.float16)
                    row |= {"map_label": raw_map.tobytes(), "scale_label": 1}
                rows.append(row)
        broken = {"path": "broken.png", "label": names[0], "klass": 0, "error": "broken.png is."}
        images = pd.DataFrame([broken, *rows]).reset_index(names="id")
        for start in range(0, len(images), 256):
            part = images.iloc[start : start + 256].reset_index(drop=True)
            store.write_table(f"images/{start // 256:05d}.parquet", part)
        if cells is not None:
            table = [{"class": names.index(n), "cells": hot.tobytes()} for n, hot in cells.items()]
            store.write_table("evidence/attention.parquet", pd.DataFrame(table))
        if trials is not None:
            store.write_table("trials/discovery/00000.parquet", trials)
    return Run(folder)
