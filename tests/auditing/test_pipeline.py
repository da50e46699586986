"""Whole audits on models whose reliance is known, and on data that fails in every way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from camcore.auditing.edits.regions import Region
from camcore.auditing.pipeline import audit, report
from camcore.auditing.runs.progress import Progress, StoppedError, ask_to_stop
from camcore.auditing.runs.run import Run
from camcore.errors import CamcoreError, InputError, LabelsError, StoreError
from tests.auditing.folders import DARK, bright_folder, tagged_folder
from tests.auditing.linear_classifier import (
    CroppedClassifier,
    LinearClassifier,
    looks_at,
    looks_at_brightness,
)

TAG_CELLS = ((0, 0), (0, 1), (1, 0), (1, 1))  # the 8 x 8 pixels of the tag on the 8 x 8 grid


@pytest.fixture(scope="module", autouse=True)
def _no_report():
    """The report has tests of its own; drawing it takes longer than these audits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("camcore.auditing.pipeline.write_report", lambda run: None)
        yield


@pytest.fixture(scope="module")
def tagged(tmp_path_factory):
    return tagged_folder(tmp_path_factory.mktemp("tagged"))


@pytest.fixture(scope="module")
def tag_run(tagged, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "tag"
    return audit(tagged, looks_at(*TAG_CELLS), out=out, method="hirescam")


def files_of(run: Run) -> dict[str, bytes]:
    """What a run found, file by file; news, locks and times are no findings."""
    contents = {}
    for name in ("images", "evidence", "trials"):
        for file in sorted((run.folder / name).rglob("*")):
            if file.is_file():
                contents[str(file.relative_to(run.folder))] = file.read_bytes()
    summary = json.loads((run.folder / "findings.json").read_text())
    del summary["made"]["started"], summary["made"]["precision"]
    return contents | {"findings.json": json.dumps(summary).encode()}


def test_one_split_is_audited_and_the_others_are_told(tmp_path):
    for split, each in (("train", 3), ("valid", 4), ("Test", 5)):
        tagged_folder(tmp_path / "data" / split, each=each)
    run = audit(tmp_path / "data", looks_at(*TAG_CELLS), out=tmp_path / "run", budget=0)
    source = run.record["source"]
    assert (source["count"], source["taken"]) == (10, ["Test"])
    assert [split["name"] for split in source["splits"]] == ["train", "valid", "Test"]
    assert any("Test was taken and train and valid left out" in note for note in source["notes"])
    assert [audit_class["name"] for audit_class in run.record["classes"]["classes"]] == ["a", "b"]
    with pytest.raises(StoreError, match="split None then, 'train' now"):
        audit(
            tmp_path / "data", looks_at(*TAG_CELLS), out=tmp_path / "run", budget=0, split="train"
        )
    named = audit(
        tmp_path / "data", looks_at(*TAG_CELLS), out=tmp_path / "two", budget=0, split="train"
    )
    assert (named.record["source"]["count"], named.record["settings"]["split"]) == (6, "train")


def test_a_tag_is_found_where_it_is_in_a_picture_that_the_model_crops(tmp_path):
    """The tag lies at the lower left; the map's first row is the picture's middle."""
    folder = tagged_folder(tmp_path / "data")
    for file in folder.rglob("*.png"):
        Image.open(file).transpose(Image.Transpose.FLIP_TOP_BOTTOM).save(file)
        mask = np.zeros((32, 32), np.uint8)
        mask[24:, :16] = 255  # twice as wide as the tag
        place = folder / ".masks" / file.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(place)
    whole = looks_at(*((7 - row, column) for row, column in TAG_CELLS))
    model = CroppedClassifier(whole.weights, whole.bias)
    run = audit(folder, model, out=tmp_path / "run", method="hirescam")
    assert run.grid == (4, 8)
    seen = run.images[run.images["evidence"]]
    assert (seen["share_bottom"] > 0.99).all()
    assert (seen["share_top"] == 0).all()
    np.testing.assert_allclose(seen["share_object"], 1, rtol=1e-3)
    np.testing.assert_allclose(seen["area_object"], 8 * 16 / (16 * 32), rtol=1e-5)
    tag = Region(8, 8, tuple((7 - row, column) for row, column in TAG_CELLS))
    tags = [finding for finding in run.findings if finding.family == "tag"]
    boxes = {finding.class_name: finding.region["box"] for finding in tags}
    assert boxes == {"a": list(tag.box), "b": list(tag.box)}
    tried = set(run.trials("discovery")["probe"])
    assert tag.name in tried  # what the maps propose
    assert not any(name.startswith("cells 4x8") for name in tried)


def test_the_tag_is_found_where_it_is(tag_run):
    best = {finding.class_name: finding for finding in reversed(tag_run.findings)}
    for name in ("a", "b"):
        finding = best[name]
        assert (finding.level, finding.family) == ("relied on", "tag")
        assert finding.region["box"] == [0.0, 0.0, 0.25, 0.25]
        assert finding.effect > 0.95
        assert finding.interval[0] > 0.8
        assert finding.q < 0.01
        assert finding.share > 0.95
        assert finding.accuracy["with"] == 1.0
        assert finding.accuracy["without"] < 0.05
        assert abs(finding.elsewhere) < 0.05
        assert finding.auc == 1.0
        assert finding.on_object is None
    assert tag_run.summary["score"] > 0.8


def test_the_images_of_a_finding_are_those_that_bear_the_cue(tagged, tmp_path):
    # A fourth of class a has no tag, but a bright spot in the middle that does as well.
    data = tmp_path / "data"
    shutil.copytree(tagged, data)
    for number in range(0, 60, 4):
        place = data / "a" / f"{number:04d}.png"
        pixels = np.array(Image.open(place))
        pixels[:8, :8], pixels[12:20, 12:20] = DARK, 255
        Image.fromarray(pixels).save(place)
    spot = ((3, 3), (3, 4), (4, 3), (4, 4))
    run = audit(data, looks_at(*TAG_CELLS, *spot), out=tmp_path / "run", method="hirescam")
    assert (run.images.loc[run.images["klass"] == 0, "predicted"] == 0).all()
    finding = next(
        finding for finding in run.findings if (finding.class_name, finding.family) == ("a", "tag")
    )
    numbers = [int(Path(run.images.loc[image, "path"]).stem) for image in finding.images]
    assert len(numbers) > 10
    assert not [number for number in numbers if number % 4 == 0]


def test_findings_json_holds_what_it_promises(tag_run):
    written = json.loads((tag_run.folder / "findings.json").read_text())
    assert written["status"] == "complete"
    assert written["model"]["name"] == "linear"
    assert len(written["model"]["sha256"]) == 64
    assert written["images"] == {"total": 120, "readable": 120, "bad": 0}
    promised = {"class", "family", "cue", "level", "effect", "interval", "q", "region", "area"}
    for finding in written["findings"]:
        assert promised | {"on_object", "images"} <= finding.keys()
    assert written["insufficient"] == []
    assert 0.1 <= written["not_detected"]["smallest_effect"] < 0.3
    ids = set(tag_run.images.index)
    assert all(set(finding["images"]) <= ids for finding in written["findings"])


def test_only_brightness_is_relied_on_by_a_model_of_brightness(tmp_path):
    run = audit(bright_folder(tmp_path / "data"), looks_at_brightness(), out=tmp_path / "run")
    assert run.findings[0].family == "brightness"
    assert run.findings[0].effect > 0.9
    # Corners are bright as well: what they move is told as a part of another cause.
    assert all(f.overlaps for f in run.findings if f.level == "relied on" and f.family == "tag")


def test_a_cue_that_the_model_does_not_look_at_is_associated_only(tagged, tmp_path):
    # The model tells the classes by chance: it looks at the opposite corner, which holds nothing.
    run = audit(tagged, looks_at((7, 7)), out=tmp_path / "run")
    tag = [finding for finding in run.findings if finding.family == "tag" and finding.property]
    assert tag
    assert all("column 1" in finding.cue or "corner" in finding.cue for finding in tag)
    assert all(
        finding.level != "relied on" or finding.region["box"][0] > 0 for finding in run.findings
    )


def test_rows_of_the_scan(tag_run, tagged):
    rows = tag_run.images
    assert list(rows.index) == list(range(120))
    assert (rows["klass"] == rows["predicted"]).all()
    assert (rows["error"] == "").all()
    assert rows.loc[rows["klass"] == 0, "share_corners"].min() == pytest.approx(1.0)
    maps = tag_run.maps([0, 60])
    hot = np.unravel_index(maps[0].argmax(), maps[0].shape)
    assert tuple(map(int, hot)) in TAG_CELLS
    # Class b is where the tag is dark: bright pixels never speak for it.
    assert maps[1].max() <= 0
    assert not rows.loc[60, "evidence"]


def test_starting_again_changes_nothing(tag_run, tagged):
    before = files_of(tag_run)
    again = audit(tagged, looks_at(*TAG_CELLS), out=tag_run.folder, method="hirescam")
    assert files_of(again) == before
    assert files_of(report(tag_run.folder)) == before


def test_another_setting_or_model_is_refused_in_words(tag_run, tagged):
    with pytest.raises(StoreError, match=r"begun with other settings \(seed 0 then, 5 now\)"):
        audit(tagged, looks_at(*TAG_CELLS), out=tag_run.folder, seed=5, method="hirescam")
    with pytest.raises(StoreError, match="the model linear has changed since this audit began"):
        audit(tagged, looks_at((0, 0)), out=tag_run.folder, method="hirescam")
    assert tag_run.state == "failed"
    audit(tagged, looks_at(*TAG_CELLS), out=tag_run.folder, method="hirescam")
    assert tag_run.state == "complete"


def test_a_pause_loses_nothing(tag_run, tagged, tmp_path):
    def at(stage: str):
        def stop(now: Progress) -> None:
            if now.stage == stage:
                ask_to_stop(tmp_path / "run")

        return stop

    for stage in ("scan", "interventions"):
        with pytest.raises(StoppedError, match="paused; the same command continues it"):
            audit(
                tagged,
                looks_at(*TAG_CELLS),
                out=tmp_path / "run",
                show=at(stage),
                method="hirescam",
            )
        assert Run(tmp_path / "run").state == "paused"
    run = audit(tagged, looks_at(*TAG_CELLS), out=tmp_path / "run", method="hirescam")
    assert files_of(run) == files_of(tag_run)


@pytest.fixture(scope="module")
def disturbed(tagged, tmp_path_factory):
    """A folder with bad files, which changes before the scan and again before the interventions."""
    place = tmp_path_factory.mktemp("disturbed")
    folder = shutil.copytree(tagged, place / "data")
    (folder / "a" / "0000.png").write_bytes(b"")
    (folder / "a" / "0001.png").write_bytes((folder / "a" / "0002.png").read_bytes()[:60])
    (folder / "b" / "words.jpg").write_text("no picture")

    def change(now: Progress) -> None:
        if now.stage == "model":
            (folder / "a" / "0003.png").unlink(missing_ok=True)
            Image.new("RGB", (32, 32)).save(folder / "b" / "0004.png")
        if now.stage == "evidence":
            for number in range(10, 15):
                (folder / "a" / f"{number:04d}.png").unlink(missing_ok=True)

    return audit(folder, looks_at(*TAG_CELLS), out=place / "run", show=change)


def test_bad_files_are_rows_and_cost_nothing_else(disturbed):
    assert disturbed.summary["images"] == {"total": 121, "readable": 116, "bad": 5}
    bad = disturbed.bad.set_index("path")["error"]
    changed = {"a/0003.png", "b/0004.png"}
    assert set(bad.index) == {"a/0000.png", "a/0001.png", "b/words.jpg"} | changed
    assert bad.str.len().min() > 20
    assert disturbed.findings[0].family == "tag"


def test_a_folder_that_changes_during_the_scan(disturbed):
    bad = dict(disturbed.bad.itertuples(index=False))
    assert "has changed since the audit began" in bad["b/0004.png"]
    assert "cannot be opened" in bad["a/0003.png"]


def test_files_that_go_before_the_interventions(disturbed):
    assert "a/0010.png" in set(disturbed.images["path"])
    notes = disturbed.summary["notes"]
    assert any("5 files" in note and "gone or changed" in note for note in notes)


@pytest.mark.parametrize(
    ("make", "message", "state"),
    [
        (lambda f: None, "no picture", "failed"),
        (lambda f: [shutil.rmtree(f / "a"), shutil.rmtree(f / "b")], "no picture", "failed"),
        (
            lambda f: [p.write_bytes(b"") for p in f.rglob("*.png")],
            "can be read as a picture",
            "failed",
        ),
        (lambda f: [(f / "a").rename(f / "x"), (f / "b").rename(f / "y")], "--labels", "asking"),
    ],
)
def test_data_that_cannot_be_audited_gets_one_clear_line(make, message, state, tmp_path):
    folder = tagged_folder(tmp_path / "data", each=3)
    if make(folder) is None:
        shutil.rmtree(folder)
        folder.mkdir()
    with pytest.raises(InputError, match=message) as refused:
        audit(folder, looks_at(*TAG_CELLS), out=tmp_path / "run")
    assert "\n" not in str(refused.value)
    assert Run(tmp_path / "run").state == state
    assert Run(tmp_path / "run").progress.message == refused.value.problem


def test_three_images_a_class_are_insufficient_never_clean(tmp_path):
    run = audit(
        tagged_folder(tmp_path / "data", each=3), looks_at(*TAG_CELLS), out=tmp_path / "run"
    )
    insufficient = {entry["class"]: entry for entry in run.summary["insufficient"]}
    assert insufficient["a"]["images"] == 3
    assert insufficient["a"]["needed"] == 30
    assert run.summary["not_detected"]["smallest_effect"] is None
    assert run.findings == ()


def test_one_class_only_has_nobody_to_swap_with(tmp_path):
    folder = tagged_folder(tmp_path / "data", each=40)
    shutil.rmtree(folder / "b")
    run = audit(folder, looks_at(*TAG_CELLS), out=tmp_path / "run")
    assert {entry["class"] for entry in run.summary["insufficient"]} >= {"a"}
    assert not [finding for finding in run.findings if finding.level == "relied on"]


def test_no_labels_means_by_predicted_class(tagged, tmp_path):
    flat = tmp_path / "flat"
    flat.mkdir()
    for file in tagged.rglob("*.png"):
        shutil.copy(file, flat / f"{file.parent.name}-{file.name}")
    run = audit(flat, looks_at(*TAG_CELLS), out=tmp_path / "run")
    assert run.record["classes"]["by"] == "prediction"
    assert run.findings[0].family == "tag"
    assert any("predicted class" in note for note in run.summary["notes"])


def test_a_thousand_classes(tagged, tmp_path):
    rng = np.random.default_rng(0)
    names = [f"class-{k}" for k in range(998)]
    weights = rng.normal(size=(8, 8, 3, 1000)).astype(np.float32) * 0.01
    two = looks_at(*TAG_CELLS)
    weights[..., [3, 7]] = two.weights
    bias = np.full(1000, -30.0)
    bias[[3, 7]] = two.bias
    names = [*names[:3], "a", *names[3:6], "b", *names[6:]]
    run = audit(tagged, LinearClassifier(weights, bias, names), out=tmp_path / "run")
    assert {finding.class_name for finding in run.findings} == {"a", "b"}
    assert run.findings[0].family == "tag"


def test_a_budget_of_nothing_proves_nothing(tagged, tmp_path):
    run = audit(tagged, looks_at(*TAG_CELLS), out=tmp_path / "run", budget=0)
    assert {finding.level for finding in run.findings} <= {"associated", "attended"}
    assert "nothing is proven" in run.summary["not_detected"]["text"]
    assert run.summary["score"] == 0.0


def test_an_error_of_ours_is_one_sentence_in_the_progress(tagged, tmp_path, monkeypatch):
    monkeypatch.setattr("camcore.auditing.pipeline.gather", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        audit(tagged, looks_at(*TAG_CELLS), out=tmp_path / "run")
    assert Run(tmp_path / "run").state == "failed"
    assert "ZeroDivisionError" in Run(tmp_path / "run").progress.message


def test_regression_is_no_task_of_the_audit(tagged, tmp_path):
    model = looks_at(*TAG_CELLS)
    model.output_kind = "regression"
    with pytest.raises(CamcoreError, match="classif"):
        audit(tagged, model, out=tmp_path / "run")


@pytest.mark.parametrize(
    ("names", "mapping", "state"),
    [
        (("x", "y"), None, "asking"),  # no label is a class
        (("a", "b"), {"a": [0], "b": [0, 1]}, "asking"),  # one class for two labels
        (("a", "b"), {"a": [0, 1]}, "asking"),  # all classes for one label
        (("a", "b"), {"cat": [0]}, "asking"),  # a mapping of other labels
        (("a", "b"), {"a": ["5-1"]}, "failed"),  # a mapping that is none
    ],
)
def test_labels_that_stand_for_nothing_are_a_question(tmp_path, names, mapping, state):
    """What the run waits for is its state; nothing is to be read out of the sentence."""
    tagged_folder(tmp_path / "data", each=2)
    model = LinearClassifier(looks_at((0, 0)).weights, (0, 0), names)
    labels = None
    if mapping is not None:
        labels = str(tmp_path / "map.json")
        Path(labels).write_text(json.dumps(mapping))
    with pytest.raises(InputError) as refused:
        audit(tmp_path / "data", model, out=tmp_path / "run", budget=0, labels=labels)
    run = Run(tmp_path / "run")
    assert (run.state, run.progress.message) == (state, refused.value.problem)
    assert isinstance(refused.value, LabelsError) == (state == "asking")
