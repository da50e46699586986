"""Tables that people write are read as meant, and say in which row they are not."""

from __future__ import annotations

import json
import os
import unicodedata
from pathlib import Path

import pytest

from camcore.errors import InputError
from camcore.sources.delimited import read_columns
from camcore.sources.source import Source, read_source


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
    listed = source(tmp_path, text, "a/1.png", "b/1.png")
    assert listed.root == tmp_path
    assert listed.kind == "table"
    assert listed.notes == ()
    assert listed.files["id"].tolist() == [0, 1]
    assert listed.files["path"].tolist() == ["a/1.png", "b/1.png"]
    assert listed.files["label"].tolist() == ["cat", "dog"]
    assert listed.files["bytes"].tolist() == [3, 3]
    assert listed.files["mtime_ns"].tolist() == [
        (tmp_path / name).stat().st_mtime_ns for name in ("a/1.png", "b/1.png")
    ]


def test_files_elsewhere_keep_their_absolute_path(tmp_path):
    inside = tmp_path / "in"
    (tmp_path / "far.png").write_bytes(b"12345")
    listed = source(inside, f"path,label\n../far.png,cat\n{inside}/1.png,dog\n", "1.png")
    assert listed.files["path"].tolist() == [f"{tmp_path}/far.png", "1.png"]
    assert listed.files["bytes"].tolist() == [5, 3]


def test_the_data_root_bounds_what_a_table_names(tmp_path, monkeypatch):
    (tmp_path / "far.png").write_bytes(b"12345")
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "link.png").symlink_to(tmp_path / "far.png")
    text = "path,label,mask\n../far.png,cat,\nlink.png,cat,\n1.png,dog,link.png\n../x\0y,cat,\n"
    monkeypatch.setenv("CAMCORE_DATA_ROOT", str(inside))
    listed = source(inside, text, "1.png")
    assert listed.files["path"].tolist() == ["1.png"]
    assert listed.files["mask"].tolist() == [""]
    assert "3 rows lead out of the folder: left out" in listed.notes
    monkeypatch.delenv("CAMCORE_DATA_ROOT")
    assert len(source(inside, text, "1.png").files) == 4


@pytest.mark.parametrize(
    "cell",
    ["1 2 30 40.5", "1;2;30;40.5", '"1,2,30,40.5"', '"1, 2, 30, 40.5"', '"[1, 2, 30, 40.5]"'],
)
def test_boxes(tmp_path, cell):
    listed = source(tmp_path, f"path,label,box\n1.png,cat,{cell}\n2.png,cat,\n", "1.png", "2.png")
    assert listed.files["box"].tolist() == [[1.0, 2.0, 30.0, 40.5], None]
    assert listed.notes == ()


def test_boxes_that_are_none(tmp_path):
    cells = ["1 2 3", "1 2 3 4 5", "a b c d", "3 2 1 4", "1 4 3 4", "nan 0 1 1", "0 0 inf 1"]
    text = "path,label,box\n" + "".join(f"{i}.png,cat,{cell}\n" for i, cell in enumerate(cells))
    listed = source(tmp_path, text + "7.png,cat,0 0 1 1\n", *(f"{i}.png" for i in range(8)))
    assert listed.files["box"].tolist() == [None] * 7 + [[0.0, 0.0, 1.0, 1.0]]
    assert listed.notes == (
        "7 boxes cannot be read as x0 y0 x1 y1: left out, in row 2, 3, 4, 5, 6, ...",
    )


def test_a_box_that_is_spread_over_cells(tmp_path):
    listed = source(tmp_path, "path,label,box\n\n1.png,cat,1,2,3,4\n", "1.png")
    assert listed.files["box"].tolist() == [None]
    assert listed.notes == ("1 box cannot be read as x0 y0 x1 y1: left out, in row 3",)


def test_masks(tmp_path):
    text = "path,label,mask\n1.png,cat,m/1.png\n2.png,cat,\n3.png,cat,m/gone.png\n"
    listed = source(tmp_path, text, *("1.png", "2.png", "3.png", "m/1.png", ".masks/2.png"))
    assert listed.files["mask"].tolist() == ["m/1.png", "", ""]
    assert listed.notes == ("1 mask of the table cannot be found",)


def test_masks_by_their_place_where_the_table_has_none(tmp_path):
    listed = source(tmp_path, "path,label\n1.jpg,cat\n2.jpg,cat\n",
                   *("1.jpg", "2.jpg", ".masks/1.png"))  # fmt: skip
    assert listed.files["mask"].tolist() == [".masks/1.png", ""]


