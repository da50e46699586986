"""One box file in every format says the same; broken and hostile ones cost a sentence."""

from __future__ import annotations

import json
import os

import pytest

from camcore.errors import InputError
from camcore.localization import reading
from camcore.localization.boxes import TrueBox
from camcore.localization.reading import boxes_for, read_boxes

# Two cats and a dog in 1.jpg of 40 x 30 pixels.
EXPECTED = (
    TrueBox("1.jpg", "cat", (0.0, 1.0, 10.0, 12.0), (40, 30)),
    TrueBox("1.jpg", "cat", (5.0, 5.0, 40.0, 30.0), (40, 30)),
    TrueBox("1.jpg", "dog", (20.0, 0.0, 21.0, 1.0), (40, 30)),
)


def voc_object(label: str, *edges: object) -> str:
    named = zip(("xmin", "ymin", "xmax", "ymax"), edges, strict=True)
    inside = "".join(f"<{name}>{edge}</{name}>" for name, edge in named)
    return f"<object><name>{label}</name><bndbox>{inside}</bndbox></object>"


def voc(*objects: str, filename: str = "1.jpg", size: tuple[int, int] = (40, 30)) -> str:
    return (
        f"<annotation><folder>x</folder><filename>{filename}</filename><size><width>{size[0]}"
        f"</width><height>{size[1]}</height></size>{''.join(objects)}</annotation>"
    )


VOC = voc(
    voc_object("cat", 1, 2, 10, 12),
    voc_object("cat", "6.0", " 6 ", 41, 30),  # one too wide, as tools that count from 0 write
    voc_object("dog", 21, 1, 21, 1),  # both ends are included: one pixel
)


def coco(*boxes: tuple[int, object], **more: object) -> dict:
    made = [
        {"id": n, "image_id": 7, "category_id": category, "bbox": box, "iscrowd": 0}
        for n, (category, box) in enumerate(boxes)
    ]
    return {
        "images": [{"id": 7, "file_name": "1.jpg", "width": 40, "height": 30}],
        "categories": [{"id": 17, "name": "cat"}, {"id": 18, "name": "dog"}],
        "annotations": made,
        **more,
    }


COCO = coco((17, [0, 1, 10, 11]), (17, [5, 5, 36, 25]), (18, [20, 0, 1, 1]))


def written(folder, name: str, content: str | bytes | dict):
    if isinstance(content, dict):
        content = json.dumps(content)
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


@pytest.mark.parametrize(
    "content",
    [
        VOC,
        "\n <?xml version='1.0'?>".strip() + VOC,
        "\ufeff" + VOC,
        VOC.encode("utf-16"),
        COCO,
        b"\xef\xbb\xbf \n" + json.dumps(COCO).encode(),
    ],
)
def test_the_content_tells_the_format(tmp_path, content):
    result = read_boxes(written(tmp_path, "boxes.txt", content))
    assert result.boxes == EXPECTED
    assert result.notes == ()


@pytest.mark.parametrize(
    "text",
    [
        "path,label,x0,y0,x1,y1\n1.jpg,cat,0,1,10,12\n1.jpg,cat,5,5,40,30\n1.jpg,dog,20,0,21,1\n",
        "Y1;X1;Y0;X0;Path;Label\n12;10;1;0;1.jpg;cat\n30;40;5;5;1.jpg;cat\n1;21;0;20;1.jpg;dog\n",
        "\ufeffpath,label,box\r\n1.jpg,cat,0 1 10 12\r\n"
        '1.jpg,cat,"[5, 5, 40, 30]"\r\n2.jpg,cat,\r\n1.jpg,dog,20 0 21 1\r\n',
    ],
)
def test_tables(tmp_path, text):
    result = read_boxes(written(tmp_path, "boxes.csv", text))
    assert [(true_box.picture, true_box.label, true_box.box) for true_box in result.boxes] == [
        (true_box.picture, true_box.label, true_box.box) for true_box in EXPECTED
    ]
    assert {true_box.size for true_box in result.boxes} == {None}
    assert result.notes == ()


def test_a_table_needs_no_labels(tmp_path):
    result = read_boxes(written(tmp_path, "boxes.csv", "path,x0,y0,x1,y1\n1.jpg,0,0,1,1\n"))
    assert result.boxes == (TrueBox("1.jpg", "", (0.0, 0.0, 1.0, 1.0)),)


