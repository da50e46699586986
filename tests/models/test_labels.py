"""Label files of every common form are read, and names are found as people type them."""

from __future__ import annotations

import os

import numpy as np
import pytest

from camcore.errors import InputError
from camcore.models.labels import match_label, read_labels

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
    ],
)
def test_forms(tmp_path, name, text):
    (tmp_path / name).write_bytes(text.encode())
    assert read_labels(tmp_path / name) == ("cat", "dog", "old owl")


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b" \n\n", "empty"),
        ("a.txt", b"cat\n\ndog", "class 1 has no name"),
        ("a.txt", b"\x89PNG\xff", "UTF-8"),
        ("a.txt", b"cat\0dog", "binary"),
        ("a.json", b"[]", "no class names"),
        ("a.json", b"{}", "no class names"),
        ("a.json", b"[", "cannot be parsed"),
        ("a.json", b"[" * 100_000, "cannot be parsed"),
        ("a.json", b"[1, 2]", "names are text"),
        ("a.json", b'{"a": "b"}', "'a' is not a class index"),
        ("a.json", b'{"0": "a", "2": "b"}', "index 1 is missing"),
        ("a.json", b'{"a": 0, "b": 0}', "appears twice"),
        ("a.json", b'{"a": 0, "b": -1}', "not a class index"),
        ("a.json", b'{"a": 99999999999}', "not a class index"),
        ("a.csv", b"0,a\n0,b\n", "appears twice"),
        ("a.csv", b"1,a\n2,b\n", "index 0 is missing"),
        ("a.csv", b"index,name\n", "no class names"),
        ("a.csv", b"0,a\n1\n", "lacks a name"),
        ("a.csv", b"cat,0\ndog,1\n", "'dog' is not a class index"),
    ],
)
def test_broken_files(tmp_path, name, data, words):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=words) as caught:
        read_labels(tmp_path / name)
    assert str(caught.value).startswith(name)


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
