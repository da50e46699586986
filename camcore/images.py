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
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from camcore.errors import ImageError
from camcore.pixels import float_to_bytes, gray_to_rgb, over_white, to_rgb

MAX_PIXELS = 64_000_000
MAX_ENCODED_BYTES = 512 * 1024**2

# Raster formats only: nothing that starts another program (EPS), has no signature (TGA)
# or holds whole files of another size than it declares (ICO).
FORMATS = ("PNG", "JPEG", "MPO", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF")

# EXIF orientation -> the turn that undoes it.
_UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: np.fliplr,
    3: lambda pixels: np.rot90(pixels, 2),
    4: np.flipud,
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: np.rot90(pixels, 2).swapaxes(0, 1),
    8: lambda pixels: np.rot90(pixels, 1),
}
_ORIENTATION_TAG = 0x0112

# Raw modes of 16 bits a channel, which Pillow cuts to 8 while decoding.
_DEEP = re.compile(r"\b(RGB[AX]?|LA);16")

_Size = tuple[int, int]  # height, width


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
    at_least: tuple[int, int] | None = None,
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
    at_least : tuple of int, optional
        Height and width that are enough: a larger JPEG may then be decoded at 1/2, 1/4 or 1/8
        of its size, which is faster, and a note says so.

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
        return _from_bytes(bytes(source), _printable(name or "image"), None, max_pixels, at_least)
    try:
        path = os.fsdecode(source)
    except TypeError:
        raise ImageError(
            f"A picture is given as a path, bytes or an array, not as {type(source).__name__}."
        ) from None
    shown = _printable(name or os.path.basename(path.rstrip("/\\")) or path)
    return _from_bytes(file_bytes(path, shown), shown, path, max_pixels, at_least)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)


def file_bytes(path: str, name: str) -> bytes:
    """Bytes of a regular file, or an ImageError that calls it `name`."""
    name = _printable(name)
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


def _check_encoded_size(size: int, name: str) -> None:
    if size > MAX_ENCODED_BYTES:
        raise ImageError(
            f"{name} is larger than {MAX_ENCODED_BYTES // 1024**2} MB; save a smaller copy."
        )


def _from_bytes(
    data: bytes, name: str, path: str | None, max_pixels: int, at_least: _Size | None
) -> Picture:
    if not data:
        raise ImageError(f"{name} is empty (0 bytes); copy or download it again.")
    _check_encoded_size(len(data), name)
    with _quiet_pillow():
        pixels, full_size, notes = _decode(data, name, max_pixels, at_least)
    pixels.setflags(write=False)
    return Picture(pixels, name, hashlib.sha256(data).hexdigest(), full_size, notes, path)


def _decode(
    data: bytes, name: str, max_pixels: int, at_least: _Size | None
) -> tuple[np.ndarray, _Size, tuple[str, ...]]:
    image = _open(data, name)
    # Pillow raises nearly anything on broken data, so any exception means "cannot be decoded".
    try:
        width, height = image.size
        _check_size(height, width, name, max_pixels)
        notes: list[str] = []
        deep = bool(_DEEP.search(str([tile[3] for tile in getattr(image, "tile", ())])))
        turn = _orientation(image)
        turned = turn in (5, 6, 7, 8)  # height and width change places
        draft = image.draft(None, at_least if turned else at_least[::-1]) if at_least else None
        scale = round(width / draft[1][2]) if draft else 1
        if scale > 1:
            notes.append(f"decoded at 1/{scale} size")
        image.load()
        pixels = to_rgb(image, notes, deep)
        # Some plug-ins turn the picture themselves while loading; then the tag is gone.
        left = _orientation(image)
        if left in _UPRIGHT:
            pixels = np.ascontiguousarray(_UPRIGHT[left](pixels))
        if turn in _UPRIGHT:
            notes.insert(0, "rotated as its EXIF says")
        frames = _frames(image)
        if frames != 1:
            notes.insert(0, f"first of {frames or 'several'} frames")
        if scale == 1:
            return pixels, pixels.shape[:2], tuple(notes)
        return pixels, (width, height) if turned else (height, width), tuple(notes)
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


def _frames(image: Image.Image) -> int:
    """Number of frames, or 0 where there are more but damage hides how many."""
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:  # the frame that is shown is whole all the same
        return 0


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


def _from_array(array: np.ndarray, name: str, max_pixels: int) -> Picture:
    allowed = "(H, W), (H, W, 1), (H, W, 3) or (H, W, 4)"
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise ImageError(f"{name} is an array of shape {array.shape}; a picture is {allowed}.")
    _check_size(array.shape[0], array.shape[1], name, max_pixels)
    notes: list[str] = []
    if array.dtype == np.uint8:
        values = array
    elif array.dtype.kind == "f":
        values = float_to_bytes(array, name, notes)
    else:
        raise ImageError(
            f"{name} is an array of {array.dtype}; give uint8 in 0-255, or float in 0-1 or 0-255."
        )
    if values.ndim == 2 or values.shape[2] == 1:
        pixels = gray_to_rgb(values.reshape(values.shape[:2]), notes)
    elif values.shape[2] == 4:
        pixels = over_white(Image.fromarray(np.ascontiguousarray(values)), notes)
    else:
        pixels = np.array(values, order="C")
    digest = hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()
    pixels.setflags(write=False)
    return Picture(pixels, name, digest, array.shape[:2], tuple(notes))


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