def test_a_folder_of_annotations(tmp_path):
    written(tmp_path, "n01/b.xml", voc(voc_object("fox", 1, 1, 2, 2), filename="%s.JPEG"))
    written(tmp_path, "a.xml", VOC)
    written(tmp_path, "c.xml", "<annotation><filename>")
    written(tmp_path, "notes.txt", "no annotation")
    result = read_boxes(tmp_path)
    assert result.boxes == (*EXPECTED, TrueBox("b", "fox", (0.0, 0.0, 2.0, 2.0), (40, 30)))
    (note,) = result.notes
    assert note.startswith("c.xml cannot be parsed as XML")


def test_bad_rows_cost_a_line_each(tmp_path):
    table = written(
        tmp_path,
        "t.csv",
        "path,label,x0,y0,x1,y1\n1.jpg,cat,0,0,9,9\n,cat,0,0,9,9\n2.jpg,cat,0,0,nan,9\n"
        "2.jpg,cat,0,0,9\n2.jpg,cat,9,0,0,9\n",
    )
    result = read_boxes(table)
    assert [true_box.picture for true_box in result.boxes] == ["1.jpg"]
    assert result.notes == (
        "t.csv, row 3: it names no picture",
        "t.csv, row 4: ['0', '0', 'nan', '9'] is not four numbers within a picture",
        "t.csv, row 5: ['0', '0', '9', ''] is not four numbers",
        "t.csv, row 6: the box 9 0 0 9 is empty; its edges must have x0 < x1 and y0 < y1",
    )


def test_bad_objects_cost_a_line_each(tmp_path):
    content = voc(
        voc_object("cat", 5, 1, 4, 9),
        voc_object("cat", 1, 1, 9, 9),
        voc_object("cat", 41, 1, 60, 9),
        "<object><name>cat</name></object>",
    )
    result = read_boxes(written(tmp_path, "1.xml", content))
    assert [true_box.box for true_box in result.boxes] == [(0.0, 0.0, 9.0, 9.0)]
    assert result.notes == (
        "1.xml, object 1: the box 4 0 4 9 is empty; its edges must have x0 < x1 and y0 < y1",
        "1.xml, object 3: the box 40 0 60 9 lies outside of the picture, which is 40 x 30",
        "1.xml, object 4: ['', '', '', ''] is not four numbers",
    )


def test_bad_annotations_cost_a_line_each_and_crowds_one(tmp_path):
    content = coco(
        (17, [0, 0, 9, 9]),
        (99, [0, 0, 9, 9]),
        (17, [0, 0, -9, 9]),
        (17, "box"),
        (17, [50, 0, 9, 9]),
    )
    good = content["annotations"][0]
    content["annotations"] += [
        7, {}, {**good, "image_id": []}, {**good, "image_id": None},
        {**good, "iscrowd": 1}, {**good, "iscrowd": 1},
    ]  # fmt: skip
    result = read_boxes(written(tmp_path, "c.json", content))
    assert [true_box.box for true_box in result.boxes] == [(0.0, 0.0, 9.0, 9.0)]
    assert result.notes == (
        "c.json, annotation 2: there is no category of its id",
        "c.json, annotation 3: the box 0 0 -9 9 is empty; its edges must have x0 < x1 and y0 < y1",
        "c.json, annotation 4: 'box' is not four numbers",
        "c.json, annotation 5: the box 50 0 59 9 lies outside of the picture, which is 40 x 30",
        *(f"c.json, annotation {n}: there is no image of its id" for n in (6, 7, 8, 9)),
        "c.json: 2 annotations of crowds, whose box is no one object's",
    )


def test_many_bad_rows_are_counted(tmp_path):
    rows = "path,box\n1.jpg,0 0 9 9\n" + "2.jpg,left\n" * 1_000
    notes = read_boxes(written(tmp_path, "t.csv", rows)).notes
    assert len(notes) == 21
    assert notes[-1] == "980 more were left out"


