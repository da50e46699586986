"""Encoded bytes of a picture become upright RGB; what is broken or too large is one sentence."""

from __future__ import annotations

import contextlib
import re
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from PIL import Image, ImageFile

from camcore.errors import ImageError
from camcore.git_lfs import is_lfs_pointer, lfs_refusal
from camcore.pictures.colour_modes import join_bytes, to_rgb
from camcore.pictures.decoding_budget import (
    MAX_FRAMES,
    BoundedReader,
    check_work,
    count_frames,
    decoding_bytes,
    room,
)
from camcore.pictures.heic import is_heic, require_heic
from camcore.pictures.levels import FULL, level_notes

# Raster formats only: nothing that starts another program (EPS), has no signature (TGA)
# or holds whole files of another size than it declares (ICO).
FORMATS = ("PNG", "JPEG", "MPO", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF", "HEIF")

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
_BRIGHT = 64  # of 256: below it, 14 bits are enough for all values

Size = tuple[int, int]
"""Height, width."""


def decode(
    data: bytes,
    name: str,
    max_pixels: int,
    at_least: Size | None = None,
    stretch: str = "none",
) -> tuple[np.ndarray, Size, tuple[str, ...]]:
    """Decode the bytes of a file.

    Parameters
    ----------
    data : bytes
    name : str
        What errors call it.
    max_pixels : int
        Most pixels accepted; more are refused before any is decoded.
    at_least : tuple of int, optional
        Height and width that are enough: a larger JPEG is decoded at 1/2, 1/4 or 1/8 of its size.
    stretch : str
        Which values of 16 bits gray become black and white; one of
        `camcore.pictures.levels.STRETCHES`.

    Returns
    -------
    pixels : numpy.ndarray
        Shape (H, W, 3), uint8.
    full_size : tuple of int
        Height and width of the file's own picture, upright.
    notes : tuple of str
        What was done to it.

    Raises
    ------
    ImageError
        No picture, a broken one, or one of too many pixels.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> Image.new("L", (6, 4)).save(file, "PNG")
    >>> pixels, full_size, notes = decode(file.getvalue(), "night.png", 100)
    >>> pixels.shape, full_size, notes
    ((4, 6, 3), (4, 6), ('gray shown as RGB',))
    """
    with quiet_pillow():
        return _decode(data, name, max_pixels, at_least, stretch)


def check_size(height: int, width: int, name: str, max_pixels: int) -> None:
    """Raise an ImageError that names the picture if it has no pixels, or too many.

    Examples
    --------
    >>> check_size(480, 640, "photo", 307_200)
    """
    if height < 1 or width < 1:
        raise ImageError(f"{name} has no pixels ({width} x {height}); export it again.")
    if height * width > max_pixels:
        raise ImageError(
            f"{name} is {width} x {height} = {height * width:,} pixels, more than the limit of "
            f"{max_pixels:,}; save a smaller copy."
        )


def printable(text: str) -> str:
    """Text with ``?`` for each character that does not print.

    Examples
    --------
    >>> printable("holiday\x1b.png")
    'holiday?.png'
    """
    return "".join(c if c.isprintable() else "?" for c in text)


def _decode(
    data: bytes, name: str, max_pixels: int, at_least: Size | None, stretch: str
) -> tuple[np.ndarray, Size, tuple[str, ...]]:
    image = _open(data, name)
    # Pillow raises nearly anything on broken data, so any exception means "cannot be decoded".
    try:
        width, height = image.size
        check_size(height, width, name, max_pixels)
        check_work(image, data, name)
        # Of 16 bits a channel, Pillow gives 8; the others come from a second decoding.
        times = 2 if _is_deep(image) else 1
        with room.taken(times * decoding_bytes(image, data)):
            return _upright(image, data, name, at_least, stretch)
    except ImageError:
        raise
    except MemoryError:
        raise ImageError(f"{name} needs more memory than there is; save a smaller copy.") from None
    except Exception as error:
        raise ImageError(
            f"{name} is damaged or incomplete and cannot be decoded ({_reason(error)}); "
            "copy, download or export it again."
        ) from error


def _upright(
    image: Image.Image, data: bytes, name: str, at_least: Size | None, stretch: str
) -> tuple[np.ndarray, Size, tuple[str, ...]]:
    """Load an opened picture and turn it upright; raises what Pillow raises."""
    if type(image).verify is not Image.Image.verify:
        # Where a format has checksums, loading alone does not look at them.
        _open(data, name).verify()
    width, height = image.size
    notes: list[str] = []
    deep = _is_deep(image)
    turn, image = _first_orientation(image, data, name)
    turned = turn in (5, 6, 7, 8)  # height and width change places
    draft = image.draft(None, at_least if turned else at_least[::-1]) if at_least else None
    scale = round(width / draft[1][2]) if draft else 1
    if scale > 1:
        notes.append(f"decoded at 1/{scale} size")
    image.load()
    joined = deep and image.mode == "RGB" and not image.has_transparency_data
    pixels = to_rgb(image, notes, deep and not joined, stretch)
    if joined:
        image.im = None  # type: ignore[assignment]  # room for the second decoding
        _with_lower_bytes(pixels, data, name, notes, stretch)
    # Some plug-ins turn the picture themselves while loading; then the tag is gone.
    left = _orientation(image)
    if left in _UPRIGHT:
        pixels = np.ascontiguousarray(_UPRIGHT[left](pixels))
    if turn in _UPRIGHT:
        notes.insert(0, "rotated as its EXIF says")
    frames = count_frames(image, data)
    if frames != 1:
        many = f"more than {MAX_FRAMES - 1:,}" if frames >= MAX_FRAMES else frames or "several"
        notes.insert(0, f"first of {many} frames")
    if scale == 1:
        return pixels, pixels.shape[:2], tuple(notes)
    return pixels, (width, height) if turned else (height, width), tuple(notes)


def _is_deep(image: Image.Image) -> bool:
    return bool(_DEEP.search(str([tile[3] for tile in getattr(image, "tile", ())])))


def _with_lower_bytes(
    pixels: np.ndarray, data: bytes, name: str, notes: list[str], stretch: str
) -> None:
    """Of a picture of 16 bits in each of three channels, what its upper bytes do not tell.

    They are enough unless values are stretched, or are all so low that it has to be said.
    """
    if stretch == "none" and pixels.max() >= _BRIGHT:
        notes += level_notes(stretch, 0, FULL)
        return
    other = _open(data, name)
    other.tile = [tile._replace(args=_other_byte(tile.args)) for tile in other.tile]
    join_bytes(pixels, other, notes, stretch)


def _other_byte(arguments: Any) -> Any:
    """A decoder's arguments with the order of bytes that gives the lower one of two."""
    if not isinstance(arguments, str):
        return (_other_byte(arguments[0]), *arguments[1:])
    little_endian = sys.byteorder == "little"
    orders = {"B": "L", "L": "B", "N": "B" if little_endian else "L"}
    return arguments[:-1] + orders[arguments[-1]]


def _open(data: bytes, name: str) -> ImageFile.ImageFile:
    """Open by signature through the plug-ins allowed here, without decoding any pixel."""
    Image.init()
    if is_heic(data):
        require_heic(name)
    failure: Exception | None = None
    for kind in FORMATS:
        # The plug-ins are called directly because Image.open judges the size by a global limit.
        factory, accept = Image.OPEN.get(kind, (None, None))
        if factory is None:
            continue
        try:
            if accept is None or accept(data[:16]) is True:
                return factory(BoundedReader(data, name), "")
        except ImageError:  # it took too long
            raise
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
    if is_lfs_pointer(data):
        raise ImageError(lfs_refusal(name))
    other = _other_kind(data)
    if other:
        raise ImageError(f"{name} is {other}, not a picture; save what it shows as PNG or JPEG.")
    raise ImageError(
        f"{name} is not a picture that can be read here, whatever its name says; "
        "save it as PNG or JPEG."
    )


def _other_kind(data: bytes) -> str:
    """What people give instead of a picture, by its first bytes; "" if that is not known."""
    if data[4:8] == b"ftyp" or data[:4] == b"\x1aE\xdf\xa3" or data[8:12] == b"AVI ":
        return "a video"
    if data.startswith(b"%PDF"):
        return "a PDF document"
    if b"<svg" in data[:1024]:
        return "a drawing (SVG)"
    if data[344:347] in (b"n+1", b"ni1") or data.startswith(b"\x1f\x8b"):
        return "a volume (NIfTI) or a packed file"
    return ""


def _reason(error: Exception) -> str:
    text = " ".join(printable(str(error)).split())[:100]
    return text or type(error).__name__


def _first_orientation(image: Image.Image, data: bytes, name: str) -> tuple[int, Image.Image]:
    """The EXIF orientation, and the picture to load.

    Asking may load the picture already. What fails half-way is thrown away, because loading a
    picture a second time gives without a word what the first time had decoded.
    """
    try:
        return _orientation_tag(image), image
    except Exception:  # broken EXIF says nothing about the pixels
        return 1, _open(data, name)


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation of a loaded picture."""
    try:
        return _orientation_tag(image)
    except Exception:
        return 1


def _orientation_tag(image: Image.Image) -> int:
    return int(image.getexif().get(_ORIENTATION_TAG, 1))


_quiet_lock = threading.Lock()
_quiet_count = 0
_quiet_region: warnings.catch_warnings | None = None


@contextlib.contextmanager
def quiet_pillow() -> Iterator[None]:
    """Keep the warnings of Pillow and pydicom in.

    Safe with several threads, which catch_warnings alone is not.
    """
    global _quiet_count, _quiet_region
    with _quiet_lock:
        _quiet_count += 1
        if _quiet_count == 1:
            _quiet_region = warnings.catch_warnings()
            _quiet_region.__enter__()
            warnings.filterwarnings("ignore", module=r"(PIL|pydicom)\b")
    try:
        yield
    finally:
        with _quiet_lock:
            _quiet_count -= 1
            if _quiet_count == 0 and _quiet_region is not None:
                _quiet_region.__exit__(None, None, None)
                _quiet_region = None
