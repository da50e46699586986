"""Any picture from outside becomes RGB uint8 that is safe to use, or one clear error."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, replace

import numpy as np

from camcore.errors import ImageError
from camcore.pictures.bands import MAX_BANDS, preview, read_bands
from camcore.pictures.codecs import Size, check_size, decode, printable, quiet_pillow
from camcore.pictures.colour_modes import float_to_bytes, gray_to_rgb, to_levels
from camcore.pictures.dicom import is_dicom, read_dicom
from camcore.pictures.levels import (
    StretchAdvice,
    black_and_white,
    check_stretch,
    level_notes,
)
from camcore.storage.address import is_address
from camcore.storage.place import Place, place_of, read_beginning

MAX_PIXELS = 64_000_000
MAX_ENCODED_BYTES = 512 * 1024**2


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture, upright, in RGB.

    Attributes
    ----------
    pixels : numpy.ndarray
        Shape (H, W, 3), uint8, 0 to 255, read-only.
    name : str
        File name as shown to people; characters that do not print are replaced by ``?``.
    sha256 : str
        Of the encoded bytes, or of the shape and pixels where an array was given.
    notes : tuple of str
        What was done to it, one short clause each.
    path : str or None
        Where it was read from, as given.
    full_size : tuple of int
        Height and width of the file's own picture, upright; a JPEG may be decoded smaller.
    bands : numpy.ndarray or None
        Shape (H, W, C), uint8, read-only: all channels of a picture that has 2, or 4 or more.
    stretch : str
        Which values of 16 bits were made black and white.

    Examples
    --------
    >>> import numpy as np
    >>> picture = read_image(np.zeros((4, 6), np.uint8), name="night")
    >>> picture.height, picture.width, picture.full_size, picture.notes
    (4, 6, (4, 6), ('gray shown as RGB',))
    """

    pixels: np.ndarray
    name: str
    sha256: str
    full_size: tuple[int, int]
    notes: tuple[str, ...] = ()
    path: str | None = None
    bands: np.ndarray | None = None
    stretch: str = "none"

    def of_channels(self, channels: int) -> np.ndarray:
        """What a model of so many channels takes: RGB, or all bands where there are as many.

        Returns
        -------
        numpy.ndarray
            Shape (H, W, C), uint8, before it is fitted to the input; gray is made of RGB then.
        """
        if self.bands is not None and self.bands.shape[2] == channels:
            return self.bands
        return self.pixels

    @property
    def advised_stretch(self) -> str | None:
        """The stretch that shows a picture of 16 bits that uses few of them, else None."""
        return next((n.stretch for n in self.notes if isinstance(n, StretchAdvice)), None)

    @property
    def height(self) -> int:
        """Rows of pixels."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns of pixels."""
        return int(self.pixels.shape[1])


def read_image(
    source: str | os.PathLike[str] | bytes | np.ndarray,
    *,
    name: str | None = None,
    max_pixels: int = MAX_PIXELS,
    at_least: tuple[int, int] | None = None,
    stretch: str = "none",
) -> Picture:
    """Read a picture from a file, encoded bytes or an array.

    Parameters
    ----------
    source : path, bytes or numpy.ndarray
        A regular file, or the address of one such as ``s3://bucket/cat.png``; the bytes of one;
        or an array of shape (H, W) or (H, W, C), uint8 in 0 to 255, uint16 or float in 0 to 1 or 0
        to 255. C is 1 for gray, 3 for RGB, 4 for RGB and
        opacity; any other number, and 4, is for models that take so many channels. A file may
        be such an array (``.npy``) or a TIFF of several bands; HEIC and DICOM need an extra.
    name : str, optional
        Name to show instead of the file's own.
    max_pixels : int
        Most pixels accepted; a larger picture is refused before it is decoded.
    at_least : tuple of int, optional
        Height and width that are enough: a larger JPEG may then be decoded at 1/2, 1/4 or 1/8
        of its size, which is faster, and a note says so.
    stretch : str
        Which values of a picture of 16 bits become black and white; one of
        `camcore.pictures.levels.STRETCHES`. By default 0 and 65535.

    Returns
    -------
    Picture

    Raises
    ------
    ImageError
        The picture is missing, empty, broken, too large or no picture; the text names it.
    InputError
        If `stretch` is not known.

    Examples
    --------
    >>> import numpy as np
    >>> read_image(np.ones((2, 2, 3)), name="white").pixels.min()
    np.uint8(255)
    """
    check_stretch(stretch)
    limits = _Limits(max_pixels, at_least, stretch)
    if isinstance(source, np.ndarray):
        return _from_array(source, printable(name or "array"), limits, opacity=True)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _from_bytes(bytes(source), printable(name or "image"), None, limits)
    try:
        path = os.fsdecode(source)
    except TypeError:
        raise ImageError(
            f"A picture is given as a path, bytes or an array, not as {type(source).__name__}."
        ) from None
    called = printable(name or os.path.basename(path.rstrip("/\\")) or path)
    return _from_bytes(file_bytes(path, called), called, path, limits)


