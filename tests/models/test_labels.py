"""Label files of every common form are read, and names are found as people type them."""

from __future__ import annotations

import os

import numpy as np
import pytest

from camcore.errors import InputError
from camcore.models.imagenet import imagenet_names, imagenet_synsets
from camcore.models.labels import match_label, read_label_file, read_labels
from tests.pointer import POINTER

NAMES = ("tench", "tiger_cat", "tiger shark", "crane", "Egyptian-cat", "crane", "7")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "cat\ndog\nold owl\n"),
        ("a.txt", "\ufeffcat\r\n dog \r\nold owl\r\n\r\n"),
        ("a", "cat\ndog\nold owl"),
        ("a.json", '["cat", "dog", "old owl"]'),
        ("a.json", '{"2": "old owl", "0": "cat", "1": "dog"}'),
        ("a.json", '{"0": ["n1", "cat"], "1": ["n2", "dog"], "2": ["n3", "old owl"]}'),
        ("a.json", '{"cat": 0, "old owl": 2, "dog": 1}'),
        ("a.csv", "index,name\n0,cat\n2,old owl\n1,dog\n"),
        ("a.csv", "0,cat\n1,dog\n2,old owl\n"),
        ("a.csv", "name\ncat\ndog\nold owl\n"),
        ("a.csv", 'cat\ndog\n"old owl"\n'),
        ("a.tsv", "0\tcat\n1\tdog\n2\told owl\n"),
        ("a.CSV", '0,cat\n1,"dog"\n\n2,old owl'),
        ("a.csv", "cat,0\ndog,1\nold owl,2\n"),
        ("a.csv", "class_name;class_id\ncat;0\nold owl;2\ndog;1\n"),
        ("a.csv", "0,n01440764,cat\n1,n01443537,dog\n2,n01484850,old owl\n"),
        ("a.txt", "0 cat\n1 dog\n2 old owl"),
        ("a.txt", "2: old owl\n0: cat\n1: dog"),
        ("a.txt", "0) cat\n1) dog\n2) old owl"),
        ("a.txt", "0\tcat\n1\tdog\n2\told owl"),
        ("a.txt", "cat 0\ndog 1\nold owl 2"),
        ("a.txt", "cat: 0\nold owl: 2\ndog: 1"),
        ("a.txt", "n01440764 cat\nn01443537 dog\nn01484850 old owl"),
        ("a.txt", "cat\tn01440764\ndog\tn01443537\nold owl\tn01484850"),
        ("a.txt", "# the classes\ncat\ndog\nold owl"),
        ("a.txt", "class 0: cat\nclass 1: dog\nclass 2: old owl"),
        ("a.txt", "Label_2 = old owl\nLabel_0 = cat\nLabel_1 = dog"),
        ("a.txt", "[0] cat\n[1] dog\n[2] old owl"),
        ("a.txt", "cat, dog, old owl"),
        ("a.txt", "'cat',\n'dog',\n'old owl',"),
        ("a.txt", '"0": "cat",\n"1": "dog",\n"2": "old owl"'),
        ("a.txt", "{0: 'cat',\n 1: 'dog',\n 2: 'old owl'}"),
        ("a.txt", "{'cat': 0, 'old owl': 2, 'dog': 1}"),
        ("a.txt", "labels = ['cat', 'dog', 'old owl']"),
        ("a.txt", "OrderedDict([('cat', 0), ('old owl', 2), ('dog', 1)])"),
        ("a.txt", "{'cat': np.int64(0), 'dog': np.int64(1), 'old owl': np.int64(2)}"),
        ("config.json", '{"id2label": {"0": "cat", "1": "dog", "2": "old owl"}, "size": 3}'),
        ("config.json", '{"label2id": {"dog": 1, "cat": 0, "old owl": 2}, "size": 3}'),
        ("a.json", '{"classes": ["cat", "dog", "old owl"]}'),
        ("a.json", '{"class_indices": {"cat": 0, "dog": 1, "old owl": 2}}'),
        (
            "a.json",
            '[{"id": 1, "name": "dog"}, {"id": 2, "name": "old owl"}, {"id": 0, "name": "cat"}]',
        ),
        ("a.yaml", "nc: 3\nnames: [cat, dog, old owl]\n"),
        ("a.yml", "names:\n  0: cat\n  1: dog\n  2: old owl\n"),
        ("a.txt", "- cat\n- dog\n- old owl"),
        ("a.txt", "names:\n- cat\n- dog\n- old owl"),
        ("a.txt", "1 cat\n2 dog\n3 old owl"),
        ("a.txt", "['cat' 'dog'\n 'old owl']"),
        ("a.txt", "array(['cat', 'dog', 'old owl'], dtype='<U7')"),
        ("a.txt", "Index(['cat', 'dog', 'old owl'], dtype='object')"),
        ("a.txt", "('cat', 'dog', 'old owl')"),
        ("a.txt", "cat|dog|old owl"),
        ("a.txt", "cat\tdog\told owl\n"),
        ("a.txt", "* cat\n* dog\n* old owl"),
        ("a.txt", "\u2022 cat\n\u2022 dog\n\u2022 old owl"),
        ("a.md", "| id | name |\n|---|---|\n| 0 | cat |\n| 2 | old owl |\n| 1 | dog |"),
        ("a.ini", "[labels]\n0=cat\n1=dog\n2=old owl"),
        ("a.txt", "0\uff1acat\n2\uff1aold owl\n1\uff1adog"),
        ("a.txt", "\uff11\u3001cat\n\uff12\u3001dog\n\uff13\u3001old owl"),
        ("a.csv", "cat,dog,old owl"),
        ("a.csv", "ClassId,ClassName\n0,cat\n2,old owl\n1,dog\n"),
        ("a.json", '["0: cat", "2: old owl", "1: dog"]'),
        ("a.json", '{"cat": {"id": 0}, "old owl": {"id": 2}, "dog": {"id": 1}}'),
        ("a.json", '{"size": 9, "model": {"id2label": {"0": "cat", "1": "dog", "2": "old owl"}}}'),
        (
            "a.jsonl",
            '{"id": 0, "name": "cat"}\n{"id": 2, "name": "old owl"}\n{"id": 1, "name": "dog"}',
        ),
        (
            "a.yaml",
            "info:\n- name: label\n  dtype:\n    names:\n      '0': cat\n      '1': dog\n"
            "      '2': old owl\n",
        ),
        ("a.txt", "3. old owl\n1. cat\n2. dog"),
        ("a.txt", "cat,1\ndog,2\nold owl,3"),
        ("a.json", '{"1": "cat", "3": "old owl", "2": "dog"}'),
        ("a.json", '{"cat": 1, "old owl": 3, "dog": 2}'),
        ("a.csv", "id,name\n1,cat\n3,old owl\n2,dog\n"),
        (
            "instances.json",
            '{"images": [], "annotations": [], "categories": [{"supercategory": "animal", "id": 18,'
            ' "name": "dog"}, {"id": 17, "name": "cat"}, {"id": 90, "name": "old owl"}]}',
        ),
        (
            "a.pbtxt",
            'item {\n  id: 1\n  name: "cat"\n}\nitem {\n  id: 2\n  name: "dog"\n}\n'
            'item {\n  id: 3\n  name: "old owl"\n}\n',
        ),
        (
            "a.txt",
            "# map\nitem { name: 'dog' id: 2 }\nitem { name: 'cat' id: 1 }\n"
            "item: {id:5, name:'old owl'}",
        ),
        (
            "a.pbtxt",
            'item { name: "/m/01" id: 17 display_name: "cat" }\n'
            'item { name: "/m/02" id: 18 display_name: "dog" }\n'
            'item { name: "/m/03" id: 90 display_name: "old owl" }',
        ),
        (
            "a.prototxt",
            'item { name: "c" label: 0 display_name: "cat" }\n'
            'item { name: "d" label: 1 display_name: "dog" }\n'
            'item { name: "o" label: 2 display_name: "old owl" }',
        ),
        ("a.csv", "sep=;\r\nid;name\r\n0;cat\r\n2;old owl\r\n1;dog\r\n"),
        ("a.csv", "id;name\n0,0;cat\n2,0;old owl\n1,0;dog\n"),
        ("a.csv", "id,name\n0.0,cat\n2.0,old owl\n1.0,dog\n"),
        ("a.json", '{"cat": 0.0, "old owl": 2.0, "dog": 1.0}'),
        ("a.txt", "nc: 3\nnames: ['cat', 'dog', 'old owl']  # in order"),
        (
            "README.md",
            "---\nlicense: mit\nfeatures:\n- name: label\n  dtype:\n    class_label:\n"
            "      names:\n        '0': cat\n        '1': dog\n        '2': old owl\n---\n# Pets\n",
        ),
        ("a.txt", "0\xa0cat\n1\xa0dog\n2\xa0old\xa0owl\u200b\n\x1a"),
    ],
)
def test_forms(tmp_path, name, text):
    (tmp_path / name).write_bytes(text.encode())
    assert read_labels(tmp_path / name) == ("cat", "dog", "old owl")