def test_missing_files_stay(tmp_path):
    (tmp_path / "folder.png").mkdir()
    text = "path,label\ngone.png,cat\n1.png,cat\nfolder.png,dog\nnul\0.png,dog\n"
    listed = source(tmp_path, text, "1.png")
    assert listed.files["path"].tolist() == ["1.png", "folder.png", "gone.png", "nul\0.png"]
    assert listed.files["bytes"].tolist() == [3, -1, -1, -1]
    assert listed.files["mtime_ns"].tolist()[1:] == [0, 0, 0]
    assert listed.notes == ("3 files of the table cannot be found",)


def test_rows_that_say_too_little_or_too_much(tmp_path):
    text = "path,label\n1.png,cat\n,dog\n2.png\n1.png,dog\n"
    listed = source(tmp_path, text, "1.png", "2.png")
    assert listed.files["path"].tolist() == ["1.png", "1.png", "2.png"]
    assert listed.files["label"].tolist() == ["cat", "dog", ""]
    assert listed.notes == (
        "1 row names no file: left out",
        "1 row names the file of an earlier row",
        "1 picture has no label",
    )


def test_a_table_without_labels_says_so_by_its_labels_alone(tmp_path):
    listed = source(tmp_path, "path,label\n1.png,\n", "1.png")
    assert listed.files["label"].tolist() == [""]
    assert listed.notes == ()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "t.csv is empty; its first row names"),
        (
            b"path\n1.png\n",
            "no column for the files or none for the labels: its first row is 'path'",
        ),
        (b"gone.png,cat\n", "the first, 'gone.png', was looked for at .*/gone.png"),
        (b"a,b\n1,2\n", "its first row is 'a', 'b'; its first row names the columns path,label"),
        (b"path,label\n", "None of the 0 files"),
        (b"path,label\ngone.png,cat\n", "None of the 1 files that t.csv names can be used"),
        (b"path,label\n\x81.png,cat\n", "no text that can be read; save the table as CSV"),
        (b"\xff\xfepath,label\n\xff.png,cat\n", "no text that can be read"),
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


FILES = ("images/0001.jpg", "images/0002.jpg", "images/0010.jpg")
PAIRS = {"images/0001.jpg": "cat", "images/0002.jpg": "dog", "images/0010.jpg": "cat"}


def pairs(listed: Source) -> dict[str, str]:
    return dict(zip(listed.files["path"], listed.files["label"], strict=True))


def rows_of(header: str, *rows: str) -> str:
    return "\n".join([header, *rows]) + "\n"


