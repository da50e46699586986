"""The first look at a data set, on folders whose content is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
from PIL import Image

from camcore.auditing.preflight.preview import preview, spread_over_labels
from camcore.sources.source import read_source


def noise(file, seed: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file)


def test_a_folder_at_a_glance(tmp_path):
    for number in range(5):
        noise(tmp_path / "cat" / f"{number}.png", number)
    noise(tmp_path / "dog" / "0.png", 9)
    noise(tmp_path / "dog" / "copy.png", 9)
    (tmp_path / "dog" / "broken.png").write_bytes(b"no picture")
    seen = preview(read_source(tmp_path, unpack_to=tmp_path / "unpacked"))
    assert (seen.pictures, seen.labels) == (8, {"cat": 5, "dog": 3})
    assert (seen.opened, list(seen.unreadable), seen.copies) == (8, ["dog/broken.png"], 1)
    assert {label: thumbnail.shape for label, thumbnail in seen.thumbnails.items()} == {
        "cat": (112, 112, 3), "dog": (112, 112, 3),
    }  # fmt: skip


def test_no_more_are_opened_than_asked_for(tmp_path):
    for number in range(9):
        noise(tmp_path / "cat" / f"{number}.png", number)
    noise(tmp_path / "dog" / "0.png", 20)
    seen = preview(read_source(tmp_path, unpack_to=tmp_path / "unpacked"), most=4)
    assert (seen.pictures, seen.opened, sorted(seen.thumbnails)) == (10, 4, ["cat", "dog"])


def test_splits_that_are_taken_are_counted(tmp_path):
    for number, place in enumerate(("train/cat", "train/dog", "test/cat", "test/dog", "test/dog")):
        noise(tmp_path / place / f"{number}.png", number)
    seen = preview(read_source(tmp_path, unpack_to=tmp_path / "unpacked"))
    assert {split.name for split in seen.splits} == {"test", "train"}
    assert [split.name for split in seen.taken] == ["test"]
    assert seen.labels == {"cat": 1, "dog": 2}


def test_some_of_every_label():
    labels = pd.Series(["a"] * 100 + ["b"] * 3 + ["c"] * 100)
    taken = spread_over_labels(labels, 20)
    assert labels[taken].value_counts().to_dict() == {"a": 9, "b": 3, "c": 8}
    assert np.array_equal(taken, np.unique(taken))
    many = pd.Series([f"{k:03}" for k in range(500)])
    spread = spread_over_labels(many, 20)
    assert len(spread) == 20
    assert (spread[0], spread[-1]) == (0, 499)
    assert len(spread_over_labels(pd.Series([], dtype=str), 20)) == 0