@pytest.mark.parametrize(
    "encoding",
    ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "cp1252"],
)
def test_encodings(tmp_path, encoding):
    (tmp_path / "a.txt").write_bytes("cat\nK\xe4fer\n".encode(encoding))
    names, note = read_label_file(tmp_path / "a.txt")
    assert names == ("cat", "K\xe4fer")
    assert bool(note) is (encoding == "cp1252")


def test_a_table_of_pictures_is_no_list_of_classes(tmp_path):
    rows = '{"file_name": "1.png", "label": "cat"}\n{"file_name": "2.png", "label": "%s"}\n'
    (tmp_path / "metadata.jsonl").write_text(rows % "cat")
    with pytest.raises(InputError, match="again and again"):
        read_labels(tmp_path / "metadata.jsonl")
    (tmp_path / "metadata.jsonl").write_text(rows % "dog")
    assert read_labels(tmp_path / "metadata.jsonl") == ("cat", "dog")


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.txt", POINTER, "pointer of Git LFS"),
        ("a.json", POINTER, "pointer of Git LFS"),
        ("a.txt", b"", "empty"),
        ("a.txt", b" \n\n", "empty"),
        ("a.txt", b"cat\n\ndog", "class 1 has no name"),
        ("a.txt", b"\x89PNG\r\n\x1a\n\0\0\xff", "binary file"),
        ("a.txt", b"cat\0dog", "binary"),
        ("a.json", b"[]", "no class names"),
        ("a.json", b"{}", "no class names"),
        ("a.json", b"[", "cannot be parsed"),
        ("a.json", b"[" * 100_000, "cannot be parsed"),
        ("a.json", b"[1, 2]", "names are text"),
        ("a.json", b'{"a": "b"}', "'a' is not a class index, nor a key"),
        ("a.json", b'{"0": "a", "2": "b"}', "index 1 is missing"),
        ("a.json", b'{"a": 0, "b": 0}', "appears twice"),
        ("a.json", b'{"a": 0, "b": -1}', "not a class index"),
        ("a.json", b'{"a": 99999999999}', "not a class index"),
        ("a.csv", b"0,a\n0,b\n", "appears twice"),
        ("a.csv", b"2,a\n3,b\n", "index 1 is missing"),
        ("a.csv", b"1,a\n3,b\n", "index 2 is missing"),
        ("a.csv", b"index,name\n", "no class names"),
        ("a.csv", b"0,a\n1\n", "lacks a name"),
        ("a.csv", b"cat,1\ndog,x\n", "'dog' is not a class index"),
        ("a.txt", b"1: cat\n2: dog\n4: owl\n", "index 3 is missing"),
        ("a.json", b'[{"id": 0, "name": "a"}, {"id": 2, "name": "b"}]', "index 1 is missing"),
        ("a.json", b'[{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]', "appears twice"),
        ("a.pbtxt", b"item { id: 1 name: 'a' }\nitem { id: 1 name: 'b' }", "appears twice"),
        ("a.pbtxt", b"item { id: 1 name: 'a' }\nitem { id: 2 }", "lacks its id or its name"),
        ("a.pbtxt", b"item { id: 1 name: cat dog }", "cannot be read"),
        ("a.txt", b"0: cat\n1: dog\n3: owl\n", "index 2 is missing"),
        ("a.txt", b"{cat, dog}", "cannot be parsed"),
        ("a.txt", b"item {\n id: 1\n}", "lacks its id or its name"),
        ("a.txt", b"node {\n op: 'x'\n}", "not read here"),
        ("a.h", b"enum Label { CAT = 0, DOG = 1 };", "not read here"),
        ("a.html", b"<html>\n<body>404</body>\n</html>", "not read here"),
        ("a.txt", b"{'cat', 'dog'}", "no list"),
        ("a.yaml", b"a: [", "as YAML"),
        ("a.yaml", b"cat", "no list"),
    ],
)
def test_broken_files(tmp_path, name, data, words):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=words) as caught:
        read_labels(tmp_path / name)
    assert str(caught.value).startswith(name)


