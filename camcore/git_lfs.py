"""Pointers of Git LFS, which a clone or a download holds where the files were not fetched."""

from __future__ import annotations

_FIRST_LINE = b"version https://git-lfs.github.com/spec/"
MOST_BYTES = 1024
"""A pointer is shorter, by the specification of Git LFS."""


def is_lfs_pointer(data: bytes) -> bool:
    """Whether the bytes of a whole file are a pointer to another one.

    Examples
    --------
    >>> is_lfs_pointer(b"version https://git-lfs.github.com/spec/v1\\noid sha256:0\\nsize 9\\n")
    True
    """
    return len(data) < MOST_BYTES and data.startswith(_FIRST_LINE)


def lfs_refusal(name: str) -> str:
    """What to tell a person who gave one.

    Examples
    --------
    >>> lfs_refusal("cats.h5")
    'cats.h5 is a pointer of Git LFS, not the file itself; fetch it with `git lfs pull`, or ...'
    """
    return (
        f"{name} is a pointer of Git LFS, not the file itself; fetch it with `git lfs pull`, or "
        "download the file anew."
    )
