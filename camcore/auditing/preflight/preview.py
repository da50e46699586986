"""A first look at a data set: how many pictures of what, what some look like, which are broken."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from camcore.auditing.evidence.duplicates import near_duplicates
from camcore.errors import CamcoreError
from camcore.pictures.model_view import Decoded, decode
from camcore.sources.ahead import ahead
from camcore.sources.source import Source
from camcore.sources.splits import Split
from camcore.storage.place import Place, readers

MOST_OPENED = 200
_SIDE = 112  # pixels of a thumbnail
_AHEAD = 32


@dataclass(frozen=True, eq=False)
class Preview:
    """What is known of a data set after a first look.

    Attributes
    ----------
    pictures : int
        Of the splits that are taken.
    labels : dict of str to int
        How many of them have each label, sorted by label; without those that have none.
    splits, taken : tuple of Split
        The parts of the data set, and those that `pictures` counts.
    notes : tuple of str
        What was left out and what is missing, one clause each.
    opened : int
        Pictures that were opened, spread evenly over the labels.
    unreadable : dict of str to str
        Of those opened, the ones that cannot be read: why, by path.
    copies : int
        Of those opened, the ones made from a source that an earlier one was made from; see
        `camcore.auditing.evidence.duplicates`.
    thumbnails : dict of str to ndarray, shape (112, 112, 3), uint8
        The first readable picture of each label, its middle square; under "" without labels.
    """

    pictures: int
    labels: dict[str, int]
    splits: tuple[Split, ...]
    taken: tuple[Split, ...]
    notes: tuple[str, ...]
    opened: int
    unreadable: dict[str, str]
    copies: int
    thumbnails: dict[str, np.ndarray]


def preview(source: Source, *, most: int = MOST_OPENED, stretch: str = "none") -> Preview:
    """Look at some pictures of a data set.

    Parameters
    ----------
    source : Source
    most : int
        Pictures to open at most.
    stretch : str
        As for `camcore.read_image`.

    Returns
    -------
    Preview

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from camcore.sources.source import read_source
    >>> root = Path(tempfile.mkdtemp())
    >>> for name in ("cat/1.png", "cat/2.png", "dog/1.png"):
    ...     (root / name).parent.mkdir(exist_ok=True)
    ...     Image.effect_noise((32, 32), 90).save(root / name)
    >>> _ = (root / "dog/2.png").write_bytes(b"no picture")
    >>> seen = preview(read_source(root, unpack_to=root / "unpacked"))
    >>> seen.labels, list(seen.unreadable), seen.copies, list(seen.thumbnails)
    ({'cat': 2, 'dog': 2}, ['dog/2.png'], 0, ['cat', 'dog'])
    """
    rows = source.files.iloc[spread_over_labels(source.files["label"], most)]
    with ThreadPoolExecutor(readers(source.root)) as workers:
        tasks = [partial(_opened, source.root / path, stretch) for path in rows["path"]]
        answers = list(ahead(workers, tasks, _AHEAD))
    unreadable: dict[str, str] = {}
    thumbnails: dict[str, np.ndarray] = {}
    readable: list[Decoded] = []
    for path, label, answer in zip(rows["path"], rows["label"], answers, strict=True):
        if isinstance(answer, str):
            unreadable[path] = answer
            continue
        readable.append(answer)
        thumbnails.setdefault(label, answer.seen)
    return Preview(
        pictures=len(source.files),
        labels=label_counts(source),
        splits=source.splits,
        taken=source.taken,
        notes=source.notes,
        opened=len(rows),
        unreadable=unreadable,
        copies=_copies(readable),
        thumbnails=dict(sorted(thumbnails.items())),
    )


def label_counts(source: Source) -> dict[str, int]:
    """How many pictures have each label, sorted by label; those without one are not counted."""
    labels = source.files["label"]
    counts = labels[labels != ""].value_counts()
    return {str(label): int(counts[label]) for label in sorted(counts.index)}


def spread_over_labels(labels: pd.Series, most: int) -> np.ndarray:
    """Positions of some pictures: as many of each label as there are, evenly spaced in it.

    Parameters
    ----------
    labels : Series of str
        Of N pictures.
    most : int

    Returns
    -------
    ndarray of int, shape (min(N, most),)
        Ascending.

    Examples
    --------
    >>> spread_over_labels(pd.Series(["cat"] * 7 + ["dog"] * 2), 4).tolist()
    [0, 6, 7, 8]
    """
    groups = [np.flatnonzero(labels == label) for label in sorted(labels.unique())]
    taken = [0] * len(groups)
    left = min(most, len(labels))
    while left:
        open_groups = [k for k, rows in enumerate(groups) if taken[k] < len(rows)]
        # With more labels than pictures to take, those are taken that are spread over the labels.
        turn = np.linspace(0, len(open_groups) - 1, min(left, len(open_groups))).astype(int)
        for k in turn:
            taken[open_groups[k]] += 1
        left -= len(turn)
    chosen = [
        rows[np.linspace(0, len(rows) - 1, count).astype(int)]
        for rows, count in zip(groups, taken, strict=True)
        if count
    ]
    return np.sort(np.concatenate(chosen)) if chosen else np.zeros(0, np.int64)


def _opened(path: Place, stretch: str) -> Decoded | str:
    try:
        return decode(path, (_SIDE, _SIDE, 3), "crop", stretch=stretch)
    except CamcoreError as error:
        return str(error)


def _copies(readable: list[Decoded]) -> int:
    thumbs = np.array([np.frombuffer(decoded.thumb, np.uint8) for decoded in readable], np.uint8)
    groups = near_duplicates(
        thumbs.reshape(len(readable), -1), [decoded.sha256 for decoded in readable]
    )
    return len(readable) - len(np.unique(groups))
