"""Places where a class's pictures show the same thing again and again: candidates for trials."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import ndimage

from camcore.auditing.edits.regions import Region, region_of
from camcore.auditing.evidence.likeness import repeated_content
from camcore.auditing.interventions.image_pool import Pool
from camcore.auditing.interventions.likeness_table import looked_at
from camcore.auditing.rules import RULES
from camcore.auditing.runs.store import Store


def stamped_places(klass: int, images: pd.DataFrame, pool: Pool) -> tuple[Region, ...]:
    """Where one content stands in most pictures of a class, and not in the others.

    A grid of places is coarse, and half of a mark may do what all of it does, so that trials alone
    outline a mark badly. The pictures tell its outline, if it is the same in each of them.

    Parameters
    ----------
    klass : int
    images : DataFrame
        Readable images, index id, with ``klass``.
    pool : Pool

    Returns
    -------
    tuple of Region
        The largest, at most `RULES.hot_regions`; a box around what fills half of it.
    """
    of_class, others = looked_at(klass, images, pool)
    if len(of_class) < RULES.thumbnails_at_least or not others:
        return ()
    rest = np.concatenate([batch.pixels for batch in others])
    return regions_of(repeated_content(of_class.pixels, rest) >= RULES.surely_repeated)


def stamped_file(klass: int) -> str:
    """Where the names of a class's `stamped_places` are kept."""
    return f"trials/stamped/{klass:04d}.json"


def outlined(store: Store) -> frozenset[tuple[int, str]]:
    """Class and probe of every place that pictures of a run outline."""
    files = sorted((store.folder / "trials" / "stamped").glob("*.json"))
    return frozenset(
        (int(file.stem), name)
        for file in files
        for name in (store.read_json(stamped_file(int(file.stem))) or {"places": []})["places"]
    )


def regions_of(stamped: np.ndarray) -> tuple[Region, ...]:
    """Separate places of a bool grid, the largest first.

    Examples
    --------
    >>> stamped = np.zeros((6, 6), bool)
    >>> stamped[0], stamped[3, 3:5], stamped[4, 3] = True, True, True
    >>> [place.name for place in regions_of(stamped)]
    ['cells 6x6: 0,0 0,1 0,2 0,3 0,4 0,5', 'cells 6x6: 3,3 3,4 4,3 4,4']
    """
    labels, _ = ndimage.label(stamped, np.ones((3, 3)))
    places = []
    for k, box in enumerate(ndimage.find_objects(labels), 1):
        place = labels == k
        if place[box].mean() >= 1 / 2:
            place[box] = True
        places.append(place)
    places = [place for place in places if place.sum() > 1]
    places.sort(key=lambda place: -int(place.sum()))
    return tuple(map(region_of, places[: RULES.hot_regions]))
