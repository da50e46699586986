"""Mapping files say what they mean, and what is wrong in them."""

from __future__ import annotations

import json
import os
import unicodedata

import pytest

from camcore.errors import InputError
from camcore.sources.matching import by_mapping, by_name, column_of, read_mapping
from camcore.sources.synsets import group_of

NAMES = ("tench", "tabby", "tiger_cat", "beagle", "crane", "pug", "crane", "7-up", "1")


def mapping(folder, text: str, name: str = "map.json"):
    (folder / name).write_bytes(text.encode())
    return read_mapping(folder / name, NAMES)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '{"cat": ["tabby", 2], "Dog": ["Beagle", "5"]}'),
        ("a.JSON", '\ufeff{" cat ": "1-2", "Dog": [5, 3, "beagle"]}'),
        ("a.json", '{"cat": ["Tiger Cat"], "Dog": 3, "CAT": "tabby", "Dog": 5}'),
        ("a.csv", "label,class\ncat,tabby\nDog,5\ncat,2\ndog,3\n"),
        ("a.csv", "Class;Label\ntiger-cat;cat\n1 - 2;cat\n5;Dog\n3-3;Dog\n"),
        ("map", "label,class\r\n\r\ncat,1-2\r\nDog,3\r\nDog,pug"),
    ],
)
def test_forms(tmp_path, name, text):
    # The class called "1" is why "1-2" is a range of indices, and "1" alone would be that class.
    assert mapping(tmp_path, text, name) == {"cat": (1, 2), "Dog": (3, 5)}


