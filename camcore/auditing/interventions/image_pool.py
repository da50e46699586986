"""Pictures for the interventions, decoded when they are first needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd

from camcore.auditing.edits import Images
from camcore.auditing.edits.compression import READ, quality_from_pixels
from camcore.auditing.edits.part import Part
from camcore.auditing.held_columns import stacked, values_of
from camcore.auditing.runs.plan import Plan
from camcore.auditing.scan.scan import object_mask
from camcore.errors import CamcoreError, ImageError
from camcore.localization.boxes import Box
from camcore.pictures.model_view import Decoded, box_mask, decode
from camcore.pictures.picture import read_image
from camcore.storage.place import Place, readers

_Held = tuple[np.ndarray, np.ndarray | None, float, tuple[float, float], dict[str, np.ndarray]]
_COARSER = 5.0  # points of quality: less is the reading's own uncertainty
_READABLE = 2**20  # pixels of a file that is decoded in full to read an earlier quality


class Pool:
    """What the model sees of some images, with masks and JPEG qualities.

    Parameters
    ----------
    plan : Plan
    files : DataFrame
        files.parquet, index id.
    images : DataFrame
        The scan's rows, index id: a file that has changed since is refused.
    drawn : mapping of int to sequence of box, optional
        Boxes around the objects of some images, which go before what the files' table tells.

    Attributes
    ----------
    lost : dict
        Id -> why an image cannot be read any more.
    saved_twice : bool
        Whether the pixels of any JPEG so far show a coarser quality than its table tells.
    looks_for_earlier : bool
        Whether that is looked for, which costs a decoding in full.
    """

    def __init__(
        self,
        plan: Plan,
        files: pd.DataFrame,
        images: pd.DataFrame,
        drawn: Mapping[int, Sequence[Box]] | None = None,
    ) -> None:
        self._plan, self._files, self._images = plan, files, images
        self._drawn = drawn or {}
        self._held: dict[int, Any] = {}
        self._places: dict[str, dict[int, np.ndarray]] = {}
        self.lost: dict[int, str] = {}
        self._pixels_tell: dict[int, float] = {}
        self.saved_twice = False
        self.looks_for_earlier = True

    def know(self, klass: int, parts: pd.DataFrame) -> None:
        """Learn where the parts of a class lie; see `camcore.auditing.parts.placing`."""
        for number, rows in parts.groupby("number"):
            boxes = rows[["top", "left", "bottom", "right"]].to_numpy(np.int64)
            ids = rows["id"].astype(int)
            self._places[Part(klass, int(number)).key] = dict(zip(ids, boxes, strict=True))

    def hold(self, ids: np.ndarray) -> np.ndarray:
        """Decode these images and forget all others; which of them are there, (n,) bool."""
        needed = {int(image_id) for image_id in ids}
        self._held = {image_id: self._held[image_id] for image_id in needed & self._held.keys()}
        missing = sorted(needed - self._held.keys() - self.lost.keys())
        with ThreadPoolExecutor(readers(self._plan.root)) as workers:
            for image_id, outcome in zip(missing, workers.map(self._decoded, missing), strict=True):
                if isinstance(outcome, str):
                    self.lost[image_id] = outcome
                else:
                    self._held[image_id] = outcome
        return np.array([int(image_id) in self._held for image_id in ids], bool)

    def sample(self, count: int, seed: int) -> np.ndarray:
        """Ids of some readable images, from every class about as many, (count,) or fewer."""
        rng = np.random.default_rng([seed, 3])
        mixed = self._images.iloc[rng.permutation(len(self._images))]
        turn = mixed.groupby("klass").cumcount().to_numpy()
        ids: np.ndarray = mixed.index.to_numpy()[np.argsort(turn, kind="stable")[:count]]
        return ids

    def images(self, ids: np.ndarray) -> Images:
        """A batch of images that are held."""
        pixels, masks, quality, scale, _ = zip(
            *(self._held[int(image_id)] for image_id in ids), strict=True
        )
        known = np.array([mask is not None for mask in masks])
        blank = np.zeros(pixels[0].shape[:2], bool)
        return Images(
            np.stack(pixels),
            np.stack([blank if mask is None else mask for mask in masks]),
            known,
            np.array(quality, np.float32),
            np.array(scale, np.float32),
            {key: self._boxes(known, ids) for key, known in self._places.items()},
        )

    @staticmethod
    def _boxes(known: dict[int, np.ndarray], ids: np.ndarray) -> np.ndarray:
        nowhere = np.full(4, -1)
        return np.array([known.get(int(image_id), nowhere) for image_id in ids]).reshape(-1, 4)

    def others(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        """What the other inputs are held at for images that are held, (N, *shape) each."""
        return stacked(self._held[int(image_id)][4] for image_id in ids)

    def _decoded(self, image_id: int) -> _Held | str:
        row = self._files.loc[image_id]
        try:
            path = self._plan.file_of(row["path"])
            plan = self._plan
            decoded = decode(path, plan.input_shape, plan.fit, stretch=plan.settings.stretch)
            if decoded.sha256 != self._images.at[image_id, "sha256"]:
                raise ImageError(f"{path.name} has changed since it was scanned.")
            try:
                mask = self._object(image_id, row, decoded)
            except CamcoreError:
                mask = None
            frame, (height, width, _) = decoded.frame, self._plan.input_shape
            scale = (frame.y1 - frame.y0) / height, (frame.x1 - frame.x0) / width
            others = values_of(row, self._plan)
            return decoded.seen, mask, self._quality(image_id, path, decoded), scale, others
        except CamcoreError as error:
            return str(error)

    def _object(self, image_id: int, row: pd.Series, decoded: Decoded) -> np.ndarray | None:
        if image_id not in self._drawn:
            return object_mask(row, decoded, self._plan)
        masks = [
            box_mask(box, decoded.frame, self._plan.input_shape) for box in self._drawn[image_id]
        ]
        covered: np.ndarray = np.any(masks, axis=0)
        return covered

    def _quality(self, image_id: int, path: Place, decoded: Decoded) -> float:
        """The coarsest JPEG quality that a file went through, NaN for no JPEG.

        Its table tells of the last saving only; an earlier one is read off the file's own pixels.
        """
        table = decoded.jpeg_quality
        readable = decoded.width * decoded.height <= _READABLE
        if np.isnan(table) or not readable or not self.looks_for_earlier:
            return table
        if image_id not in self._pixels_tell:
            corner = read_image(path).pixels[: READ[0], : READ[1]]
            self._pixels_tell[image_id] = quality_from_pixels(corner)
            self.saved_twice |= self._pixels_tell[image_id] < table - _COARSER
        return min(table, self._pixels_tell[image_id])
