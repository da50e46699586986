"""What a label may stand for, where it is no class of the model: offered, never taken unasked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from camcore.errors import InputError
from camcore.models.labels import label_key
from camcore.sources.matching import column_of
from camcore.sources.synsets import group_of

_CLOSE = 0.75


def suggested_classes(label: str, class_names: Sequence[str]) -> tuple[int, ...]:
    """Classes that a label may mean.

    The one it names, ImageNet's group of them, those whose names hold it as a word, or else the
    one that is spelled nearly so.

    Parameters
    ----------
    label : str
    class_names : sequence of str
        One name for each column of the scores.

    Returns
    -------
    tuple of int
        Columns, ascending.

    Examples
    --------
    >>> suggested_classes("Cats", ["tabby cat", "catamaran", "Persian_cat", "dog"])
    (0, 2)
    >>> suggested_classes("retreiver", ["retriever", "dog"])
    (0,)
    """
    try:
        return (column_of(label, class_names),)
    except InputError:
        pass
    if group := group_of(label, class_names):
        return group
    stem = re.escape(label_key(label).removesuffix("s"))
    holds = re.compile(rf"(?<![a-z]){stem}s?(?![a-z])")
    keys = [label_key(name) for name in class_names]
    holding = tuple(column for column, key in enumerate(keys) if stem and holds.search(key))
    if holding:
        return holding
    close = difflib.get_close_matches(label_key(label), keys, 1, _CLOSE)
    return tuple(keys.index(key) for key in close)
