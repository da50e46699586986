"""ImageNet's classes by their WordNet numbers and by the groups that people mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from camcore.errors import InputError
from camcore.models.imagenet import are_unnamed, imagenet_synsets
from camcore.models.labels import label_key, match_label

SYNSET = re.compile(r"(n\d{8})(?=$|[\s_.-])[\s_.-]*(.*)", re.ASCII)

Index = tuple[tuple[str, str], ...]
"""Synset and name of each of the 1000 classes, as Keras' own index file has them."""

# Ranges of ILSVRC 2012's classes (both ends included), by what folders call them.
GROUPS: dict[str, tuple[tuple[int, int], ...]] = {
    "dog": ((151, 268),),
    "cat": ((281, 285),),
    "wolf": ((269, 271),),
    "fox": ((277, 280),),
    "bear": ((294, 297),),
    "rabbit": ((330, 332),),
    "snake": ((52, 68),),
    "turtle": ((33, 37),),
    "lizard": ((38, 48),),
    "frog": ((30, 32),),
    "spider": ((72, 77),),
    "butterfly": ((321, 326),),
    "beetle": ((300, 307),),
    "monkey": ((370, 382),),
    "ape": ((365, 369),),
    "bird": ((7, 24), (80, 100), (127, 146)),
    "fish": ((0, 6), (389, 397)),
}
_PLURALS = {"wolves": "wolf", "foxes": "fox", "butterflies": "butterfly", "fishes": "fish"}
_IMAGENET = 1000
_DOMESTIC = ("cat",)  # lions are cats as well


def imagenet_index() -> Index:
    """Synset and name of ImageNet's 1000 classes."""
    return imagenet_synsets()


def by_synset(
    label: str, class_names: Sequence[str], index: Callable[[], Index] = imagenet_index
) -> int | None:
    """The class that a label such as ``n02099601-golden_retriever`` stands for.

    By the number itself where the classes are called by it, else by ImageNet's place where the
    model has ImageNet's classes, else by ImageNet's name for it or the one behind it.

    Returns
    -------
    int or None
        None for a label without a number, or with one that leads to no class.

    Examples
    --------
    >>> index = lambda: (("n01440764", "tench"), ("n02099601", "golden_retriever"))
    >>> by_synset("n02099601_golden_retriever", ["cat", "Golden Retriever"], index)
    1
    >>> by_synset("n01440764", ["goldfish", "tench, Tinca tinca"], index), by_synset("tench", [])
    (1, None)
    """
    label_match = SYNSET.fullmatch(label.strip())
    if label_match is None:
        return None
    synset, behind = label_match.groups()
    for column, name in enumerate(class_names):
        match = SYNSET.match(name.strip())
        if match is not None and match[1] == synset:
            return column
    known = {wnid: (place, name) for place, (wnid, name) in enumerate(index())}
    place, name = known.get(synset, (-1, ""))
    if 0 <= place < len(class_names):
        unnamed = len(class_names) == _IMAGENET and class_names[place] == f"class {place}"
        if unnamed or _is_called(class_names[place], name):
            return place
    for words in filter(None, (name, behind)):
        try:
            return match_label(class_names, words)
        except InputError:
            pass
        called = [
            column for column, class_name in enumerate(class_names) if _is_called(class_name, words)
        ]
        if len(called) == 1:
            return called[0]
    return None


def _is_called(class_name: str, words: str) -> bool:
    """Whether a class has a name, or has it among several: ``tench, Tinca tinca``."""
    return label_key(words) in map(label_key, (class_name, *class_name.split(",")))


def group_of(
    label: str, class_names: Sequence[str], index: Callable[[], Index] = imagenet_index
) -> tuple[int, ...]:
    """The classes of ImageNet that a label such as ``dogs`` covers, for a model of its classes.

    Returns
    -------
    tuple of int
        Empty for another label, or a model of other classes.

    Examples
    --------
    >>> group_of("Cats", [f"class {k}" for k in range(1000)], lambda: ())
    (281, 282, 283, 284, 285)
    >>> group_of("cats", ["cat", "dog"], lambda: ())
    ()
    """
    if not are_imagenet(class_names, index):
        return ()
    return columns_of(named_group(label))


