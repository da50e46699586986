"""The text of a file that people bring, in whatever encoding it was saved."""

from __future__ import annotations

# Byte order marks, the longer first: the one of UTF-32 begins with the one of UTF-16.
_MARKS = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_LOOKED_AT = 1024
_MOSTLY = 0.7


def decode_text(data: bytes) -> tuple[str, bool] | None:
    """Decode the bytes of a text file.

    The encoding is told by the byte order mark; without one it is UTF-8, UTF-16 or UTF-32 where
    most of the other bytes are zero, or else Windows-1252, which is a guess.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    text : str
    guessed : bool
        Whether it was read as Windows-1252, so that letters may be wrong.

    None where it is no text.

    Examples
    --------
    >>> decode_text("K\u00e4se".encode("utf-16-le")), decode_text("K\u00e4se".encode("cp1252"))
    (('K\xe4se', False), ('K\xe4se', True))
    >>> decode_text(b"\\x89PNG\\0\\0\\0\\r") is None
    True
    """
    encoding = next((codec for mark, codec in _MARKS if data.startswith(mark)), None)
    encoding = encoding or _by_zeros(data[:_LOOKED_AT]) or "utf-8"
    try:
        return data.decode(encoding), False
    except UnicodeDecodeError:
        pass
    try:
        if encoding == "utf-8" and b"\0" not in data:
            return data.decode("cp1252"), True
    except UnicodeDecodeError:
        pass
    return None


def _by_zeros(begin: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: of Latin letters all bytes but one are zero."""
    quarter = len(begin) // 4
    zeros = [begin[place::4].count(0) for place in range(4)]
    if quarter and min(zeros[1], zeros[2], zeros[3]) >= quarter and zeros[0] == 0:
        return "utf-32-le"
    if quarter and min(zeros[0], zeros[1], zeros[2]) >= quarter and zeros[3] == 0:
        return "utf-32-be"
    half = len(begin) // 2
    even, odd = zeros[0] + zeros[2], zeros[1] + zeros[3]
    if half and odd > _MOSTLY * half and even == 0:
        return "utf-16-le"
    if half and even > _MOSTLY * half and odd == 0:
        return "utf-16-be"
    return None
