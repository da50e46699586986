"""Runs that caught a network, made once a session."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import camcore
from tests.repairing.shortcut import NAMES, corner_network, striped_folder

BUDGET = 24_000


@pytest.fixture(scope="session")
def caught(keras, tmp_path_factory):
    """Audits of two networks that read the corner; only one has features of the stripes."""
    place = tmp_path_factory.mktemp("caught")
    pictures = striped_folder(place / "pictures", 130, 1)
    names = place / "names.txt"
    names.write_text("\n".join(NAMES))
    runs = {}
    for name, sees_stripes in (("sound", True), ("blind", False)):
        file = place / f"{name}.keras"
        corner_network(keras, sees_stripes=sees_stripes).save(file)
        runs[name] = camcore.audit(
            pictures, file, out=place / f"{name}-run", class_names=str(names), budget=BUDGET,
            precision="float32",
        )  # fmt: skip
    return SimpleNamespace(**runs, pictures=pictures, place=place, names=names)
