"""Tables that people write are read as meant, and say in which row they are not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from camcore.errors import InputError
from camcore.sources.source import Source, read_source
from camcore.sources.tables import read_columns


def source(folder: Path, text: str, *names: str) -> Source:
    """The source of a table, with files of three bytes beside it."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"abc")
    (folder / "t.csv").write_bytes(text.encode())
    return read_source(folder / "t.csv", unpack_to=folder / "unused")


@pytest.mark.parametrize(
    "text",
    [
        "path,label\nb/1.png,dog\na/1.png,cat\n",
        "path;label\nb/1.png;dog\na/1.png;cat\n",
        "\ufeffpath,label\r\nb/1.png,dog\r\n\r\na/1.png,cat",
        'Label , PATH, other\n dog ," b/1.png ",x\n,,\ncat,a\\1.png\n',
        "path,label\n./b/1.png,dog\na/x/../1.png,cat\n",
        "path,,label,,Path,\nb/1.png,,dog,,x.png,\na/1.png,1,cat,2,y.png,3\n",
    ],
)
def test_forms(tmp_path, text):
    found = source(tmp_path, text, "a/1.png", "b/1.png")
    assert found.root == tmp_path
    assert found.kind == "table"
    assert found.notes == ()
    assert found.files["id"].tolist() == [0, 1]
    assert found.files["path"].tolist() == ["a/1.png", "b/1.png"]
    assert found.files["label"].tolist() == ["cat", "dog"]
    assert found.files["bytes"].tolist() == [3, 3]
    assert found.files["mtime_ns"].tolist() == [
        (tmp_path / name).stat().st_mtime_ns for name in ("a/1.png", "b/1.png")
    ]


def test_files_elsewhere_keep_their_absolute_path(tmp_path):
    inside = tmp_path / "in"
    (tmp_path / "far.png").write_bytes(b"12345")
    found = source(inside, f"path,label\n../far.png,cat\n{inside}/1.png,dog\n", "1.png")
    assert found.files["path"].tolist() == [f"{tmp_path}/far.png", "1.png"]
    assert found.files["bytes"].tolist() == [5, 3]


def test_the_data_root_bounds_what_a_table_names(tmp_path, monkeypatch):
    (tmp_path / "far.png").write_bytes(b"12345")
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "link.png").symlink_to(tmp_path / "far.png")
    text = "path,label,mask\n../far.png,cat,\nlink.png,cat,\n1.png,dog,link.png\n../x\0y,cat,\n"
    monkeypatch.setenv("CAMCORE_DATA_ROOT", str(inside))
    found = source(inside, text, "1.png")
    assert found.files["path"].tolist() == ["1.png"]
    assert found.files["mask"].tolist() == [""]
    assert "3 rows lead out of the folder: left out" in found.notes
    monkeypatch.delenv("CAMCORE_DATA_ROOT")
    assert len(source(inside, text, "1.png").files) == 4


@pytest.mark.parametrize(
    "cell",
    ["1 2 30 40.5", "1;2;30;40.5", '"1,2,30,40.5"', '"1, 2, 30, 40.5"', '"[1, 2, 30, 40.5]"'],
)
def test_boxes(tmp_path, cell):
    found = source(tmp_path, f"path,label,box\n1.png,cat,{cell}\n2.png,cat,\n", "1.png", "2.png")
    assert found.files["box"].tolist() == [[1.0, 2.0, 30.0, 40.5], None]
    assert found.notes == ()


def test_boxes_that_are_none(tmp_path):
    cells = ["1 2 3", "1 2 3 4 5", "a b c d", "3 2 1 4", "1 4 3 4", "nan 0 1 1", "0 0 inf 1"]
    text = "path,label,box\n" + "".join(f"{i}.png,cat,{cell}\n" for i, cell in enumerate(cells))
    found = source(tmp_path, text + "7.png,cat,0 0 1 1\n", *(f"{i}.png" for i in range(8)))
    assert found.files["box"].tolist() == [None] * 7 + [[0.0, 0.0, 1.0, 1.0]]
    assert found.notes == (
        "7 boxes cannot be read as x0 y0 x1 y1: left out, in row 2, 3, 4, 5, 6, ...",
    )


