"""Pictures of any number of channels: NumPy arrays and TIFFs of several bands."""

from __future__ import annotations

import io
import math
import zlib
from typing import Any

import numpy as np
from PIL import Image, TiffImagePlugin

from camcore.errors import ImageError
from camcore.pictures.colour_modes import over_white

MAX_BANDS = 64
MAX_BYTES = 512 * 2**20

_TIFF = (b"II*\0", b"MM\0*")
_WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC, _SAMPLES, _EXTRA = 256, 257, 258, 262, 277, 338
_GRAY, _RGB = (0, 1), 2
_DEFLATE = (8, 32946)
_REPEATED = 4  # strips may share bytes, and wrong counts are common, but not by much


def preview(bands: np.ndarray, notes: list[str], *, opacity: bool) -> np.ndarray:
    """How a picture of other than 1 or 3 channels is shown, (H, W, 3) uint8.

    Parameters
    ----------
    bands : ndarray, shape (H, W, C), uint8
    notes : list of str
        What is done is appended here.
    opacity : bool
        Whether the last of four channels says how see-through the others are.

    Examples
    --------
    >>> notes = []
    >>> preview(np.full((1, 1, 6), 7, np.uint8), notes, opacity=False).tolist(), notes
    ([[[7, 7, 7]]], ['6 channels, of which the first 3 are shown as RGB'])
    """
    channels = bands.shape[2]
    if opacity and channels == 4:
        return over_white(Image.fromarray(bands), notes)
    if channels < 3:
        notes.append(f"{channels} channels, of which the first is shown as gray")
        return np.repeat(bands[..., :1], 3, axis=2)
    notes.append(f"{channels} channels, of which the first 3 are shown as RGB")
    return np.ascontiguousarray(bands[..., :3])


def read_bands(data: bytes, name: str, max_pixels: int) -> np.ndarray | None:
    """The array that a file holds, if it is a ``.npy`` or a TIFF of other bands than a picture's.

    Parameters
    ----------
    data : bytes
        Of the whole file.
    name : str
        What errors call it.
    max_pixels : int
        Most pixels accepted; more are refused before any is decoded.

    Returns
    -------
    ndarray or None
        Shape (H, W) or (H, W, C), uint8, uint16 or float; None for any other file.

    Raises
    ------
    ImageError
        It is damaged, too large, or needs an extra that is not installed.

    Examples
    --------
    >>> file = io.BytesIO()
    >>> np.save(file, np.zeros((4, 5, 6), np.uint8))
    >>> read_bands(file.getvalue(), "a.npy", 100).shape, read_bands(b"GIF89a", "a.gif", 100)
    ((4, 5, 6), None)
    """
    if data.startswith(b"\x93NUMPY"):
        return _read_npy(data, name, max_pixels)
    if data.startswith(_TIFF):
        return _read_tiff(data, name, max_pixels)
    return None


def _read_npy(data: bytes, name: str, max_pixels: int) -> np.ndarray:
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
        else:
            shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
    except Exception as error:
        raise _damaged(name, error) from None
    if dtype.kind not in "uif" or not 2 <= len(shape) <= 3:
        raise ImageError(
            f"{name} holds an array of {dtype} of shape {shape}; a picture is (H, W) or (H, W, C) "
            "of numbers."
        )
    _check(shape[0], shape[1], math.prod(shape) * dtype.itemsize, name, max_pixels)
    try:
        array = np.load(io.BytesIO(data), allow_pickle=False)
    except Exception as error:
        raise _damaged(name, error) from None
    return _fewest_bits(array, name)


def _fewest_bits(array: np.ndarray, name: str) -> np.ndarray:
    """Integers as uint8, or uint16 where they are larger."""
    if array.dtype.kind not in "ui" or array.dtype in (np.uint8, np.uint16) or not array.size:
        return array
    low, high = int(array.min()), int(array.max())
    if low < 0 or high > 65535:
        raise ImageError(
            f"{name} holds integers from {low} to {high}; give values in 0-255 or 0-65535."
        )
    return array.astype(np.uint8 if high < 256 else np.uint16)


