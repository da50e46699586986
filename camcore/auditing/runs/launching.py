"""An audit as a process of its own: where runs lie, and how one is started and found again."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from camcore.auditing.runs.run import Run
from camcore.auditing.runs.settings import Settings
from camcore.auditing.runs.store import Store, runs_folder
from camcore.making.scenes import write_scenes

LOG = "log.txt"
DEMO_SCENES = 240
_DEMO_SEED = 11  # none of the seeds that the bundled models were trained on
_OPTIONS = {
    "layer": "--layer",
    "method": "--method",
    "labels": "--labels",
    "class_names": "--class-names",
    "preprocessing": "--preprocess",
    "output": "--output",
    "output_kind": "--output-kind",
    "input": "--input",
    "fit": "--fit",
    "split": "--split",
    "stretch": "--stretch",
    "budget": "--budget",
    "seed": "--seed",
    "precision": "--precision",
}


def new_run_folder(settings: Settings) -> Path:
    """A folder below `runs_folder` that is not there yet, named after what is audited."""
    words = f"{Path(settings.source).stem}-{Path(settings.model).stem}"
    stem = re.sub(r"[^\w.]+", "-", words).strip("-.").lower()[:80] or "audit"
    stem = f"{stem}-{time.strftime('%Y%m%d-%H%M%S')}"
    place, number = runs_folder() / stem, 1
    while place.exists():
        number += 1
        place = runs_folder() / f"{stem}-{number}"
    return place


def demo_scenes(progress: Callable[[], None] | None = None) -> Path:
    """The legend's laboratory as class folders with masks, rendered once into `runs_folder`.

    Parameters
    ----------
    progress : callable, optional
        Called after each of `DEMO_SCENES` scenes.
    """
    place = runs_folder() / "legend-laboratory"
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        write_scenes("laboratory", DEMO_SCENES, _DEMO_SEED, place, progress=progress)
        # An audit is to find out by itself, and a table beside its pictures is one more question.
        (place / "scenes.csv").unlink()
    return place


def list_runs() -> list[Run]:
    """The runs in `runs_folder`, newest first."""
    try:
        folders = [place for place in runs_folder().iterdir() if Store(place).is_run()]
    except OSError:
        return []
    return [Run(place) for place in sorted(folders, key=os.path.getmtime, reverse=True)]


def command(settings: Settings, folder: Path) -> list[str]:
    """The words of the command line that do this audit.

    Examples
    --------
    >>> settings = Settings("/photos", "cam1", seed=3)
    >>> " ".join(command(settings, Path("run")))
    'python -m camcore audit /photos --model cam1 --seed 3 --out run'
    """
    default = Settings(settings.source, settings.model)
    words = ["python", "-m", "camcore", "audit", settings.source, "--model", settings.model]
    for name, option in _OPTIONS.items():
        value = getattr(settings, name)
        if value != getattr(default, name):
            words += [option, str(value)]
    if settings.input_size:
        words += ["--input-size", "x".join(map(str, settings.input_size))]
    for name, value in (settings.others or {}).items():
        words += ["--other", f"{name}={value}"]
    return [*words, "--out", str(folder)]


def launch(settings: Settings, folder: Path) -> subprocess.Popen[bytes]:
    """Start or continue an audit beside this process; it outlives it.

    Its messages go to ``log.txt`` in the run folder.
    """
    return start_process(command(settings, folder), folder)


def start_process(words: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    """Start a command of this package, ``python`` first, that works on a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    # The lock file marks the folder as a run's from the first moment on.
    (folder / "lock").touch()
    package_parent = str(Path(__file__).absolute().parents[3])
    paths = [package_parent, *filter(None, [os.environ.get("PYTHONPATH")])]
    with open(folder / LOG, "ab") as log:
        return subprocess.Popen(
            [sys.executable, *words[1:]],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
            start_new_session=True,  # a server that ends does not take it along
        )
