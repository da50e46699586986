"""The images of a run that interventions are made on, and the half that each belongs to."""

from __future__ import annotations

import numpy as np
import pandas as pd

from camcore.auditing.interventions.pairing import halves
from camcore.auditing.runs.plan import Plan
from camcore.auditing.runs.store import Store
from camcore.auditing.scan.rows import light_rows


def readable(store: Store, plan: Plan, files: pd.DataFrame) -> pd.DataFrame:
    """Images that interventions may use, index id, as `Discovery` takes them."""
    rows = light_rows(store)
    rows = rows[(rows["error"] == "") & (rows["klass"] >= 0) & np.isfinite(rows["margin"])].copy()
    rows["half"] = halves(rows, plan.settings.seed)
    marked = (files["mask"] != "") | files["box"].notna()
    rows["told"] = marked.reindex(rows.index).to_numpy()
    return rows
