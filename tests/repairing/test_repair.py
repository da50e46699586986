"""From a run to a mended file: what it claims is true of pictures that nothing has seen."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import camcore
from camcore.auditing.run_comparison.compare_runs import compare
from camcore.auditing.runs.run import Run
from camcore.errors import InputError, StoreError
from tests.repairing.shortcut import EACH, NAMES, TAG, striped_folder

_SERVER = multiprocessing.get_context("forkserver")
_KEYS = {"status", "check", "way", "groups", "reliance", "findings", "missing", "runs"}


def accuracies(file, folder) -> tuple[float, float]:
    """Mean and worst group of a file, counted apart from the repair, by the planted corner."""
    model = camcore.load_model(file)
    right: dict[tuple[int, bool], list[bool]] = {}
    for klass, name in enumerate(NAMES):
        for picture in sorted((folder / name).iterdir()):
            pixels = np.asarray(Image.open(picture), np.float32)
            answer = int(model.scores(pixels[None])[0].argmax())
            bright = bool(pixels[:TAG, :TAG].mean() > 130)
            right.setdefault((klass, bright), []).append(answer == klass)
    groups = [float(np.mean(own)) for own in right.values()]
    assert len(groups) == 4
    return float(np.mean([own for group in right.values() for own in group])), min(groups)


@pytest.fixture(scope="module")
def mended(caught, tmp_path_factory):
    file = tmp_path_factory.mktemp("mended") / "mended.keras"
    return camcore.repair(caught.sound, file)


@pytest.mark.slow
def test_a_shortcut_is_mended_and_the_file_holds_what_is_said(mended, caught, tmp_path):
    fresh = striped_folder(tmp_path / "fresh", 80, 99, agrees=0.5)
    assert accuracies(caught.place / "sound.keras", fresh)[1] == 0.0  # the control
    mean, worst = accuracies(mended.file, fresh)
    assert worst >= 0.9
    assert mean >= 0.9
    assert mended.status == "repaired"
    assert mended.worst[0] == 0.0
    assert mended.worst[1] == pytest.approx(worst, abs=0.1)
    assert mended.before > 0.9
    assert mended.reliance_interval[1] < 0.1
    assert "across--tag" in mended.gone
    assert not mended.new


@pytest.mark.slow
def test_the_json_is_the_contract(mended):
    value = json.loads(mended.file.with_name("mended.keras.repair.json").read_text())
    assert set(value) == _KEYS
    assert set(value["check"]) == {"accuracy", "interval", "layer"}
    keys = {"class", "cue", "present", "images", "before", "after", "interval"}
    assert all(set(group) == keys for group in value["groups"])
    assert {(group["class"], group["present"]) for group in value["groups"]} == {
        (name, bears) for name in NAMES for bears in (True, False)
    }
    assert set(value["reliance"]) == {"before", "after", "interval"}
    assert set(value["findings"]) == {"gone", "remaining", "new"}
    assert all(set(cell) == {"class", "cue", "present", "needed"} for cell in value["missing"])
    # Half of each class: no picture lacks the cue of its class.
    assert sorted(cell["needed"] for cell in value["missing"]) == [40, 40]
    before, after = (Run(value["runs"][name]) for name in ("before", "after"))
    verdicts = {(row.class_name, row.family): row.verdict for row in compare(before, after).rows}
    assert verdicts["across", "tag"] == "gone"


@pytest.mark.slow
def test_the_proof_sees_no_picture_that_was_learnt(mended, caught):
    store = Run(mended.runs[1]).images["sha256"]
    learnt = set(caught.sound.images["sha256"]) - set(store)
    assert len(store) == len(learnt) == EACH


@pytest.mark.slow
def test_features_without_the_object_are_beyond_repair(caught, command_line, tmp_path):
    out = tmp_path / "blind.keras"
    status, said, _ = command_line("repair", caught.blind.folder, "--out", out)
    assert status == 3
    assert said.startswith("not repairable here")
    assert not out.exists()
    value = json.loads((tmp_path / "blind.keras.repair.json").read_text())
    assert value["status"] == "not repairable here"
    assert value["check"]["interval"][0] < 0.75
    assert value["runs"]["after"] is None


def _wait_for_more(folder: Path, kept: int, process) -> int:
    """Wait until more than `kept` pieces lie in a folder; how many there are."""
    while (pieces := len(list(folder.rglob("*.parquet")))) <= kept:
        assert process.is_alive(), "it ended before it was killed"
        time.sleep(0.05)
    return pieces


def _repair(run: Path, out: Path) -> None:
    camcore.repair(run, out)


@pytest.mark.slow
def test_killed_and_resumed_to_the_same_model(mended, caught, keras, tmp_path):
    out = tmp_path / "mended.keras"
    kept = 0
    for _ in range(2):  # each gets one piece further, however slow the machine
        process = _SERVER.Process(target=_repair, args=(caught.sound.folder, out))
        process.start()
        before, kept = kept, _wait_for_more(tmp_path / "mended.keras.repair", kept, process)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert kept > before
    again = camcore.repair(caught.sound, out)
    first, second = (
        keras.models.load_model(file).get_weights() for file in (mended.file, again.file)
    )
    for calm, disturbed in zip(first, second, strict=True):
        np.testing.assert_array_equal(calm, disturbed)
    calm, disturbed = mended.as_json(), again.as_json()
    assert calm.pop("runs") != disturbed.pop("runs")
    assert calm == disturbed


@pytest.mark.slow
def test_what_does_not_fit_is_one_line_and_writes_nothing(caught, command_line, tmp_path):
    run = caught.sound.folder
    for words, said in (
        (("--out", tmp_path / "x.h5"), "must end in .keras"),
        (("--out", tmp_path / "no" / "x.keras"), "does not exist"),
        (("--finding", "across--moon", "--out", tmp_path / "x.keras"), "no finding"),
        (("--new", tmp_path / "nowhere", "--out", tmp_path / "x.keras"), "does not exist"),
    ):
        status, _, err = command_line("repair", run, *words)
        assert status == 2, words
        assert said in err
        assert "Traceback" not in err
    assert not (tmp_path / "x.keras").exists()
    taken = tmp_path / "taken.keras"
    taken.write_bytes(b"mine")
    with pytest.raises(InputError, match="is no repair"):
        camcore.repair(run, taken)
    assert taken.read_bytes() == b"mine"
    with pytest.raises(StoreError, match="holds no audit"):
        camcore.repair(tmp_path / "no-run", tmp_path / "x.keras")


@pytest.mark.slow
def test_new_pictures_are_groups_of_their_own_and_counted_as_there(caught, tmp_path):
    new = striped_folder(tmp_path / "new", 150, 7, agrees=0.5)
    made = camcore.repair(caught.blind, tmp_path / "blind.keras", new=new)
    assert made.status == "not repairable here"  # no picture puts the stripes into its features
    assert not any(group.edited for group in made.groups)
    assert made.missing == ()