def file_bytes(path: str, name: str) -> bytes:
    """Bytes of a regular file or of one at an address, or an ImageError that calls it `name`."""
    name = printable(name)
    if is_address(path):
        return _stored_bytes(place_of(path), name)
    try:
        # Non-blocking, so that opening a FIFO cannot hang before it is seen to be one.
        handle = os.open(
            path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        )
    except FileNotFoundError:
        raise ImageError(f"{name}: there is no such file; check the path.") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ImageError(
            f"{name} cannot be opened ({why}); check the path and its permissions."
        ) from None
    try:
        status = os.fstat(handle)
        if stat.S_ISDIR(status.st_mode):
            raise ImageError(f"{name} is a folder, not a picture; give one image file.")
        if not stat.S_ISREG(status.st_mode):
            raise ImageError(f"{name} is a device or a pipe, not a file; give an image file.")
        _check_encoded_size(status.st_size, name)
        with open(handle, "rb", closefd=False) as file:
            # One more than allowed, in case the file is growing.
            return file.read(MAX_ENCODED_BYTES + 1)
    except (OSError, MemoryError) as error:
        raise ImageError(f"{name} cannot be read to its end ({error}); copy it anew.") from None
    finally:
        os.close(handle)


def _stored_bytes(place: Place, name: str) -> bytes:
    try:
        return read_beginning(place, MAX_ENCODED_BYTES + 1)
    except FileNotFoundError:
        raise ImageError(f"{name}: there is no such file; check the address.") from None
    except OSError as error:
        raise ImageError(f"{name} cannot be read ({error.strerror}).") from None


def _check_encoded_size(size: int, name: str) -> None:
    if size > MAX_ENCODED_BYTES:
        raise ImageError(
            f"{name} is larger than {MAX_ENCODED_BYTES // 1024**2} MB; save a smaller copy."
        )


@dataclass(frozen=True)
class _Limits:
    """How a picture is to be read."""

    max_pixels: int
    at_least: Size | None
    stretch: str


def _from_bytes(data: bytes, name: str, path: str | None, limits: _Limits) -> Picture:
    if not data:
        raise ImageError(f"{name} is empty (0 bytes); copy or download it again.")
    _check_encoded_size(len(data), name)
    digest = hashlib.sha256(data).hexdigest()
    with quiet_pillow():
        read = read_bands(data, name, limits.max_pixels)
    if read is not None:
        array, opacity = read
        picture = _from_array(array, name, limits, opacity=opacity)
        return replace(picture, sha256=digest, path=path)
    if is_dicom(data):
        with quiet_pillow():
            pixels, full_size, notes = read_dicom(data, name, limits.max_pixels, limits.stretch)
    else:
        pixels, full_size, notes = decode(
            data, name, limits.max_pixels, limits.at_least, limits.stretch
        )
    pixels.setflags(write=False)
    return Picture(pixels, name, digest, full_size, notes, path, stretch=limits.stretch)


def _from_array(array: np.ndarray, name: str, limits: _Limits, *, opacity: bool) -> Picture:
    if array.ndim not in (2, 3) or (array.ndim == 3 and not 1 <= array.shape[2] <= MAX_BANDS):
        raise ImageError(
            f"{name} is an array of shape {array.shape}; a picture is (H, W) or (H, W, C), with 1 "
            f"to {MAX_BANDS} channels."
        )
    check_size(array.shape[0], array.shape[1], name, limits.max_pixels)
    notes: list[str] = []
    if array.dtype == np.uint8:
        values = array
    elif array.dtype == np.uint16:
        low, high = float(array.min()), float(array.max())
        notes += level_notes(limits.stretch, low, high)
        values = to_levels(array, *black_and_white(limits.stretch, low, high)).astype(np.uint8)
    elif array.dtype.kind == "f":
        values = float_to_bytes(array, name, notes)
    else:
        raise ImageError(
            f"{name} is an array of {array.dtype}; give uint8 in 0-255, uint16, or float in 0-1 or "
            "0-255."
        )
    bands = None
    if values.ndim == 2 or values.shape[2] == 1:
        pixels = gray_to_rgb(values.reshape(values.shape[:2]), notes)
    elif values.shape[2] == 3:
        pixels = np.array(values, order="C")
    else:
        bands = np.array(values, order="C")
        pixels = preview(bands, notes, opacity=opacity)
        bands.setflags(write=False)
    whole = pixels if bands is None else bands
    digest = hashlib.sha256(repr(whole.shape).encode() + whole.tobytes()).hexdigest()
    pixels.setflags(write=False)
    return Picture(
        pixels, name, digest, array.shape[:2], tuple(notes), bands=bands, stretch=limits.stretch
    )
