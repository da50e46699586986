"""Folders, tables and zips of pictures give the same listing, whatever lies around them."""

from __future__ import annotations

import dataclasses
import os
import unicodedata
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from camcore.errors import InputError
from camcore.making.scenes import write_scenes
from camcore.sources.source import Source, read_source
from tests.pointer import POINTER


def fill(folder: Path, *names: str) -> Path:
    """Make files of three bytes; a listing opens none of them."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"abc")
    return folder


def pack(place: Path, folder: Path) -> Path:
    with zipfile.ZipFile(place, "w") as made:
        for file in sorted(folder.rglob("*")):
            made.write(file, file.relative_to(folder))
    return place


def read(path: Path) -> Source:
    return read_source(path, unpack_to=path.parent / "unpacked")


def rows(source: Source) -> list[tuple[str, str]]:
    return list(zip(source.files["path"], source.files["label"], strict=True))


def test_class_folders(tmp_path):
    fill(tmp_path / "in", "dog/b.png", "cat/z.JPG", "cat/deep/er/a.jpeg", "cat/a", "Owl/1.webp")
    os.utime(tmp_path / "in/dog/b.png", ns=(5, 1_234_567_890_123_456_789))
    source = read(tmp_path / "in")
    assert source.root == tmp_path / "in"
    assert source.kind == "class folders"
    assert source.notes == ()
    assert rows(source) == [
        ("Owl/1.webp", "Owl"),
        ("cat/a", "cat"),
        ("cat/deep/er/a.jpeg", "cat"),
        ("cat/z.JPG", "cat"),
        ("dog/b.png", "dog"),
    ]
    files = source.files
    columns = ["id", "path", "label", "box", "mask", "split", "bytes", "mtime_ns"]
    assert list(files.columns) == columns
    assert files["split"].tolist() == [""] * 5
    assert files["id"].tolist() == [0, 1, 2, 3, 4]
    assert files["id"].dtype == "int32"
    assert files["bytes"].tolist() == [3] * 5
    assert files["mtime_ns"].iloc[-1] == 1_234_567_890_123_456_789
    assert files["box"].tolist() == [None] * 5
    assert files["mask"].tolist() == [""] * 5


def test_flat_folder(tmp_path):
    source = read(fill(tmp_path / "in", "b.png", "a.tif", "c"))
    assert source.kind == "flat folder"
    assert rows(source) == [("a.tif", ""), ("b.png", ""), ("c", "")]
    assert source.notes == ()


def test_what_is_left_out_is_counted(tmp_path):
    folder = fill(
        tmp_path / "in",
        *("cat/1.png", "dog/1.png", "cat/a.txt", "dog/b.TXT", "c.csv", "README", ".x/1.png"),
        *("cat/.hidden.png", "__MACOSX/cat/1.png", "dog/.DS_Store", "lies.png", "beside.jpg"),
    )
    source = read(folder)
    assert source.kind == "class folders"
    assert rows(source) == [
        ("beside.jpg", ""),
        ("cat/1.png", "cat"),
        ("dog/1.png", "dog"),
        ("lies.png", ""),
    ]
    assert source.notes == (
        "4 files that are no pictures were left out: 2 .txt, 1 .csv, 1 without suffix",
        "2 pictures lie beside the class folders, without a label",
    )


def test_one_folder_alone_stands_for_what_it_holds(tmp_path):
    fill(tmp_path / "in", "about.txt", "a/.DS_Store", "a/pets/cat/1.png", "a/pets/dog/1.png")
    source = read(tmp_path / "in")
    assert source.root == tmp_path / "in/a/pets"
    assert rows(source) == [("cat/1.png", "cat"), ("dog/1.png", "dog")]


def test_one_folder_with_pictures_beside_it_is_a_class(tmp_path):
    source = read(fill(tmp_path / "in", "cat/1.png", "2.png"))
    assert rows(source) == [("2.png", ""), ("cat/1.png", "cat")]


def test_one_folder_with_masks_beside_it_is_a_class(tmp_path):
    source = read(fill(tmp_path / "in", "tank/1.png", ".masks/tank/1.png"))
    assert rows(source) == [("tank/1.png", "tank")]
    assert source.files["mask"].tolist() == [".masks/tank/1.png"]


def test_masks_by_the_pictures_own_paths(tmp_path):
    source = read(
        fill(
            tmp_path / "in",
            *("cat/1.jpg", "cat/1.png", "cat/2.jpg", "dog/1.jpg", "dog/3.jpg"),
            *(".masks/cat/1.png", ".masks/cat/2.bmp", ".masks/dog/3.txt", ".masks/2.png"),
        )
    )
    assert dict(zip(source.files["path"], source.files["mask"], strict=True)) == {
        "cat/1.jpg": ".masks/cat/1.png",
        "cat/1.png": ".masks/cat/1.png",
        "cat/2.jpg": ".masks/cat/2.bmp",
        "dog/1.jpg": "",
        "dog/3.jpg": "",
    }


def test_the_mask_of_the_very_name_wins(tmp_path):
    source = read(fill(tmp_path / "in", "a.jpg", "a.png", ".masks/a.jpg", ".masks/a.png"))
    assert source.files["mask"].tolist() == [".masks/a.jpg", ".masks/a.png"]


def test_the_disk_decides_nothing(tmp_path, monkeypatch):
    names = [f"{folder}/{i}.png" for folder in ("b", "a", "c") for i in range(5)]
    source = read(fill(tmp_path / "in", *names))
    scandir = os.scandir

    class Backwards:
        def __init__(self, path):
            with scandir(path) as entries:
                self.entries = sorted(entries, key=lambda entry: entry.name, reverse=True)

        def __enter__(self):
            return iter(self.entries)

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(os, "scandir", Backwards)
    again = read(tmp_path / "in")
    assert rows(again) == [(name, name[0]) for name in sorted(names)]
    assert again.digest == source.digest


def test_digest_tells_every_change(tmp_path):
    fill(tmp_path / "in", "cat/1.png", "dog/1.png")
    first = read(tmp_path / "in")
    assert read(tmp_path / "in").digest == first.digest
    seen = {first.digest}
    for column, value in (
        ("path", "cat/2.png"),
        ("label", "Cat"),
        ("bytes", 4),
        ("mtime_ns", 0),
        ("box", [0.0, 0.0, 1.0, 1.0]),
        ("mask", "m.png"),
    ):
        files = first.files.copy()
        files.at[0, column] = value
        seen.add(dataclasses.replace(first, files=files).digest)
    assert len(seen) == 7
    fill(tmp_path / "in", "cat/2.png")
    assert read(tmp_path / "in").digest not in seen


def test_a_zip_of_class_folders_within_one_folder(tmp_path):
    fill(tmp_path / "a/pets", "cat/1.png", "dog/1.png", ".masks/cat/1.png", ".DS_Store")
    archive = pack(tmp_path / "pets.ZIP", tmp_path / "a")
    source = read_source(archive, unpack_to=tmp_path / "run/files")
    assert source.root == tmp_path / "run/files/pets"
    assert source.kind == "class folders"
    assert rows(source) == [("cat/1.png", "cat"), ("dog/1.png", "dog")]
    assert source.files["mask"].tolist() == [".masks/cat/1.png", ""]


def test_a_zip_unpacked_anew_is_the_same_source(tmp_path):
    archive = pack(tmp_path / "a.zip", fill(tmp_path / "in", "cat/1.png", "dog/1.png"))
    digests = {read_source(archive, unpack_to=tmp_path / name).digest for name in ("x", "y", "x")}
    assert len(digests) == 1


def test_a_zip_of_pictures(tmp_path):
    source = read(pack(tmp_path / "a.zip", fill(tmp_path / "in", "holiday/1.png", "holiday/2.png")))
    assert source.kind == "flat folder"
    assert rows(source) == [("1.png", ""), ("2.png", "")]


def test_of_two_masks_the_first_by_name_is_taken(tmp_path):
    source = read(fill(tmp_path / "in", "a.jpg", ".masks/a.png", ".masks/a.bmp"))
    assert source.files["mask"].tolist() == [".masks/a.bmp"]


def test_masks_elsewhere_are_not_followed(tmp_path):
    fill(tmp_path, "in/a.png", "elsewhere/a.png")
    (tmp_path / "in/.masks").symlink_to(tmp_path / "elsewhere")
    assert read(tmp_path / "in").files["mask"].tolist() == [""]


@pytest.mark.parametrize("top", ["", "data/"])
def test_a_zip_with_a_table(tmp_path, top):
    folder = fill(tmp_path / "in", f"{top}files/1.png", f"{top}files/2.png")
    fill(folder, f"{top}folder.csv/3.png")
    (folder / f"{top}notes.csv").write_text("author\nme\n")
    (folder / f"{top}all.CSV").write_text("path,label\nfiles/2.png,cat\nfiles/1.png,dog\n")
    source = read(pack(tmp_path / "a.zip", folder))
    assert source.kind == "table"
    assert source.root == tmp_path / "unpacked" / top
    assert rows(source) == [("files/1.png", "dog"), ("files/2.png", "cat")]


def test_a_broken_table_in_a_zip_is_not_passed_over(tmp_path):
    folder = fill(tmp_path / "in", "1.png")
    (folder / "all.csv").write_bytes(b'"Path";"Label"\n1.png;\x81\n')
    with pytest.raises(InputError, match=r"all\.csv is no text that can be read"):
        read(pack(tmp_path / "a.zip", folder))


def test_a_table_in_a_zip_names_nothing_outside_of_it(tmp_path):
    fill(tmp_path, "secret.png")
    folder = fill(tmp_path / "in", "1.png")
    (folder / "all.csv").write_text(
        f"path,label,mask\n1.png,cat,../../secret.png\n{tmp_path}/secret.png,cat,\n../secret.png,,\n"
    )
    source = read(pack(tmp_path / "a.zip", folder))
    assert rows(source) == [("1.png", "cat")]
    assert source.files["mask"].tolist() == [""]
    assert source.notes == (
        "2 rows lead out of the folder: left out",
        "1 mask of the table cannot be found",
    )


def test_a_zip_with_two_tables(tmp_path):
    folder = fill(tmp_path / "in", "1.png")
    for name in ("train.csv", "more.csv"):
        (folder / name).write_text("path,label\n1.png,cat\n")
    with pytest.raises(InputError, match=r"several tables of pictures \(more.csv, train.csv\)"):
        read(pack(tmp_path / "a.zip", folder))


def test_scenes(tmp_path):
    """A folder of scenes is read by its folders; a zip of it by its table; both are the same."""
    write_scenes("fair", 4, 0, tmp_path / "scenes", size=32)
    folder = read(tmp_path / "scenes")
    zipped = read(pack(tmp_path / "a.zip", tmp_path / "scenes"))
    expected = [
        (f"{path}.png", path[:-7], f".masks/{path}.png")
        for path in ("forest/000000", "forest/000002", "tank/000001", "tank/000003")
    ]
    for source, kind in ((folder, "class folders"), (zipped, "table")):
        assert source.kind == kind
        table = source.files[["path", "label", "mask"]]
        assert list(table.itertuples(index=False, name=None)) == expected
    assert folder.notes == ("1 file that is no picture was left out: 1 .csv",)


def test_the_table_can_be_written(tmp_path):
    """An empty column of boxes must not stop the store."""
    source = read(fill(tmp_path / "in", "1.png"))
    source.files.to_parquet(tmp_path / "files.parquet")
    back = pd.read_parquet(tmp_path / "files.parquet")
    assert back["path"].tolist() == ["1.png"]
    assert back["box"].tolist() == [None]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing", "missing does not exist"),
        ("missing.zip", "does not exist"),
        ("missing.csv", "does not exist"),
        ("nul\0byte", r"nul\?byte does not exist"),
        ("1.png", "1.png is neither a folder nor a .zip, .csv or .txt file"),
        ("a.zip", "cannot be read as a zip"),
        ("empty", "empty holds no picture; give"),
        ("texts", r"texts holds no picture \(2 files that are no pictures were left out: 2 .txt\)"),
        ("lone", r"lone holds no picture"),
    ],
)
def test_what_cannot_be_audited(tmp_path, name, words):
    fill(tmp_path, "1.png", "a.zip", "texts/a/1.txt", "texts/b/1.txt", "lone/a/b/.x.png")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=words):
        read_source(tmp_path / name, unpack_to=tmp_path / "unpacked")


def test_a_zip_reports_its_progress(tmp_path):
    seen: list[tuple[int, int]] = []
    archive = pack(tmp_path / "a.zip", fill(tmp_path / "in", "1.png", "2.png"))
    read_source(archive, unpack_to=tmp_path / "x", progress=lambda *news: seen.append(news))
    assert seen == [(3, 6), (6, 6)]


def splits(source: Source) -> list[tuple[str, str, str]]:
    return list(
        zip(source.files["path"], source.files["label"], source.files["split"], strict=True)
    )


def test_splits_in_a_folder(tmp_path):
    folder = fill(
        tmp_path / "in",
        *("train/cat/1.png", "train/dog/2.png", "Valid/cat/3.png", "Valid/dog/4.png"),
        *("test/cat/5.png", "test/dog/6.png", "test/dog/7.png", "beside.png"),
    )
    source = read_source(folder, unpack_to=tmp_path / "x")
    assert splits(source) == [
        ("test/cat/5.png", "cat", "test"),
        ("test/dog/6.png", "dog", "test"),
        ("test/dog/7.png", "dog", "test"),
    ]
    assert source.files["id"].tolist() == [0, 1, 2]
    assert [split.name for split in source.splits] == ["train", "Valid", "test"]
    assert [split.name for split in source.taken] == ["test"]
    assert source.notes == (
        "of the splits train (2 pictures), Valid (2 pictures) and test (3 pictures), test was "
        "taken and train and Valid left out",
        "1 picture lies in no split: left out",
    )
    valid = read_source(folder, unpack_to=tmp_path / "x", split="validation")
    assert valid.files["path"].tolist() == ["Valid/cat/3.png", "Valid/dog/4.png"]
    whole = read_source(folder, unpack_to=tmp_path / "x", split="all")
    assert len(whole.files) == 8
    assert {"", "cat", "dog"} == set(whole.files["label"])
    with pytest.raises(InputError, match="no split 'tset'; the pictures lie in train, Valid, test"):
        read_source(folder, unpack_to=tmp_path / "x", split="tset")


def test_splits_in_a_zip_with_a_top_folder(tmp_path):
    names = [f"data/pets/{split}/{name}/1.png" for split in ("Training", "Testing")
             for name in ("cat", "dog")]  # fmt: skip
    source = read(pack(tmp_path / "a.zip", fill(tmp_path / "in", *names)))
    assert [(label, split) for _, label, split in splits(source)] == [
        ("cat", "Testing"),
        ("dog", "Testing"),
    ]


def test_masks_of_a_split(tmp_path):
    folder = fill(
        tmp_path / "in",
        *("train/cat/1.png", "train/dog/1.png", "val/cat/1.png", "val/dog/1.png"),
        *("val/.masks/cat/1.png", ".masks/val/dog/1.png"),
    )
    assert read(folder).files["mask"].tolist() == ["val/.masks/cat/1.png", ".masks/val/dog/1.png"]


def test_classes_have_no_split(tmp_path):
    folder = fill(tmp_path / "in", "bus/1.png", "car/1.png", "train/1.png")
    source = read(folder)
    assert source.files["label"].tolist() == ["bus", "car", "train"]
    assert (source.splits, source.notes) == ((), ())
    assert len(read_source(folder, unpack_to=tmp_path / "x", split="all").files) == 3
    with pytest.raises(InputError, match="There is no split 'train': the pictures do not lie in"):
        read_source(folder, unpack_to=tmp_path / "x", split="train")


def test_a_table_beside_a_folder_of_pictures(tmp_path):
    """As Kaggle packs them: the labels of train/ in a table, test/ without any."""
    folder = fill(
        tmp_path / "in", *(f"{part}/{k}.jpg" for part in ("train", "test") for k in "abc")
    )
    (folder / "train.csv").write_text("id,breed\na,pug\nb,husky\nc,pug\n")
    (folder / "sample_submission.csv").write_text("id,breed\na,pug\nb,pug\nc,pug\n")
    source = read(folder)
    assert source.kind == "table"
    assert splits(source) == [
        ("train/a.jpg", "pug", ""),
        ("train/b.jpg", "husky", ""),
        ("train/c.jpg", "pug", ""),
    ]
    (folder / "train.csv").rename(folder / "labels.csv")
    # Now nothing tells which of two pictures of one name is meant.
    with pytest.raises(InputError, match=r"None of the 3 files that labels\.csv names"):
        read(folder / "labels.csv")


def test_tables_for_the_splits_of_a_zip(tmp_path):
    folder = fill(tmp_path / "in", "images/1.png", "images/2.png", "images/3.png")
    (folder / "train.csv").write_text("filename,class\n1.png,cat\n2.png,dog\n")
    (folder / "val.csv").write_text("filename,class\n3.png,cat\n")
    source = read(pack(tmp_path / "a.zip", folder))
    assert splits(source) == [("images/3.png", "cat", "val")]
    assert [split.name for split in source.splits] == ["train", "val"]


def test_tables_in_the_folders_of_splits(tmp_path):
    """As an imagefolder of Hugging Face has them."""
    folder = fill(tmp_path / "in", "train/1.png", "train/2.png", "test/1.png", "test/3.png")
    write = '{{"file_name": "{}", "label": "{}"}}\n'.format
    (folder / "train/metadata.jsonl").write_text(write("1.png", "cat") + write("2.png", "dog"))
    (folder / "test/metadata.csv").write_text("file_name,label\n3.png,cat\n1.png,dog\n")
    for given in (folder, pack(tmp_path / "a.zip", folder)):
        source = read(given)
        assert splits(source) == [("test/1.png", "dog", "test"), ("test/3.png", "cat", "test")]
        assert [split.name for split in source.splits] == ["train", "test"]
    # The classes of folders are not looked for in tables.
    fill(folder, "train/cat/4.png", "test/cat/5.png")
    for path in ("train/1.png", "train/2.png", "test/1.png", "test/3.png"):
        (folder / path).unlink()
    assert splits(read(folder)) == [("test/cat/5.png", "cat", "test")]


def test_one_label_whatever_the_form_of_its_accents(tmp_path):
    names = [unicodedata.normalize(form, "V\xf6gel") for form in ("NFC", "NFD")]
    folder = fill(tmp_path / "in", f"{names[0]}/1.png", f"{names[1]}/2.png", "Hund/3.png")
    assert set(read(folder).files["label"]) == {names[0], "Hund"}


def test_what_systems_keep_beside_the_files_is_passed_over(tmp_path):
    kept = ["cat/1.png", "dog/2.png"]
    junk = ["@eaDir/cat/1.png", "cat/@eaDir/t.jpg", "$RECYCLE.BIN/x.png", "cat/Thumbs.db",
            "dog/desktop.ini", "lost+found/y.png"]  # fmt: skip
    folder = fill(tmp_path / "in", *kept, *junk)
    for given in (folder, pack(tmp_path / "a.zip", folder)):
        source = read(given)
        assert source.files["path"].tolist() == kept
        assert source.notes == ()


def test_the_end_of_a_number_is_no_suffix(tmp_path):
    folder = fill(tmp_path / "in", "a/1.2.840.113619.2.55", "b/IM.0001", "b/notes.txt", "b/x.7z")
    assert read(folder).files["path"].tolist() == ["a/1.2.840.113619.2.55", "b/IM.0001"]


@pytest.mark.parametrize("name", ["t.csv", "t.zip", "t.txt", "t.jsonl"])
def test_a_pointer_in_place_of_the_file(tmp_path, name):
    (tmp_path / name).write_bytes(POINTER)
    with pytest.raises(InputError, match="pointer of Git LFS"):
        read(tmp_path / name)


@pytest.mark.parametrize(
    ("folders", "noted"),
    [
        (("seen/cat", "seen/dog", "new/cat", "new/dog"), True),
        (("cat/a", "cat/b", "dog/a"), False),
        (("cat", "dog"), False),
        (("train/cat", "train/dog", "test/cat", "test/dog"), False),
    ],
)
def test_parts_of_other_names_are_said(tmp_path, folders, noted):
    folder = fill(tmp_path / "in", *(f"{name}/{k}.png" for name in folders for k in "12"))
    notes = read(folder).notes
    assert any("the same folders (cat, dog)" in note for note in notes) is noted


def test_lists_for_the_splits_of_a_folder(tmp_path):
    """As Caffe has them; a text beside a picture is none of them."""
    folder = fill(tmp_path / "in", "images/1.png", "images/2.png", "images/3.png")
    (folder / "train.txt").write_text("images/1.png 0\nimages/2.png 1\n")
    (folder / "val.txt").write_text("images/3.png 1\n")
    (folder / "synset_words.txt").write_text("n01440764 tench\nn01443537 goldfish\n")
    source = read(folder)
    assert splits(source) == [("images/3.png", "1", "val")]
    assert [split.name for split in source.splits] == ["train", "val"]


def test_splits_in_a_column(tmp_path):
    folder = fill(tmp_path / "in", "images/1.png", "images/2.png", "images/3.png")
    (folder / "birds.csv").write_text(
        "class id,filepaths,labels,data set\n0,images/1.png,WREN,train\n"
        "0,images/2.png,WREN,valid\n1,images/3.png,ROBIN,test\n"
    )
    source = read(folder / "birds.csv")
    assert splits(source) == [("images/3.png", "ROBIN", "test")]


@pytest.mark.parametrize("name", ["t.xlsx", "t.xls", "t.ods", "t.csv"])
def test_a_workbook_is_refused_in_one_sentence(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK\x03\x04 a workbook")
    with pytest.raises(InputError, match=r"is a workbook of a spreadsheet.*save it there as CSV"):
        read(tmp_path / name)