@pytest.mark.parametrize(
    "names",
    [
        ("7 Up", "3 Musketeers"),
        ("0 degrees", "90 degrees", "180 degrees"),
        ("1 Euro", "2 Euro", "5 Euro"),
        ("1 star", "2 stars", "3 stars"),
        ("digit 0", "digit 1", "digit 2"),
        ("Boeing 707", "Airbus 320"),
        ("0", "1", "2"),
        ("0.5 mm", "1.0 mm"),
        ("0:30", "1:00"),
        ("0-9", "A-Z"),
        ("[background]", "cat"),
        ("'cat' and 'dog'", "owl"),
        ("(small) cat", "(large) cat"),
        ("a = b", "[c]"),
        ("no", "yes"),
        ("n01440764", "n01443537"),
        ("tench, Tinca tinca", "goldfish"),
    ],
)
def test_numbers_and_brackets_that_belong_to_names_stay(tmp_path, names):
    (tmp_path / "a.txt").write_text("\n".join(names))
    assert read_labels(tmp_path / "a.txt") == names


def test_text_of_windows_is_read(tmp_path):
    (tmp_path / "a.txt").write_bytes("Café\r\ndog".encode("utf-16"))
    assert read_labels(tmp_path / "a.txt") == ("Café", "dog")


def test_imagenet_classes_need_no_network():
    pairs = imagenet_synsets()
    assert len(pairs) == len(set(pairs)) == 1000
    assert len({synset for synset, _ in pairs}) == 1000
    assert pairs[0] == ("n01440764", "tench")
    assert pairs[207] == ("n02099601", "golden_retriever")
    assert pairs[-1] == ("n15075141", "toilet_tissue")
    assert imagenet_names()[281] == "tabby"


