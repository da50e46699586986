"""Two runs side by side: verdicts by intervals, accuracy by content, and what is not fair."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest

from camcore.auditing.run_comparison.compare_runs import compare
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.store import Store
from camcore.errors import StoreError
from tests.auditing.planted_pictures import TANK
from tests.auditing.planted_run import planted_run

SKY = ("tank", "sky/top-band")


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    return planted_run(tmp_path_factory.mktemp("compare") / "a")


@pytest.fixture
def two(planted, tmp_path):
    """The planted run, and a copy of it to change."""
    shutil.copytree(planted.folder, tmp_path / "b")
    return Run(planted.folder), tmp_path / "b"


def change(folder, name, edit):
    store = Store(folder)
    value = store.read_json(name)
    edit(value)
    store.write_json(name, value)


def rows(folder, name, edit):
    store = Store(folder)
    store.write_table(name, edit(store.read_table(name)))


def with_effect(folder, effect, interval, level="relied on"):
    def edit(summary):
        finding = next(
            finding for finding in summary["findings"] if finding["id"] == "tank--sky-top-band"
        )
        finding.update(effect=effect, interval=interval, level=level)

    change(folder, "findings.json", edit)


def without_sky(folder, stages=("discovery", "test")):
    """The model of b: no band that is handed over changes its answer."""

    def edit(table):
        sky = table["family"] == "sky/top-band"
        for name in ("edited", "controlled"):
            table.loc[sky, name] = table.loc[sky, "before"]
        for name in ("margin_edited", "margin_controlled"):
            table.loc[sky, name] = table.loc[sky, "margin_before"]
        return table

    for stage in stages:
        rows(folder, f"trials/{stage}/00000.parquet", edit)
    change(
        folder,
        "findings.json",
        lambda value: value.update(
            findings=[finding for finding in value["findings"] if finding["level"] != "relied on"]
        ),
    )


def row_of(comparison, key=SKY):
    return next(row for row in comparison.rows if (row.class_name, row.family) == key)


def part_of_kind(folder, kind):
    """The tank's band is told as a part instead."""

    def edit(summary):
        finding = next(
            finding for finding in summary["findings"] if finding["id"] == "tank--sky-top-band"
        )
        finding.update(id="tank--part", family="part", probe=None, kind=kind)

    change(folder, "findings.json", edit)


@pytest.mark.parametrize(("kinds", "rows"), [(("artefact",) * 2, 1), (("artefact", "object"), 2)])
def test_parts_of_two_kinds_are_two_cues(planted, two, tmp_path, kinds, rows):
    folders = shutil.copytree(planted.folder, tmp_path / "a"), two[1]
    for folder, kind in zip(folders, kinds, strict=True):
        part_of_kind(folder, kind)
    parts = [row for row in compare(*map(Run, folders)).rows if row.family == "part"]
    assert len(parts) == rows
    assert all(row.verdict == ("unchanged" if rows == 1 else "not tested") for row in parts)


def test_a_run_and_itself(two):
    a, folder = two
    comparison = compare(a, Run(folder))
    assert {row.verdict for row in comparison.rows} == {"unchanged"}
    assert {row.change for row in comparison.rows} == {0.0}
    assert len(comparison.rows) == 8  # two classes, four families that were tried
    # 19 of 20 forests and 18 of 20 tanks are recognised.
    assert (comparison.accuracy.images, comparison.accuracy.a, comparison.accuracy.b) == (
        40,
        0.925,
        0.925,
    )
    assert (comparison.accuracy.only_a, comparison.accuracy.only_b) == (0, 0)
    assert comparison.notes == ("both runs audit the same model, bit for bit.",)


def test_a_cue_that_is_gone_and_the_way_back(two):
    a, folder = two
    without_sky(folder)
    forth = row_of(compare(a, Run(folder)))
    assert (forth.verdict, forth.b.value, forth.change) == ("gone", 0.0, -0.9)
    assert forth.b.interval[1] < forth.a.interval[0]
    back = row_of(compare(Run(folder), a))
    assert (back.verdict, back.change) == ("new", 0.9)


