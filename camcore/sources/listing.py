"""The files below a folder, in an order that no disk decides, with count of what is left out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from PIL import Image

from camcore.errors import InputError
from camcore.pictures.codecs import FORMATS
from camcore.storage.address import Address, Entry
from camcore.storage.place import Place

MASKS = ".masks"
_KINDS = 5
# Read, or refused with the name of what they need.
_OTHERS = frozenset((".heic", ".heif", ".hif", ".dcm", ".dicom", ".npy"))


# What macOS, Windows, Linux and storage devices keep for themselves beside people's files.
_OF_SYSTEMS = frozenset(
    ("__macosx", "$recycle.bin", "system volume information", "thumbs.db", "desktop.ini",
     "lost+found", "@eadir", "#recycle", "@recycle")
)  # fmt: skip


@cache
def image_suffixes() -> frozenset[str]:
    """Endings of files that `camcore.read_image` can read, in small letters.

    Examples
    --------
    >>> sorted(image_suffixes() & {".jpeg", ".png", ".svg", ".txt"})
    ['.jpeg', '.png']
    """
    Image.init()
    known = Image.registered_extensions().items()
    return frozenset(suffix for suffix, kind in known if kind in FORMATS) | _OTHERS


@dataclass
class Listing:
    """The pictures below a folder, and how much else was there.

    Attributes
    ----------
    paths, sizes, times : list
        One entry a picture: relative path with ``/``, bytes, and modification time in ns.
    others : Counter of str
        Files that are no pictures, by suffix.
    links, unreadable, unnamed : int
        What was left out: links that lead out of the folder, in a circle or nowhere; what may not
        be read; names that are not UTF-8.
    """

    paths: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    links: int = 0
    unreadable: int = 0
    unnamed: int = 0

    def notes(self) -> tuple[str, ...]:
        """What was left out, one clause each."""
        notes = []
        if self.others:
            kinds = [f"{n:,} {kind or 'without suffix'}" for kind, n in self.others.most_common()]
            count = counted(
                self.others.total(),
                "file that is no picture was",
                "files that are no pictures were",
            )
            more = ", ..." if len(kinds) > _KINDS else ""
            notes.append(f"{count} left out: {', '.join(kinds[:_KINDS])}{more}")
        if self.links:
            count = counted(self.links, "symbolic link was", "symbolic links were")
            notes.append(f"{count} left out, leading out of the folder, in a circle or nowhere")
        if self.unreadable:
            count = counted(self.unreadable, "file or folder", "files or folders")
            notes.append(f"{count} could not be read")
        if self.unnamed:
            count = counted(self.unnamed, "file or folder was", "files or folders were")
            notes.append(f"{count} left out because of a name that is not UTF-8")
        return tuple(notes)


def counted(count: int, singular: str, plural: str) -> str:
    """A count with the words that go with it.

    Examples
    --------
    >>> counted(1, "picture is", "pictures are"), counted(1200, "picture is", "pictures are")
    ('1 picture is', '1,200 pictures are')
    """
    return f"{count:,} {singular if count == 1 else plural}"


def list_pictures(root: Place) -> Listing:
    """List what may be a picture below a folder, by its suffix.

    Hidden files and folders and those of systems, as ``__MACOSX``, are passed over. Symbolic
    links are followed where they stay below `root`; a folder is entered through links once at most.
    An address is listed in one go.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> root = Path(tempfile.mkdtemp())
    >>> for name in ("2.png", "1.JPG", ".hidden.png", "notes.txt"):
    ...     _ = (root / name).write_bytes(b"...")
    >>> found = list_pictures(root)
    >>> found.paths, found.sizes, found.notes()
    (['1.JPG', '2.png'], [3, 3], ('1 file that is no picture was left out: 1 .txt',))
    """
    if isinstance(root, Address):
        return _list_at(root)
    listing = Listing()
    top = os.path.realpath(root)
    linked: set[str] = set()
    folders = [(top, "", top)]  # where to look, its path below the root, where that really is
    while folders:
        folder, below, real = folders.pop()
        try:
            with os.scandir(folder) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
        except OSError:
            listing.unreadable += 1
            continue
        for entry in entries:
            if is_hidden(entry.name):
                continue
            if not _is_utf8(entry.name):
                listing.unnamed += 1
                continue
            place = f"{real}{os.sep}{entry.name}"
            if entry.is_symlink():
                place = os.path.realpath(entry.path)
                circular = place in linked or is_inside(real, place)
                if circular or not is_inside(place, top) or not os.path.exists(place):
                    listing.links += 1
                    continue
                if os.path.isdir(place):
                    linked.add(place)
            if entry.is_dir():
                folders.append((entry.path, f"{below}{entry.name}/", place))
            else:
                _add(listing, below + entry.name, entry)
    return listing


def _list_at(root: Address) -> Listing:
    """What may be a picture below an address, in one listing of the store."""
    listing = Listing()
    try:
        for path, status in sorted(root.walk()):
            folders = path.split("/")
            if any(map(is_hidden, folders)):
                continue
            if {"", ".", ".."}.intersection(folders):
                listing.unreadable += 1  # no path leads there
                continue
            suffix = _suffix(path)
            if suffix and suffix not in image_suffixes():
                listing.others[suffix] += 1
                continue
            listing.paths.append(path)
            listing.sizes.append(status.st_size)
            listing.times.append(status.st_mtime_ns)
    except OSError as error:
        raise InputError(f"{root} cannot be listed ({error.strerror}).") from None
    return listing


def _suffix(name: str) -> str:
    """The ending of a name; a file without one may be a picture, and the reader will tell."""
    suffix = os.path.splitext(name)[1].lower()
    return "" if suffix[1:].isdecimal() else suffix  # the end of a number, as DICOM's names are


def _add(listing: Listing, path: str, entry: os.DirEntry[str]) -> None:
    suffix = _suffix(entry.name)
    if (suffix and suffix not in image_suffixes()) or not entry.is_file():
        listing.others[suffix] += 1
        return
    try:
        status = entry.stat()
    except OSError:
        listing.unreadable += 1
        return
    listing.paths.append(path)
    listing.sizes.append(status.st_size)
    listing.times.append(status.st_mtime_ns)


def levels(folder: Place) -> Iterator[Place]:
    """The folder, then the one folder that it holds, for as long as it holds nothing else.

    Raises
    ------
    InputError
        If one of them may not be read.
    """
    while True:
        yield folder
        try:
            entries = _entries(folder)
        except OSError as error:
            raise InputError(
                f"{folder} cannot be read ({error.strerror}); check its permissions."
            ) from None
        inside = [entry for entry in entries if not is_hidden(entry.name)]
        folders = [entry.name for entry in inside if entry.is_folder]
        suffixes = {os.path.splitext(entry.name)[1].lower() for entry in inside}
        # Masks lie beside the class folders, be there one or many.
        masked = any(entry.name == MASKS for entry in entries)
        if len(folders) != 1 or suffixes & image_suffixes() or masked:
            return
        folder = folder / folders[0]


def _entries(folder: Place) -> list[Entry]:
    if isinstance(folder, Address):
        return folder.entries()
    with os.scandir(folder) as scanned:
        return [Entry(entry.name, entry.is_dir(follow_symlinks=False)) for entry in scanned]


def masks_of(root: Place, paths: Sequence[str]) -> list[str]:
    """The masks that lie under ``.masks`` by the pictures' own paths, with any image suffix.

    Parameters
    ----------
    root : Path or Address
    paths : sequence of str
        Pictures, relative to `root`.

    Returns
    -------
    list of str
        Relative to `root`; "" for a picture without a mask.
    """
    folder = root / MASKS
    if not folder.is_dir() or folder.is_symlink():
        return [""] * len(paths)
    masks = sorted(list_pictures(folder).paths, reverse=True)
    named = {os.path.splitext(mask)[0]: f"{MASKS}/{mask}" for mask in masks}
    named |= {mask: f"{MASKS}/{mask}" for mask in masks}  # the very name goes before its stem
    return [named.get(path) or named.get(os.path.splitext(path)[0], "") for path in paths]


def is_inside(path: str, folder: str) -> bool:
    """Whether a real path is a folder or lies below it.

    Examples
    --------
    >>> is_inside("/data/cat/1.png", "/data"), is_inside("/database", "/data")
    (True, False)
    """
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def is_hidden(name: str) -> bool:
    """Whether a file or folder is passed over by its name."""
    return name.startswith(".") or name.casefold() in _OF_SYSTEMS


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
