"""Hostile files do nothing, crashes and limits end the child only, and good files get in."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hostile import canary_lambda, harmless, layer, sequential, weights, write_h5, write_keras

from camcore.errors import ModelError, UnsafeModelError
from camcore.models.quarantine import admission as quarantine
from camcore.models.quarantine import admitted as admissions
from camcore.models.quarantine import child_process as child
from camcore.models.quarantine.child_main import load_failure


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CAMCORE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(admissions, "_known", set())
    return tmp_path / "cache"


@pytest.fixture
def no_children(monkeypatch):
    """From here on, only inspection may start a child."""

    def forbid():
        run = child.run

        def only_inspect(stage, *arguments):
            assert stage == "inspect"
            return run(stage, *arguments)

        monkeypatch.setattr(child, "run", only_inspect)

    return forbid


def test_positive_control_lambda_fires_when_loaded_carelessly(tmp_path, keras):
    """Without this, the absence of the canary would prove nothing."""
    canary = tmp_path / "canary"
    path = write_keras(tmp_path / "m.keras", sequential(canary_lambda(canary)))
    model = keras.saving.load_model(path, compile=False, safe_mode=False)
    model(np.zeros((1, 8, 8, 3), np.float32))
    assert canary.exists()


@pytest.mark.parametrize("write", [write_keras, write_h5])
def test_lambda_is_refused_quickly_and_never_runs(tmp_path, no_children, write):
    no_children()
    canary = tmp_path / "canary"
    path = write(tmp_path / "m.keras", sequential(canary_lambda(canary)))
    start = time.monotonic()
    with pytest.raises(UnsafeModelError, match="layer 'secret' is a Lambda"):
        quarantine.admit(path)
    assert time.monotonic() - start < 10
    assert not canary.exists()


def test_inspect_finds_what_the_file_holds(tmp_path):
    path = write_keras(tmp_path / "m.keras", harmless())
    found = quarantine.inspect(path, name="shown.keras")
    assert (found.format, found.layers) == ("keras", 3)
    assert isinstance(found.classes, tuple)


def test_good_files_get_in_once_and_are_remembered(tmp_path, own_cache, no_children):
    path = write_keras(tmp_path / "m.keras", harmless())
    with quarantine.admit(path) as first:
        assert Path(first.path).read_bytes() == path.read_bytes()
        assert Path(first.path).suffix == ".keras"
        assert Path(first.path).parent.stat().st_mode & 0o077 == 0
    assert not Path(first.path).parent.exists()
    first.close()

    no_children()
    quarantine.admit(path).close()  # in memory
    admissions._known.clear()
    quarantine.admit(path).close()  # on disk
    data = json.loads((own_cache / "admitted-models.json").read_text())
    assert [key.split("/")[0] for key in data["admitted"]] == [first.sha256]


@pytest.mark.slow
def test_old_h5_file_gets_in(tmp_path):
    with quarantine.admit(write_h5(tmp_path / "m.hdf5", harmless())) as model:
        assert Path(model.path).suffix == ".h5"
        assert model.inspection.keras_version == "2.4.0"


def test_what_is_inspected_is_what_is_loaded(tmp_path, monkeypatch):
    path = write_keras(tmp_path / "m.keras", harmless())
    monkeypatch.setattr(quarantine, "_load_once", lambda *_: None)
    with quarantine.admit(path) as model:
        write_keras(path, sequential(canary_lambda(tmp_path / "canary")))
        assert Path(model.path).read_bytes() != path.read_bytes()
        assert quarantine.inspect(model.path).sha256 == model.sha256


def test_no_copy_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    path = write_keras(tmp_path / "m.keras", harmless(), without="config.json")
    with pytest.raises(ModelError):
        quarantine.admit(path)
    with pytest.raises(ModelError):
        quarantine.inspect(path)
    monkeypatch.setattr(quarantine, "_load_once", lambda *_: None)
    model = quarantine.admit(write_keras(path, harmless()))
    assert len(list((tmp_path / "tmp").iterdir())) == 1
    del model
    assert list((tmp_path / "tmp").iterdir()) == []


def test_refusals_are_not_remembered(tmp_path, own_cache):
    path = write_keras(tmp_path / "m.keras", sequential(layer("Lambda", "l")))
    for _ in range(2):
        with pytest.raises(UnsafeModelError):
            quarantine.admit(path)
    assert not own_cache.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"admitted": 3}', b'{"admitted": [3]}'])
def test_broken_memory_is_no_memory(own_cache, content):
    own_cache.mkdir()
    (own_cache / "admitted-models.json").write_bytes(content)
    assert not admissions.is_admitted("0" * 64, "3")
    admissions.remember("0" * 64, "3")
    admissions._known.clear()
    assert admissions.is_admitted("0" * 64, "3")
    assert not admissions.is_admitted("0" * 64, "4")


def test_memory_without_a_writable_disk(own_cache):
    own_cache.write_text("a file where the folder should be")
    admissions.remember("1" * 64, "3")
    assert admissions.is_admitted("1" * 64, "3")


# Crashes and limits


def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """A model file whose child process is a shell script instead."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(child.sys, "executable", str(program))
    return write_keras(tmp_path / "m.keras", harmless())


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("kill -SEGV $$", "crashes the library"),
        ("kill -ABRT $$", "crashes the library"),
        ("exit 3", "crashes the library"),
        ("echo nonsense", "crashes the library"),
        ("kill -KILL $$", "too much computing time or memory"),
        ("kill -XCPU $$", "too much computing time or memory"),
        ("""echo '{"error": "MemoryError"}'""", "4 GB of memory"),
    ],
)
def test_child_that_dies(tmp_path, monkeypatch, script, words):
    path = stand_in(tmp_path, monkeypatch, script)
    with pytest.raises(ModelError, match=words) as caught:
        quarantine.admit(path)
    assert str(caught.value).startswith("m.keras ")


