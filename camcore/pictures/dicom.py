"""Medical pictures (DICOM) by their own window; nothing that says whose they are is kept."""

from __future__ import annotations

import io
import logging
from typing import Any

import numpy as np

from camcore.errors import ImageError

_PREFIX = slice(128, 132)
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_HEAD = 8192  # the transfer syntax stands in here


def is_dicom(data: bytes) -> bool:
    """Whether the bytes begin as DICOM (PS3.10: 128 bytes of anything, then ``DICM``).

    Examples
    --------
    >>> is_dicom(bytes(128) + b"DICM..."), is_dicom(b"GIF89a")
    (True, False)
    """
    return data[_PREFIX] == b"DICM"


def read_dicom(
    data: bytes,
    name: str,
    max_pixels: int,
    stretch: str = "none",
) -> tuple[np.ndarray, tuple[int, int], tuple[str, ...]]:
    """Decode the first frame of a DICOM file as it is meant to be shown.

    Stored values become those of the modality (rescale slope and intercept), then the window of
    the file, or else their range, becomes black to white; MONOCHROME1 is inverted (PS3.3,
    C.11.1, C.11.2 and C.7.6.3.1.2).

    Parameters
    ----------
    data : bytes
    name : str
        What errors call it.
    max_pixels : int
        Most pixels accepted; more are refused before any is decoded.
    stretch : str
        ``range`` takes the range of the values instead of the window.

    Returns
    -------
    pixels : ndarray, shape (H, W, 3), uint8
    full_size : tuple of int
        Height and width.
    notes : tuple of str
        What was done to it; no value that the file has of a person.

    Raises
    ------
    ImageError
        The extra is not installed, or the file is damaged, too large or no picture.
    """
    try:
        import pydicom
        from pydicom.pixels.utils import pixel_array
    except ImportError:
        raise ImageError(
            f"{name} is a DICOM file, which needs an extra: pip install '.[dicom]'."
        ) from None
    # What it says of a file may quote the file.
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    if _DEFLATED in data[:_HEAD]:
        raise ImageError(f"{name} is a DICOM file packed as a whole; export it unpacked.")
    try:
        dataset = pydicom.dcmread(io.BytesIO(data))
        _check(dataset, name, max_pixels)
        frames = int(dataset.get("NumberOfFrames") or 1)
        stored = pixel_array(dataset, index=0)
        if stored.ndim == 3:
            pixels, notes = _colours(stored, dataset)
        else:
            pixels, notes = _grays(stored, dataset, stretch)
    except ImageError:
        raise
    except MemoryError:
        raise ImageError(f"{name} needs more memory than there is; save a smaller copy.") from None
    except Exception as error:
        # The words of the error may quote the file, and so a person.
        raise ImageError(
            f"{name} is a DICOM file that is damaged, or of a kind that cannot be decoded "
            f"({type(error).__name__}); export it as PNG or anew."
        ) from None
    if frames > 1:
        notes.insert(0, f"first of {frames} frames")
    height, width = pixels.shape[:2]
    return pixels, (height, width), tuple(notes)


def _check(dataset: Any, name: str, max_pixels: int) -> None:
    if "PixelData" not in dataset:
        raise ImageError(f"{name} is a DICOM file without a picture; give one with pixel data.")
    height, width = int(dataset.Rows), int(dataset.Columns)
    if height * width > max_pixels:
        raise ImageError(
            f"{name} is {width} x {height} = {height * width:,} pixels, more than the limit of "
            f"{max_pixels:,}; save a smaller copy."
        )


def _colours(stored: np.ndarray, dataset: Any) -> tuple[np.ndarray, list[str]]:
    """RGB; `pydicom.pixels.pixel_array` has converted YBR already."""
    bits = int(dataset.BitsStored)
    levels = stored if bits == 8 else np.rint(stored * (255 / (2**bits - 1)))
    return np.ascontiguousarray(levels.astype(np.uint8)), ["DICOM in colour"]


def _grays(stored: np.ndarray, dataset: Any, stretch: str) -> tuple[np.ndarray, list[str]]:
    from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi

    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        coloured = apply_color_lut(stored, dataset)
        levels = coloured >> 8 if coloured.dtype == np.uint16 else coloured
        return np.ascontiguousarray(levels[..., :3].astype(np.uint8)), ["DICOM in palette colours"]
    values = apply_modality_lut(stored, dataset)
    if stretch != "range" and "WindowCenter" in dataset and "WindowWidth" in dataset:
        centre, width = _first(dataset.WindowCenter), _first(dataset.WindowWidth)
        shares = _window(values, centre, width, str(dataset.get("VOILUTFunction") or "LINEAR"))
        notes = [f"DICOM window {centre:g}, width {width:g}"]
    elif stretch != "range" and "VOILUTSequence" in dataset:
        bits = int(dataset.VOILUTSequence[0].LUTDescriptor[2])
        shares = apply_voi(values, dataset).astype(np.float64) / (2**bits - 1)
        notes = ["DICOM shown by its own table of grays"]
    else:
        low, high = float(values.min()), float(values.max())
        shares = (values - low) / (high - low) if high > low else np.zeros(values.shape)
        notes = [f"DICOM values {low:g} to {high:g} stretched to 0-255"]
    levels = np.rint(shares.clip(0, 1) * 255)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        levels = 255 - levels
        notes.append("MONOCHROME1 inverted")
    notes.append("gray shown as RGB")
    return np.repeat(levels.astype(np.uint8)[..., None], 3, axis=2), notes


def _first(value: Any) -> float:
    """The first of the windows that a file names."""
    return float(np.ravel(value)[0])


def _window(values: np.ndarray, centre: float, width: float, function: str) -> np.ndarray:
    """Share of white of each value (PS3.3, C.11.2.1.2 and C.11.2.1.3), not yet cut to 0-1.

    Examples
    --------
    >>> _window(np.array([0, 2048, 4096]), 2048, 4096, "LINEAR_EXACT").tolist()
    [0.0, 0.5, 1.0]
    """
    values = values.astype(np.float64)
    if function.upper() == "SIGMOID":
        return 1 / (1 + np.exp(-4 * (values - centre) / width))
    if function.upper() == "LINEAR_EXACT":
        return (values - centre) / width + 0.5
    if width <= 1:
        return (values > centre - 0.5).astype(np.float64)
    return (values - (centre - 0.5)) / (width - 1) + 0.5
