"""Bits that flip in a run are noticed, what is damaged is made anew, and no decision is lost."""

from __future__ import annotations

import random
import shutil
import threading
from pathlib import Path

import pytest

from camcore.auditing.pipeline import audit
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.store import DamagedError, Store
from camcore.errors import StoreError
from tests.auditing.folders import tagged_folder
from tests.auditing.linear_classifier import looks_at
from tests.auditing.planted_run import planted_run

_CELLS = ((0, 0), (0, 1), (1, 0), (1, 1))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tagged_folder(tmp_path_factory.mktemp("data") / "pictures", each=40)


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    return _audit(data, tmp_path_factory.mktemp("runs") / "run").folder


def _audit(data: Path, out: Path) -> Run:
    return audit(
        data, looks_at(*_CELLS), out=out, method="hirescam", precision="float32", budget=10_000
    )


def _tables(folder: Path) -> dict[str, bytes]:
    files = sorted(folder.rglob("*.parquet"))
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def _flip(file: Path, chance: random.Random) -> None:
    content = bytearray(file.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    file.write_bytes(content)


def test_every_flipped_bit_is_noticed_and_the_part_named(finished, tmp_path):
    chance = random.Random(5)
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    store = Store(run)
    names = list(_tables(run))
    for name in names:
        store.read_table(name)  # whole, and so is what is read below without a flip
    for number in range(300):
        name = names[number % len(names)]
        kept = (run / name).read_bytes()
        _flip(run / name, chance)
        with pytest.raises(DamagedError, match=name):
            store.read_table(name)
        (run / name).write_bytes(kept)
        store.read_table(name)


def test_the_same_audit_makes_what_is_damaged_anew(data, finished, tmp_path):
    chance = random.Random(8)
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    whole = _tables(run)
    assert {name.split("/")[0] for name in whole} == {
        "files.parquet", "images", "evidence", "parts", "trials",
    }  # fmt: skip
    for name in whole:
        _flip(run / name, chance)
    assert _audit(data, run).state == "complete"
    assert _tables(run) == whole


def test_a_list_of_files_that_cannot_be_made_anew_is_refused(data, finished, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    _flip(run / "files.parquet", random.Random(1))
    gone = next((data / "a").iterdir())
    gone.rename(tmp_path / "gone")
    try:
        with pytest.raises(StoreError, match=r"changed since.*begin a new run"):
            _audit(data, run)
    finally:
        (tmp_path / "gone").rename(gone)


def test_a_table_of_an_earlier_version_has_no_checksum_and_is_read(finished, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    for file in run.rglob("*.sha256"):
        file.unlink()
    assert len(Run(run).images) == 80
    assert Store(run).whole("images/00000.parquet")


def test_decisions_of_two_threads_are_all_kept(tmp_path):
    folder = planted_run(tmp_path / "run").folder
    name = Run(folder).findings[0].id
    failed = []

    def decide(person: str) -> None:
        try:
            for number in range(10):
                Run(folder).decide(name, "accepted", person, str(number))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=decide, args=(person,)) for person in ("Ada", "Emmy")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    made = [(decision.by, decision.note) for decision in Run(folder).decisions]
    assert len(made) == 20
    for person in ("Ada", "Emmy"):
        assert [note for by, note in made if by == person] == [str(n) for n in range(10)]


def test_the_writer_may_take_the_lock_again_and_others_may_not(tmp_path):
    folder = planted_run(tmp_path / "run").folder
    outcomes = []

    def other() -> None:
        try:
            with Store(folder).locked(patience=0.1):
                outcomes.append("in")
        except StoreError as error:
            outcomes.append(str(error))

    with Store(folder).locked():
        with Store(folder).locked():
            pass
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert len(outcomes) == 1
    assert "another process works on the run" in outcomes[0]
    other()
    assert outcomes[1] == "in"
