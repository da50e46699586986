"""A network that answers a bar anywhere, and one that never looks at it: trials tell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from camcore.auditing.edits import probe_named
from camcore.auditing.edits.part import Part
from camcore.auditing.evidence.stage import gather
from camcore.auditing.executors.executor import Local
from camcore.auditing.interventions import replay
from camcore.auditing.interventions.effects import differences, matching
from camcore.auditing.interventions.laboratory import Laboratory, Pictures
from camcore.auditing.interventions.readable_images import readable
from camcore.auditing.parts.evidence import part_evidence
from camcore.auditing.parts.placing import parts_file
from camcore.auditing.parts.trials import PartTrials
from camcore.auditing.rules import RULES
from camcore.auditing.runs.beginning import begin
from camcore.auditing.runs.progress import Watch
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.settings import Settings
from camcore.auditing.runs.store import Store
from camcore.auditing.scan.scan import scan
from camcore.auditing.verdict.findings_json import conclude
from tests.auditing.parts.bar_network import CellNetwork, bar_finder, blob_reader, folder


@dataclass(frozen=True)
class Audited:
    """A run that asked for parts of class ``a`` alone."""

    run: Run
    probe: Part | None


def asked_for_parts(data: Path, network: CellNetwork, out: Path) -> Audited:
    store = Store(out)
    with store.locked():
        watch = Watch(out, None)
        settings = Settings(str(data), network.name, method="hirescam", precision="float32")
        plan, classifier = begin(store, settings, lambda: network, watch)
        scan(store, plan, classifier, watch)
        gather(store, plan, watch)
        files = store.read_table("files.parquet").set_index("id")
        images = readable(store, plan, files)
        watch.begin("interventions", total=1000)
        laboratory = Laboratory(store, Local(classifier), watch, Pictures(plan, files, images))
        parts = PartTrials(laboratory, plan, images)
        rows = parts.test(0)
        probe = probe_named(str(rows["probe"].iloc[0])) if len(rows) else None
        assert probe is None or isinstance(probe, Part)
        if probe is not None:
            parts.prove(probe)
        conclude(store)
    return Audited(Run(out), probe)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return folder(tmp_path_factory.mktemp("bars"), bars=1.0)


@pytest.fixture(scope="module")
def by_bar(pictures, tmp_path_factory):
    return asked_for_parts(pictures, bar_finder(), tmp_path_factory.mktemp("runs") / "bar")


@pytest.fixture(scope="module")
def by_blob(pictures, tmp_path_factory):
    return asked_for_parts(pictures, blob_reader(), tmp_path_factory.mktemp("runs") / "blob")


def test_a_bar_anywhere_is_found_as_a_part(by_bar):
    finding = by_bar.run.finding("a--part")
    assert (finding.level, finding.family) == ("relied on", "part")
    assert finding.effect > 0.8
    assert finding.interval[0] > 0.6
    assert finding.share > 0.8  # painted over, the class loses what it relied on
    assert finding.removal["neutral"] > 0.8
    assert finding.removal["control"] < 0.1
    assert finding.part["alike"] >= RULES.parts_alike
    assert finding.part["scatter"] > 0.6
    assert finding.part["another_place"] > 0.5 * finding.margin
    assert abs(finding.part["elsewhere"]) < 0.1 * finding.margin
    assert not finding.excused()


def test_the_windows_lie_on_the_bars(by_bar):
    run = by_bar.run
    hit = 0
    windows = by_bar.run.finding("a--part").part["windows"]
    for image, top, left, bottom, right in windows:
        white = run.seen(image).min(axis=2) >= 250
        hit += white[top:bottom, left:right].sum() >= 0.5 * white.sum()
    assert hit >= 0.9 * len(windows)


def test_what_donors_share_carries_the_bar(by_bar):
    part = part_evidence(by_bar.run, by_bar.probe)
    assert part["shared"] > 0.3 * by_bar.run.finding("a--part").margin


def test_a_network_that_reads_the_object_is_not_told_of_the_bar(by_blob):
    # The same pictures, every one of a with its bar, which this network cannot see.
    if by_blob.probe is None:
        return
    run = by_blob.run
    windows = part_evidence(run, by_blob.probe)["windows"]
    red = 0
    for image, top, left, bottom, right in windows:
        pixels = run.seen(image).astype(int)
        red += (pixels[..., 0] - pixels[..., 1] > 64)[top:bottom, left:right].mean() > 0.25
    assert red >= 0.8 * len(windows)
    assert run.summary["scores"]["artefact"] == run.summary["scores"]["context"] == 0


def test_swaps_are_made_again_as_they_were_tested(by_bar):
    run = by_bar.run
    finding = run.finding("a--part")
    swap = replay.swaps(run, finding, replay.pool_of(run), count=1)[0]
    table = run.store.read_table(parts_file(0))
    table = table[table["number"] == by_bar.probe.number].set_index("id")
    top, left, bottom, right = table.loc[swap.donor_id, ["top", "left", "bottom", "right"]]
    inner = (slice(top + 2, bottom - 2), slice(left + 2, right - 2))
    np.testing.assert_array_equal(swap.edited[inner], swap.donor[inner])
    assert (swap.before, swap.after, swap.after_control) == ("b", "a", "b")


def test_the_trials_stay_within_their_cost(by_bar):
    run = by_bar.run
    tables = [run.trials(stage) for stage in ("part-found", "test", "part-asked", "necessity")]
    passes = sum(2 * len(rows) for rows in tables)
    assert passes <= 800
    tested = matching(run.trials("test"), probe=by_bar.probe.name)
    assert len(differences(tested, 0).flips) == len(tested) >= 32
