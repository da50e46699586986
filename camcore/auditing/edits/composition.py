"""Object and background, where the object's mask is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy import ndimage

from camcore.auditing.edits.images import Images
from camcore.auditing.edits.imputation import impute_each
from camcore.auditing.edits.probe import Probe, as_pixels
from camcore.auditing.rules import RULES


def objects(images: Images) -> np.ndarray:
    """Pixels of known objects and a margin around them (shadows), bool (N, H, W)."""
    height, width = images.pixels.shape[1:3]
    reach = 2 * max(1, round(RULES.object_margin * min(height, width))) + 1
    return ndimage.maximum_filter(_object(images), size=(1, reach, reach))


def without_objects(images: Images, rng: np.random.Generator) -> Images:
    """The same images, known objects and their margin filled by imputation."""
    return replace(images, pixels=impute_each(images.pixels, objects(images), rng))


class _MaskProbe(Probe):
    def applies(self, images: Images) -> bool:
        """Whether any image has a known mask with an object."""
        known = images.with_mask
        return images.masks is not None and bool(images.masks[known].any())


@dataclass(frozen=True)
class Background(_MaskProbe):
    """All but the object and a margin around it, which holds its shadow.

    A transfer puts the recipient's object on the donor's background, where the donor's own object
    was filled by imputation; the control's background is filled at the same place, so that the
    trace of the filling tells nothing. `neutral` puts it on the median background colour of the
    reference. A recipient or a donor without a known mask leaves the recipient as it is.

    Examples
    --------
    >>> masks = np.zeros((1, 30, 30), bool)
    >>> masks[0, 10:20, 10:20] = True
    >>> one, other = (Images(np.full((1, 30, 30, 1), level, np.uint8), masks) for level in (9, 90))
    >>> edited = Background().transfer(one, other, np.random.default_rng(0))
    >>> around = objects(one)
    >>> np.unique(edited[around]).tolist(), np.unique(edited[~around]).tolist()
    ([9], [90])
    """

    name: ClassVar[str] = "background"
    family: ClassVar[str] = "background"
    cue: ClassVar[str] = "background"

    def alike(self, donors: Images, controls: Images) -> tuple[Images, Images]:
        if donors.masks is None or controls.masks is None:
            return donors, controls
        both = donors.masks | controls.masks
        return replace(donors, masks=both), replace(controls, masks=both)

    def transfer(self, recipients: Images, donors: Images, rng: np.random.Generator) -> np.ndarray:
        behind = without_objects(donors, rng).pixels
        edited = _in_front(recipients, behind, objects(recipients))
        return _where(recipients.with_mask & donors.with_mask, edited, recipients.pixels)

    def neutral(
        self, recipients: Images, reference: Images, rng: np.random.Generator
    ) -> np.ndarray:
        known = reference.with_mask
        behind = reference.pixels[known][~objects(reference)[known]]
        if len(behind) == 0:
            return recipients.pixels.copy()
        usual = np.median(behind, axis=0)
        noise = RULES.fill_noise * rng.standard_normal(recipients.pixels.shape, np.float32)
        plain = as_pixels(usual.astype(np.float32) + noise)
        edited = _in_front(recipients, plain, objects(recipients))
        return _where(recipients.with_mask, edited, recipients.pixels)


@dataclass(frozen=True)
class Object(_MaskProbe):
    """The object.

    The recipient's own object is filled by imputation; a transfer then puts the donor's object
    there, at the donor's place. A recipient or a donor without a known mask leaves the recipient
    as it is.

    Examples
    --------
    >>> masks = np.zeros((1, 30, 30), bool)
    >>> masks[0, 10:20, 10:20] = True
    >>> one, other = (Images(np.full((1, 30, 30, 1), level, np.uint8), masks) for level in (9, 90))
    >>> edited = Object().transfer(one, other, np.random.default_rng(0))
    >>> np.unique(edited[masks]).tolist(), np.unique(edited[~masks]).tolist()
    ([90], [9])
    """

    name: ClassVar[str] = "object"
    family: ClassVar[str] = "object"
    cue: ClassVar[str] = "object"

    def transfer(self, recipients: Images, donors: Images, rng: np.random.Generator) -> np.ndarray:
        edited = _in_front(donors, _without_object(recipients, rng), _object(donors))
        return _where(recipients.with_mask & donors.with_mask, edited, recipients.pixels)

    def neutral(
        self, recipients: Images, reference: Images, rng: np.random.Generator
    ) -> np.ndarray:
        return _without_object(recipients, rng)


def _without_object(images: Images, rng: np.random.Generator) -> np.ndarray:
    return impute_each(images.pixels, _object(images), rng)


def _in_front(images: Images, behind: np.ndarray, kept: np.ndarray) -> np.ndarray:
    return np.where(kept[..., None], images.pixels, behind)


def _object(images: Images) -> np.ndarray:
    """Mask of the object of each image, all False where it is not known."""
    if images.masks is None:
        return np.zeros(images.pixels.shape[:3], bool)
    known: np.ndarray = images.masks & images.with_mask[:, None, None]
    return known


def _where(chosen: np.ndarray, edited: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    return np.where(chosen[:, None, None, None], edited, otherwise)