def test_child_that_hangs_is_ended_with_all_its_children(tmp_path, monkeypatch):
    pid = tmp_path / "pid"
    path = stand_in(tmp_path, monkeypatch, f"sleep 600 & echo $! > {pid}; wait")
    short = child.Limits(seconds=1, cpu_seconds=10, memory_bytes=2**32, file_bytes=0)
    monkeypatch.setattr(quarantine, "INSPECTION_LIMITS", short)
    start = time.monotonic()
    with pytest.raises(UnsafeModelError, match="more than 1 seconds"):
        quarantine.inspect(path)
    assert time.monotonic() - start < 30
    state = Path(f"/proc/{pid.read_text().strip()}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"


def test_limits_hold(tmp_path):
    code = """if True:
        import resource, sys
        from camcore.models.quarantine.child_main import set_limits
        set_limits(cpu_seconds=5, memory_bytes=2**31, file_bytes=0)
        try:
            open(sys.argv[1], "w").write("x" * 100000)
        except OSError as error:
            print(error.errno)
        try:
            bytes(2**31)
        except MemoryError:
            print("memory")
        print(resource.getrlimit(resource.RLIMIT_CPU), resource.getrlimit(resource.RLIMIT_CORE))
    """
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "written")], capture_output=True, text=True
    )
    assert done.stdout.split("\n")[:3] == ["27", "memory", "(5, 5) (0, 0)"]
    assert (tmp_path / "written").stat().st_size == 0


def test_the_folder_one_stands_in_is_not_imported_from(tmp_path, monkeypatch):
    canary = tmp_path / "canary"
    (tmp_path / "h5py.py").write_text(f"open({str(canary)!r}, 'w').close()")
    monkeypatch.chdir(tmp_path)
    quarantine.inspect(write_keras(tmp_path / "m.keras", harmless()))
    assert not canary.exists()


