"""Pictures for the interventions, decoded when they are first needed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd

from camcore.auditing.edits import Images
from camcore.auditing.held_columns import stacked, values_of
from camcore.auditing.runs.plan import Plan
from camcore.auditing.scan.scan import object_mask
from camcore.cores import usable_cores
from camcore.errors import CamcoreError, ImageError
from camcore.pictures.model_view import decode


class Pool:
    """What the model sees of some images, with masks and JPEG qualities.

    Parameters
    ----------
    plan : Plan
    files : DataFrame
        files.parquet, index id.
    images : DataFrame
        The scan's rows, index id: a file that has changed since is refused.
    """

    def __init__(self, plan: Plan, files: pd.DataFrame, images: pd.DataFrame) -> None:
        self._plan, self._files, self._images = plan, files, images
        self._held: dict[int, Any] = {}
        self.lost: dict[int, str] = {}

    def hold(self, ids: np.ndarray) -> np.ndarray:
        """Decode these images and forget all others; which of them are there, (n,) bool."""
        wanted = {int(one) for one in ids}
        self._held = {one: self._held[one] for one in wanted & self._held.keys()}
        missing = sorted(wanted - self._held.keys() - self.lost.keys())
        with ThreadPoolExecutor(usable_cores()) as workers:
            for one, found in zip(missing, workers.map(self._decoded, missing), strict=True):
                if isinstance(found, str):
                    self.lost[one] = found
                else:
                    self._held[one] = found
        return np.array([int(one) in self._held for one in ids], bool)

    def images(self, ids: np.ndarray) -> Images:
        """A batch of images that are held."""
        pixels, masks, quality, _ = zip(*(self._held[int(one)] for one in ids), strict=True)
        known = np.array([mask is not None for mask in masks])
        blank = np.zeros(pixels[0].shape[:2], bool)
        return Images(
            np.stack(pixels),
            np.stack([blank if mask is None else mask for mask in masks]),
            known,
            np.array(quality, np.float32),
        )

    def others(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        """What the other inputs are held at for images that are held, (N, *shape) each."""
        return stacked(self._held[int(one)][3] for one in ids)

    def _decoded(
        self, one: int
    ) -> tuple[np.ndarray, np.ndarray | None, float, dict[str, np.ndarray]] | str:
        row = self._files.loc[one]
        try:
            path = self._plan.file_of(row["path"])
            settings = self._plan.settings
            decoded = decode(path, self._plan.input_shape, settings.fit, stretch=settings.stretch)
            if decoded.sha256 != self._images.at[one, "sha256"]:
                raise ImageError(f"{path.name} has changed since it was scanned.")
            try:
                mask = object_mask(row, decoded, self._plan)
            except CamcoreError:
                mask = None
            others = values_of(row, self._plan)
            return decoded.seen, mask, decoded.jpeg_quality, others
        except CamcoreError as error:
            return str(error)