def test_a_cue_that_fell_out_at_discovery_counts_as_tried(two):
    a, folder = two
    without_sky(folder)
    rows(
        folder,
        "trials/test/00000.parquet",
        lambda table: table[table["family"] != "sky/top-band"],
    )
    row = row_of(compare(a, Run(folder)))
    assert (row.verdict, row.b.held_out, row.b.value) == ("gone", False, 0.0)


@pytest.mark.parametrize(
    ("effect", "interval", "verdict"),
    [
        (0.3, [0.2, 0.4], "better"),  # below, still relied on
        (0.7, [0.5, 0.76], "unchanged"),  # the planted interval begins at 0.75
        (0.9, [0.75, 1.0], "unchanged"),
    ],
)
def test_intervals_decide(two, effect, interval, verdict):
    a, folder = two
    with_effect(folder, effect, interval)
    assert row_of(compare(a, Run(folder))).verdict == verdict


UPPER, LOWER = "cells 8x8: 1,3 1,4", "cells 8x8: 6,3 6,4"


def with_regions(folder, proven):
    """Two places of the family *region*: the one that is proven has the sky's trials."""
    other = LOWER if proven == UPPER else UPPER

    def edit(table):
        renamed, none = (
            table[table["probe"] == probe].assign(family="region", probe=name)
            for probe, name in (("top 1/3", proven), ("colour", other))
        )
        for name in ("edited", "controlled"):
            none[name] = none["before"]
        return pd.concat([table, renamed, none], ignore_index=True)

    for stage in ("discovery", "test"):
        rows(folder, f"trials/{stage}/00000.parquet", edit)

    def prove(summary):
        sky = next(
            finding for finding in summary["findings"] if finding["id"] == "tank--sky-top-band"
        )
        cue = "upper centre" if proven == UPPER else "lower centre"
        region = sky | {
            "id": "tank--region", "family": "region", "probe": proven, "cue": cue,
            "on_object": proven == LOWER,
        }  # fmt: skip
        summary["findings"].append(region)

    change(folder, "findings.json", prove)


@pytest.fixture
def apart(planted, tmp_path):
    """What was proven at the top in a, and at the foot, on the object, in b."""
    folders = tmp_path / "top", tmp_path / "foot"
    for folder, place in zip(folders, (UPPER, LOWER), strict=True):
        shutil.copytree(planted.folder, folder)
        with_regions(folder, place)
    return tuple(map(Run, folders))


def regions_of(comparison):
    return {row.effect.cue: row for row in comparison.rows if row.family == "region"
            and row.class_name == "tank"}  # fmt: skip


def test_places_that_do_not_touch_are_two_cues(apart):
    regions = regions_of(compare(*apart))
    assert set(regions) == {"upper centre", "lower centre"}
    gone, new = regions["upper centre"], regions["lower centre"]
    assert (gone.verdict, gone.b.value, gone.b.relied_on, gone.mark) == ("gone", 0.0, False, "good")
    assert (new.verdict, new.a.value, new.a.relied_on) == ("new", 0.0, False)
    assert new.mark == "neutral"  # it is on the object
    assert compare(*apart).sentence == (
        "b no longer relies on the upper centre for tank; it still relies on the top band for "
        "forest and tank; it relies on what is, or may be, the object: the lower centre for tank."
    )


def test_the_same_place_is_one_cue(apart):
    a, _ = apart
    (row,) = regions_of(compare(a, a)).values()
    assert (row.verdict, row.change, row.mark) == ("unchanged", 0.0, "neutral")


def test_a_place_that_the_other_run_did_not_try(apart):
    a, b = apart
    for stage in ("discovery", "test"):
        rows(
            b.folder,
            f"trials/{stage}/00000.parquet",
            lambda table: table[table["probe"] != UPPER],
        )
    row = regions_of(compare(a, Run(b.folder)))["upper centre"]
    assert (row.verdict, row.b, row.note) == ("not tested", None, "not tried in b")


def test_worse(two):
    a, folder = two
    with_effect(folder, 0.3, [0.2, 0.4])
    assert row_of(compare(Run(folder), a)).verdict == "worse"


def test_proven_in_one_only_but_not_apart(two):
    a, folder = two
    with_effect(folder, 0.7, [0.5, 0.9], level="attended")
    row = row_of(compare(a, Run(folder)))
    assert row.verdict == "unchanged"
    assert row.note == "proven in a only, but the intervals overlap: the change may be chance"


