"""The picture that a table means, wherever the table was written."""

from __future__ import annotations

import os
import posixpath
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import unquote

from camcore.errors import InputError
from camcore.sources.listing import Listing, image_suffixes, is_inside, list_pictures
from camcore.sources.splits import Role, role_of
from camcore.storage.address import Address, Status
from camcore.storage.place import joined, place_of, readers, status_of

_ABSOLUTE = re.compile(r"[A-Za-z]:/|/|file:/|\w+://")
_ADDRESS = re.compile(r"(\w+://[^?#]*).*")
_ENOUGH = 0.5  # share of the absolute paths that a change of folders must explain
_VOTERS = 2000
_NOWHERE = (("",), ())


@dataclass
class Finder:
    """Finds the files that a table names, in the table's folder or by their real paths.

    Attributes
    ----------
    root : str
        Real path, or address, of the folder of the table. A table at an address may name what lies
        elsewhere in the same store.
    limit : str or None
        Real path of a folder that no file may lie outside of.
    role : {"train", "val", "test"} or None
        The split that the table is for: of two pictures of one name, that of this split is meant.
    """

    root: str
    limit: str | None = None
    role: Role | None = None
    _asked: dict[str, Status | None] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def _listing(self) -> Listing:
        place = place_of(self.root)
        if isinstance(place, Address) and not place.has_folders:
            return Listing()
        return list_pictures(place)

    @cached_property
    def pictures(self) -> list[str]:
        """All pictures below the folder, relative, with ``/``."""
        return sorted(self._listing.paths)

    @cached_property
    def _store(self) -> str:
        """The store of the table; "" on this machine."""
        place = place_of(self.root)
        return place.store if isinstance(place, Address) else ""

    def status(self, place: str) -> Status | None:
        """Size and time of a file; None where there is none."""
        if not self._store:
            return status_of(place_of(place))
        if place not in self._asked:
            self._ask([place])
        return self._asked[place]

    def _ask(self, places: Iterable[str]) -> None:
        """Learn of files in a store: one listing tells of most, the others are asked at once."""
        if not self._asked:
            for path, *status in zip(
                self._listing.paths, self._listing.sizes, self._listing.times, strict=True
            ):
                self._asked[joined(self.root, path)] = Status(*status)
        sought = [place for place in dict.fromkeys(places) if place and place not in self._asked]
        with ThreadPoolExecutor(readers(place_of(self.root))) as askers:
            answers = askers.map(self._ask_store, sought)
            self._asked |= dict(zip(sought, answers, strict=True))

    def _ask_store(self, place: str) -> Status | None:
        try:
            return status_of(place_of(place)) if self.allowed(place) else None
        except InputError:  # a cell that carries a query
            return None

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = defaultdict(list)
        for path in self.pictures:
            names[_folded(path.rpartition("/")[2])].append(path)
        return names

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        stems: dict[str, list[str]] = defaultdict(list)
        for path in self.pictures:
            stem = posixpath.splitext(_folded(path.rpartition("/")[2]))[0]
            stems[stem].append(path)
            # A spreadsheet makes 1 of 0001.
            if stem.isdecimal() and stem.lstrip("0") != stem:
                stems[f"number {int(stem)}"].append(path)
        return stems

    def place(self, cell: str) -> str:
        """Where a cell leads as it stands; "" where it says nothing.

        Examples
        --------
        >>> Finder("/data").place("cats\\\\1.png")
        '/data/cats/1.png'
        """
        if not cell or (self._store and "://" in cell and not cell.startswith(self._store)):
            return ""
        return joined(self.root, _posix(cell))

    def allowed(self, place: str) -> bool:
        """Whether a path, its links resolved, lies where files may be read."""
        if self._store:
            return is_inside(place, self._store)
        try:
            return self.limit is None or is_inside(os.path.realpath(place), self.limit)
        except ValueError:  # a NUL in the path
            return False

    def find(self, cells: Iterable[str]) -> list[str]:
        """The file that each cell names, as an absolute path; "" for one that is not found.

        A cell is taken as it stands first. Else its path and that of a picture below the folder
        need not begin at the same place, but one must be the end of the other; a name without the
        suffix of a picture means the picture of that stem. Case, and how an accent is written, do
        not matter, and ``%20`` is a space where no file is called so. Where the cells are absolute
        paths of another machine, the folder that stands for most of them is replaced by the one
        here.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> root = Path(os.path.realpath(tempfile.mkdtemp()))
        >>> (root / "images").mkdir()
        >>> for name in ("0001.jpg", "0002.jpg"):
        ...     _ = (root / "images" / name).write_bytes(b"...")
        >>> cells = ["images/0001.jpg", "0002", r"C:\\\\x\\\\0001.jpg", "3"]
        >>> places = Finder(str(root)).find(cells)
        >>> [os.path.relpath(place, root) if place else "" for place in places]
        ['images/0001.jpg', 'images/0002.jpg', 'images/0001.jpg', '']
        """
        cells = [_ADDRESS.sub(r"\1", cell) for cell in cells]
        if self._store:
            self._ask(map(self.place, cells))
        places = [self._as_it_stands(cell) for cell in cells]
        sought = [row for row, place in enumerate(places) if cells[row] and not place]
        for row in sought:
            places[row] = self._by_its_end(cells[row])
            if not places[row] and (plain := unquote(cells[row])) != cells[row]:
                places[row] = self._as_it_stands(plain) or self._by_its_end(plain)
        absolute = [row for row, cell in enumerate(cells) if _ABSOLUTE.match(_posix(cell))]
        sought = [row for row in absolute if not places[row]]
        if sought:
            there, here = self._moved([_parts(cells[row]) for row in absolute])
            for row in sought:
                places[row] = self._below(_parts(cells[row]), there, here)
        return places

    def _as_it_stands(self, cell: str) -> str:
        place = self.place(cell)
        try:
            return place if place and self.status(place) and self.allowed(place) else ""
        except ValueError:
            return ""

    def _by_its_end(self, cell: str) -> str:
        exact = _parts(cell)
        if not exact:
            return ""
        fits: dict[str, tuple[int, bool]] = {}
        for path in self._named(exact[-1]):
            parts = tuple(path.split("/"))
            parents = list(zip(parts[-2::-1], exact[-2::-1], strict=False))
            if all(_folded(parent) == _folded(other) for parent, other in parents):
                fits[path] = len(parents), parts[-len(exact) :] == exact[-len(parts) :]
        best = [path for path, fit in fits.items() if fit == max(fits.values())]
        if len(best) > 1 and self.role is not None:
            best = [path for path in best if self.role in _roles(path)]
        return self._absolute(best[0]) if len(best) == 1 else ""

    def _named(self, name: str) -> list[str]:
        """Pictures of a name, or, where it has no picture's suffix, of a stem."""
        key = _folded(name)
        if key in self._by_name:
            return self._by_name[key]
        if posixpath.splitext(key)[1] in image_suffixes():
            return []
        whole = re.fullmatch(r"(\d+)([.,]0+)?", key, re.ASCII)  # numbers that became floats
        return (
            self._by_stem.get(key)
            or (self._by_stem.get(whole[1]) if whole else None)
            or (self._by_stem.get(f"number {int(whole[1])}") if whole else None)
            or []
        )

    def _moved(self, cells: list[tuple[str, ...]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The folder that absolute paths were written for, and the one here that replaces it.

        Every file that has the name of a cell votes, so that one missing file is not taken for
        another of its name.
        """
        votes: Counter[tuple[tuple[str, ...], tuple[str, ...]]] = Counter()
        voters = cells[:: max(1, len(cells) // _VOTERS)]
        for exact in voters:
            for path in self._named(exact[-1]) if exact else []:
                parts = tuple(path.split("/"))
                for kept in range(1, min(len(parts), len(exact)) + 1):
                    if kept > 1 and _folded(parts[-kept]) != _folded(exact[-kept]):
                        break
                    votes[exact[:-kept], parts[:-kept]] += 1
        if not votes:
            return _NOWHERE
        moved, count = max(votes.items(), key=lambda vote: (vote[1], -len(vote[0][0])))
        return moved if count >= _ENOUGH * len(voters) else _NOWHERE

    def _below(self, exact: tuple[str, ...], there: tuple[str, ...], here: tuple[str, ...]) -> str:
        """The file of a path below one folder, below another; "" where there is none."""
        if not exact or exact[: len(there)] != there:
            return ""
        folded = _folded("/".join((*here, *exact[len(there) :])))
        named = [path for path in self._named(exact[-1]) if folded in (_folded(path), _stem(path))]
        return self._absolute(named[0]) if len(named) == 1 else ""

    def _absolute(self, path: str) -> str:
        place = joined(self.root, path)
        return place if self.allowed(place) else ""


def _posix(cell: str) -> str:
    return cell.replace("\\", "/")


def _parts(cell: str) -> tuple[str, ...]:
    plain = posixpath.normpath(_posix(cell))
    return tuple(part for part in plain.split("/") if part not in ("", ".", ".."))


def _roles(path: str) -> set[Role]:
    """The splits that the folders of a path are called after."""
    roles = (role_of(folder) for folder in path.split("/")[:-1])
    return {role[0] for role in roles if role is not None}


def _stem(path: str) -> str:
    return posixpath.splitext(_folded(path))[0]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