@pytest.mark.parametrize(
    "text",
    [
        rows_of("My pictures,", "filename,class", *(f"{path},{label}"
                                                    for path, label in PAIRS.items())),
        rows_of("# made by hand", "file,label", *(f"{path},{label}"
                                                  for path, label in PAIRS.items())),
        rows_of("Datei;Klasse;Wert", *(f"{path};{label};{number},5"
                                       for number, (path, label) in enumerate(PAIRS.items()))),
        rows_of("文件名,类别,x", *(f"{path},{label},{label}" for path, label in PAIRS.items())),
        "".join(f"{path},test,{label}\n" for path, label in PAIRS.items()),
        rows_of("url,label", *(f"https://a.org/in/{path[7:]}?w=5,{label}"
                               for path, label in PAIRS.items())),
        rows_of("filename,class", *(f"{path},{label}" for path, label in PAIRS.items())),
        rows_of("image\tcategory", *(f"{path}\t{label}" for path, label in PAIRS.items())),
        rows_of("img_path|target", *(f"{path}|{label}" for path, label in PAIRS.items())),
        rows_of("File Name;Species;;", *(f"{path};{label};;" for path, label in PAIRS.items())),
        rows_of("sep=;", "file;y", *(f"{path};{label}" for path, label in PAIRS.items())),
        "".join(f"{path},{label}\n" for path, label in PAIRS.items()),
        "".join(f"{label};{path}\n" for path, label in PAIRS.items()),
        rows_of("image_id,dx", "0001,cat", "0002,dog", "0010,cat"),
        rows_of("id,breed", "1,cat", "2,dog", "10,cat"),
        rows_of("id,label", "1.0,cat", "2.0,dog", "10.0,cat"),
        rows_of(",id,label", "0,0001,cat", "1,0002,dog", "2,0010,cat"),
        rows_of("image,cat,dog", "0001,1.0,0.0", "0002,0.0,1.0", "0010,1.0,0.0"),
        rows_of("cat,dog,file", "1,0,0001.jpg", "0,1,0002.jpg", "1,0,0010.jpg"),
        rows_of("anything,what it shows", "0001.jpg,cat", "0002.jpg,dog", "0010.jpg,cat"),
        rows_of("path,label", *(rf"C:\Users\me\data\images\{n}.jpg,{pet}"
                                for n, pet in (("0001", "cat"), ("0002", "dog"), ("0010", "cat")))),
        rows_of("path,label", *(rf"D:\work\{n}.jpg,{pet}"
                                for n, pet in (("0001", "cat"), ("0002", "dog"), ("0010", "cat")))),
        rows_of("path,label", *(f"/kaggle/input/pets/train/{n}.jpg,{pet}"
                                for n, pet in (("0001", "cat"), ("0002", "dog"), ("0010", "cat")))),
        rows_of("path,label", "IMAGES/0001.JPG,cat", r"images\0002.jpg,dog", "0010.jpg,cat"),
        rows_of("# made by hand", "# in 2020", "file,label", *(f"{path},{label}"
                                                              for path, label in PAIRS.items())),
        rows_of("id;label", "1,0;cat", "2,0;dog", "10,0;cat"),
        rows_of("image;cat;dog", "0001;1,0;0,0", "0002;0,0;1,0", "0010;1,0;0,0"),
        rows_of("image;cat;dog", "0001;WAHR;FALSCH", "0002;FALSCH;WAHR", "0010;WAHR;FALSCH"),
        rows_of('"path", "label"', *(f'"{path}", "{label}"' for path, label in PAIRS.items())),
        rows_of('"path","label"', '"images/0001.jpg","cat"', 'images/0002.jpg,dog', "0010.jpg,cat"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_tables_as_people_have_them(tmp_path, text, encoding):
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"abc")
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    assert pairs(read_source(tmp_path / "t.csv", unpack_to=tmp_path / "unused")) == PAIRS


@pytest.mark.parametrize(
    "text",
    [
        "images/0001.jpg 0\nimages/0002.jpg 1\nimages/0010.jpg 0\n",
        "images/0001.jpg,0\nimages/0002.jpg,1\nimages/0010.jpg,0\n",
        "images/0001.jpg\t0\r\nimages/0002.jpg\t1\r\nimages/0010.jpg\t0",
        "# made by hand\nimages/0001.jpg   0\n\nimages/0002.jpg 1\n  0010.jpg 0 \n",
        "0 images/0001.jpg\n1 images/0002.jpg\n0 images/0010.jpg\n",
        "/data/images/0001.jpg 0\n/data/images/0002.jpg 1\n/data/images/0010.jpg 0\n",
        "filename label\n0001.jpg 0\n0002.jpg 1\n0010.jpg 0\n",
        "images/0001 0\nimages/0002 1\nimages/0010 0\n",
        "file split label\n0001 test 0\n0002 test 1\n0010 test 0\n",
        "0\t0.000000\timages/0001.jpg\n1\t1.000000\timages/0002.jpg\n2\t0.000000\t0010.jpg\n",
    ],
)
@pytest.mark.parametrize("name", ["list.txt", "train.lst"])
def test_lists_of_pictures(tmp_path, text, name):
    for path in FILES:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(b"abc")
    (tmp_path / name).write_text(text)
    expected = dict(zip(FILES, "010", strict=True))
    assert pairs(read_source(tmp_path / name, unpack_to=tmp_path / "unused")) == expected


def test_spaces_in_names_and_labels_of_a_list(tmp_path):
    text = '"my cat.png" guide dog\nb c.d.png cat\n'
    listed = source(tmp_path, text, "my cat.png", "b c.d.png")
    assert pairs(listed) == {"my cat.png": "guide dog", "b c.d.png": "cat"}


def test_a_list_with_as_many_classes_as_pictures(tmp_path):
    """Twelve classes of thirteen pictures are classes; what counts the rows is none."""
    names = [f"{k:02}.png" for k in range(13)]
    text = "".join(f"{name} {k % 12}\n" for k, name in enumerate(names))
    assert source(tmp_path, text, *names).files["label"].nunique() == 12
    with pytest.raises(InputError, match="none for the labels"):
        source(tmp_path, "".join(f"{k} {name}\n" for k, name in enumerate(names)))


@pytest.mark.parametrize(
    "text", ["", "A folder of cats.\n", "1.png\n2.png\n", "0 0.5 0.5 0.2 0.2\n"]
)
def test_texts_that_list_no_labels(tmp_path, text):
    for name in ("1.png", "2.png"):
        (tmp_path / name).write_bytes(b"abc")
    (tmp_path / "1.txt").write_text(text)
    assert read_source(tmp_path, unpack_to=tmp_path / "unused").kind == "flat folder"
    with pytest.raises(InputError, match=r"1\.txt (is empty|has no column)|names can be used"):
        read_source(tmp_path / "1.txt", unpack_to=tmp_path / "unused")


def test_escapes_of_addresses_are_read_where_no_file_is_called_so(tmp_path):
    text = "path,label\na%20b/1%2B.png,cat\n100%25.png,dog\n"
    listed = source(tmp_path, text, "a b/1+.png", "100%25.png", "100%.png")
    assert pairs(listed) == {"a b/1+.png": "cat", "100%25.png": "dog"}


def test_a_quoted_comma_is_part_of_a_label(tmp_path):
    listed = source(tmp_path, 'path,label\n1.png,"cat, tabby"\n2.png,"say ""hi"""\n',
                   "1.png", "2.png")  # fmt: skip
    assert listed.files["label"].tolist() == ["cat, tabby", 'say "hi"']


def test_spaces_before_a_quoted_comma(tmp_path):
    text = 'path, label\n"a.png", "cat, tabby"\n"b.png", "dog"\n'
    listed = source(tmp_path, text, "a.png", "b.png")
    assert pairs(listed) == {"a.png": "cat, tabby", "b.png": "dog"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('path,label\na.png,"cat\nb.png,dog\n', 2),
        ('path,label\na.png,cat\nb.png,"dog', 3),
        ('sep=,\npath,label,note\na.png,cat,x\nb.png,dog,"y\r\n', 4),
    ],
)
def test_a_quotation_mark_that_is_never_closed(tmp_path, text, line):
    with pytest.raises(InputError, match=f"line {line} is never closed"):
        source(tmp_path, text, "a.png", "b.png")
    closed = text.rstrip() + '"\n'
    assert len(source(tmp_path, closed, "a.png", "b.png").files)


@pytest.mark.parametrize(
    "name", ["val/{}.png", "ILSVRC2012_val_{}.JPEG", "set/train {}.jpg", "test_{}.png"]
)
def test_pictures_called_like_splits_in_a_table_without_header(tmp_path, name):
    names = [name.format(f"{k:04d}") for k in range(6)]
    text = "".join(f"{path},{k % 2}\n" for k, path in enumerate(names))
    listed = source(tmp_path, text, *names)
    assert pairs(listed) == {path: str(k % 2) for k, path in enumerate(names)}


@pytest.mark.parametrize(
    ("header", "cells", "found"),
    [
        ("part of the data", ("train", "test", "train"), ["train", "test"]),
        ("typ", ("TRAIN", "Val", "TRAIN"), ["TRAIN", "Val"]),
        ("typ", ("train", "train", "train"), []),  # of one word it may be anything
        ("typ", ("train", "bus", "test"), []),
    ],
)
def test_a_column_of_splits_by_what_it_holds(tmp_path, header, cells, found):
    text = rows_of(f"path,label,{header}", *(f"{k}.png,cat,{cell}" for k, cell in enumerate(cells)))
    listed = source(tmp_path, text, *(f"{k}.png" for k in range(3)))
    assert [split.name for split in listed.splits] == found


def test_several_classes_of_a_picture_are_named_as_what_they_are(tmp_path):
    text = rows_of("image,cat,dog", "1.png,1,1", "2.png,0,1", "3.png,1,1")
    with pytest.raises(InputError, match=r"columns of 0 and 1 \('cat', 'dog'\)"):
        source(tmp_path, text, "1.png", "2.png", "3.png")


@pytest.mark.parametrize("name", ["metadata.jsonl", "list.ndjson"])
def test_json_lines(tmp_path, name):
    for path in FILES:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(b"abc")
    lines = [
        json.dumps({"file_name": path, "objects": {"bbox": []}, "label": label})
        for path, label in PAIRS.items()
    ]
    (tmp_path / name).write_text("\n".join(lines) + "\n\n")
    assert pairs(read_source(tmp_path / name, unpack_to=tmp_path / "unused")) == PAIRS
    (tmp_path / name).write_text("\n".join([lines[0], "[1]", lines[1]]))
    with pytest.raises(InputError, match="line 2 is no JSON object"):
        read_source(tmp_path / name, unpack_to=tmp_path / "unused")


def test_windows_1252_is_read_and_said(tmp_path):
    (tmp_path / "caf\u00e9.png").write_bytes(b"abc")
    (tmp_path / "t.csv").write_bytes("path,label\ncaf\u00e9.png,th\u00e9\n".encode("cp1252"))
    listed = read_source(tmp_path / "t.csv", unpack_to=tmp_path / "unused")
    assert pairs(listed) == {"caf\u00e9.png": "th\u00e9"}
    assert "was read as Windows-1252" in listed.notes[0]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_accents_may_be_written_in_two_ways(tmp_path, form):
    other = {"NFC": "NFD", "NFD": "NFC"}[form]
    name = unicodedata.normalize(form, "f\u00eate.png")
    listed = source(tmp_path, f"path,label\n{unicodedata.normalize(other, name)},cat\n", name)
    assert pairs(listed) == {name: "cat"}


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        (["1.0", "0.0", "1.0"], ["1", "0", "1"]),
        (["1.", "0", "12.00"], ["1", "0", "12"]),
        (["1.5", "0.0", "1.0"], ["1.5", "0.0", "1.0"]),
        (["1.0", "cat", "0"], ["1.0", "cat", "0"]),
    ],
)
def test_whole_numbers_that_a_table_made_floats(tmp_path, cells, labels):
    names = ("a.png", "b.png", "c.png")
    text = rows_of("path,label", *(f"{n},{c}" for n, c in zip(names, cells, strict=True)))
    assert source(tmp_path, text, *names).files["label"].tolist() == labels


