"""What decoding one file may cost: processor time, memory, scans of a JPEG, strips of a TIFF.

Small files can ask for huge work. Where a format tells beforehand, it is refused beforehand; the
rest is bounded while it is read.
"""

from __future__ import annotations

import contextlib
import io
import threading
import time
from collections.abc import Iterator
from typing import Literal

from PIL import Image, ImageFile, TiffImagePlugin

from camcore.errors import ImageError

DECODE_SECONDS = 20.0
"""Processor time of one file. 64 megapixels of noise take about 3 s in the slowest format."""
MAX_SCAN_PIXELS = 2_000_000_000
"""Scans of a JPEG times its pixels: about 2 s. Cameras and programs write at most 10 scans."""
DECODING_BYTES = 768 * 1024**2
"""Pictures decoded at the same time share this; a larger one waits until it is alone."""
MAX_FRAMES = 1000
"""Frames are counted up to here."""

_STRIP_BYTES, _TILE_BYTES, _COMPRESSION = 279, 325, 259
_TIFF_JPEG = (6, 7)
_REPEATED = 4  # strips may share bytes, and wrong counts are common, but not by much
_JPEG_BLOCK = 4096  # bytes between two looks at the clock
# Frame headers (ISO/IEC 10918-1, table B.1) whose coefficients wait in memory for more scans.
_PROGRESSIVE = (b"\xff\xc2", b"\xff\xc6", b"\xff\xca", b"\xff\xce")


class BoundedReader(io.BytesIO):
    """Bytes of a file, until the thread that decodes them has used up its processor time.

    Decoders ask for more bytes again and again; that is where they can be stopped.

    Parameters
    ----------
    data : bytes
    name : str
        The file, for the error.
    seconds : float, optional
        Processor time of this thread from now on; `DECODE_SECONDS` by default.

    Raises
    ------
    ImageError
        From `read`, once the time is over.

    Examples
    --------
    >>> BoundedReader(b"GIF89a", "a.gif").read(3)
    b'GIF'
    """

    def __init__(self, data: bytes, name: str, seconds: float | None = None) -> None:
        super().__init__(data)
        self.name = name
        self._until = time.thread_time() + (DECODE_SECONDS if seconds is None else seconds)

    def read(self, size: int | None = -1, /) -> bytes:
        """As `io.BytesIO.read`."""
        if time.thread_time() > self._until:
            raise ImageError(
                f"{self.name} took more than {DECODE_SECONDS:g} s of computing to decode, as "
                "pictures never do; export it again as a plain PNG or JPEG."
            )
        return super().read(size)


def check_work(image: ImageFile.ImageFile, data: bytes, name: str) -> None:
    """Raise an ImageError for a picture whose structure asks for far more work than its pixels do.

    Parameters
    ----------
    image : PIL.ImageFile.ImageFile
        Opened, not loaded.
    data : bytes
        Of the whole file.
    name : str
    """
    width, height = image.size
    if image.format in ("JPEG", "MPO"):
        scans = jpeg_scans(data)
        if scans * width * height > MAX_SCAN_PIXELS:
            raise ImageError(
                f"{name} draws its {width} x {height} pixels in {scans:,} scans, which would take "
                "far too long to decode; save it anew as a plain JPEG."
            )
        image.decodermaxblock = _JPEG_BLOCK
    elif isinstance(image, TiffImagePlugin.TiffImageFile):
        tags = image.tag_v2
        sizes = tags.get(_STRIP_BYTES) or tags.get(_TILE_BYTES) or ()
        sizes = sizes if isinstance(sizes, tuple) else (sizes,)
        if sum(sizes) > _REPEATED * len(data):
            raise ImageError(
                f"{name} names {sum(sizes):,} bytes as parts of its picture and holds "
                f"{len(data):,}; it is cut short, or made to take long; copy or export it again."
            )
        if tags.get(_COMPRESSION) in _TIFF_JPEG and any(mark in data for mark in _PROGRESSIVE):
            raise ImageError(
                f"{name} is a TIFF that holds a progressive JPEG, which is not read here; save it "
                "as a plain TIFF, PNG or JPEG."
            )