LAUGHS = """<?xml version="1.0"?><!DOCTYPE annotation [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">
<!ENTITY c "&b;&b;&b;">]><annotation><filename>&c;</filename></annotation>"""
OUTSIDE = """<!DOCTYPE annotation [<!ENTITY secret SYSTEM "file:///etc/hostname">]>
<annotation><filename>&secret;</filename></annotation>"""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (LAUGHS, "has a DOCTYPE"),
        (OUTSIDE, "has a DOCTYPE"),
        (LAUGHS.replace('"1.0"', '"1.0" encoding="utf-16"').encode("utf-16"), "has a DOCTYPE"),
        ('<!DOCTYPE annotation SYSTEM "http://localhost/x.dtd"><annotation/>', "has a DOCTYPE"),
        ("<annotation>&undeclared;</annotation>", "cannot be parsed as XML"),
        ('<?xml version="1.0" encoding="no-such"?><annotation/>', "cannot be parsed as XML"),
        ("<annotation><object></annotation>", "cannot be parsed as XML"),
        ("<annotation>\0</annotation>", "cannot be parsed as XML"),
        ("<a>" * 1_000_000, "deep"),
        (VOC + " " * 5_000_000, "larger than 4 MB"),
        ("<svg/>", "begins with <svg>"),
        (voc(), "holds no box that can be used"),
        (voc(voc_object("cat", "NaN", 1, 2, 2)), "is not four numbers within a picture"),
        ("[" * 100_000, "cannot be parsed as JSON"),
        ("{", "cannot be parsed as JSON"),
        (b'{"\xff": 1}', "cannot be parsed as JSON"),
        ('{"images": ' + "9" * 10_000 + "}", "cannot be parsed as JSON"),
        ("[1]", "is no JSON object"),
        ({}, "has no list 'images'"),
        (coco(annotations={}), "has no list 'annotations'"),
        (coco(categories=None), "has no list 'categories'"),
        (coco(images=[[]] * 9, annotations=[[]]), "holds no box that can be used"),
        (coco((17, [0, 0, 9, 9]), images=[{"id": 7}]), "no file_name"),
        (coco((17, [0, 0, 9, 9]), categories=[{"id": 17, "name": 3}]), "no file_name, or"),
        (json.dumps(coco((17, [0, 0, 9, float("nan")]))), "is not four numbers within a picture"),
        ("path,label\n1.jpg,cat\n", "has no columns for boxes"),
        ("x0,y0,x1,y1\n0,0,9,9\n", "has no column 'path'"),
        ("path,box\n", "holds no box that can be used"),
        ("", "has no column 'path'"),
        (b"path,box\n\x81,0 0 1 1", "is no text that can be read"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "is no text that can be read"),
        ('path,box\n"' + "x" * 200_000, "cannot be parsed as CSV"),
    ],
)
def test_refused(tmp_path, content, expected):
    file = written(tmp_path, "boxes.dat", content)
    with pytest.raises(InputError, match=expected) as caught:
        read_boxes(file)
    assert "boxes.dat" in str(caught.value)
    assert len(str(caught.value)) < 400
    with pytest.raises(InputError, match=expected):
        boxes_for(file.read_bytes(), "1.jpg")


def test_files_that_are_none(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, why in (("pipe", "it is no file"), ("nowhere", "there is no such file")):
        with pytest.raises(InputError, match=why):
            read_boxes(tmp_path / name)
    with pytest.raises(InputError, match=r"holds no \.xml file"):
        read_boxes(tmp_path)


def test_a_file_that_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MAX_BYTES", 100)
    file = written(tmp_path, "c.json", b"{" + b" " * 100)
    with pytest.raises(InputError, match="larger than"):
        read_boxes(file)


@pytest.mark.parametrize("content", [VOC, json.dumps(COCO)])
def test_the_boxes_of_one_picture_in_whole_pixels(content):
    expected = tuple(true_box.box for true_box in EXPECTED)
    assert boxes_for(content.encode(), "1.jpg") == expected
    assert boxes_for(content.encode(), "2.jpg") == ()
    table = b"path,box\na/1.jpg,0.5 0 1.2 3\nb/2.jpg,0 0 9 9\n"
    edges = boxes_for(table, "1.jpg")
    assert edges == ((0, 0, 2, 3),)
    assert {type(edge) for edge in edges[0]} == {int}


def test_several_pictures_of_one_name():
    table = b"path,box\na/1.jpg,0 0 9 9\nb/1.jpg,0 0 5 5\n"
    assert boxes_for(table, "b/1.jpg") == ((0, 0, 5, 5),)
    with pytest.raises(InputError, match=r"several pictures called 1\.jpg \(a/1\.jpg, b/1\.jpg\)"):
        boxes_for(table, "1.jpg")
