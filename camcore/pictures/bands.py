"""Pictures that Pillow does not read: NumPy arrays, and TIFFs of several bands or deep values."""

from __future__ import annotations

import io
import math
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, TiffImagePlugin

from camcore.errors import ImageError
from camcore.pictures.colour_modes import over_white

MAX_BANDS = 64
MAX_BYTES = 512 * 2**20

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_KIND, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, 256, 257, 258, 259, 262
_SAMPLES, _PLANES, _EXTRA, _VALUES = 277, 284, 338, 339
_REDUCED = 1  # the kind of a picture that is a smaller version of another
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_APART = 2  # each sample in a plane of its own
_GRAY, _RGB = (0, 1), 2
_WHITE_IS_ZERO = 0
_UNPACKED = 1
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


def read_bands(data: bytes, name: str, max_pixels: int) -> tuple[np.ndarray, bool] | None:
    """The array that a file holds, if it is a ``.npy`` or a TIFF that Pillow does not read.

    Those are TIFFs of other bands than a picture's, and those of deep values in layouts of which
    Pillow 13 gives other values than the file's: 16 bits in separate planes or with white at zero,
    packed signed, 32-bit or floating-point values with the high byte first.

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
    array : ndarray
        Shape (H, W) or (H, W, C), uint8, uint16 or float.
    opacity : bool
        Whether the last of 2 or 4 channels says how see-through the others are.

    None for any other file.

    Raises
    ------
    ImageError
        It is damaged, too large, or needs an extra that is not installed.

    Examples
    --------
    >>> file = io.BytesIO()
    >>> np.save(file, np.zeros((4, 5, 6), np.uint8))
    >>> array, opacity = read_bands(file.getvalue(), "a.npy", 100)
    >>> array.shape, opacity, read_bands(b"GIF89a", "a.gif", 100)
    ((4, 5, 6), False, None)
    """
    if data.startswith(b"\x93NUMPY"):
        return _read_npy(data, name, max_pixels), False
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


@dataclass(frozen=True)
class _Layout:
    """How the values of the first picture of a TIFF lie in the file."""

    height: int
    width: int
    samples: int
    bits: int
    values: int
    photometric: int
    planes: int
    packed: bool
    big_endian: bool
    opacity: bool
    reduced: bool

    @property
    def several(self) -> bool:
        """Whether it has bands that are neither a picture's colours nor its opacity."""
        if self.opacity and self.samples in (2, 4):
            return False
        of_pictures = (*_GRAY, _RGB)
        return (
            self.samples == 2
            or self.samples > 4
            or (self.samples == 4 and self.photometric in of_pictures)
        )

    @property
    def misread(self) -> bool:
        """Whether Pillow gives other values than the file's, or knows no such pixels."""
        if self.bits <= 8:
            return False
        return (
            self.bits > 32
            or self.samples == 2
            or (self.values == _FLOAT and (self.samples, self.bits) != (1, 32))
            or (self.planes == _APART and self.samples > 1 and not self.packed)
            or (self.photometric == _WHITE_IS_ZERO and self.values == _UNSIGNED)
            or (self.big_endian and self.packed and (self.values != _UNSIGNED or self.bits > 16))
            or (self.big_endian and self.values == _UNSIGNED and self.bits > 16)
        )


def _layout(data: bytes) -> _Layout | None:
    """The layout of a TIFF; None where whoever decodes it has to say what is wrong."""
    try:
        stream = io.BytesIO(data)
        wide = data[2:4] in (b"+\0", b"\0+")
        tags: Any = TiffImagePlugin.ImageFileDirectory_v2(stream.read(16 if wide else 8))
        stream.seek(tags.next)
        tags.load(stream)
        known = _numbers(tags.get(_EXTRA, 0))
        return _Layout(
            height=int(tags[_HEIGHT]),
            width=int(tags[_WIDTH]),
            samples=int(tags.get(_SAMPLES, 1)),
            bits=max(_numbers(tags.get(_BITS, 1))),
            values=max(_numbers(tags.get(_VALUES, _UNSIGNED))),
            photometric=int(tags.get(_PHOTOMETRIC, -1)),
            planes=int(tags.get(_PLANES, 1)),
            packed=int(tags.get(_COMPRESSION, _UNPACKED)) != _UNPACKED,
            big_endian=data.startswith(b"MM"),
            opacity=1 in known or 2 in known,
            reduced=bool(int(tags.get(_KIND, 0)) & _REDUCED),
        )
    except Exception:
        return None


def _numbers(value: Any) -> tuple[int, ...]:
    return tuple(map(int, value)) if isinstance(value, tuple) else (int(value),)


def _read_tiff(data: bytes, name: str, max_pixels: int) -> tuple[np.ndarray, bool] | None:
    layout = _layout(data)
    if layout is None:
        return None
    if layout.reduced:
        raise ImageError(
            f"{name} begins with a small preview of another picture, as the raw files of cameras "
            "do; export that picture as TIFF, PNG or JPEG."
        )
    if not (layout.several or layout.misread):
        return None
    if layout.samples > MAX_BANDS:
        raise ImageError(
            f"{name} is a TIFF of {layout.samples} bands; at most {MAX_BANDS} are read."
        )
    if not layout.several and layout.photometric not in (*_GRAY, _RGB):
        raise ImageError(
            f"{name} is a TIFF of {_described(layout)} in other colours than RGB; save it as RGB."
        )
    try:
        import tifffile
    except ImportError:
        if layout.several and layout.samples == 4 and layout.photometric == _RGB:
            return None  # Pillow reads the three
        raise ImageError(
            f"{name} is a TIFF of {_described(layout)}, which needs an extra: pip install "
            "'.[tiff]'."
        ) from None
    height, width, samples = layout.height, layout.width, layout.samples
    _check(height, width, height * width * samples, name, max_pixels)
    array = _first_page(tifffile, layout, data, name, max_pixels)
    expected = {(height, width, samples)} | ({(height, width)} if samples == 1 else set())
    if array.shape not in expected:
        raise ImageError(f"{name} is a TIFF of shape {array.shape}, not a picture; export it anew.")
    if layout.photometric == _WHITE_IS_ZERO and array.dtype.kind == "u" and not layout.several:
        array = np.iinfo(array.dtype).max - array
    return _fewest_bits(array, name), layout.opacity


def _first_page(
    tifffile: Any, layout: _Layout, data: bytes, name: str, max_pixels: int
) -> np.ndarray:
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            page: Any = file.pages[0]
            _check(layout.height, layout.width, page.nbytes, name, max_pixels)
            _check_segments(page, data, name)
            array: np.ndarray = page.asarray()
    except ImageError:
        raise
    except MemoryError:
        raise ImageError(f"{name} needs more memory than there is; save a smaller copy.") from None
    except Exception as error:
        raise _damaged(name, error) from None
    if layout.planes == _APART and array.ndim == 3:
        return np.moveaxis(array, 0, -1)
    return array


def _described(layout: _Layout) -> str:
    if layout.several:
        return f"{layout.samples} bands"
    kind = {_SIGNED: "signed", _FLOAT: "floating-point"}.get(layout.values, "")
    return " ".join(filter(None, (f"{layout.bits}-bit", kind, "values")))


def _check_segments(page: Any, data: bytes, name: str) -> None:
    """Refuse strips that hold far more than their share of the picture."""
    if int(page.compression) not in (1, *_DEFLATE):
        raise ImageError(
            f"{name} is a TIFF that is packed with {page.compression.name}; save "
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
