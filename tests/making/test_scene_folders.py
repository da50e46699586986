"""Folders of scenes: class folders for an audit, masks beside them, all or nothing."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image

from camcore.errors import InputError
from camcore.making import scenes as renderer
from camcore.making.scenes import render_scene, write_scenes


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_scenes("fair", 8, 3, tmp_path_factory.mktemp("scenes") / "out", size=48)


def test_the_images_are_class_folders_with_nothing_else(folder):
    names = [".masks", "forest", "scenes.csv", "tank"]
    assert sorted(path.name for path in folder.iterdir()) == names
    for label in ("forest", "tank"):
        files = list((folder / label).iterdir())
        assert len(files) == 4
        assert {path.suffix for path in files} == {".png"}


def test_each_scene_has_its_mask_under_its_own_path(folder):
    for label in ("forest", "tank"):
        names = {path.name for path in (folder / label).iterdir()}
        assert {path.name for path in (folder / ".masks" / label).iterdir()} == names
    assert {path.name for path in (folder / ".masks").iterdir()} == {"forest", "tank"}


def test_the_table_tells_what_was_rendered(folder):
    with open(folder / "scenes.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["path", "label", "sunny", "tank", "mask", "seed"]
    assert len(rows) == 8
    for row in rows:
        tank, sunny = row["tank"] == "1", row["sunny"] == "1"
        assert row["path"].startswith(f"{row['label']}/")
        assert row["label"] == ("tank" if tank else "forest")
        scene = render_scene(tank=tank, sunny=sunny, seed=int(row["seed"]), size=48)
        np.testing.assert_array_equal(np.asarray(Image.open(folder / row["path"])), scene.pixels)
        mask = np.asarray(Image.open(folder / row["mask"]))
        np.testing.assert_array_equal(mask, scene.mask)
        assert mask.any() == tank
    assert {(row["sunny"], row["tank"]) for row in rows} == {
        (sunny, tank) for sunny in "01" for tank in "01"
    }


def test_progress_is_told_once_a_scene(tmp_path):
    steps = []
    write_scenes("field", 5, 0, tmp_path / "out", size=32, progress=lambda: steps.append(1))
    assert len(steps) == 5


def test_an_empty_folder_is_filled_and_a_full_one_is_refused(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    write_scenes("laboratory", 2, 0, out, size=32)
    before = sorted(path.name for path in out.rglob("*"))
    with pytest.raises(InputError, match="not an empty folder"):
        write_scenes("field", 2, 0, out, size=32)
    assert sorted(path.name for path in out.rglob("*")) == before
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="not an empty folder"):
        write_scenes("field", 2, 0, tmp_path / "file", size=32)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("arguments", [("jungle", 2, 0), ("fair", 0, 0), ("fair", 2, -1)])
def test_wrong_arguments_leave_nothing_behind(arguments, tmp_path):
    with pytest.raises(InputError):
        write_scenes(*arguments, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_a_broken_run_leaves_nothing_behind(tmp_path, monkeypatch):
    rendered = []

    def fail_at_third(**options):
        rendered.append(options)
        if len(rendered) == 3:
            raise KeyboardInterrupt
        return render_scene(**options)

    monkeypatch.setattr(renderer, "render_scene", fail_at_third)
    with pytest.raises(KeyboardInterrupt):
        write_scenes("laboratory", 4, 0, tmp_path / "out", size=32)
    assert not list(tmp_path.iterdir())