@pytest.mark.slow
def test_model_that_exhausts_memory_when_built(tmp_path, monkeypatch):
    monkeypatch.setattr(quarantine, "LOAD_MEMORY_BYTES", 4 * 1024**3)
    flat = layer("Flatten", "flat")
    big = layer("Dense", "big", units=900_000, kernel_initializer="zeros")
    path = write_keras(tmp_path / "m.keras", sequential(flat, big, side=64))
    with pytest.raises(ModelError, match=r"memory|crashes") as caught:
        quarantine.admit(path)
    assert str(caught.value).startswith("m.keras ")


@pytest.mark.slow
def test_old_file_that_keras_cannot_read_is_explained(tmp_path):
    depthwise = layer("DepthwiseConv2D", "dw", kernel_size=[3, 3], groups=2)
    path = write_h5(tmp_path / "old.h5", sequential(depthwise))
    with pytest.raises(ModelError, match=r"saved by Keras 2.*DepthwiseConv2D.*'groups' to 2"):
        quarantine.admit(path)


@pytest.mark.slow
def test_model_without_input_shape(tmp_path):
    config = sequential(layer("Flatten", "flat"))
    del config["config"]["layers"][0]
    with pytest.raises(ModelError, match="input shape"):
        quarantine.admit(write_keras(tmp_path / "m.keras", config))


@pytest.mark.parametrize(
    ("said", "version", "words"),
    [
        ("Unrecognized keyword arguments passed to A: {'b': 1}", "2.1", "its A has a setting 'b'"),
        ("Could not locate class 'Odd'. Make sure", "2.1", "it has no Odd"),
        ("Unknown layer: 'Odd'", None, "does not say which Keras"),
        ("line one\nline two", "3.0", "line one;"),
        ("", "3.0", "no reason given"),
    ],
)
def test_reasons_are_one_sentence(said, version, words):
    text = load_failure(said, "m.h5", version, "3.15.1")
    assert words in text
    assert "\n" not in text


# Fuzz

PROBE = """if True:
    import sys
    from camcore.errors import CamcoreError
    from camcore.models.quarantine.inspection import inspect_file
    for path in sys.argv[1:]:
        print(path, flush=True)
        try:
            inspect_file(path)
            print("ok", flush=True)
        except CamcoreError as error:
            assert "\\n" not in str(error)
            print("refused", flush=True)
"""


def probe(paths: list[str]) -> list[str]:
    """Outcomes of inspecting many files in child processes, which broken HDF5 may crash."""
    outcomes: list[str] = []
    while len(outcomes) < len(paths):
        done = subprocess.run(
            [sys.executable, "-c", PROBE, *paths[len(outcomes) :]], capture_output=True, text=True
        )
        outcomes += done.stdout.split("\n")[1:-1:2]
        if len(outcomes) < len(paths):
            assert done.returncode < 0, done.stderr  # a signal, never an exception
            outcomes.append("crashed")
    return outcomes


@pytest.mark.parametrize("kind", ["keras", "h5"])
def test_damaged_files_give_one_sentence(tmp_path, kind):
    def fill(root):
        root["kernel"] = np.arange(50, dtype="f4")

    good = tmp_path / f"good.{kind}"
    if kind == "keras":
        write_keras(good, harmless(), store=weights(fill))
    else:
        write_h5(good, harmless(), fill)
    data = good.read_bytes()
    rng = random.Random(5)
    paths = []
    for number in range(200):
        bad = bytearray(data)
        place = rng.randrange(len(data))
        if number % 4 == 0:
            bad = bad[:place]
        else:
            for _ in range(rng.choice([1, 4, 16])):
                bad[(place + rng.randrange(64)) % len(data)] ^= rng.randrange(1, 256)
        paths.append(str(tmp_path / f"{number}.{kind}"))
        Path(paths[-1]).write_bytes(bad)
    outcomes = probe([str(good), *paths])
    assert outcomes[0] == "ok"
    assert outcomes.count("refused") > 50
    assert set(outcomes) <= {"ok", "refused", "crashed"}
