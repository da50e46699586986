"""One file becomes what the model sees of it; its object's mask or box is laid over that."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from camcore.errors import InputError
from camcore.pictures.picture import file_bytes, read_image
from camcore.pictures.preprocessing import Frame, enough_for, fit_pixels, frame_of

# ISO/IEC 10918-1 (JPEG), Annex K, table K.1 (luminance), in the zigzag order of a file.
_ANNEX_K = np.array([
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40,
    26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51,
    56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87,
    95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
])  # fmt: skip
_QUALITIES = np.arange(1, 101)
# libjpeg, jcparam.c: percent that the Independent JPEG Group scales the table by.
_PERCENT = np.where(_QUALITIES < 50, 5000 // _QUALITIES, 200 - 2 * _QUALITIES)
_TABLES = np.clip((_ANNEX_K * _PERCENT[:, None] + 50) // 100, 1, 255)

_THUMB = 16
_MASK_LEVEL = 1 / 8  # of the brightest: above the noise of a JPEG, below a label among a few


@dataclass(frozen=True, eq=False)
class Decoded:
    """One image as the model sees it, and its file.

    Attributes
    ----------
    seen : ndarray, shape of the model's input, uint8
        Before preprocessing.
    frame : Frame
        Where that lies in the file's own picture, in its pixels.
    sha256 : str
        Of the file.
    width, height : int
        Of the file's own picture, upright.
    notes : tuple of str
        What was done to it, one short clause each.
    jpeg_quality : float
        1 to 100, or NaN where the file is no JPEG.
    thumb : bytes
        16 x 16 gray levels of `seen`, row by row.
    bytes : int
        Size of the file.
    """

    seen: np.ndarray
    frame: Frame
    sha256: str
    width: int
    height: int
    notes: tuple[str, ...]
    jpeg_quality: float
    thumb: bytes
    bytes: int


def decode(
    path: str | os.PathLike[str],
    input_shape: tuple[int, int, int],
    fit: str,
    *,
    stretch: str = "none",
) -> Decoded:
    """Read a file once and make of it what the model sees.

    Parameters
    ----------
    path : path
        A picture of any kind that `camcore.read_image` reads. Of a JPEG that is large for the
        input, only as much is decoded as the input needs.
    input_shape : tuple of int
        Height, width, channels (1 or 3) of the model's input.
    fit : str
        As for `camcore.pictures.preprocessing.frame_of`.
    stretch : str
        As for `camcore.read_image`.

    Returns
    -------
    Decoded

    Raises
    ------
    ImageError
        The file is missing, broken, too large or no picture.
    InputError
        If `fit` or the channels are not known.
    """
    path = os.fsdecode(path)
    name = os.path.basename(path)
    data = file_bytes(path, name)
    picture = read_image(data, name=name, at_least=enough_for(input_shape, fit), stretch=stretch)
    fitted, _ = fit_pixels(picture.of_channels(input_shape[2]), input_shape, fit)
    seen = fitted.astype(np.uint8)  # whole numbers already
    height, width = picture.full_size
    return Decoded(
        seen=seen,
        frame=frame_of(width, height, input_shape[1], input_shape[0], fit),
        sha256=picture.sha256,
        width=width,
        height=height,
        notes=picture.notes,
        jpeg_quality=jpeg_quality(data),
        thumb=_thumb(seen),
        bytes=len(data),
    )


def _thumb(seen: np.ndarray) -> bytes:
    image = Image.fromarray(seen[..., :3] if seen.shape[2] >= 3 else seen[..., 0])
    return image.convert("L").resize((_THUMB, _THUMB), Image.Resampling.BOX).tobytes()


def jpeg_quality(data: bytes) -> float:
    """Quality that a JPEG was saved at, on the scale of the Independent JPEG Group.

    The quality, 1 to 100, whose luminance table is nearest to the file's own: exact for tables
    by libjpeg (Pillow, most cameras' and web software), the nearest equivalent for others.

    Returns
    -------
    float
        NaN where `data` is no JPEG.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> Image.new("RGB", (8, 8)).save(file, "JPEG", quality=83)
    >>> jpeg_quality(file.getvalue()), jpeg_quality(b"GIF89a")
    (83.0, nan)
    """
    table = _luminance_table(data)
    if table is None:
        return float("nan")
    return float(_QUALITIES[np.abs(_TABLES - table).sum(axis=1).argmin()])


def _luminance_table(data: bytes) -> np.ndarray | None:
    """Quantisation table 0 of a JPEG, 64 numbers in zigzag order."""
    if not data.startswith(b"\xff\xd8"):
        return None
    at = 2
    while data[at : at + 1] == b"\xff":
        marker, length = data[at + 1 : at + 2], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == b"\xff":  # padding before a marker
            at += 1
            continue
        if marker == b"\xdb":  # a segment may hold several tables
            tables = data[at + 4 : at + 2 + length]
            while tables:
                kind = ">u2" if tables[0] >> 4 else "u1"
                end = 1 + 64 * np.dtype(kind).itemsize
                if tables[0] & 15 == 0 and len(tables) >= end:
                    return np.frombuffer(tables[1:end], kind).astype(np.int64)
                tables = tables[end:]
        if marker == b"\xda":  # the pixels begin
            return None
        at += 2 + length
    return None


def read_mask(
    path: str | os.PathLike[str], input_shape: tuple[int, int, int], fit: str, frame: Frame
) -> np.ndarray:
    """Pixels of what the model sees that a picture of the object's shape marks.

    Parameters
    ----------
    path : path
        Black where the object is not: a pixel counts where its brightest channel exceeds an
        eighth of the mask's brightest. A mask of another size is stretched over the picture.
    input_shape : tuple of int
        Height and width of the model's input, then channels.
    fit : str
        How the picture was fitted to the input.
    frame : Frame
        Of the picture; see `Decoded`.

    Returns
    -------
    ndarray, shape input_shape[:2], bool

    Raises
    ------
    ImageError
        The mask is missing, broken, too large or no picture.
    """
    levels = read_image(path).pixels.max(axis=2)
    marked = Image.fromarray((levels > levels.max() * _MASK_LEVEL).astype(np.uint8) * 255)
    size = frame.width, frame.height
    if marked.size != size:
        marked = marked.resize(size, Image.Resampling.NEAREST)
    fitted, _ = fit_pixels(np.asarray(marked.convert("RGB")), (*input_shape[:2], 1), fit)
    covered: np.ndarray = fitted[..., 0] > 127
    return covered


def box_mask(box: Sequence[float], frame: Frame, input_shape: tuple[int, int, int]) -> np.ndarray:
    """Pixels of what the model sees whose centres lie in a box.

    Parameters
    ----------
    box : four numbers (x0, y0, x1, y1)
        In pixels of the file's own picture, upright; ends exclusive.
    frame : Frame
        Of the picture; see `Decoded`.
    input_shape : tuple of int
        Height and width of the model's input, then channels.

    Returns
    -------
    ndarray, shape input_shape[:2], bool

    Raises
    ------
    InputError
        If the box has no area or lies outside the picture.

    Examples
    --------
    >>> frame = frame_of(40, 20, 4, 4, "stretch")
    >>> box_mask((10, 0, 30, 10), frame, (4, 4, 3)).astype(int).tolist()
    [[0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    """
    x0, x1 = np.clip([box[0], box[2]], 0, frame.width)
    y0, y1 = np.clip([box[1], box[3]], 0, frame.height)
    if not (x0 < x1 and y0 < y1):  # written so that NaN fails too
        raise InputError(
            f"The box {tuple(box)} holds no pixel of a picture of {frame.width} x {frame.height}; "
            "give x0, y0, x1, y1 in pixels from the top left, x0 < x1 and y0 < y1."
        )
    height, width = input_shape[:2]
    x = frame.x0 + (np.arange(width) + 0.5) * ((frame.x1 - frame.x0) / width)
    y = frame.y0 + (np.arange(height) + 0.5) * ((frame.y1 - frame.y0) / height)
    covered: np.ndarray = ((y >= y0) & (y < y1))[:, None] & ((x >= x0) & (x < x1))
    return covered
