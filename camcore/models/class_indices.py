"""Class names by the numbers that stand beside them."""

from __future__ import annotations

from camcore.errors import InputError

Pairs = list[tuple[str, str]]
"""Class index and class name, both as text."""


def by_index(pairs: Pairs, name: str) -> list[str]:
    """Names in the order of their indices, which run from 0, or from 1, without gaps.

    Raises
    ------
    InputError

    Examples
    --------
    >>> by_index([("2", "dog"), ("1", "cat")], "labels.csv")
    ['cat', 'dog']
    """
    labels = _numbered(pairs, name)
    first = 0 if 0 in labels else 1
    missing = next((i for i in range(first, first + len(labels)) if i not in labels), None)
    if missing is not None:
        raise InputError(
            f"{name}: class index {missing} is missing; the indices run from 0 or from 1 without "
            "gaps."
        )
    return [labels[index] for index in sorted(labels)]


def in_order(pairs: Pairs, name: str) -> list[str]:
    """Names in the order of the numbers of a label map or of a data set's categories.

    Those that count from 1 may leave gaps, as COCO's 80 categories do, which run from 1 to 90: the
    classes of a network trained on them are counted in their order. One class too many or too few
    is noticed where the names meet the model.
    """
    labels = _numbered(pairs, name)
    return by_index(pairs, name) if 0 in labels else [labels[index] for index in sorted(labels)]


def _numbered(pairs: Pairs, name: str) -> dict[int, str]:
    """Names by their numbers, which stand once each."""
    if not pairs:
        nothing(name)
    labels: dict[int, str] = {}
    for key, label in pairs:
        if not is_index(key):
            raise InputError(
                f"{name}: {key[:40]!r} is not a class index; indices count from 0 or from 1."
            )
        if int(key) in labels:
            raise InputError(f"{name}: class index {int(key)} appears twice; keep one.")
        labels[int(key)] = label
    return labels


def is_index(text: str) -> bool:
    """Whether text is a class index.

    Examples
    --------
    >>> is_index(" 7"), is_index("-1"), is_index("7 Up")
    (True, False, False)
    """
    text = text.strip()
    return text.isascii() and text.isdigit() and len(text) < 8


def nothing(name: str) -> list[str]:
    """Refuse a file without names."""
    raise InputError(f"{name} holds no class names; a label file holds one class name a line.")
