"""Runs that caught a network, made once a session."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import camcore
from camcore.auditing.runs.store import Store
from tests.repairing.shortcut import EACH, NAMES, SIDE, corner_network, striped_folder

BUDGET = 18_000


@pytest.fixture(scope="session")
def caught(keras, tmp_path_factory):
    """Audits of two networks that read the corner; only one has features of the stripes.

    They answer alike, so that what was found of one is true of the other.
    """
    place = tmp_path_factory.mktemp("caught")
    pictures = striped_folder(place / "pictures", EACH, 1)
    names = place / "names.txt"
    names.write_text("\n".join(NAMES))
    sound, blind = (corner_network(keras, sees_stripes=seen) for seen in (True, False))
    sound.save(place / "sound.keras")
    blind.save(place / "blind.keras")
    run = camcore.audit(
        pictures, place / "sound.keras", out=place / "sound-run", class_names=str(names),
        budget=BUDGET, precision="float32",
    )  # fmt: skip
    some = np.random.default_rng(0).uniform(0, 255, (8, SIDE, SIDE, 3)).astype(np.float32)
    np.testing.assert_allclose(sound(some), blind(some), atol=1e-5)
    return SimpleNamespace(
        sound=run, blind=_as_of(run, place / "blind.keras"), pictures=pictures, place=place
    )


def _as_of(run: camcore.Run, file: Path) -> camcore.Run:
    """The same run of another network."""
    folder = run.folder.with_name("blind-run")
    shutil.copytree(run.folder, folder)
    record = run.store.read_json("run.json")
    record["model"]["sha256"] = camcore.load_model(file).sha256
    record["settings"]["model"] = str(file)
    Store(folder).write_json("run.json", record)
    return camcore.Run(folder)
