"""Boxes from COCO: one JSON file for all pictures."""

from __future__ import annotations

import json
from collections.abc import Hashable
from typing import Any

from camcore.errors import InputError
from camcore.localization.boxes import TrueBox, checked, four_numbers, known_size

_WANTED = "COCO has an object with the lists images, annotations and categories"


def read_coco(data: bytes, name: str) -> tuple[list[TrueBox], list[str]]:
    """Read the boxes of all pictures; crowds are left out, for their box is no object's.

    Parameters
    ----------
    data : bytes
    name : str
        What the file is called in errors.

    Returns
    -------
    boxes : list of TrueBox
    problems : list of str
        One line for each annotation left out; one for all crowds.

    Raises
    ------
    InputError
        If it is no JSON, or not COCO's.

    Examples
    --------
    >>> text = b'''{"images": [{"id": 1, "file_name": "1.jpg", "width": 8, "height": 8}],
    ... "categories": [{"id": 3, "name": "cat"}],
    ... "annotations": [{"image_id": 1, "category_id": 3, "bbox": [2, 1, 4, 2.5]}]}'''
    >>> read_coco(text, "instances.json")[0]
    [TrueBox(picture='1.jpg', label='cat', box=(2.0, 1.0, 6.0, 3.5), size=(8, 8))]
    """
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name} cannot be parsed as JSON ({error}); {_WANTED}.") from None
    if not isinstance(content, dict):
        raise InputError(f"{name} is no JSON object; {_WANTED}.")
    images = {image.get("id"): image for image in _entries(content, "images", name)}
    categories = {
        category.get("id"): category.get("name")
        for category in _entries(content, "categories", name)
    }
    boxes, problems, crowds = [], [], 0
    for number, annotation in enumerate(_entries(content, "annotations", name), 1):
        if annotation.get("iscrowd"):
            crowds += 1
            continue
        try:
            boxes.append(_box(annotation, images, categories))
        except InputError as error:
            problems.append(f"{name}, annotation {number}: {error}")
    if crowds:
        problems.append(f"{name}: {crowds:,} annotations of crowds, whose box is no one object's")
    return boxes, problems


def _entries(content: dict[str, Any], key: str, name: str) -> list[dict[str, Any]]:
    """The objects of a list; an id that cannot be looked up is one that nothing refers to."""
    entries = content.get(key)
    if not isinstance(entries, list):
        raise InputError(f"{name} has no list {key!r}; {_WANTED}.")
    return [
        entry if isinstance(entry, dict) and isinstance(entry.get("id"), Hashable) else {}
        for entry in entries
    ]


def _box(annotation: dict[str, Any], images: dict[Any, Any], categories: dict[Any, Any]) -> TrueBox:
    image = _named(images, annotation.get("image_id"), "image")
    picture, label = (
        image.get("file_name"),
        _named(categories, annotation.get("category_id"), "category"),
    )
    if not (isinstance(picture, str) and picture.strip() and isinstance(label, str)):
        raise InputError("its image has no file_name, or its category no name")
    size = known_size(image.get("width"), image.get("height"))
    x, y, width, height = four_numbers(annotation.get("bbox"))
    box = checked((x, y, x + width, y + height), size)
    return TrueBox(picture.strip(), label.strip(), box, size)


def _named(known: dict[Any, Any], key: Any, kind: str) -> Any:
    if not isinstance(key, Hashable) or key is None or key not in known:
        raise InputError(f"there is no {kind} of its id")
    return known[key]