def test_what_one_run_did_not_try(two):
    a, folder = two

    def rename(record):
        record["classes"]["classes"][TANK]["name"] = "panzer"

    change(folder, "run.json", rename)
    change(folder, "findings.json", lambda value: value.update(findings=[]))
    comparison = compare(a, Run(folder))
    row = row_of(comparison)
    assert (row.verdict, row.b, row.change, row.note) == (
        "not tested",
        None,
        None,
        "not tried in b",
    )
    assert "only in a: tank." in comparison.notes
    assert "only in b: panzer." in comparison.notes
    assert "20 images bear another class in b and are left out of accuracy." in comparison.notes
    assert comparison.accuracy.images == 20  # the forests


def test_accuracy_is_of_images_with_the_same_content(two):
    a, folder = two

    def edit(table):
        table = table.set_index("id")
        table.loc[0, "sha256"] = "another file"
        table.loc[[1, 2], "predicted"] = TANK  # two forests are lost
        table.loc[25, "predicted"] = TANK  # a tank under a dark sky is won
        return table.reset_index()

    rows(folder, "images/00000.parquet", edit)
    change(folder, "run.json", lambda record: record["source"].update(digest="another"))
    comparison = compare(a, Run(folder))
    assert comparison.accuracy.images == 39
    assert comparison.accuracy.a == pytest.approx(36 / 39)
    assert comparison.accuracy.b == pytest.approx(35 / 39)
    assert (comparison.accuracy.only_a, comparison.accuracy.only_b) == (2, 1)
    assert (
        "the images differ: 40 in a, 40 in b, 39 are in both; effects are then measured on "
        "different images." in comparison.notes
    )


def test_what_makes_it_unfair_is_said(two):
    a, folder = two

    def edit(record):
        record["model"].update(sha256="other", preprocessing="caffe", input_shape=[64, 64, 3])
        record["rules"]["floor"] = 0.2
        record["settings"].update(seed=1, budget=10, model="retrained")
        record["versions"]["camcore"] = "0.2.0"

    change(folder, "run.json", edit)
    assert compare(a, Run(folder)).notes == (
        "the rules differ (floor): what counts as proven does too.",
        "the settings differ: budget, seed.",
        "the models' input shape differs: 32 x 32 x 3 in a, 64 x 64 x 3 in b.",
        "the models' preprocessing differs: none in a, caffe in b.",
        "the runs were made by different versions of this program.",
    )


def test_as_json_and_as_text(two):
    a, folder = two
    without_sky(folder)
    comparison = compare(a, Run(folder))
    value = json.loads(json.dumps(comparison.as_json(), allow_nan=False))
    assert set(value["rows"][0]) == {
        "class", "family", "a", "b", "change", "verdict", "note", "mark"
    }  # fmt: skip
    assert value["sentence"] == comparison.sentence
    lines = comparison.as_text().splitlines()
    assert lines[0] == f"a: cloud-detector, {a.folder}"
    assert lines[2] == "b no longer relies on the top band for forest and tank."
    assert "recognised of 40 shared images: a 92.5 %, b 92.5 % (only a: 0, only b: 0)" in lines
    cells = [line.split("  ") for line in lines if line.startswith("gone")]
    assert [line[-1] for line in cells] == ["-90", "-90"]
    assert lines[-1] == "6 other cues were tried; neither run relies on them."


def test_runs_without_a_shared_image(two):
    a, folder = two
    rows(folder, "images/00000.parquet", lambda t: t.assign(sha256=t["id"].astype(str)))
    comparison = compare(a, Run(folder))
    assert (comparison.accuracy.images, comparison.accuracy.a) == (0, None)
    assert "recognised" not in comparison.as_text()


def test_an_unfinished_run_is_refused(two):
    a, folder = two
    (folder / "findings.json").unlink()
    with pytest.raises(StoreError, match="no findings yet"):
        compare(a, Run(folder))


def test_runs_without_interventions(two):
    _, folder = two
    shutil.rmtree(folder / "trials")
    change(folder, "findings.json", lambda value: value.update(findings=[]))
    comparison = compare(Run(folder), Run(folder))
    assert comparison.rows == ()
    assert comparison.as_text().endswith("No cue was tried in either run.")
    assert isinstance(comparison.accuracy.images, int)
    assert pd.notna(comparison.accuracy.a)
