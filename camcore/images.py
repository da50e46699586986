"""Any picture from outside becomes RGB uint8 that is safe to use, or one clear error."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import stat
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from camcore.errors import ImageError

MAX_PIXELS = 64_000_000
MAX_ENCODED_BYTES = 512 * 1024**2

# Raster formats only: nothing that starts another program (EPS), has no signature (TGA)
# or holds whole files of another size than it declares (ICO).
FORMATS = ("PNG", "JPEG", "MPO", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF")

# EXIF orientation -> the turn that undoes it.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION_TAG = 0x0112

# Raw modes of 16 bits a channel, which Pillow cuts to 8 while decoding.
_DEEP = re.compile(r"\b(RGB[AX]?|LA);16")


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

    Examples
    --------
    >>> import numpy as np
    >>> picture = read_image(np.zeros((4, 6), np.uint8), name="night")
    >>> picture.height, picture.width, picture.notes
    (4, 6, ('gray shown as RGB',))
    """

    pixels: np.ndarray
    name: str
    sha256: str
    notes: tuple[str, ...] = ()
    path: str | None = None

    @property
    def height(self) -> int:
        """Rows of pixels."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns of pixels."""
        return int(self.pixels.shape[1])


def read_image(
    source: str | os.PathLike | bytes | np.ndarray,
    *,
    name: str | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Picture:
    """Read a picture from a file, encoded bytes or an array.

    Parameters
    ----------
    source : path, bytes or numpy.ndarray
        A regular file; the bytes of one; or an array of shape (H, W), (H, W, 1), (H, W, 3) or
        (H, W, 4), uint8 in 0 to 255 or float in 0 to 1 or 0 to 255.
    name : str, optional
        Name to show instead of the file's own.
    max_pixels : int
        Most pixels accepted; a larger picture is refused before it is decoded.

    Returns
    -------
    Picture

    Raises
    ------
    ImageError
        The picture is missing, empty, broken, too large or no picture; the text names it.

    Examples
    --------
    >>> import numpy as np
    >>> read_image(np.ones((2, 2, 3)), name="white").pixels.min()
    np.uint8(255)
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, _printable(name or "array"), max_pixels)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _from_bytes(bytes(source), _printable(name or "image"), None, max_pixels)
    try:
        path = os.fsdecode(source)
    except TypeError:
        raise ImageError(
            f"A picture is given as a path, bytes or an array, not as {type(source).__name__}."
        ) from None
    shown = _printable(name or os.path.basename(path.rstrip("/\\")) or path)
    return _from_bytes(_file_bytes(path, shown), shown, path, max_pixels)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)


def _file_bytes(path: str, name: str) -> bytes:
    try:
        # Non-blocking, so that opening a FIFO cannot hang before it is seen to be one.
        handle = os.open(
            path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        )
    except FileNotFoundError:
        raise ImageError(f"{name}: there is no such file; check the path.") from None
    except IsADirectoryError:
        raise ImageError(f"{name} is a folder, not a picture; give one image file.") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ImageError(
            f"{name} cannot be opened ({why}); check the path and its permissions."
        ) from None
    with open(handle, "rb") as file:
        status = os.fstat(handle)
        if stat.S_ISDIR(status.st_mode):
            raise ImageError(f"{name} is a folder, not a picture; give one image file.")
        if not stat.S_ISREG(status.st_mode):
            raise ImageError(f"{name} is a device or a pipe, not a file; give an image file.")
        try:
            data = file.read(MAX_ENCODED_BYTES + 1)
        except (OSError, MemoryError) as error:
            raise ImageError(f"{name} cannot be read to its end ({error}); copy it anew.") from None
    return data


def _from_bytes(data: bytes, name: str, path: str | None, max_pixels: int) -> Picture:
    if not data:
        raise ImageError(f"{name} is empty (0 bytes); copy or download it again.")
    if len(data) > MAX_ENCODED_BYTES:
        raise ImageError(
            f"{name} is larger than {MAX_ENCODED_BYTES // 1024**2} MB; save a smaller copy."
        )
    with _quiet_pillow():
        pixels, notes = _decode(data, name, max_pixels)
    pixels.setflags(write=False)
    return Picture(pixels, name, hashlib.sha256(data).hexdigest(), notes, path)


def _decode(data: bytes, name: str, max_pixels: int) -> tuple[np.ndarray, tuple[str, ...]]:
    image = _open(data, name)
    # Pillow raises nearly anything on broken data, so any exception means "cannot be decoded".
    try:
        width, height = image.size
        _check_size(height, width, name, max_pixels)
        notes: list[str] = []
        deep = bool(_DEEP.search(str([tile[3] for tile in getattr(image, "tile", ())])))
        turn = _orientation(image)
        image.load()
        pixels = _to_rgb(image, notes, deep)
        # Some plug-ins turn the picture themselves while loading; then the tag is gone.
        turned = Image.fromarray(pixels)
        if _orientation(image) in _UPRIGHT:
            turned = turned.transpose(_UPRIGHT[_orientation(image)])
        if turn in _UPRIGHT:
            notes.insert(0, "rotated as its EXIF says")
        if getattr(image, "is_animated", False):
            notes.insert(0, f"first of {image.n_frames} frames")
        return np.array(turned), tuple(notes)
    except ImageError:
        raise
    except MemoryError:
        raise ImageError(f"{name} needs more memory than there is; save a smaller copy.") from None
    except Exception as error:
        raise ImageError(
            f"{name} is damaged or incomplete and cannot be decoded ({_reason(error)}); "
            "copy, download or export it again."
        ) from error


def _open(data: bytes, name: str) -> Image.Image:
    """Open by signature through the plug-ins allowed here, without decoding any pixel."""
    Image.init()
    failure: Exception | None = None
    for kind in FORMATS:
        # The plug-ins are called directly because Image.open judges the size by a global limit.
        factory, accept = Image.OPEN.get(kind, (None, None))
        if factory is None:
            continue
        try:
            if accept is None or accept(data[:16]) is True:
                return factory(io.BytesIO(data), "")
        except MemoryError:
            raise ImageError(
                f"{name} needs more memory than there is; save a smaller copy."
            ) from None
        except Exception as error:
            failure = error
    if failure is not None:
        raise ImageError(
            f"{name} begins like a picture but its header is damaged or incomplete "
            f"({_reason(failure)}); copy, download or export it again."
        ) from failure
    raise ImageError(
        f"{name} is not a picture that can be read here, whatever its name says; "
        "save it as PNG or JPEG."
    )


def _reason(error: Exception) -> str:
    text = " ".join(_printable(str(error)).split())[:100]
    return text or type(error).__name__


def _check_size(height: int, width: int, name: str, max_pixels: int) -> None:
    if height < 1 or width < 1:
        raise ImageError(f"{name} has no pixels ({width} x {height}); export it again.")
    if height * width > max_pixels:
        raise ImageError(
            f"{name} is {width} x {height} = {height * width:,} pixels, more than the limit of "
            f"{max_pixels:,}; save a smaller copy."
        )


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # broken EXIF says nothing about the pixels
        return 1


def _to_rgb(image: Image.Image, notes: list[str], deep: bool) -> np.ndarray:
    mode = image.mode
    if mode.startswith("I;16"):
        notes.append("16-bit scaled to 8-bit")
        return _gray(np.rint(np.asarray(image).astype(np.float32) / 257), notes)
    if mode in ("I", "F"):
        return _gray(_wide_to_bytes(np.asarray(image, dtype=np.float64), notes), notes)
    if deep:
        notes.append("16-bit scaled to 8-bit")
    if image.has_transparency_data:
        return _over_white(image.convert("RGBA"), notes)
    if mode == "1":
        notes.append("black and white shown as RGB")
    elif mode == "L":
        notes.append("gray shown as RGB")
    elif mode == "P":
        notes.append("palette converted to RGB")
    elif mode not in ("RGB", "RGBX"):
        notes.append(f"{mode} converted to RGB")
    return np.array(image.convert("RGB"))


def _over_white(image: Image.Image, notes: list[str]) -> np.ndarray:
    if image.getchannel("A").getextrema()[0] < 255:
        notes.append("transparent parts shown over white")
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image)
        image = white
    return np.array(image.convert("RGB"))


def _wide_to_bytes(values: np.ndarray, notes: list[str]) -> np.ndarray:
    """32-bit integers or floats to 0..255: by the range they are plainly in, else stretched."""
    finite = np.isfinite(values)
    if not finite.all():
        notes.append("values that are no numbers shown black")
        values = np.where(finite, values, 0.0)
    low, high = float(values.min()), float(values.max())
    whole = bool((values == np.rint(values)).all())
    if low >= 0 and high <= 1 and not (whole and high == 0):
        notes.append("values 0-1 scaled to 0-255")
        values = values * 255
    elif low >= 0 and high <= 255:
        pass
    elif low >= 0 and high <= 65535 and whole:
        notes.append("16-bit scaled to 8-bit")
        values = values / 257
    else:
        notes.append(f"values from {low:g} to {high:g} stretched to 0-255")
        values = (values - low) * (255 / (high - low))
    return np.rint(values)


def _gray(values: np.ndarray, notes: list[str]) -> np.ndarray:
    notes.append("gray shown as RGB")
    return np.repeat(values.astype(np.uint8)[..., None], 3, axis=2)


def _from_array(array: np.ndarray, name: str, max_pixels: int) -> Picture:
    allowed = "(H, W), (H, W, 1), (H, W, 3) or (H, W, 4)"
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise ImageError(f"{name} is an array of shape {array.shape}; a picture is {allowed}.")
    _check_size(array.shape[0], array.shape[1], name, max_pixels)
    notes: list[str] = []
    if array.dtype == np.uint8:
        values = array
    elif array.dtype.kind == "f":
        values = _float_to_bytes(array, name, notes)
    else:
        raise ImageError(
            f"{name} is an array of {array.dtype}; give uint8 in 0-255, or float in 0-1 or 0-255."
        )
    if values.ndim == 2 or values.shape[2] == 1:
        pixels = _gray(values.reshape(values.shape[:2]), notes)
    elif values.shape[2] == 4:
        pixels = _over_white(Image.fromarray(np.ascontiguousarray(values)), notes)
    else:
        pixels = np.array(values, order="C")
    digest = hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()
    pixels.setflags(write=False)
    return Picture(pixels, name, digest, tuple(notes))


def _float_to_bytes(array: np.ndarray, name: str, notes: list[str]) -> np.ndarray:
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 255):  # written so that NaN fails too
        raise ImageError(
            f"{name} is a float array from {low:g} to {high:g}; give values in 0-1 or 0-255, "
            "before any preprocessing, all of them finite."
        )
    if high <= 1:
        notes.append("values 0-1 scaled to 0-255")
        return np.rint(array.astype(np.float32) * 255).astype(np.uint8)
    return np.rint(array).astype(np.uint8)


_quiet_lock = threading.Lock()
_quiet_count = 0
_quiet_region: warnings.catch_warnings | None = None


@contextlib.contextmanager
def _quiet_pillow() -> Iterator[None]:
    """Keep Pillow's warnings in; safe with several threads, which catch_warnings alone is not."""
    global _quiet_count, _quiet_region
    with _quiet_lock:
        _quiet_count += 1
        if _quiet_count == 1:
            _quiet_region = warnings.catch_warnings()
            _quiet_region.__enter__()
            warnings.filterwarnings("ignore", module=r"PIL\b")
    try:
        yield
    finally:
        with _quiet_lock:
            _quiet_count -= 1
            if _quiet_count == 0 and _quiet_region is not None:
                _quiet_region.__exit__(None, None, None)
                _quiet_region = None
