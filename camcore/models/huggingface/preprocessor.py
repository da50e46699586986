"""What a folder's preprocessor does to a picture, as camcore's own words for it.

What is read off the settings is tried beside the preprocessor itself, on a picture across and one
upright, and is believed only where both give the same numbers.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import transformers
from PIL import Image

from camcore.errors import CamcoreError
from camcore.models.quarantine.huggingface_folder import PREPROCESSOR
from camcore.pictures.normalisation import Normalisation
from camcore.pictures.preprocessing import fit_pixels, preprocess
from camcore.pictures.resizing import Resizing

_TRIED = ((97, 61), (50, 83))  # widths and heights
_CLOSE = 1e-5  # of inputs, which are a few units wide
_WARPED = 384  # from which side on ConvNeXt's preprocessor stretches instead of cropping
_USUAL_SIZE = (224, 224)


@dataclass(frozen=True)
class Preprocessor:
    """How pictures become inputs.

    Attributes
    ----------
    size : tuple of int
        Height and width of the input.
    fit, preprocessing : str or None
        None where the folder does not tell.
    note : str
        What was decided, where the folder leaves it open.
    """

    size: tuple[int, int]
    fit: str | None
    preprocessing: str | None
    note: str = ""


def read_preprocessor(path: str, size: tuple[int, int] | None, channels: int) -> Preprocessor:
    """Read the preprocessor of an inspected folder.

    Parameters
    ----------
    path : str
    size : tuple of int or None
        What the network itself asks for.
    channels : int
        That it takes.
    """
    usual = size or _USUAL_SIZE
    if not os.path.exists(os.path.join(path, PREPROCESSOR)):
        return Preprocessor(usual, None, None, f"the folder has no {PREPROCESSOR}")
    try:
        processor = transformers.AutoImageProcessor.from_pretrained(
            path, backend="pil", local_files_only=True, trust_remote_code=False
        )
        resizing = _resizing(processor, usual)
        made = Preprocessor(resizing.seen(*usual)[::-1], str(resizing), _normalisation(processor))
        if _agree(processor, made, channels):
            return made
    except MemoryError:
        raise
    except (CamcoreError, AttributeError, KeyError, TypeError, ValueError, OSError, ImportError):
        pass  # whatever it is, it is none of those that are known
    kind = _kind(path)
    return Preprocessor(
        usual, None, None, f"what its preprocessor ({kind}) does to a picture is not known here"
    )


def _kind(path: str) -> str:
    with open(os.path.join(path, PREPROCESSOR), "rb") as file:
        settings = json.load(file)
    kind = str(settings.get("image_processor_type") or settings.get("feature_extractor_type"))
    return "".join(c if c.isprintable() else "?" for c in kind)[:60]


def _resizing(processor: Any, usual: tuple[int, int]) -> Resizing:
    chosen = Image.Resampling(
        Image.Resampling.BILINEAR if processor.resample is None else processor.resample
    ).name.lower()
    crop = None
    if getattr(processor, "do_center_crop", None) and processor.crop_size:
        crop = (processor.crop_size["height"], processor.crop_size["width"])
    if not processor.do_resize:
        # A picture of its own size fits no network of one size: stretched, where nothing is cut.
        return Resizing(size=None if crop else usual, crop=crop, filter=chosen)
    edge, share = processor.size.get("shortest_edge"), getattr(processor, "crop_pct", None)
    if edge is None:
        return Resizing(
            size=(processor.size["height"], processor.size["width"]), crop=crop, filter=chosen
        )
    if share is None:
        return Resizing(edge=edge, crop=crop, filter=chosen)
    if edge >= _WARPED:
        return Resizing(size=(edge, edge), crop=crop, filter=chosen)
    return Resizing(edge=int(edge / share), crop=crop or (edge, edge), filter=chosen)


def _normalisation(processor: Any) -> str:
    scale = float(processor.rescale_factor) if processor.do_rescale else 1.0
    if not processor.do_normalize:
        return str(Normalisation(scale))
    mean, std = (
        (float(values),) if isinstance(values, (int, float)) else tuple(map(float, values))
        for values in (processor.image_mean, processor.image_std)
    )
    return str(Normalisation(scale, mean, std))


def _agree(processor: Any, made: Preprocessor, channels: int) -> bool:
    """Whether camcore makes of pictures what the preprocessor makes of them."""
    rng = np.random.default_rng(0)
    for width, height in _TRIED:
        pixels = rng.integers(0, 256, (height, width, channels), np.uint8)
        answered = processor(pixels, return_tensors="np", input_data_format="channels_last")
        theirs = np.asarray(answered["pixel_values"][0]).transpose(1, 2, 0)
        rgb = np.repeat(pixels, 3, axis=2) if channels == 1 else pixels
        seen, _ = fit_pixels(rgb, (*made.size, channels), made.fit or "")
        ours = preprocess(seen, made.preprocessing or "")
        if theirs.shape != ours.shape or float(np.abs(theirs - ours).max()) > _CLOSE:
            return False
    return True
