"""What lies in a store is listed and audited as the same folder is, whatever the store does."""

from __future__ import annotations

import json
import shutil
import threading
import zipfile
from pathlib import Path

import fsspec
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import camcore
from camcore.auditing.pipeline import audit
from camcore.auditing.runs.run import Run
from camcore.errors import ImageError, InputError, StoreError
from camcore.localization.localize import localize
from camcore.localization.reading import read_boxes
from camcore.pictures.picture import read_image
from camcore.sources.source import Source, read_source
from camcore.storage import filesystems
from camcore.storage.place import place_of
from tests.auditing.folders import tagged_folder
from tests.auditing.linear_classifier import looks_at
from tests.storage.stored_files import contents

_MEMORY, _S3 = "memory", "s3"


@pytest.fixture(scope="module", autouse=True)
def _no_report():
    """The report has tests of its own; drawing it takes longer than these audits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("camcore.auditing.pipeline.write_report", lambda run: None)
        yield


@pytest.fixture(scope="module")
def model():
    return looks_at((0, 0), (0, 1), (1, 0), (1, 1))  # the tag


@pytest.fixture(scope="module")
def here(folder, model, tmp_path_factory):
    """The audit of the folder itself."""
    return audit(folder, model, out=tmp_path_factory.mktemp("runs") / "here", budget=400)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Class folders with masks, a broken picture, and what is no picture."""
    place = tagged_folder(tmp_path_factory.mktemp("stored") / "data", each=30)
    mask = np.zeros((32, 32), np.uint8)
    mask[:8, :8] = 255
    for label in ("a", "b"):
        (place / ".masks" / label).mkdir(parents=True)
        for number in range(8):
            Image.fromarray(mask).save(place / f".masks/{label}/{number:04d}.png")
    (place / "a" / "broken.png").write_bytes(b"no picture")
    (place / "b" / "empty.png").write_bytes(b"")
    (place / "b" / "odd name #1 100%.png").write_bytes((place / "b/0001.png").read_bytes())
    (place / "notes.txt").write_text("nothing")
    return place


@pytest.fixture
def stored(memory, request):
    """Puts a folder into a store; the address."""

    def put(kind: str, folder: Path, name: str) -> str:
        if kind == _S3:
            return request.getfixturevalue("s3").put(name, folder)
        memory.pipe({f"/{name}/data/{path}": data for path, data in contents(folder).items()})
        return f"memory://{name}/data"

    return put


def listed(place: str | Path, tmp_path: Path) -> Source:
    return read_source(place, unpack_to=tmp_path / "unpacked" / "zip")


def same(first: Source, second: Source) -> None:
    pd.testing.assert_frame_equal(
        first.files.drop(columns="mtime_ns"), second.files.drop(columns="mtime_ns")
    )
    assert (first.kind, first.notes, first.splits, first.taken) == (
        second.kind, second.notes, second.splits, second.taken,
    )  # fmt: skip


def tables_of(run: Run) -> dict[str, bytes]:
    """What a run found, file by file, but what says where and when."""
    contents = {}
    for name in ("images", "evidence", "trials"):
        for file in sorted((run.folder / name).rglob("*")):
            if file.is_file():
                contents[str(file.relative_to(run.folder))] = file.read_bytes()
    summary = json.loads((run.folder / "findings.json").read_text())
    del summary["made"]
    return contents | {"findings.json": json.dumps(summary).encode()}


@pytest.mark.parametrize("kind", [_MEMORY, _S3])
def test_an_audit_of_a_store_finds_what_that_of_the_folder_finds(
    kind, stored, folder, here, model, tmp_path
):
    assert here.findings
    assert here.summary["images"]["bad"] == 2
    address = stored(kind, folder, "audited")
    there = audit(address, model, out=tmp_path / "there", budget=400)
    assert tables_of(there) == tables_of(here)
    assert np.array_equal(there.seen(0), here.seen(0))


@pytest.mark.parametrize("kind", [_MEMORY, _S3])
def test_tables_splits_and_zips_are_listed_alike(kind, stored, folder, tmp_path):
    nested = tmp_path / "nested"
    for part in ("train", "val"):
        shutil.copytree(folder, nested / "pets" / part)
    flat = tmp_path / "flat"
    (flat / "images").mkdir(parents=True)
    for number in range(3):
        shutil.copy(folder / "a/0001.png", flat / f"images/{number}.png")
    (flat / "train.csv").write_text(
        "file,label,mask,age\n1.png,cat,images/2.png,3\n/elsewhere/2,dog,,4\n9.png,dog,,5\n"
    )
    zips = tmp_path / "zips"
    zips.mkdir()
    with zipfile.ZipFile(zips / "pets.zip", "w") as made:
        for name, data in contents(folder).items():
            made.writestr(name, data)
    for number, (place, below) in enumerate(
        ((nested, ""), (flat, ""), (flat, "/train.csv"), (zips, "/pets.zip"))
    ):
        address = stored(kind, place, f"listed-{number}") + below
        same(listed(address, tmp_path / "there"), listed(f"{place}{below}", tmp_path / "here"))


