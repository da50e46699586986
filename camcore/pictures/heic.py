"""Pictures of phones (HEIC), where the extra for them is installed."""

from __future__ import annotations

from functools import cache

from camcore.errors import ImageError

_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def is_heic(data: bytes) -> bool:
    """Whether the bytes begin as HEIF with a picture that is not AVIF (ISO/IEC 23008-12).

    Examples
    --------
    >>> is_heic(bytes(4) + b"ftypheic" + bytes(8)), is_heic(bytes(4) + b"ftypavif" + bytes(8))
    (True, False)
    """
    if data[4:8] != b"ftyp":
        return False
    size = int.from_bytes(data[:4], "big")
    named = data[8 : min(max(size, 16), 256)]  # the major brand, a version, further brands
    return data[8:12] in _BRANDS and b"avif" not in named


@cache
def register_heic() -> bool:
    """Make Pillow read HEIC; False where the extra is not installed."""
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def require_heic(name: str) -> None:
    """Refuse a HEIC picture where the extra is not installed.

    Raises
    ------
    ImageError
    """
    if not register_heic():
        raise ImageError(
            f"{name} is a HEIC picture, which needs an extra: pip install '.[heic]'; or save it as "
            "JPEG."
        )
