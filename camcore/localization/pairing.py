"""Which picture a box file means, by path or name."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from camcore.localization.boxes import TrueBox
from camcore.sources.listing import image_suffixes


@dataclass(frozen=True)
class Pairs:
    """Boxes of pictures.

    Attributes
    ----------
    boxes : dict of str to list of TrueBox
        By the path of the picture.
    lost : tuple of str
        What a box file calls pictures that are not there.
    unclear : tuple of str
        What it calls pictures of which there are several, or by several paths.
    """

    boxes: dict[str, list[TrueBox]]
    lost: tuple[str, ...]
    unclear: tuple[str, ...]


def pair(boxes: Sequence[TrueBox], paths: Sequence[str]) -> Pairs:
    """Find the picture of each box.

    The path that a file has for a picture and the picture's own need not begin at the same
    folder: one must be the end of the other. A name without the suffix of a picture means the
    picture of that stem, as in ImageNet's annotations. Case does not matter, unless two pictures
    differ by nothing else.

    Parameters
    ----------
    boxes : sequence of TrueBox
    paths : sequence of str
        Of the pictures, relative, with ``/``.

    Examples
    --------
    >>> box = (0.0, 0.0, 1.0, 1.0)
    >>> found = pair(
    ...     [TrueBox(name, "", box) for name in ("train\\\\cat\\\\1.JPG", "2.jpg", "fox/1.jpg")],
    ...     ["cat/1.jpg", "dog/1.jpg", "cat/2.jpg", "dog/2.jpg"],
    ... )
    >>> list(found.boxes), found.lost, found.unclear
    (['cat/1.jpg'], ('fox/1.jpg',), ('2.jpg',))
    """
    names: dict[str, list[str]] = defaultdict(list)
    stems: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        name = path.split("/")[-1].casefold()
        names[name].append(path)
        stems[posixpath.splitext(name)[0]].append(path)
    written: dict[tuple[str, ...], list[TrueBox]] = defaultdict(list)
    for box in boxes:
        written[_exact(box.picture)].append(box)
    owners: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    lost: list[str] = []
    unclear: list[str] = []
    for exact, group in written.items():
        name = exact[-1].casefold() if exact else ""
        bare = posixpath.splitext(name)[1] not in image_suffixes()
        fitting = _fitting(exact, names.get(name) or (stems.get(name) if bare else None) or [])
        if len(fitting) == 1:
            owners[fitting[0]].append(exact)
        else:
            (unclear if fitting else lost).append(group[0].picture)
    pairs = {}
    for path, claims in owners.items():
        if len(claims) == 1:
            pairs[path] = written[claims[0]]
        else:
            unclear += [written[claim][0].picture for claim in claims]
    return Pairs(pairs, tuple(lost), tuple(unclear))


def _exact(path: str) -> tuple[str, ...]:
    plain = posixpath.normpath(path.replace("\\", "/"))
    return tuple(part for part in plain.split("/") if part not in ("", ".", ".."))


def _fitting(exact: tuple[str, ...], paths: Sequence[str]) -> list[str]:
    """Those of several pictures of one name that a path fits best."""
    fits: dict[str, tuple[int, bool]] = {}
    for path in paths:
        parts = _exact(path)
        parents = [
            (parent.casefold(), other.casefold())
            for parent, other in zip(parts[-2::-1], exact[-2::-1], strict=False)
        ]
        if all(parent == other for parent, other in parents):
            fits[path] = len(parents), parts[-len(exact) :] == exact[-len(parts) :]
    return [path for path, fit in fits.items() if fit == max(fits.values())]