def test_places_that_are_no_file(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_labels(tmp_path / "nothing.txt")
    with pytest.raises(InputError, match="not a file"):
        read_labels(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="not a file"):
        read_labels(tmp_path / "pipe")
    with (tmp_path / "huge.txt").open("wb") as file:
        file.truncate(9 * 1024**2)
    with pytest.raises(InputError, match="larger than 8 MB"):
        read_labels(tmp_path / "huge.txt")


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (0, 0),
        (np.int64(6), 6),
        ("1", 1),
        ("Tiger Cat", 1),
        ("TIGER-SHARK ", 2),
        ("egyptian_cat", 4),
        ("7", 6),
    ],
)
def test_matches(wanted, index):
    assert match_label(NAMES, wanted) == index


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (-1, "no class -1"),
        (7, "0 to 6"),
        ("-1", "no class -1"),
        ("99", "no class 99"),
        ("crane", "3 and 5"),
        ("tiger cta", "tiger_cat"),
        ("shark", "tiger shark"),
        ("zebra", "0 to 6"),
        ("", "No class"),
        (1.0, "not as float"),
        (True, "not as bool"),
        (None, "not as NoneType"),
    ],
)
def test_mismatches(wanted, words):
    with pytest.raises(InputError, match=words):
        match_label(NAMES, wanted)


def test_exact_spelling_decides_between_like_names():
    assert match_label(("Turkey", "turkey"), "turkey") == 1
