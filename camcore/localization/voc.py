"""Boxes from Pascal VOC: one XML file a picture."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any
from xml.parsers import expat

from camcore.errors import InputError
from camcore.localization.boxes import TrueBox, checked, four_numbers, known_size

MAX_BYTES = 4 * 2**20
_DEEPEST = 32
_WANTED = "Pascal VOC has <annotation> with <filename> and <object><name><bndbox>"
_EDGES = ("xmin", "ymin", "xmax", "ymax")


def read_voc(data: bytes, name: str, picture: str = "") -> tuple[list[TrueBox], list[str]]:
    """Read the objects of one annotation.

    Pascal VOC counts pixels from 1 and includes both ends: xmin 1 and xmax 10 are the ten pixels
    that are 0 and 10 here. No DOCTYPE is accepted, so that no entity can be declared: nothing is
    expanded and no other file is read.

    Parameters
    ----------
    data : bytes
    name : str
        What the file is called in errors.
    picture : str
        Stands for the picture where the annotation does not name it.

    Returns
    -------
    boxes : list of TrueBox
    problems : list of str
        One line for each object left out.

    Raises
    ------
    InputError
        If it is no XML, has a DOCTYPE, or is no annotation.

    Examples
    --------
    >>> xml = '''<annotation><filename>1.jpg</filename><object><name>cat</name><bndbox>
    ... <xmin>1</xmin><ymin>3</ymin><xmax>10</xmax><ymax>4</ymax></bndbox></object></annotation>'''
    >>> read_voc(xml.encode(), "1.xml")[0][0]
    TrueBox(picture='1.jpg', label='cat', box=(0.0, 2.0, 10.0, 4.0), size=None)
    """
    root = _tree(data, name)
    if root.tag != "annotation":
        raise InputError(f"{name} begins with <{root.tag[:40]}>; {_WANTED}.")
    written = _text(root, "filename")
    if "%s" not in written:  # ImageNet's own files have a few such
        picture = written or picture
    size = known_size(_text(root, "size/width"), _text(root, "size/height"))
    boxes, problems = [], []
    for number, element in enumerate(root.findall("object"), 1):
        try:
            x0, y0, x1, y1 = four_numbers([_text(element, f"bndbox/{edge}") for edge in _EDGES])
            box = checked((x0 - 1, y0 - 1, x1, y1), size)
        except InputError as error:
            problems.append(f"{name}, object {number}: {error}")
            continue
        boxes.append(TrueBox(picture, _text(element, "name"), box, size))
    return boxes, problems


def _text(element: ET.Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _tree(data: bytes, name: str) -> ET.Element:
    """The elements of an XML file that declares nothing."""
    builder = ET.TreeBuilder()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise InputError(f"{name} has elements {_DEEPEST} deep and more; {_WANTED}.")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def doctype(*_: Any) -> None:
        raise InputError(f"{name} has a DOCTYPE, which is not accepted; remove that line.")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name} cannot be parsed as XML ({error}); {_WANTED}.") from None
    return builder.close()
