"""What a Keras model takes: the shape of one image, and whether it scales pixels itself."""

from __future__ import annotations

from typing import Any

from camcore.errors import InputError, ModelError
from camcore.models.keras.traced_graph import walk
from camcore.pictures.bands import MAX_BANDS

FREE_SIZE = 224  # side of the input where a model accepts any
_BUILT_IN = {"Rescaling", "Normalization"}
_BEFORE_SCALING = ("Random", "Resizing", "CenterCrop", "Gaussian")


def begins_with_preprocessing(model: Any) -> bool:
    """Whether the model itself scales its pixels: it begins with Rescaling or Normalization.

    Augmentation and resizing may come before.
    """
    for _, operation in walk(model):
        kind = type(operation).__name__
        if kind in _BUILT_IN:
            return True
        if not kind.startswith(_BEFORE_SCALING):
            return False
    return False


def input_shape(model: Any, name: str, size: tuple[int, int] | None) -> tuple[int, int, int]:
    """Height, width and channels of one image.

    Parameters
    ----------
    name : str
        Of the model, for the words of an error.
    size : tuple of int, optional
        Height and width that a person asks for, where the model accepts any.

    Raises
    ------
    ModelError
        If the model does not take one image.
    InputError
        If the model takes another size only.
    """
    inputs = getattr(model, "inputs", None) or []
    if len(inputs) > 1:
        raise ModelError(
            f"{name} has {len(inputs)} inputs; CAM Audit explains models with one image input."
        )
    shape = tuple(inputs[0].shape)[1:] if inputs else (*(size or ()), 3)
    if len(shape) != 3 or shape[2] is None:
        shown = " x ".join("?" if s is None else str(s) for s in shape)
        raise ModelError(
            f"{name} takes inputs of shape {shown}, not images (height x width x channels)."
        )
    height, width = size or (FREE_SIZE, FREE_SIZE)
    if size and any(own not in (None, want) for own, want in zip(shape, size, strict=False)):
        raise InputError(
            f"{name} takes {shape[0]} x {shape[1]} images only, not {height} x {width}."
        )
    if not 1 <= shape[2] <= MAX_BANDS:
        raise ModelError(f"{name} takes images of {shape[2]} channels; at most {MAX_BANDS} go.")
    return shape[0] or height, shape[1] or width, shape[2]
