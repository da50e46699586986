"""Rows of a scan without what is heavy."""

from __future__ import annotations

import pandas as pd

from camcore.auditing.runs.store import Store

_LIGHT = ["id", "klass", "predicted", "margin", "error", "sha256"]


def light_rows(store: Store) -> pd.DataFrame:
    """One short row an image of the scan, index id, with the group of its near-duplicates."""
    parts = [store.read_table(part, _LIGHT) for part in store.parts("images")]
    rows = pd.concat(parts, ignore_index=True).set_index("id")
    if (store.folder / "evidence" / "groups.parquet").exists():
        rows["group"] = store.read_table("evidence/groups.parquet").set_index("id")["group"]
    return rows
