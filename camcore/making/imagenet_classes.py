"""Write the table of ImageNet's 1000 classes from Keras' own index of them.

``python -m camcore.making.imagenet_classes INDEX.json`` takes the file that Keras keeps as
``imagenet_class_index.json`` and writes the table that the package carries.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from camcore.models.imagenet import CLASSES, TABLE


def table_of(index: dict[str, list[str]]) -> str:
    """One line for each class, in the order of the classes: WordNet number and name.

    Parameters
    ----------
    index : dict
        ``{"0": ["n01440764", "tench"], ...}``.

    Raises
    ------
    ValueError
        If it does not hold 1000 classes.

    Examples
    --------
    >>> table_of({"0": ["n01440764", "tench"]})
    Traceback (most recent call last):
    ...
    ValueError: the index holds 1 classes, not 1000
    """
    if len(index) != CLASSES:
        raise ValueError(f"the index holds {len(index)} classes, not {CLASSES}")
    return "".join(f"{' '.join(index[str(column)])}\n" for column in range(CLASSES))


if __name__ == "__main__":
    TABLE.write_text(table_of(json.loads(Path(sys.argv[1]).read_text())))
