"""Mapping files say what they mean, and what is wrong in them."""

from __future__ import annotations

import json
import os

import pytest

from camcore.errors import InputError
from camcore.sources.matching import read_mapping

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
    found = read_mapping(tmp_path / "map.json", names)
    assert found["label 300"] == tuple(range(300, 400))
    assert sum(map(len, found.values())) == 1000
