"""Addresses are read by their parts, carry no secret, and only those allowed are asked."""

from __future__ import annotations

import sys

import pytest

from camcore.errors import InputError
from camcore.pictures.picture import read_image
from camcore.storage import filesystems
from camcore.storage.address import Address, is_address
from camcore.storage.place import joined, place_of


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("S3://bucket//a/./b/", "s3://bucket/a/b"),
        ("gcs://bucket/a/../b", "gs://bucket/b"),
        ("https://Data.Example.org/Pets.zip", "https://data.example.org/Pets.zip"),
        ("s3://bucket/../../other", "s3://bucket/other"),
        ("hf://datasets/user/pets", "hf://datasets/user/pets"),
    ],
)
def test_an_address_has_one_spelling(text, spelled):
    assert str(Address.of(text)) == spelled
    assert str(Address.of(spelled)) == spelled


@pytest.mark.parametrize(
    "text",
    [
        "s3://AKIA:hunter2@bucket/a",
        "https://me:hunter2@example.org/a.zip",
        "https://hunter2@example.org/a.zip",
        "https://example.org/a.zip?sig=hunter2",
        "az://box/a.zip?sv=1&sig=hunter2",
        "file:///etc/hunter2",
        "sftp://host/hunter2",
        "zip://hunter2::https://example.org/a.zip",
        "s3:///hunter2",
    ],
)
def test_what_is_no_plain_address_is_refused_and_not_repeated(text):
    assert is_address(text)
    with pytest.raises(InputError) as refused:
        place_of(text)
    assert "hunter2" not in str(refused.value)


def test_a_path_of_this_machine_is_no_address(tmp_path):
    for path in ("/data/pets", "pets", r"C:\pets", "C:/pets", "a:b", str(tmp_path)):
        assert not is_address(path), path


def test_paths_from_an_address():
    root = "s3://bucket/tables"
    assert joined(root, "../pets/1.png") == "s3://bucket/pets/1.png"
    assert joined(root, "../../../other/1.png") == "s3://bucket/other/1.png"
    assert joined(root, "gs://elsewhere/1.png") == "gs://elsewhere/1.png"
    place = place_of(root) / "cat.01.JPG"
    assert (place.name, place.stem, place.suffix) == ("cat.01.JPG", "cat.01", ".JPG")
    assert (place_of("s3://bucket").name, place_of("s3://bucket").suffix) == ("bucket", "")


def test_only_allowed_addresses_are_asked(memory, monkeypatch, tmp_path):
    memory.pipe({"/pets/1.txt": b"a", "/petsother/1.txt": b"b", "/other/1.txt": b"c"})
    here, beside, other = (
        place_of(f"memory://{name}/1.txt") for name in ("pets", "petsother", "other")
    )
    assert other.is_file()  # on one's own machine what one names
    monkeypatch.setenv("CAMCORE_ADDRESSES", "s3://bucket memory://pets")
    assert here.read_bytes(9) == b"a"
    for refused in (beside, other, here / "../../other/1.txt", place_of("memory://pets/../x")):
        if not str(refused).startswith("memory://pets/"):
            with pytest.raises(InputError, match="CAMCORE_ADDRESSES"):
                refused.exists()
    with pytest.raises(InputError, match="CAMCORE_ADDRESSES"):
        read_image("memory://other/1.txt")
    monkeypatch.delenv("CAMCORE_ADDRESSES")
    monkeypatch.setenv("CAMCORE_DATA_ROOT", str(tmp_path))  # served: nothing unless allowed
    for refused in (here, other):
        with pytest.raises(InputError, match="CAMCORE_ADDRESSES"):
            refused.stat()


def test_a_missing_package_is_one_sentence(monkeypatch):
    filesystems._filesystem.cache_clear()
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.delitem(sys.modules, "camcore.storage.web", raising=False)
    for address in ("s3://bucket/a", "https://example.org/a.zip"):
        with pytest.raises(InputError, match=r"pip install '\.\[remote\]'"):
            place_of(address).exists()


def test_sizes_and_kinds(memory):
    memory.pipe({"/pets/cat/1.png": b"abc", "/pets/cat/2.png": b""})
    pets = place_of("memory://pets")
    assert pets.is_dir()
    assert not pets.is_file()
    assert [entry.name for entry in pets.entries()] == ["cat"]
    assert sorted(listed.path for listed in pets.walk()) == ["cat/1.png", "cat/2.png"]
    assert {listed.path: listed.status for listed in pets.walk()} == {
        name: (pets / name).stat() for name in ("cat/1.png", "cat/2.png")
    }
    assert (pets / "cat/1.png").read_bytes(2) == b"ab"
    assert (pets / "cat/2.png").read_bytes(2) == b""
    assert not (pets / "dog").exists()
    with pytest.raises(FileNotFoundError):
        (pets / "dog").stat()