def test_one_missing_file_is_not_another_of_its_name(tmp_path):
    """Of cat/1.jpg and dog/1.jpg only one is there; the row of the other stays missing."""
    text = rows_of(
        "path,label", r"C:\d\cat\1.jpg,cat", r"C:\d\cat\2.jpg,cat", r"C:\d\dog\1.jpg,dog"
    )
    listed = source(tmp_path, text, "pets/cat/1.jpg", "pets/cat/2.jpg")
    assert listed.files["bytes"].tolist().count(-1) == 1
    assert "1 file of the table cannot be found" in listed.notes
    listed = source(tmp_path, "path,label\ndog/1.jpg,dog\ncat/2.jpg,cat\n")
    assert listed.files["bytes"].tolist().count(-1) == 1


def test_a_name_that_lies_twice_is_not_guessed(tmp_path):
    listed = source(tmp_path, "path,label\n1.png,a\nx/2.png,b\n", "x/1.png", "y/1.png", "x/2.png")
    assert listed.files["bytes"].tolist() == [-1, 3]


def test_what_was_guessed_is_said(tmp_path):
    listed = source(tmp_path, "img,kind,age\n1.png,cat,3\n2.png,cat,4\n", "in/1.png", "in/2.png")
    assert listed.files["label"].tolist() == ["cat", "cat"]
    assert listed.notes == (
        "files are in the column 'img'",
        "labels are in the column 'kind'",
        "2 files were found by name elsewhere in the folder",
    )


