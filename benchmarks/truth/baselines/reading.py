"""What the baselines read of a run: its images with their classes, and their maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from camcore import Run


def labelled(run: Run) -> pd.DataFrame:
    """Readable images with a class, in the order of the run.

    Returns
    -------
    DataFrame
        Index id; columns file (str), label and klass (index of `Run.class_names`).
    """
    images = run.images
    images = images[(images["error"] == "") & (images["klass"] >= 0)]
    root = Path(run.record["source"]["root"])
    return images[["label", "klass"]].assign(file=[str(root / path) for path in images["path"]])


def class_maps(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Where the evidence for its own class lies in each labelled image that shows any.

    Returns
    -------
    maps : ndarray, shape (n, h, w), float32
        After ReLU, each of sum 1.
    classes : ndarray of int, shape (n,)
    """
    images = labelled(run)
    maps = np.maximum(np.nan_to_num(run.maps(images.index.to_numpy())), 0)
    total = maps.sum(axis=(1, 2))
    with_evidence = total > 0
    return maps[with_evidence] / total[with_evidence, None, None], images["klass"].to_numpy()[
        with_evidence
    ]
