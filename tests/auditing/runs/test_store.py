"""Files complete or absent, one writer, and a clear word when the disk is full."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from camcore.auditing.runs.store import Store
from camcore.errors import StoreError

TABLE = pd.DataFrame({"id": [1, 2], "path": ["a", "b"]})


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "run")
    with store.locked():
        yield store


def test_tables_come_back_as_they_were(store):
    store.write_table("images/00000.parquet", TABLE)
    pd.testing.assert_frame_equal(store.read_table("images/00000.parquet"), TABLE)
    assert store.parts("images") == ("images/00000.parquet",)
    assert not store.parts("trials")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(store, monkeypatch):
    store.write_json("run.json", {"seed": 1})

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="is full; make room and start the same audit again"):
        store.write_json("run.json", {"seed": 2})
    with pytest.raises(StoreError, match="is full"):
        store.write_table("images/00000.parquet", TABLE)
    monkeypatch.undo()
    assert store.read_json("run.json") == {"seed": 1}
    assert not store.whole("images/00000.parquet")
    left = {file.name for file in store.folder.rglob("*") if file.is_file()}
    assert left == {"run.json", "lock"}


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 64 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a disk needs root on Linux")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_disk_that_is_really_full(small_disk):
    store = Store(small_disk / "run")
    with store.locked():
        store.write_json("run.json", {"seed": 1})
        with pytest.raises(StoreError, match="is full"):
            store.write_bytes("report.html", bytes(100_000))
        noise = pd.DataFrame({"x": np.random.default_rng(0).normal(size=20_000)})
        with pytest.raises(StoreError, match="is full"):
            store.write_table("images/00000.parquet", noise)
        store.write_json("run.json", {"seed": 2})  # there is room again: nothing half-written
    assert store.read_json("run.json") == {"seed": 2}
    assert store.parts("images") == ()


def test_what_a_killed_writer_left_half_written_is_removed(tmp_path):
    store = Store(tmp_path / "run")
    with store.locked():
        store.write_json("run.json", {})
    half = store.folder / "images" / ".00003.parquet.partial"
    half.parent.mkdir()
    half.write_bytes(b"PAR1")
    with store.locked():
        assert not half.exists()


def test_a_damaged_part_counts_as_missing(store):
    store.write_table("images/00000.parquet", TABLE)
    file = store.folder / "images/00000.parquet"
    file.write_bytes(file.read_bytes()[:-9])
    assert not store.whole("images/00000.parquet")
    assert not file.exists()


def test_one_writer_at_a_time_and_a_dead_one_is_none(tmp_path):
    folder = tmp_path / "run"
    code = (
        "import sys, time; from camcore.auditing.runs.store import Store\n"
        f"with Store({str(folder)!r}).locked():\n    print('in', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"in\n"
        store = Store(folder)
        assert store.busy()
        with pytest.raises(StoreError, match="another process works on the run"), store.locked():
            pass
        other.kill()
    deadline = time.monotonic() + 10
    while store.busy() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not store.busy()
    with store.locked():
        pass


def test_a_folder_of_other_things_is_not_taken(tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with (
        pytest.raises(StoreError, match="is not empty and holds no audit"),
        Store(tmp_path).locked(),
    ):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["holiday.jpg"]


def test_damaged_json_is_named(store):
    (store.folder / "run.json").write_text("{")
    with pytest.raises(StoreError, match=r"run\.json cannot be read"):
        store.read_json("run.json")
