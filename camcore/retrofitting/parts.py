"""What a new head learns from, and what its accuracy is measured on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from camcore.sources.listing import counted
from camcore.sources.source import Source
from camcore.sources.splits import Split, choose_splits, listed


@dataclass(frozen=True, eq=False)
class Parts:
    """The pictures of a data set in two parts.

    Attributes
    ----------
    files : pandas.DataFrame
        As in `Source`, all with a label.
    held : ndarray of bool
        Which of them accuracy is measured on; none where that part is yet to be drawn.
    validated_on : str
        Names of the splits that `held` marks.
    notes : tuple of str
        What was taken and left out.
    """

    files: pd.DataFrame
    held: np.ndarray
    validated_on: str
    notes: tuple[str, ...]


def parts_of(source: Source, wanted: str | None) -> Parts:
    """Take the split that is learnt and the one that is not.

    The training split is learnt, or the one that is wanted. The validation split, or else the test
    split, is held out, but for pictures of classes that are not learnt. Without a training split
    everything is learnt, as with ``all``.

    Parameters
    ----------
    source : Source
        With all of its splits.
    wanted : str or None
        As for `camcore.sources.splits.choose_splits`.

    Raises
    ------
    InputError
        If there is no such split.
    """
    files = source.files[source.files["label"] != ""].reset_index(drop=True)
    if not source.splits:
        choose_splits((), wanted)
        return Parts(files, np.zeros(len(files), bool), "", source.notes)
    labelled = [part for part in source.splits if part.labelled]
    learnt = _learnt(source, labelled, wanted)
    held: tuple[Split, ...] = ()
    for role in ("val", "test"):
        others = [part for part in labelled if part not in learnt]
        held = held or tuple(part for part in others if part.role == role)
    split = files["split"]
    learning = split.isin([part.name for part in learnt])
    known = set(files["label"][learning])
    holding = split.isin([part.name for part in held]) & files["label"].isin(known)
    notes = [*source.notes, _split_note(source, learnt, held)]
    strange = int((split.isin([part.name for part in held]) & ~holding).sum())
    if strange:
        count = counted(strange, "picture is", "pictures are")
        notes.append(f"{count} of a class that is not learnt: left out of {_named(held)}")
    kept = learning | holding
    return Parts(
        files[kept].reset_index(drop=True),
        holding[kept].to_numpy(bool),
        _named(held) if holding.any() else "",
        tuple(notes),
    )


def _learnt(source: Source, labelled: list[Split], split: str | None) -> tuple[Split, ...]:
    if split is not None:
        return choose_splits(source.splits, split)
    return tuple(part for part in labelled if part.role == "train") or tuple(labelled)


def _named(splits: tuple[Split, ...]) -> str:
    return listed([part.name for part in splits])


def _split_note(source: Source, learnt: tuple[Split, ...], held: tuple[Split, ...]) -> str:
    names = [
        f"{part.name} ({counted(part.images, 'picture', 'pictures')})" for part in source.splits
    ]
    words = f"of the splits {listed(names)}, {_named(learnt)} was learnt"
    if len(learnt) > 1:
        words = words.replace(" was learnt", " were learnt")
    if held:
        words += f", accuracy was measured on {_named(held)}"
    left = [part.name for part in source.splits if part not in (*learnt, *held)]
    return f"{words}, and {listed(left)} left out" if left else words
