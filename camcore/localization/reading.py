"""True boxes from a file, whatever its format."""

from __future__ import annotations

import math
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from camcore.errors import InputError
from camcore.localization import voc
from camcore.localization.boxes import TrueBox
from camcore.localization.coco import read_coco
from camcore.localization.pairing import pair
from camcore.localization.table import read_table
from camcore.localization.voc import read_voc

MAX_BYTES = 512 * 2**20
_TOLD = 20
_BEFORE_TEXT = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"  # byte order marks, zeros of UTF-16, spaces


@dataclass(frozen=True)
class Boxes:
    """The boxes of a file or folder.

    Attributes
    ----------
    boxes : tuple of TrueBox
        At least one.
    notes : tuple of str
        What was left out and why, one line each; the first 20 of many.
    """

    boxes: tuple[TrueBox, ...]
    notes: tuple[str, ...]


def read_boxes(path: str | os.PathLike[str]) -> Boxes:
    """Read true boxes from CSV, Pascal VOC XML or COCO JSON; the content tells which it is.

    All boxes are in pixels of the upright picture, as `camcore.read_image` gives it, whatever its
    EXIF orientation.

    Parameters
    ----------
    path : path
        A table ``path[,label],x0,y0,x1,y1`` or ``path[,label],box``; one XML file of Pascal VOC,
        or a folder of them; or the JSON file of COCO.

    Returns
    -------
    Boxes

    Raises
    ------
    InputError
        If it cannot be read, is none of these, or holds no box that can be used.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "boxes.csv"
    >>> _ = file.write_text("path,label,box\\n1.png,cat,0 0 9 9\\n2.png,dog,left\\n")
    >>> found = read_boxes(file)
    >>> found.boxes[0].box, found.notes
    ((0.0, 0.0, 9.0, 9.0), ("boxes.csv, row 3: ['left'] is not four numbers",))
    """
    file = Path(path)
    name = _printed_name(file)
    boxes, problems = _folder(file, name) if file.is_dir() else _file(file, name)
    if not boxes:
        why = f" ({problems[0]})" if problems else ""
        raise InputError(
            f"{name} holds no box that can be used{why}; give a CSV with the columns "
            "path,label,x0,y0,x1,y1, Pascal VOC XML or COCO JSON."
        )
    notes = problems[:_TOLD]
    if len(problems) > _TOLD:
        notes.append(f"{len(problems) - _TOLD:,} more were left out")
    return Boxes(tuple(boxes), tuple(notes))


def boxes_for(
    source: str | os.PathLike[str] | bytes, picture_name: str
) -> tuple[tuple[int, int, int, int], ...]:
    """The true boxes of one picture, in whole pixels: all that each box touches.

    Parameters
    ----------
    source : path or bytes
        As for `read_boxes`; bytes are the content of a file.
    picture_name : str
        Name or path of the picture.

    Returns
    -------
    tuple of (x0, y0, x1, y1)
        Empty where the file names other pictures only.

    Raises
    ------
    InputError
        As for `read_boxes`, or if the file has several pictures of this name.

    Examples
    --------
    >>> boxes_for(b"path,x0,y0,x1,y1\\n1.png,0,2.5,9,8\\n2.png,0,0,3,3\\n", "1.png")
    ((0, 2, 9, 8),)
    """
    if isinstance(source, bytes):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "the file with boxes"
            file.write_bytes(source)
            return boxes_for(file, picture_name)
    pairs = pair(read_boxes(source).boxes, [picture_name])
    if pairs.unclear:
        raise InputError(
            f"the boxes name several pictures called {picture_name} ({pairs.unclear[0]}, "
            f"{pairs.unclear[1]}); give a file with one of them."
        )
    return tuple(
        (math.floor(x0), math.floor(y0), math.ceil(x1), math.ceil(y1))
        for x0, y0, x1, y1 in (true_box.box for true_box in pairs.boxes.get(picture_name, []))
    )


def _printed_name(file: Path) -> str:
    return "".join(c if c.isprintable() else "?" for c in file.name or str(file))


def _file(file: Path, name: str) -> tuple[list[TrueBox], list[str]]:
    data = _content(file, name)
    begin = data[:1024].lstrip(_BEFORE_TEXT)[:1]
    if begin == b"<":
        return _annotation(file, name, data)
    return read_coco(data, name) if begin in (b"{", b"[") else read_table(file)


def _folder(folder: Path, name: str) -> tuple[list[TrueBox], list[str]]:
    """All annotations below a folder; one that is broken is a problem like any other."""
    boxes, problems = [], []
    for file in sorted(folder.rglob("*.xml")):
        try:
            annotated, wrong = _annotation(
                file, _printed_name(file), _content(file, _printed_name(file))
            )
        except InputError as error:
            annotated, wrong = [], [str(error)]
        boxes += annotated
        problems += wrong
    if not (boxes or problems):
        raise InputError(f"{name} holds no .xml file; give a folder of Pascal VOC annotations.")
    return boxes, problems


def _annotation(file: Path, name: str, data: bytes) -> tuple[list[TrueBox], list[str]]:
    if len(data) > voc.MAX_BYTES:
        raise InputError(
            f"{name} is larger than {voc.MAX_BYTES // 2**20} MB; is it the annotation of one "
            "picture?"
        )
    return read_voc(data, name, picture=file.stem)


def _content(file: Path, name: str) -> bytes:
    try:
        # Looked at before it is opened: opening a FIFO would wait for a writer.
        if not file.is_file():
            raise OSError("it is no file" if file.exists() else "there is no such file")
        with open(file, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{name} cannot be read ({why}); check the path.") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{name} is larger than {MAX_BYTES // 2**20} MB; split it.")
    return data
