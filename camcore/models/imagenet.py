"""Names and WordNet numbers of ImageNet's 1000 classes, which need no network here.

The order is that of the ILSVRC 2012 challenge and of every network trained on it; the names are
those of Keras' class index.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from camcore.classifier import Classifier

CLASSES = 1000
NOTE = (
    "its 1000 classes have no names and are called by ImageNet's; labels='numbers' calls them by "
    "number"
)
_EXCLUSIVE = ("softmax", "logits", "log-probability")
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


def are_unnamed(class_names: Sequence[str]) -> bool:
    """Whether nobody named the classes, and there are as many as ImageNet has.

    Examples
    --------
    >>> are_unnamed([f"class {column}" for column in range(1000)]), are_unnamed(["class 0"])
    (True, False)
    """
    return len(class_names) == CLASSES and all(
        name == f"class {column}" for column, name in enumerate(class_names)
    )


def takes_imagenet_names(model: Classifier) -> bool:
    """Whether a model's classes are taken for ImageNet's: 1000 without names, one of them right.

    Several yes-or-no answers, or numbers that are predicted, are no classes of ImageNet.
    """
    return model.output_kind in _EXCLUSIVE and are_unnamed(model.class_names)
