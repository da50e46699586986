"""Which columns of a table of pictures hold the files, the labels and the rest."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from camcore.sources.delimited import columns_of
from camcore.sources.finding import Finder
from camcore.sources.listing import image_suffixes
from camcore.sources.splits import role_of

_LOOKED_AT = 100  # rows that tell what a column holds
_MANY = 0.9
_FEW = 10  # rows from which on a column of labels must repeat itself
_REPEATED = 0.7
_PATHS = (
    "path", "filepath", "imagepath", "imgpath", "file", "filename", "imagefile", "imagefilename",
    "image", "img", "imagename", "imgname", "picture", "photo", "paths", "filepaths", "files",
    "filenames", "images", "imgs", "imageid", "imgid", "fileid", "id", "name", "uuid", "key",
    "datei", "dateiname", "dateipfad", "bild", "pfad", "fichier", "chemin", "archivo", "imagen",
    "ruta", "arquivo", "imagem", "immagine", "файл", "путь", "изображение", "文件名", "文件",
    "图片", "ファイル名", "ファイル", "画像", "파일", "이미지",
)  # fmt: skip
_LABELS = (
    "label", "labels", "class", "classname", "classlabel", "category", "categoryname", "target",
    "species", "breed", "diagnosis", "dx", "y", "classes", "categories", "truth", "groundtruth",
    "labelname", "tag", "type", "classid", "labelid", "categoryid", "targets", "classidx",
    "classindex", "labelidx", "klasse", "kategorie", "etikett", "classe", "catégorie", "étiquette",
    "clase", "categoría", "categoria", "etiqueta", "etichetta", "класс", "метка", "категория",
    "类别", "标签", "分类", "ラベル", "クラス", "라벨", "클래스",
)  # fmt: skip
_SPLITS = ("split", "set", "subset", "dataset", "partition", "phase", "usage", "fold")
_BOXES = ("box", "bbox")
_MASKS = ("mask", "masks", "maskpath", "maskfile")
# As programs and spreadsheets of several languages write them.
_TRUTHS = {
    **dict.fromkeys(("0", "0.0", "0,0", "false", "no", "falsch", "faux", "falso"), False),
    **dict.fromkeys(("1", "1.0", "1,0", "true", "yes", "wahr", "vrai", "vero"), True),
}
_MOST_SPLITS = 100


@dataclass(frozen=True)
class PictureTable:
    """The columns of a table of pictures, whatever they were called.

    Attributes
    ----------
    path : list of str
    label : list of str
        "" for a picture without one; of whole numbers ``1.0`` is ``1``.
    box, mask, split : list of str or None
        None where the table has no such column.
    numbers : list of int
        The line that each row ends in.
    notes : tuple of str
        What was guessed, one clause each.
    further : dict of str to list of str
        The columns that are none of these, by their names.
    """

    path: list[str]
    label: list[str]
    box: list[str] | None
    mask: list[str] | None
    split: list[str] | None
    numbers: list[int]
    notes: tuple[str, ...]
    further: dict[str, list[str]]


def has_header(cells: Sequence[Sequence[str]], finder: Finder) -> bool:
    """Whether the first row names columns: it does unless it names a picture.

    Examples
    --------
    >>> has_header([["path", "label"], ["1.png", "cat"]], Finder("/data"))
    True
    >>> has_header([["1.png", "cat"], ["2.png", "dog"]], Finder("/data"))
    False
    """
    if _names_columns(cells[0]):
        return True
    if any(posixpath.splitext(cell.casefold())[1] in image_suffixes() for cell in cells[0] if cell):
        return False
    return not any(finder.find([cell for cell in cells[0] if cell]))


def _names_columns(row: Sequence[str]) -> bool:
    return any(normal_name(cell) in (*_PATHS, *_LABELS) for cell in row)


def read_table_columns(
    cells: Sequence[Sequence[str]], numbers: Sequence[int], finder: Finder
) -> PictureTable | None:
    """Find the columns of a table of pictures.

    The column of the files is the one whose cells lead to pictures; of several, the one whose name
    says so. The label is a column that is called so, or the only other one, or as many columns of
    0 and 1 as there are classes, of which one in every row is 1.

    Parameters
    ----------
    cells : sequence of rows
        With or without a header.
    numbers : sequence of int
        The line of each row.
    finder : Finder

    Returns
    -------
    PictureTable or None
        None where no column names files or none holds labels.

    Examples
    --------
    >>> rows = [["image_id", "cat", "dog"], ["1.png", "1.0", "0.0"], ["2.png", "0.0", "1.0"]]
    >>> read_table_columns(rows, [1, 2, 3], Finder("/data")).label
    ['cat', 'dog']
    """
    # The title of a sheet, or comments
    first = next((k for k, row in enumerate(cells) if len(list(filter(None, row))) > 1), 0)
    if first and _names_columns(cells[first]):
        cells, numbers = cells[first:], numbers[first:]
    if not cells:
        return None
    titled = has_header(cells, finder)
    header = list(cells[0]) if titled else [f"column {k + 1}" for k in range(len(cells[0]))]
    body = cells[1:] if titled else cells
    columns = columns_of(header, body)
    columns = {name: column for name, column in columns.items() if name or any(column)}
    kinds = {name: normal_name(name) for name in columns}
    box, mask = _called(kinds, _BOXES), _called(kinds, _MASKS)
    split = next(
        (
            name
            for name in kinds
            if _are_splits(columns[name], several=titled and kinds[name] not in _SPLITS)
        ),
        None,
    )
    taken = {name for name in (box, mask, split) if name is not None}
    rest = {name: column for name, column in columns.items() if name not in taken}
    path = _path_column(rest, kinds, finder)
    if path is None:
        return None
    del rest[path]
    notes = [] if titled else ["the table has no header; its columns were told by what they hold"]
    named = _called({name: kinds[name] for name in rest}, _LABELS)
    others = [name for name in rest if any(rest[name])]
    if len(others) > 1 or len(body) >= _FEW:
        # What is another in nearly every row tells no classes apart; beside a list of files alone
        # only what is another in every row.
        most = _REPEATED * len(body) if titled or len(others) > 1 else len(body) - 1
        others = [name for name in others if len(set(rest[name])) <= most]
    hot = _one_hot(rest) if named is None else []
    if named is not None:
        label = _whole(rest.pop(named))
    elif hot:
        label = _labels_of(hot, rest)
        notes.append(f"labels are the {len(hot)} columns that hold 0 and 1")
        unclear = label.count("")
        if unclear:
            notes.append(f"{unclear:,} rows have not exactly one class: without a label")
        rest = {name: cells for name, cells in rest.items() if name not in hot}
    elif len(others) == 1:
        label = _whole(rest.pop(others[0]))
        if titled:
            notes.append(f"labels are in the column {others[0]!r}")
    else:
        return None
    if titled and kinds[path] != "path":
        notes.insert(0, f"files are in the column {path!r}")
    return PictureTable(
        columns[path],
        label,
        columns[box] if box is not None else None,
        columns[mask] if mask is not None else None,
        columns[split] if split is not None else None,
        list(numbers[1:] if titled else numbers),
        tuple(notes),
        rest,
    )


def normal_name(name: str) -> str:
    """A column's name without what people write in different ways.

    Examples
    --------
    >>> normal_name("Image ID") == normal_name("image_id")
    True
    """
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", name).casefold())


def _called(kinds: dict[str, str], names: Sequence[str]) -> str | None:
    """The column of the earliest of some names."""
    ranked = [(names.index(kind), name) for name, kind in kinds.items() if kind in names]
    return min(ranked)[1] if ranked else None


def _path_column(
    columns: dict[str, list[str]], kinds: dict[str, str], finder: Finder
) -> str | None:
    """The column whose cells lead to the most pictures, or else the one that is called so."""
    best: tuple[float, int, int] = (0.0, 0, 0)
    chosen = None
    for place, (name, cells) in enumerate(columns.items()):
        sample = [cell for cell in cells if cell]
        sample = sample[:: max(1, len(sample) // _LOOKED_AT)]
        kind = kinds[name]
        # What is called a label may be the number of a file as well.
        if not sample or (kind in _LABELS and len(columns) > 1):
            continue
        share = sum(map(bool, finder.find(sample))) / len(sample)
        rank = len(_PATHS) - _PATHS.index(kind) if kind in _PATHS else 0
        score = (1.0 if share >= _MANY else share, rank, -place)
        if share and (chosen is None or score > best):
            best, chosen = score, name
    if chosen is not None:
        return chosen
    named = _called({name: kinds[name] for name in columns}, _PATHS)
    if named is not None:
        return named
    return next(
        (
            name
            for name, cells in columns.items()
            if any(cells)
            and all(
                posixpath.splitext(cell.casefold())[1] in image_suffixes() for cell in cells if cell
            )
        ),
        None,
    )


def _are_splits(cells: Sequence[str], *, several: bool) -> bool:
    """Whether a column says which split each picture is of; of several ones where it must."""
    names = set(cells) - {""}
    if not 0 < len(names) <= _MOST_SPLITS or any(_is_file_name(name) for name in names):
        return False
    roles = {role and role[0] for role in map(role_of, names)}
    return None not in roles and (len(roles) > 1 or not several)


def _is_file_name(cell: str) -> bool:
    """Whether a cell is the path of a picture: ``ILSVRC2012_val_00000001.JPEG``."""
    return posixpath.splitext(cell.casefold())[1] in image_suffixes() or bool(
        re.search(r"[/\\]", cell)
    )


def columns_of_truths(columns: dict[str, list[str]]) -> list[str]:
    """The columns that hold nothing but 0 and 1, or what stands for them.

    Examples
    --------
    >>> columns_of_truths({"age": ["40", "1"], "cat": ["1", "0"], "dog": ["FALSE", "TRUE"]})
    ['cat', 'dog']
    """
    return [
        name
        for name, cells in columns.items()
        if name and cells and all(cell.casefold() in _TRUTHS for cell in cells)
    ]


def _one_hot(columns: dict[str, list[str]]) -> list[str]:
    """The columns that hold 0 and 1, if one of them is 1 in nearly every row."""
    hot = columns_of_truths(columns)
    if len(hot) < 2:
        return []
    single = sum(
        sum(map(_true, row)) == 1 for row in zip(*(columns[name] for name in hot), strict=True)
    )
    return hot if single >= _MANY * len(columns[hot[0]]) else []


def _labels_of(hot: Sequence[str], columns: dict[str, list[str]]) -> list[str]:
    labels = []
    for row in zip(*(columns[name] for name in hot), strict=True):
        marked = [name for name, cell in zip(hot, row, strict=True) if _true(cell)]
        labels.append(marked[0] if len(marked) == 1 else "")
    return labels


def _true(cell: str) -> bool:
    return _TRUTHS[cell.casefold()]


def _whole(cells: list[str]) -> list[str]:
    """Numbers that a table made floats, whole again where all of them are."""
    filled = [cell for cell in cells if cell]
    if all(re.fullmatch(r"-?\d+([.,]0*)?", cell, re.ASCII) for cell in filled):
        return [re.split("[.,]", cell)[0] for cell in cells]
    return cells