def _read_tiff(data: bytes, name: str, max_pixels: int) -> np.ndarray | None:
    try:
        stream = io.BytesIO(data)
        tags: Any = TiffImagePlugin.ImageFileDirectory_v2(stream.read(8))
        stream.seek(tags.next)
        tags.load(stream)
        samples, extra = int(tags.get(_SAMPLES, 1)), tags.get(_EXTRA, (0,))
        photometric = tags.get(_PHOTOMETRIC)
        height, width = int(tags[_HEIGHT]), int(tags[_WIDTH])
    except Exception:
        return None  # whoever decodes it says what is wrong
    # Where one sample is opacity, it is a picture as any other.
    known = extra if isinstance(extra, tuple) else (extra,)
    opaque = 1 in known or 2 in known
    several = samples == 2 or samples > 4 or (samples == 4 and photometric in (*_GRAY, _RGB))
    if not several or (opaque and samples in (2, 4)):
        return None
    if samples > MAX_BANDS:
        raise ImageError(f"{name} is a TIFF of {samples} bands; at most {MAX_BANDS} are read.")
    try:
        import tifffile
    except ImportError:
        if samples == 4 and photometric == _RGB:
            return None  # Pillow reads the three
        raise ImageError(
            f"{name} is a TIFF of {samples} bands, which needs an extra: pip install '.[tiff]'."
        ) from None
    _check(height, width, height * width * samples, name, max_pixels)
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            page: Any = file.pages[0]
            _check(height, width, page.nbytes, name, max_pixels)
            _check_segments(page, data, name)
            array = page.asarray()
            if page.planarconfig == 2 and array.ndim == 3:
                array = np.moveaxis(array, 0, -1)
    except ImageError:
        raise
    except MemoryError:
        raise ImageError(f"{name} needs more memory than there is; save a smaller copy.") from None
    except Exception as error:
        raise _damaged(name, error) from None
    if array.shape != (height, width, samples):
        raise ImageError(f"{name} is a TIFF of shape {array.shape}, not a picture; export it anew.")
    return _fewest_bits(array, name)


def _check_segments(page: Any, data: bytes, name: str) -> None:
    """Refuse strips that hold far more than their share of the picture."""
    if int(page.compression) not in (1, *_DEFLATE):
        raise ImageError(
            f"{name} is a TIFF of several bands that is packed with {page.compression.name}; save "
            "it uncompressed or with deflate."
        )
    if sum(page.databytecounts) > _REPEATED * len(data):
        raise ImageError(f"{name} names the same bytes again and again; export it again.")
    if int(page.compression) == 1:
        return
    for start, count in zip(page.dataoffsets, page.databytecounts, strict=True):
        unpacked = zlib.decompressobj()
        unpacked.decompress(data[start : start + count], page.nbytes + 1)
        if unpacked.unconsumed_tail:
            raise ImageError(f"{name} unpacks to more than it declares; export it again.")


def _check(height: int, width: int, size: int, name: str, max_pixels: int) -> None:
    if height < 1 or width < 1:
        raise ImageError(f"{name} has no pixels ({width} x {height}); export it again.")
    if height * width > max_pixels or size > MAX_BYTES:
        raise ImageError(
            f"{name} is {width} x {height} = {height * width:,} pixels ({size / 2**20:,.0f} MB), "
            f"more than the limit of {max_pixels:,}; save a smaller copy."
        )


def _damaged(name: str, error: Exception) -> ImageError:
    why = " ".join("".join(c if c.isprintable() else "?" for c in str(error)).split())[:100]
    return ImageError(
        f"{name} is damaged or incomplete and cannot be decoded ({why or type(error).__name__}); "
        "copy, download or export it again."
    )
