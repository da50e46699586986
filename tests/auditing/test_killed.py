"""An audit that is killed again and again ends with the very files of an undisturbed one."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from tests.auditing.folders import tagged_folder
from tests.auditing.linear_classifier import looks_at

KILLS = 10
_BUDGET = 10_000  # forward passes; the fewest pairs that stages take
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["camcore.auditing.pipeline", "tests.auditing.linear_classifier"])


def _audit(folder: Path, out: Path, slowly: float) -> None:
    from camcore.auditing import pipeline as verbs
    from camcore.auditing.interventions import trials

    # Time for a kill to fall into: a network is slower than a sum over blocks.
    model = looks_at((0, 0), (0, 1), (1, 0), (1, 1))
    plain = type(model).scores

    def scores(self, images):
        time.sleep(slowly)
        return plain(self, images)

    type(model).scores = scores
    trials._BLOCK = 128  # many files, that kills fall between
    verbs.write_report = lambda run: None
    verbs.audit(folder, model, out=out, method="hirescam", precision="float32", budget=_BUDGET)


def _run(folder: Path, out: Path, slowly: float, killed_after: float | None) -> bool:
    """Whether it came to its end by itself."""
    process = _SERVER.Process(target=_audit, args=(folder, out, slowly))
    process.start()
    process.join(killed_after)
    if process.is_alive():
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        return False
    assert process.exitcode == 0
    return True


def _contents(run: Path) -> dict[str, bytes]:
    news = {"run.json", "progress.json", "lock", "findings.json"}  # hold times
    return {
        str(file.relative_to(run)): file.read_bytes()
        for file in sorted(run.rglob("*"))
        if file.is_file() and file.name not in news
    }


@pytest.mark.slow
def test_ten_kills_change_nothing(tmp_path):
    folder = tagged_folder(tmp_path / "data", each=150)
    began = time.monotonic()
    assert _run(folder, tmp_path / "calm", 0.01, None)
    whole = time.monotonic() - began
    calm = _contents(tmp_path / "calm")
    rng = np.random.default_rng(10)
    moments, number = [], 0
    while len(moments) < KILLS:  # a run may come to its end between two kills: then the next one
        number += 1
        disturbed = tmp_path / f"disturbed-{number}"
        while len(moments) < KILLS:
            if _run(folder, disturbed, 0.01, rng.uniform(0, 0.25) * whole):
                break
            moments.append(sum(1 for _ in disturbed.rglob("*.parquet")))
        assert _run(folder, disturbed, 0.0, None)
        after = _contents(disturbed)
        assert after.keys() == calm.keys()
        assert [name for name in calm if after[name] != calm[name]] == []
    assert len(set(moments)) >= KILLS // 3, "the kills fell on few different moments"