def named_group(label: str) -> str:
    """The key of `GROUPS` that a label means, or "".

    Examples
    --------
    >>> named_group("Wolves"), named_group("dogs"), named_group("chairs")
    ('wolf', 'dog', '')
    """
    key = label_key(label)
    candidates = (_PLURALS.get(key, key), key.removesuffix("s"))
    return next((name for name in candidates if name in GROUPS), "")


def columns_of(group: str) -> tuple[int, ...]:
    """The classes of one of `GROUPS`; none for "".

    Examples
    --------
    >>> len(columns_of("dog")), columns_of("cat")
    (118, (281, 282, 283, 284, 285))
    """
    ranges = GROUPS.get(group, ())
    return tuple(column for low, high in ranges for column in range(low, high + 1))


def groups_of(
    class_names: Sequence[str], index: Callable[[], Index] = imagenet_index
) -> dict[str, tuple[int, ...]]:
    """The classes of each of `GROUPS`, for a network of ImageNet's classes.

    Raises
    ------
    InputError
        If its classes are others.

    Examples
    --------
    >>> groups_of(["cat", "dog"])
    Traceback (most recent call last):
    ...
    camcore.errors.InputError: `groups` joins ImageNet's 1000 classes, and this model has 2 ...
    """
    if not are_imagenet(class_names, index):
        few = f"{len(class_names):,} classes" if len(class_names) != _IMAGENET else "others"
        raise InputError(
            f"`groups` joins ImageNet's 1000 classes, and this model has {few}; say which classes "
            "belong together in a mapping file instead."
        )
    return {group: columns_of(group) for group in GROUPS}


def group_title(group: str) -> str:
    """One of `GROUPS` in words.

    Examples
    --------
    >>> group_title("dog"), group_title("cat"), group_title("wolf")
    ('all 118 dogs', 'all 5 domestic cats', 'all 3 wolves')
    """
    plural = next((many for many, singular in _PLURALS.items() if singular == group), f"{group}s")
    kind = "domestic " if group in _DOMESTIC else ""
    return f"all {len(columns_of(group))} {kind}{plural}"


def group_offer(
    class_names: Sequence[str],
    predicted: np.ndarray,
    least: int,
    index: Callable[[], Index] = imagenet_index,
) -> str:
    """What joining ImageNet's classes would give, where most pictures are in too small ones.

    Parameters
    ----------
    class_names : sequence of str
    predicted : ndarray of int, shape (N,)
        Column of each picture.
    least : int
        Pictures that a class needs.
    index : callable

    Returns
    -------
    str
        One clause; "" for a model of other classes, or where joining them would not help.

    Examples
    --------
    >>> names = [f"class {k}" for k in range(1000)]
    >>> group_offer(names, np.arange(281, 285), 4)
    "most images are in classes with fewer than 4 of them; `groups` for the labels
    (--labels groups) joins ImageNet's classes, and these groups have enough: cat (4)"
    >>> group_offer(names, np.full(4, 281), 4), group_offer(["cat", "dog"], np.arange(2), 4)
    ('', '')
    """
    if not are_imagenet(class_names, index):
        return ""
    sizes = np.bincount(predicted, minlength=_IMAGENET)
    joined = {group: int(sizes[list(columns_of(group))].sum()) for group in GROUPS}
    enough = [f"{group} ({size})" for group, size in joined.items() if size >= least]
    if 2 * int((sizes[predicted] < least).sum()) < len(predicted) or not enough:
        return ""
    return (
        f"most images are in classes with fewer than {least} of them; `groups` for the labels "
        f"(--labels groups) joins ImageNet's classes, and these groups have enough: "
        f"{', '.join(enough)}"
    )


def are_imagenet(class_names: Sequence[str], index: Callable[[], Index] = imagenet_index) -> bool:
    """Whether classes are ImageNet's 1000: by their names, or where nobody named them."""
    return len(class_names) == _IMAGENET and _are_called_so(class_names, index)


def _are_called_so(class_names: Sequence[str], index: Callable[[], Index]) -> bool:
    if are_unnamed(class_names):
        return True
    known = index()
    if len(known) != len(class_names):
        return False
    same = sum(
        _is_called(class_name, name)
        for class_name, (_, name) in zip(class_names, known, strict=True)
    )
    return same > _IMAGENET * 0.9