def decoding_bytes(image: Image.Image, data: bytes) -> int:
    """About how much memory decoding an opened picture takes at its peak, in bytes.

    Examples
    --------
    >>> decoding_bytes(Image.new("RGB", (1000, 1000)), b"")
    7000000
    """
    width, height = image.size
    each = 4 + 3  # Pillow's own pixels and the result
    if image.format in ("JPEG", "MPO") and any(mark in data for mark in _PROGRESSIVE):
        each += 6  # coefficients of three channels
    elif image.format in ("WEBP", "AVIF"):
        each += 8  # the library's own picture, and its bytes
    return each * width * height


class Room:
    """Memory that several threads share: who wants more than is left waits.

    Parameters
    ----------
    total : int
        Bytes. Whoever wants more than that has it to himself.

    Examples
    --------
    >>> with Room(100).taken(80):
    ...     pass
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self._left = total
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def taken(self, size: int) -> Iterator[None]:
        """Have `size` bytes for the time of the block."""
        size = min(size, self.total)
        with self._changed:
            self._changed.wait_for(lambda: size <= self._left)
            self._left -= size
        try:
            yield
        finally:
            with self._changed:
                self._left += size
                self._changed.notify_all()


room = Room(DECODING_BYTES)
"""The memory for decoding of this process."""


def jpeg_scans(data: bytes) -> int:
    """Number of scans that a JPEG's first picture is drawn in.

    Examples
    --------
    >>> file = io.BytesIO()
    >>> Image.new("RGB", (8, 8)).save(file, "JPEG", progressive=True)
    >>> jpeg_scans(file.getvalue())
    10
    """
    at = 2
    while data[at : at + 1] == b"\xff":
        marker = data[at + 1 : at + 2]
        if marker == b"\xff":  # padding before a marker
            at += 1
        elif marker == b"\xda":
            # Within a scan FF stands only before 00 or a restart: from here on markers can be
            # searched for, which thumbnails in the segments above do not allow.
            end = data.find(b"\xff\xd9", at)
            return data.count(b"\xff\xda", at, end if end >= 0 else len(data))
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return 1


def count_frames(image: Image.Image, data: bytes) -> int:
    """Number of frames, counted up to `MAX_FRAMES`; 0 where damage hides how many there are.

    Pillow looks at all of a TIFF's directories again for each directory, and reads a GIF of any
    length; so these two are walked through here.
    """
    try:
        if image.format == "TIFF":
            return _tiff_pages(data)
        if image.format == "GIF":
            return _gif_frames(data)
        return int(getattr(image, "n_frames", 1))
    except Exception:  # the frame that is shown is whole all the same
        return 0


def _tiff_pages(data: bytes) -> int:
    order: Literal["little", "big"] = "little" if data[:2] == b"II" else "big"

    def number(at: int, size: int) -> int:
        if at + size > len(data):
            raise ValueError("outside the file")
        return int.from_bytes(data[at : at + size], order)

    big = number(2, 2) == 43  # BigTIFF
    count_size, entry, offset_size = (8, 20, 8) if big else (2, 12, 4)
    at = number(8 if big else 4, offset_size)
    seen: set[int] = set()
    while at and at not in seen and len(seen) < MAX_FRAMES:
        seen.add(at)
        at = number(at + count_size + entry * number(at, count_size), offset_size)
    return len(seen)


def _gif_frames(data: bytes) -> int:
    def past_blocks(at: int) -> int:
        while data[at]:
            at += 1 + data[at]
        return at + 1

    def past_palette(at: int, flags: int) -> int:
        return at + (3 * 2 ** (1 + (flags & 7)) if flags & 128 else 0)

    at, frames = past_palette(13, data[10]), 0
    while frames < MAX_FRAMES and at < len(data) and data[at] != 0x3B:
        if data[at] == 0x2C:
            at = past_blocks(past_palette(at + 10, data[at + 9]) + 1)
            frames += 1
        elif data[at] == 0x21:
            at = past_blocks(at + 2)
        else:
            at += 1  # Pillow passes over what is between two blocks
    return frames
