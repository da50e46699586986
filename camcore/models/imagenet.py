"""Names and WordNet numbers of ImageNet's 1000 classes, which need no network here.

The order is that of the ILSVRC 2012 challenge and of every network trained on it; the names are
those of Keras' class index.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

CLASSES = 1000
TABLE = Path(__file__).with_name("imagenet_classes.txt")


@cache
def imagenet_synsets() -> tuple[tuple[str, str], ...]:
    """WordNet number and name of each class, in the order of the classes.

    Examples
    --------
    >>> imagenet_synsets()[0]
    ('n01440764', 'tench')
    """
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    pairs = (line.split(" ", 1) for line in lines)
    return tuple((synset, name) for synset, name in pairs)


def imagenet_names() -> tuple[str, ...]:
    """The name of each class, in the order of the classes.

    Examples
    --------
    >>> imagenet_names()[281:283]
    ('tabby', 'tiger_cat')
    """
    return tuple(name for _, name in imagenet_synsets())