@pytest.mark.parametrize("kind", [_MEMORY, _S3])
def test_a_table_names_what_lies_elsewhere_in_its_store_and_nowhere_else(kind, stored, tmp_path):
    place = tmp_path / "data"
    (place / "tables").mkdir(parents=True)
    (place / "in").mkdir()
    (place / "in" / "1.png").write_bytes(b"a")
    (place / "in" / "2.png").write_bytes(b"ab")
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"secret")
    root = f"{kind}://elsewhere-{kind}/data"
    (place / "tables" / "t.csv").write_text(
        f"path,label\n../in/1.png,cat\n{root}/in/2.png,dog\n{secret},dog\n"
        "memory://other/3.png,dog\nhttps://127.0.0.1:9/4.png,dog\n"
    )
    fsspec.filesystem("memory").pipe("/other/3.png", b"abc")
    assert stored(kind, place, f"elsewhere-{kind}") == root
    source = listed(f"{root}/tables/t.csv", tmp_path)
    sizes = dict(zip(source.files["path"], source.files["bytes"], strict=True))
    assert [size for size in sizes.values() if size >= 0] == [1, 2]
    assert sizes[f"{root}/in/1.png"] == 1
    # From this machine nothing of a store is read.
    local = tmp_path / "local"
    local.mkdir()
    (local / "t.csv").write_text(f"path,label\n{root}/in/2.png,dog\n")
    with pytest.raises(InputError, match="can be used"):
        listed(local / "t.csv", tmp_path)


def test_what_is_not_there_or_holds_nothing_is_one_sentence(memory, s3, tmp_path):
    memory.pipe("/bare/notes.txt", b"a")
    for address, words in (
        ("memory://nothing", "does not exist"),
        ("s3://no-such-bucket/pets", "does not exist"),
        ("memory://bare", "holds no picture"),
        ("memory://bare/notes.txt", "no column"),
        ("memory://bare/notes.xlsx", "does not exist"),
    ):
        with pytest.raises(InputError, match=words):
            listed(address, tmp_path)


def test_an_object_that_changes_under_the_audit_is_a_row(s3, folder, model, tmp_path):
    address = s3.put("changing", folder)
    files = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
    other = (folder / "b" / "0003.png").read_bytes()
    same_size = bytes(reversed((folder / "a/0002.png").read_bytes()))
    changed = threading.Event()

    def change(progress: object) -> None:
        if not changed.is_set() and (tmp_path / "run/run.json").exists():
            changed.set()
            files.pipe({"changing/data/a/0001.png": other, "changing/data/a/0002.png": same_size})
            files.rm("changing/data/a/0003.png")

    # All is listed and measured before the first picture is scanned.
    from camcore.auditing.scan import scan as scanning

    begun = scanning._looking

    def looking(*arguments):
        change(None)
        return begun(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanning, "_looking", looking)
        run = audit(address, model, out=tmp_path / "run", budget=0)
    errors = run.images.set_index("path")["error"]
    bad = errors[errors != ""]
    assert sorted(bad.index) == [
        "a/0001.png", "a/0002.png", "a/0003.png", "a/broken.png", "b/empty.png",
    ]  # fmt: skip
    assert bad["a/0001.png"].startswith("0001.png has changed since the audit began")
    assert bad["a/0002.png"].startswith("0002.png has changed since the audit began")
    assert bad["a/0003.png"] == "0003.png cannot be opened (there is no such file)."


def test_faults_that_pass_are_no_rows_and_those_that_stay_are(s3, faults, folder, model, tmp_path):
    from tests.storage.s3_server import busy, cut

    address = s3.put("failing", folder)
    faults |= {
        "failing/data/a/0001.png": busy(2),
        "failing/data/a/0002.png": cut(1),
        "failing/data/b/0001.png": busy(999),
        "failing/data/b/0002.png": cut(999),
    }
    run = audit(address, model, out=tmp_path / "run", budget=0)
    errors = run.images.set_index("path")["error"]
    bad = errors[errors != ""].drop(["a/broken.png", "b/empty.png"])
    assert sorted(bad.index) == ["b/0001.png", "b/0002.png"]
    assert (
        bad["b/0001.png"] == "0001.png cannot be read (the store answers 503, also when asked "
        "again)."
    )
    assert bad["b/0002.png"].startswith("0002.png cannot be read (the connection failed")
    assert len([line for line in s3.asked if line.endswith("failing/data/b/0001.png")]) < 20
    # No credentials are written anywhere.
    for file in run.folder.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            assert b"very-secret" not in data
            assert b"AKIATESTKEY" not in data


def test_a_store_that_does_not_answer_is_waited_for_so_long(
    s3, faults, folder, tmp_path, monkeypatch
):
    from tests.storage.s3_server import held

    small = tmp_path / "small"
    small.mkdir()
    shutil.copy(folder / "a/0001.png", small)
    picture = f"{s3.put('silent', small)}/0001.png"
    assert read_image(picture).width == 32
    released = threading.Event()
    faults["0001.png"] = held(released)
    monkeypatch.setattr(filesystems, "TIME_LIMIT", 1.0)
    try:
        with pytest.raises(ImageError, match="it took too long to answer"):
            read_image(picture)
    finally:
        released.set()


def test_boxes_are_localised_in_a_store(stored, folder, model, tmp_path):
    boxes = tmp_path / "boxes.csv"
    boxes.write_text("path,label,x0,y0,x1,y1\na/0001.png,a,0,0,8,8\nb/0002.png,b,0,0,8,8\n")
    here, there = (
        localize(camcore.Engine(), model, place, read_boxes(boxes))
        for place in (folder, stored(_MEMORY, folder, "boxed"))
    )
    assert here.judged == 2
    assert there == here


def test_a_run_is_not_written_to_a_store(folder, model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match="folder of this machine"):
        audit(folder, model, out="s3://bucket/run")
    assert not list(tmp_path.iterdir())


def test_a_zip_that_is_too_long_is_not_fetched(memory, tmp_path):
    memory.pipe("/big/pets.zip", b"x" * 5000)
    with pytest.raises(OSError, match="larger than"):
        place_of("memory://big/pets.zip").fetch(tmp_path / "pets.zip", 4000)
