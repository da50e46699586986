"""Changed copies of a picture or of its feature maps, whose class scores make a map.

A method of this kind asks the model what it says of many variants. They are made a few at a time,
so that memory stays bounded whatever their number, and the scores of every class come with each
pass: another class costs nothing more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from camcore.heatmap import on_picture
from camcore.methods import perturbed
from camcore.pictures.preprocessing import Frame, whole_frame

OCCLUSION_CELLS = 14  # a side: patches of a seventh of it, moved by half of themselves
MOST_ACTIVE = 64
_TINY = float(np.finfo(np.float32).tiny)
_GAUSSIAN = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], np.float32) / 16


@dataclass(frozen=True, eq=False)
class Variants:
    """What is to be scored, and how the scores become a map.

    Attributes
    ----------
    of : {"image", "activations"}
        What is changed: the preprocessed picture, which then passes through the whole model, or
        the feature maps, which pass through the rest of it.
    count : int
    make : callable
        ``make(start, stop)`` -> those variants, shape (stop - start, H, W, C) float32.
    combine : callable
        ``combine(scores, base)`` -> raw maps (T, h, w); scores of the variants are (count, T),
        those of the unchanged picture (T,).
    partial : bool
        Whether `combine` also takes the scores of the first few variants alone.
    """

    of: Literal["image", "activations"]
    count: int
    make: Callable[[int, int], np.ndarray]
    combine: Callable[[np.ndarray, np.ndarray], np.ndarray]
    partial: bool = False


def channel_masks(
    image: np.ndarray,
    activations: np.ndarray,
    frame: Frame | None = None,
    most: int | None = None,
) -> Variants:
    """The picture seen through each feature map: Score-CAM's variants.

    Each channel is upsampled to the picture (bilinear, half-pixel centres), stretched over 0 to 1
    and multiplied with the preprocessed picture; what the layer does not see is 0. Channels
    without any change over their cells mask nothing and are left out. The most active come first:
    those that vary most.

    Parameters
    ----------
    image : ndarray, shape (H, W, C), float32
        Preprocessed.
    activations : ndarray, shape (h, w, K), float32
    frame : Frame, optional
        Where their grid lies in the picture; evenly over all of it if None.
    most : int, optional
        Only so many of the most active channels.

    Examples
    --------
    >>> A = np.stack([np.eye(2), np.ones((2, 2)), 3 * np.eye(2)], axis=-1).astype(np.float32)
    >>> variants = channel_masks(np.ones((2, 2, 1), np.float32), A)
    >>> variants.count, variants.make(0, 1)[0, :, :, 0].tolist()
    (2, [[1.0, 0.0], [0.0, 1.0]])
    """
    spread = activations.std(axis=(0, 1), dtype=np.float64)
    flat = activations.max(axis=(0, 1)) == activations.min(axis=(0, 1))
    order = np.argsort(-spread, kind="stable")
    channels = order[~flat[order]][:most]
    size = image.shape[:2]
    frame = frame or whole_frame(size[1], size[0])
    seen = on_picture(np.ones(activations.shape[:2], np.float32), frame, size, "nearest") > 0

    def make(start: int, stop: int) -> np.ndarray:
        maps = np.moveaxis(activations[:, :, channels[start:stop]], -1, 0)
        masks = np.zeros((len(maps), *size), np.float32)
        for mask, values in zip(masks, maps, strict=True):
            mask[seen] = on_picture(values, frame, size)[seen]
            low, high = mask[seen].min(), mask[seen].max()
            mask[seen] = (mask[seen] - low) / max(high - low, _TINY)
        masked: np.ndarray = masks[..., None] * image
        return masked

    combine = partial(perturbed.score_cam, activations, channels)
    return Variants("image", len(channels), make, combine, partial=True)


def kept_positions(
    image: np.ndarray,
    activations: np.ndarray,
    frame: Frame | None = None,
    gaussian: bool = False,
) -> Variants:
    """Feature maps of which one position is left: Recipro-CAM's variants.

    The first variant is empty: it says what the rest of the network answers to nothing.

    Parameters
    ----------
    activations : ndarray, shape (h, w, K), float32
    gaussian : bool
        Whether the eight neighbours stay too, weighted as in the paper.

    Examples
    --------
    >>> A = np.array([[[5.0], [7.0]]], np.float32)
    >>> kept_positions(A, A).make(0, 3)[..., 0].tolist()
    [[[0.0, 0.0]], [[5.0, 0.0]], [[0.0, 7.0]]]
    """
    height, width = activations.shape[:2]

    def make(start: int, stop: int) -> np.ndarray:
        masks = np.zeros((stop - start, height + 2, width + 2), np.float32)
        for mask, index in zip(masks, range(start, stop), strict=True):
            if index > 0:
                row, column = divmod(index - 1, width)
                if gaussian:
                    mask[row : row + 3, column : column + 3] = _GAUSSIAN
                else:
                    mask[row + 1, column + 1] = 1
        masked: np.ndarray = masks[:, 1:-1, 1:-1, None] * activations
        return masked

    def combine(scores: np.ndarray, base: np.ndarray) -> np.ndarray:
        return perturbed.recipro_cam(scores, height, width)

    return Variants("activations", 1 + height * width, make, combine)


def missing_channels(
    image: np.ndarray, activations: np.ndarray, frame: Frame | None = None
) -> Variants:
    """Feature maps of which one channel is zero: Ablation-CAM's variants.

    Examples
    --------
    >>> A = np.array([[[5.0, 7.0]]], np.float32)
    >>> missing_channels(A, A).make(0, 2).tolist()
    [[[[0.0, 7.0]]], [[[5.0, 0.0]]]]
    """

    def make(start: int, stop: int) -> np.ndarray:
        maps = np.repeat(activations[None], stop - start, axis=0)
        maps[np.arange(stop - start), :, :, np.arange(start, stop)] = 0
        return maps

    combine = partial(perturbed.ablation_cam, activations)
    return Variants("activations", activations.shape[-1], make, combine)


def occluded_patches(
    image: np.ndarray, activations: np.ndarray, frame: Frame | None = None
) -> Variants:
    """The picture with one patch after another replaced by its mean colour.

    Patches of two by two cells, on a grid of 14 cells a side (fewer where the picture has fewer
    pixels), one cell apart.

    Parameters
    ----------
    image : ndarray, shape (H, W, C), float32
        Preprocessed.

    Examples
    --------
    >>> image = np.arange(9, dtype=np.float32).reshape(3, 3, 1)
    >>> variants = occluded_patches(image, image)
    >>> variants.count, variants.make(3, 4)[0, :, :, 0].tolist()
    (4, [[0.0, 1.0, 2.0], [3.0, 4.0, 4.0], [6.0, 4.0, 4.0]])
    """
    height, width = image.shape[:2]
    rows, columns = occlusion_grid(image.shape)
    tops = np.rint(np.linspace(0, height, rows + 1)).astype(int)
    lefts = np.rint(np.linspace(0, width, columns + 1)).astype(int)
    mean = image.mean(axis=(0, 1))
    wide = max(1, columns - 1)

    def make(start: int, stop: int) -> np.ndarray:
        occluded = np.repeat(image[None], stop - start, axis=0)
        for variant, index in zip(occluded, range(start, stop), strict=True):
            row, column = divmod(index, wide)
            bottom, right = tops[min(row + 2, rows)], lefts[min(column + 2, columns)]
            variant[tops[row] : bottom, lefts[column] : right] = mean
        return occluded

    def combine(scores: np.ndarray, base: np.ndarray) -> np.ndarray:
        return perturbed.occlusion(scores, base, rows, columns)

    return Variants("image", occlusion_places(image.shape), make, combine)


def occlusion_grid(shape: tuple[int, ...]) -> tuple[int, int]:
    """Cells of an occlusion map, for a picture of shape (H, W, ...)."""
    return min(OCCLUSION_CELLS, shape[0]), min(OCCLUSION_CELLS, shape[1])


def occlusion_places(shape: tuple[int, ...]) -> int:
    """How many places a patch takes in turn.

    Examples
    --------
    >>> occlusion_places((224, 224, 3))
    169
    """
    rows, columns = occlusion_grid(shape)
    return max(1, rows - 1) * max(1, columns - 1)