def test_a_range_includes_both_ends_and_a_name_wins(tmp_path):
    assert mapping(tmp_path, '{"all": "0-8", "drink": "7-up"}') == {
        "all": tuple(range(9)),
        "drink": (7,),
    }
    (tmp_path / "a.json").write_text('{"drink": "7-8"}')
    assert read_mapping(tmp_path / "a.json", [*NAMES[:8], "7-8"]) == {"drink": (8,)}
    assert read_mapping(tmp_path / "a.json", [*NAMES[:8], "x"]) == {"drink": (7, 8)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"cat": "tabbi"}', "label 'cat': No class is called 'tabbi'; did you mean 'tabby'"),
        ('{"cat": 9}', "There is no class 9: the 9 classes are 0 to 8"),
        ('{"cat": -1}', "There is no class -1"),
        ('{"cat": "5-9"}', "There is no class 9"),
        ('{"cat": "5-3"}', "'5-3' runs backwards"),
        ('{"bird": "crane"}', "Several classes are called 'crane': give the index, 4 and 6"),
        ('{"cat": [true]}', "not as bool"),
        ('{"cat": 1.5}', "not as float"),
        ('{"cat": null}', "not as NoneType"),
        ('{"cat": {"tabby": 1}}', "label 'cat': A class is given by name or index"),
        ('{"cat": []}', "'cat' stands for no class"),
        ('{" ": "tabby"}', "'' stands for no class"),
        ("{}", "names no label"),
        ('["cat"]', "is no JSON object; a mapping is JSON like"),
        ('{"cat": 1', "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_what_is_wrong_in_json(tmp_path, text, words):
    with pytest.raises(InputError, match=words) as caught:
        mapping(tmp_path, text)
    assert "map.json" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cat,tabby\n", "has no column 'label'; a mapping is JSON like"),
        ("label,class\n", "names no label"),
        ("label,class\ncat\n", "label 'cat': No class is called ''"),
        ("label,class\n,tabby\n", "stands for no class"),
        ("label,class\ncat,11\n", "There is no class 11"),
    ],
)
def test_what_is_wrong_in_csv(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        mapping(tmp_path, text, "map.csv")


def test_no_text(tmp_path):
    (tmp_path / "map.json").write_bytes(b'{"\xff": 1}')
    with pytest.raises(InputError, match="cannot be read"):
        read_mapping(tmp_path / "map.json", NAMES)
    for name in ("missing.json", "missing.csv", "."):
        with pytest.raises(InputError, match="cannot be read"):
            read_mapping(tmp_path / name, NAMES)
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(InputError, match="it is no file"):
        read_mapping(tmp_path / "pipe.json", NAMES)


def test_a_thousand_classes(tmp_path):
    names = [f"name {index}" for index in range(1000)]
    whole = {f"label {start}": f"{start}-{start + 99}" for start in range(0, 1000, 100)}
    (tmp_path / "map.json").write_text(json.dumps(whole))
    columns = read_mapping(tmp_path / "map.json", names)
    assert columns["label 300"] == tuple(range(300, 400))
    assert sum(map(len, columns.values())) == 1000


INDEX = (
    ("n01440764", "tench"),
    ("n02012849", "crane"),
    ("n02099601", "golden_retriever"),
    ("n03126707", "crane"),
    ("n02123045", "tabby"),
)
IMAGENET = tuple(name for _, name in INDEX)


@pytest.mark.parametrize(
    ("label", "column"),
    [
        ("n01440764", 0),
        ("n02099601-golden_retriever", 2),
        ("n02099601_golden_retriever", 2),
        ("n02099601 golden retriever", 2),
        ("n02099601.golden", 2),
        ("n02012849", 1),
        ("n03126707-crane", 3),
        ("003. Golden-Retriever", 2),
        ("2_tabby", 4),
    ],
)
def test_folders_of_imagenet(label, column):
    assert column_of(label, IMAGENET, lambda: INDEX) == column


@pytest.mark.parametrize(
    ("names", "label", "column"),
    [
        # a model of some of the classes, in another order and spelling
        (["Golden Retriever", "tench"], "n02099601", 0),
        (["golden retriever", "tench, Tinca tinca"], "n01440764", 1),
        # synsets as names
        (["n02099601", "n01440764"], "n01440764-tench", 1),
        (["n02099601 golden retriever", "n01440764 tench"], "n01440764", 1),
        # a synset that the index does not have, with its name behind it
        (["pug", "chihuahua"], "n02085620-Chihuahua", 1),
        (["tench, Tinca tinca", "goldfish, Carassius auratus"], "goldfish", 1),
    ],
)
def test_classes_are_called_in_many_ways(names, label, column):
    assert column_of(label, names, lambda: INDEX) == column


@pytest.mark.parametrize(
    ("names", "label"),
    [
        (IMAGENET, "n09999999"),
        (["cat", "dog"], "n01440764"),
        (IMAGENET, "crane"),  # two classes
        (["a, b", "b, c"], "b"),
        (["cat", "dog"], "1 owl"),
        (["cat", "dog"], "9"),
    ],
)
def test_what_stands_for_no_class(names, label):
    matched, refusals = by_name([label], names, lambda: INDEX)
    assert (matched, list(refusals)) == ({}, [label])


def test_a_whole_name_goes_before_what_is_behind_its_number():
    names = ["Up", "7 Up", "Musketeers", "3 Musketeers"]
    labels = ["7 Up", "3_musketeers", "up", "1 Musketeers"]
    assert by_name(labels, names)[0] == {
        "7 Up": (1,), "3_musketeers": (3,), "up": (0,), "1 Musketeers": (2,),
    }  # fmt: skip


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_accents_and_signs_do_not_matter(form):
    other = {"NFC": "NFD", "NFD": "NFC"}[form]
    names = [unicodedata.normalize(form, name) for name in ("Caf\u00e9 au lait", "\u00c5land")]
    labels = [unicodedata.normalize(other, label) for label in ("caf\u00e9_au-lait", "\u00e5land")]
    assert list(by_name(labels, names)[0].values()) == [(0,), (1,)]
    assert list(by_mapping(labels, {names[0]: (5,)})[0].values()) == [(5,)]


def test_synsets_of_a_thousand_classes_without_names():
    names = [f"class {k}" for k in range(1000)]
    assert column_of("n02099601", names, lambda: INDEX) == 2
    with pytest.raises(InputError, match="No class is called"):
        column_of("n02099601", names[:999], lambda: INDEX)


def test_groups_of_imagenet():
    names = [f"class {k}" for k in range(1000)]
    assert len(group_of("dogs", names, lambda: ())) == 118
    assert group_of("Cat", names, lambda: ()) == (281, 282, 283, 284, 285)
    assert group_of("wolves", names, lambda: ()) == (269, 270, 271)
    assert group_of("cars", names, lambda: ()) == ()
    assert group_of("dogs", [f"thing {k}" for k in range(1000)], lambda: INDEX) == ()
    named = [f"name {k}" for k in range(1000)]
    index = tuple((f"n{k:08}", name) for k, name in enumerate(named))
    assert len(group_of("dogs", named, lambda: index)) == 118
