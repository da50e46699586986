"""Links, names and folders that do not behave are counted, never followed out of the folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from camcore.pictures.codecs import FORMATS
from camcore.pictures.picture import read_image
from camcore.sources.listing import Listing, image_suffixes, list_pictures


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"abc")
    return folder


def test_every_suffix_is_of_a_format_that_can_be_read(tmp_path):
    assert {".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff"} <= image_suffixes()
    assert not {".eps", ".tga", ".ico", ".pdf", ".txt", ""} & image_suffixes()
    kinds = Image.registered_extensions()
    of_extras = {".heic", ".heif", ".hif", ".dcm", ".dicom", ".npy"}
    assert {kinds[suffix] for suffix in image_suffixes() - of_extras} <= set(FORMATS)
    Image.new("RGB", (4, 3)).save(tmp_path / "a.jfif")
    assert read_image(tmp_path / "a.jfif").width == 4


def test_links_are_followed_inside_only(tmp_path):
    fill(tmp_path, "outside/9.png", "outside.png", "in2/1.png")
    root = fill(tmp_path / "in", "a/1.png", ".store/2.png", ".store/deep/3.png")
    (root / "b").mkdir()
    (root / "b/file.png").symlink_to(root / "a/1.png")
    (root / "b/relative.png").symlink_to("../.store/2.png")
    (root / "c").symlink_to(root / ".store")
    (root / "b/out.png").symlink_to(tmp_path / "outside.png")
    (root / "b/sibling.png").symlink_to(tmp_path / "in2/1.png")  # its path begins like the root's
    (root / "d").symlink_to(tmp_path / "outside")
    (root / "b/gone.png").symlink_to(root / "a/nothing.png")
    (root / "b/self.png").symlink_to(root / "b/self.png")
    listing = list_pictures(root)
    assert sorted(listing.paths) == [
        *("a/1.png", "b/file.png", "b/relative.png", "c/2.png", "c/deep/3.png"),
    ]
    assert listing.links == 5
    assert listing.notes() == (
        "5 symbolic links were left out, leading out of the folder, in a circle or nowhere",
    )


def test_circles_end(tmp_path):
    root = fill(tmp_path / "in", "a/x/1.png", "b/2.png")
    (root / "a/x/up").symlink_to(root)
    (root / "a/x/here").symlink_to(root / "a")
    (root / "a/to_b").symlink_to(root / "b")
    (root / "b/to_a").symlink_to(root / "a")
    listing = list_pictures(root)
    # Each folder by its own path, and once more through the first link that meets it.
    assert sorted(listing.paths) == ["a/x/1.png", "b/2.png", "b/to_a/to_b/2.png", "b/to_a/x/1.png"]
    assert listing.links == 6


def test_many_links_to_one_another_do_not_multiply(tmp_path):
    root = tmp_path / "in"
    for a in range(8):
        fill(root, f"{a}/1.png")
        for b in range(8):
            (root / f"{a}/to{b}").symlink_to(root / f"{b}")
    assert len(list_pictures(root).paths) <= 16


def test_the_root_may_be_a_link(tmp_path):
    fill(tmp_path / "in", "a/1.png")
    (tmp_path / "link").symlink_to(tmp_path / "in")
    assert list_pictures(tmp_path / "link").paths == ["a/1.png"]


def test_pipes_are_no_pictures(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    fill(tmp_path, "b.png")
    listing = list_pictures(tmp_path)
    assert listing.paths == ["b.png"]
    assert listing.others == {".png": 1}


def test_names_that_are_no_text(tmp_path):
    fill(tmp_path, "ä/\N{SNOWMAN}\n.png")
    (tmp_path / os.fsdecode(b"\xff.png")).write_bytes(b"abc")
    (tmp_path / os.fsdecode(b"\xfe")).mkdir()
    listing = list_pictures(tmp_path)
    assert listing.paths == ["ä/\N{SNOWMAN}\n.png"]
    assert listing.notes() == (
        "2 files or folders were left out because of a name that is not UTF-8",
    )


def test_folders_that_may_not_be_read(tmp_path, monkeypatch):
    fill(tmp_path, "a/1.png", "b/1.png")
    scandir = os.scandir

    def refuse(path):
        if os.fspath(path).endswith("a"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    listing = list_pictures(tmp_path)
    assert listing.paths == ["b/1.png"]
    assert listing.notes() == ("1 file or folder could not be read",)


@pytest.mark.parametrize("deep", [300])
def test_deep_folders(tmp_path, deep):
    name = "/".join("a" * deep) + "/1.png"
    assert list_pictures(fill(tmp_path, name)).paths == [name]


def test_of_many_kinds_the_commonest_are_named():
    listing = Listing()
    listing.others.update({f".{i}": i for i in range(1, 8)})
    assert listing.notes() == (
        "28 files that are no pictures were left out: 7 .7, 6 .6, 5 .5, 4 .4, 3 .3, ...",
    )
