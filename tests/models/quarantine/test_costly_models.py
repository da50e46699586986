"""What a model costs is measured before it is let in, and no file waits for another one."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from camcore.errors import InputError, UnsafeModelError
from camcore.models.quarantine import admission as quarantine
from camcore.models.quarantine import admitted as admissions
from camcore.models.quarantine.child_main import refused_cost
from tests.hostile import harmless, layer, sequential, write_keras


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CAMCORE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(admissions, "_known", set())


def _large_maps():
    """A few hundred bytes of configuration, no weights, and maps of 200 MB."""
    return sequential(
        layer("UpSampling2D", "up", size=[512, 512]),
        layer("GlobalAveragePooling2D", "pool"),
        layer("Softmax", "out"),
    )


def test_a_small_file_of_large_maps_is_refused_with_the_figures(tmp_path, monkeypatch):
    path = write_keras(tmp_path / "up.keras", _large_maps())
    monkeypatch.setenv("CAMCORE_PASS_GB", "0.1")
    with pytest.raises(
        UnsafeModelError, match=r"up\.keras (takes|needs).* GB .*8 x 8 x 3.*CAMCORE_PASS_GB"
    ):
        quarantine.admit(path)
    quarantine.admit(write_keras(tmp_path / "small.keras", harmless())).close()
    monkeypatch.setenv("CAMCORE_PASS_GB", "3")  # as the refusal says
    quarantine.admit(path).close()


@pytest.mark.parametrize("value", ["much", "0", "-1", "nan", "inf"])
def test_a_setting_that_is_no_number_is_named(tmp_path, monkeypatch, value):
    path = write_keras(tmp_path / "m.keras", harmless())
    monkeypatch.setenv("CAMCORE_PASS_SECONDS", value)
    with pytest.raises(InputError, match=f"CAMCORE_PASS_SECONDS is '{value}'"):
        quarantine.admit(path)


def test_time_counts_as_memory_does():
    cost = {"name": "m", "shape": [1, 9, 9, 3], "memory_gb": 4.0, "pass_seconds": 60.0}
    assert refused_cost(gigabytes=4.0, seconds=60.0, **cost) == ""
    assert "61.0 s" in refused_cost(gigabytes=0.1, seconds=61.0, **cost)
    assert "4.1 GB" in refused_cost(gigabytes=4.1, seconds=0.1, **cost)


def test_different_files_are_loaded_side_by_side_and_one_file_once(tmp_path, monkeypatch):
    files = [
        write_keras(tmp_path / f"{number}.keras", sequential(layer("Softmax", f"out{number}")))
        for number in range(2)
    ]
    both, loads = threading.Barrier(2, timeout=60), []

    def slow(copy, name, *_):
        loads.append(name)
        both.wait()  # only passes while the other file is loaded too

    monkeypatch.setattr(quarantine, "_load_once", slow)
    failed = []

    def admit(file):
        try:
            quarantine.admit(file).close()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=admit, args=(file,)) for file in (*files, files[0])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(loads) == ["0.keras", "1.keras"]


_FIRST_LOADS = """
import os, threading
from camcore.models.keras.loading import import_keras
before = os.fstat(2)
together = threading.Barrier(4)
def first():
    together.wait()
    import_keras()
threads = [threading.Thread(target=first) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
after = os.fstat(2)
print((before.st_dev, before.st_ino) == (after.st_dev, after.st_ino))
"""


def test_first_loads_at_once_give_the_standard_error_back(tmp_path):
    with open(tmp_path / "errors", "wb") as errors:
        done = subprocess.run(
            [sys.executable, "-c", _FIRST_LOADS], stdout=subprocess.PIPE, stderr=errors, check=True
        )
    assert done.stdout.split() == [b"True"]
