"""Parts of a scan are pure: any order and any process fills the store with the same bytes."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pytest

import camcore
from camcore.auditing.runs.beginning import begin
from camcore.auditing.runs.plan import PART, Plan, part_of
from camcore.auditing.runs.progress import Watch
from camcore.auditing.runs.settings import Settings
from camcore.auditing.runs.store import Store
from camcore.auditing.scan.scan import scan
from tests.auditing.folders import tagged_folder
from tests.auditing.linear_classifier import looks_at


@pytest.fixture(scope="module")
def classifier():
    return looks_at((0, 0), (0, 1), (1, 0), (1, 1))


@pytest.fixture(scope="module")
def scanned(classifier, tmp_path_factory):
    """The store and plan of a scan in three parts, with a broken file in the second."""
    folder = tagged_folder(tmp_path_factory.mktemp("data") / "tagged", each=300)
    sorted(folder.rglob("*.png"))[PART + 1].write_bytes(b"no picture")
    store = Store(tmp_path_factory.mktemp("runs"))
    watch = Watch(store.folder)
    settings = Settings(str(folder), classifier.name, method="hirescam")
    with store.locked():
        plan, fast = begin(store, settings, lambda: classifier, watch)
        scan(store, plan, fast, watch)
    return store, plan


def parts_of(store):
    files = store.read_table("files.parquet")
    return {
        part_of(start): files.iloc[start : start + PART] for start in range(0, len(files), PART)
    }


def bytes_of(store):
    return {name: (store.folder / name).read_bytes() for name in store.parts("images")}


def test_parts_in_any_order_fill_the_same_store(scanned, classifier, tmp_path):
    store, plan = scanned
    again = Store(tmp_path)
    parts = list(parts_of(store).items())
    assert len(parts) == 3
    for place in (2, 0, 1):
        name, files = parts[place]
        again.write_table(name, camcore.scan_part(files, plan, classifier))
    assert bytes_of(again) == bytes_of(store)
    assert (store.read_table(parts[1][0])["error"] != "").sum() == 1


def test_parts_from_other_processes_fill_the_same_store(scanned, classifier, tmp_path):
    store, plan = scanned
    again = Store(tmp_path)
    parts = parts_of(store)
    plain = Plan(plan.record)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("forkserver")) as processes:
        work = partial(camcore.scan_part, plan=plain, classifier=classifier)
        for name, table in zip(parts, processes.map(work, parts.values()), strict=True):
            again.write_table(name, table)
    assert bytes_of(again) == bytes_of(store)


def test_a_part_leaves_its_files_and_its_plan_alone(scanned, classifier):
    store, plan = scanned
    files = store.read_table("files.parquet").iloc[:5]
    before, record = files.copy(deep=True), repr(plan.record)
    table = camcore.scan_part(files, plan, classifier).to_pandas()
    assert files.equals(before)
    assert repr(plan.record) == record
    assert table["id"].tolist() == files["id"].tolist()
    # The control: another classifier gives other rows.
    other = camcore.scan_part(files, plan, looks_at((7, 7))).to_pandas()
    assert not np.allclose(table["margin"], other["margin"])
