"""The balanced, edited pictures as a folder, to train on with one's own code."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from camcore.auditing.runs.progress import Progress, Watch
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.store import Store
from camcore.csv_cells import without_formulas
from camcore.errors import InputError, StoreError
from camcore.repairing.bench import Bench
from camcore.repairing.measurement import check_batches
from camcore.repairing.proof import held_out_listing
from camcore.repairing.rules import RULES
from camcore.repairing.target import targets


def export_set(
    run: Run | str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    finding: str | None = None,
    show: Callable[[Progress], Any] | None = None,
) -> Path:
    """Write the pictures that a repair would learn from, whatever made the model.

    ``train`` holds a folder for each class: the pictures of the half that learns, each
    `RepairRules.copies` times, as the model sees them, and with cues from pictures of all classes
    alike, so that the cues tell nothing of the class. ``train.csv`` lists them with their labels
    and where they are from; ``held-out.csv`` lists the other half as it is, to audit the new model
    on.

    Parameters
    ----------
    run : Run or path
        A complete run with labels.
    folder : path
        Must not exist yet.
    finding : str, optional
        As for `repair`.
    show : callable, optional
        Called with a `Progress` a few times a second.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        If there is nothing to mend, or the folder exists.
    StoreError
        If the folder cannot be written.

    Examples
    --------
    >>> export_set("no-run", "edited")
    Traceback (most recent call last):
    ...
    camcore.errors.StoreError: no-run holds no audit; give the folder of a run.
    """
    run = run if isinstance(run, Run) else Run(run)
    folder = Path(folder)
    findings = targets(run, finding)
    if folder.exists():
        raise InputError(f"{str(folder)!r} exists; name a folder that does not.")
    if not folder.absolute().parent.is_dir():
        raise InputError(f"folder {str(folder.parent)!r} does not exist; make it first.")
    try:
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.absolute().parent))
        try:
            with tempfile.TemporaryDirectory() as place:
                watch = Watch(Path(place), show)
                _write(Bench(run, findings, Store(place), watch), partial, watch)
            partial.chmod(0o755)  # a temporary folder is its maker's alone
            os.replace(partial, folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written ({error.strerror or error}); make room, or name another."
        ) from None
    return folder


def _write(bench: Bench, folder: Path, watch: Watch) -> None:
    batches = check_batches(bench, 0, RULES.copies, bench.has_masks)
    paths = bench.run.images["path"]
    names = _folder_names(bench.run.class_names)
    labels = [klass.label for klass in bench.plan.classes.classes]
    rows = []
    watch.begin("pictures", sum(map(len, batches)))
    for name in names:
        (folder / "train" / name).mkdir(parents=True)
    for copy, batch in enumerate(batches):
        klass = bench.klass(batch.ids)
        place = 0
        for pixels in batch.pixels(bench.pool):
            for pixels_of in pixels:
                image = batch.ids[place]
                file = f"train/{names[klass[place]]}/{image:06d}-{copy}.png"
                Image.fromarray(pixels_of.squeeze()).save(folder / file)
                donors = dict.fromkeys(str(paths[given[place]]) for _, given in batch.edits)
                rows.append(
                    {
                        "path": file,
                        "label": labels[klass[place]],
                        "picture": str(paths[image]),
                        "cues of": "; ".join(donors),
                    }
                )
                place += 1
            watch.advance(len(pixels))
    without_formulas(pd.DataFrame(rows)).to_csv(folder / "train.csv", index=False)
    without_formulas(held_out_listing(bench)).to_csv(folder / "held-out.csv", index=False)


def _folder_names(classes: tuple[str, ...]) -> list[str]:
    """A folder's name for each class, none twice.

    Examples
    --------
    >>> _folder_names(("cat", "a/b", "a:b"))
    ['cat', 'a-b', 'a-b-2']
    """
    names: list[str] = []
    for name in classes:
        stem = re.sub(r"[^\w .-]+", "-", name).strip(" .-") or "class"
        number, free = 1, stem
        while free.casefold() in (taken.casefold() for taken in names):
            number += 1
            free = f"{stem}-{number}"
        names.append(free)
    return names
