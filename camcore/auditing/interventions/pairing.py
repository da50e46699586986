"""Who gives, who receives, and who is the control."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from camcore.auditing.rules import RULES


@dataclass(frozen=True, eq=False)
class Pairs:
    """Triples of images by their ids, one an element.

    Attributes
    ----------
    recipients, donors, controls : ndarray, shape (n,), int
        The control is another image of the recipient's own class.
    """

    recipients: np.ndarray
    donors: np.ndarray
    controls: np.ndarray

    def __len__(self) -> int:
        return len(self.recipients)


def halves(images: pd.DataFrame, seed: int) -> np.ndarray:
    """Split the images into a half to discover on (0) and a half to test on (1).

    Near-duplicates stay together, and every class is split evenly.

    Parameters
    ----------
    images : DataFrame
        With ``klass`` and ``group``.
    seed : int

    Returns
    -------
    ndarray, shape (n,), int8

    Examples
    --------
    >>> images = pd.DataFrame({"klass": [0, 0, 0, 0], "group": [5, 5, 6, 6]})
    >>> half = halves(images, seed=0)
    >>> bool(half[0] == half[1] != half[2] == half[3])
    True
    """
    rng = np.random.default_rng([seed, 1])
    half = np.zeros(len(images), np.int8)
    group, klass = images["group"].to_numpy(), images["klass"].to_numpy()
    decided: dict[int, int] = {}
    for class_index in np.unique(klass):
        places = np.flatnonzero(klass == class_index)
        groups, first = np.unique(group[places], return_inverse=True)
        counts = np.bincount(first)
        size = [0, 0]
        for index in rng.permutation(len(groups)):
            side = decided.setdefault(int(groups[index]), int(size[1] < size[0]))
            size[side] += int(counts[index])
        half[places] = [decided[int(g)] for g in group[places]]
    return half


def pairs_to_class(images: pd.DataFrame, klass: int, count: int, rng: np.random.Generator) -> Pairs:
    """Recipients of other classes, donors of one, controls of the recipients' own.

    Parameters
    ----------
    images : DataFrame
        Readable images of one half, index id, with ``klass``, ``predicted`` and ``group``.
    klass : int
        The donors' class; recipients are not predicted as it yet.
    count : int
        Most pairs.
    """
    donors = _recognised(images, klass)
    others = images[(images["klass"] >= 0) & (images["klass"] != klass)]
    recipients = others[others["predicted"] != klass]
    return _pairs(recipients, donors, others, count, rng)


def pairs_from_class(
    images: pd.DataFrame, klass: int, count: int, rng: np.random.Generator
) -> Pairs:
    """Recipients of one class that are recognised, donors of the others, controls of the one."""
    of_class = images[images["klass"] == klass]
    recipients = of_class[of_class["predicted"] == klass]
    donors = images[(images["klass"] >= 0) & (images["klass"] != klass)]
    return _pairs(recipients, donors, of_class, count, rng)


def pairs_among_few(
    images: pd.DataFrame, klass: int, count: int, rng: np.random.Generator
) -> Pairs:
    """The same as `pairs_to_class` from few images, drawn again and again, each triple once.

    Examples
    --------
    >>> images = pd.DataFrame({"klass": [0, 0, 1, 1], "predicted": [0, 0, 1, 1], "group": range(4)})
    >>> len(pairs_to_class(images, 0, 9, np.random.default_rng(0)))
    2
    >>> len(pairs_among_few(images, 0, 9, np.random.default_rng(0)))
    4
    """
    triples: dict[tuple[int, int, int], None] = {}
    for _ in range(count):
        pairs = pairs_to_class(images, klass, count, rng)
        drawn = zip(pairs.recipients, pairs.donors, pairs.controls, strict=True)
        triples.update(dict.fromkeys(drawn))
        if not len(pairs) or len(triples) >= count:
            break
    table = np.array(list(triples)[:count], np.int64).reshape(-1, 3)
    return Pairs(table[:, 0], table[:, 1], table[:, 2])


def _recognised(images: pd.DataFrame, klass: int) -> pd.DataFrame:
    """Images of a class; only recognised ones where there are enough, as they bear its cues."""
    of_class = images[images["klass"] == klass]
    right = of_class[of_class["predicted"] == klass]
    return right if len(right) >= min(RULES.donors_recognised, len(of_class)) else of_class


def _pairs(
    recipients: pd.DataFrame,
    donors: pd.DataFrame,
    controls: pd.DataFrame,
    count: int,
    rng: np.random.Generator,
) -> Pairs:
    recipients, donors = _one_a_group(recipients, rng), _one_a_group(donors, rng)
    given = np.tile(_mixed(donors, rng), RULES.donor_reused)[: len(donors) * RULES.donor_reused]
    taken = _mixed(recipients, rng)
    rows: list[tuple[int, int, int]] = []
    by_class = dict(iter(controls.groupby("klass")))
    for recipient, donor in zip(taken, given, strict=False):
        if len(rows) == count:
            break
        row = recipients.loc[recipient]
        candidates = by_class[row["klass"]]
        other = candidates.index[(candidates["group"] != row["group"]).to_numpy()]
        if len(other):
            rows.append((recipient, donor, int(rng.choice(other))))
    table = np.array(rows, np.int64).reshape(-1, 3)
    return Pairs(table[:, 0], table[:, 1], table[:, 2])


def _one_a_group(images: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Near-duplicates are no independent evidence: one of each group is used."""
    return images.iloc[rng.permutation(len(images))].drop_duplicates("group")


def _mixed(images: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Ids in random order, the classes taking turns, so that a part holds all of them."""
    shuffled = images.iloc[rng.permutation(len(images))]
    turn = shuffled.groupby("klass").cumcount().to_numpy()
    turned: np.ndarray = shuffled.index.to_numpy()[np.argsort(turn, kind="stable")]
    return turned