def test_a_box_that_is_spread_over_cells(tmp_path):
    found = source(tmp_path, "path,label,box\n\n1.png,cat,1,2,3,4\n", "1.png")
    assert found.files["box"].tolist() == [None]
    assert found.notes == ("1 box cannot be read as x0 y0 x1 y1: left out, in row 3",)


def test_masks(tmp_path):
    text = "path,label,mask\n1.png,cat,m/1.png\n2.png,cat,\n3.png,cat,m/gone.png\n"
    found = source(tmp_path, text, *("1.png", "2.png", "3.png", "m/1.png", ".masks/2.png"))
    assert found.files["mask"].tolist() == ["m/1.png", "", ""]
    assert found.notes == ("1 mask of the table cannot be found",)


def test_masks_by_their_place_where_the_table_has_none(tmp_path):
    found = source(tmp_path, "path,label\n1.jpg,cat\n2.jpg,cat\n",
                   *("1.jpg", "2.jpg", ".masks/1.png"))  # fmt: skip
    assert found.files["mask"].tolist() == [".masks/1.png", ""]


def test_missing_files_stay(tmp_path):
    (tmp_path / "folder.png").mkdir()
    text = "path,label\ngone.png,cat\n1.png,cat\nfolder.png,dog\nnul\0.png,dog\n"
    found = source(tmp_path, text, "1.png")
    assert found.files["path"].tolist() == ["1.png", "folder.png", "gone.png", "nul\0.png"]
    assert found.files["bytes"].tolist() == [3, -1, -1, -1]
    assert found.files["mtime_ns"].tolist()[1:] == [0, 0, 0]
    assert found.notes == ("3 files of the table cannot be found",)


def test_rows_that_say_too_little_or_too_much(tmp_path):
    text = "path,label\n1.png,cat\n,dog\n2.png\n1.png,dog\n"
    found = source(tmp_path, text, "1.png", "2.png")
    assert found.files["path"].tolist() == ["1.png", "1.png", "2.png"]
    assert found.files["label"].tolist() == ["cat", "dog", ""]
    assert found.notes == (
        "1 row names no file: left out",
        "1 row names the file of an earlier row",
        "1 picture has no label",
    )


def test_a_table_without_labels_says_so_by_its_labels_alone(tmp_path):
    found = source(tmp_path, "path,label\n1.png,\n", "1.png")
    assert found.files["label"].tolist() == [""]
    assert found.notes == ()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "t.csv has no column 'path'"),
        (b"path\n1.png\n", "has no column 'label'; its first row names"),
        (b"1.png,cat\n", "no column 'path'"),
        (b"path\tlabel\n1.png\tcat\n", "no column 'path'"),
        (b"path,label\n", "None of the 0 files"),
        (b"path,label\ngone.png,cat\n", "None of the 1 files that t.csv names can be used"),
        (b"path,label\n\xff.png,cat\n", "not UTF-8"),
        (b'path,label\n"' + b"x" * 200_000 + b'",cat\n', "cannot be parsed as CSV"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path, data, words):
    (tmp_path / "t.csv").write_bytes(data)
    with pytest.raises(InputError, match=words):
        read_source(tmp_path / "t.csv", unpack_to=tmp_path / "unused")


def test_no_file(tmp_path):
    for name in ("folder", "pipe", "missing"):
        if name == "folder":
            (tmp_path / name).mkdir()
        elif name == "pipe":
            os.mkfifo(tmp_path / name)
        with pytest.raises(InputError, match="cannot be read"):
            read_columns(tmp_path / name, ("path",), "write one")