def test_what_tells_no_classes_apart_is_no_label(tmp_path):
    names = [f"{k}.png" for k in range(12)]
    text = rows_of("path,size", *(f"{name},{k + 100}" for k, name in enumerate(names)))
    with pytest.raises(InputError, match="none for the labels: its first row is 'path', 'size'"):
        source(tmp_path, text, *names)


def test_a_message_helps_where_nothing_is_found(tmp_path):
    for text, words in (
        ("path,label\n/far/away/9.jpg,cat\n", "looked for at /far/away/9.jpg, and 1 picture lies "
         "there, such as 'in/1.jpg'"),
        ("path,label\nout/9.jpg,cat\n", "the first, 'out/9.jpg', was looked for at "),
    ):  # fmt: skip
        with pytest.raises(InputError, match=words):
            source(tmp_path, text, "in/1.jpg")


def test_masks_and_boxes_beside_other_names(tmp_path):
    text = rows_of("Image;Class;Mask;Box", "1;cat;m/mask-1.png;0 0 2 2", "2;dog;;")
    listed = source(tmp_path, text, "in/1.png", "in/2.png", "m/mask-1.png")
    assert listed.files["path"].tolist() == ["in/1.png", "in/2.png"]
    assert listed.files["mask"].tolist() == ["m/mask-1.png", ""]
    assert listed.files["box"].tolist() == [[0.0, 0.0, 2.0, 2.0], None]
