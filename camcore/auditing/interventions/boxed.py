"""Trials among the pictures whose objects are known, where only few are."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd

from camcore.auditing.edits import Probe
from camcore.auditing.edits.part import Part
from camcore.auditing.executors.executor import Executor
from camcore.auditing.interventions.laboratory import Laboratory, Pictures
from camcore.auditing.interventions.pairing import Pairs, pairs_among_few
from camcore.auditing.interventions.trials import Trial
from camcore.auditing.rules import RULES
from camcore.auditing.runs.drawn_boxes import STAGE, drawn_boxes
from camcore.auditing.runs.plan import Plan
from camcore.auditing.runs.progress import Watch
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.store import Store

_OBJECTS = ("object", "background")  # families that tell of the object by themselves
_FILLS = ("transfer", "around")
_SEED = 4


def try_among_boxed(
    store: Store,
    plan: Plan,
    executor: Executor,
    watch: Watch,
    images: pd.DataFrame,
    proven: Mapping[int, list[Probe]],
) -> None:
    """Whether cues work through the object, asked of the pictures that tell where theirs is.

    Donor, recipient and control are drawn from those pictures alone, of the half that cues are
    tested on: what the surroundings do must owe nothing to anybody's object, and nothing was chosen
    on them. Three trials of the same pairs: the cue as it is; only around all three objects; and,
    of a place, only where the donor's object lies.

    Parameters
    ----------
    store, plan, executor, watch
    images : DataFrame
        As for `camcore.auditing.interventions.discovery.Discovery`.
    proven : mapping of int to list of Probe
        By class; what is proven.
    """
    drawn = drawn_boxes(Run(store.folder))
    files = store.read_table("files.parquet").set_index("id")
    laboratory = Laboratory(store, executor, watch, Pictures(plan, files, images, drawn))

    def ask(klass: int, probes: list[Probe]) -> None:
        asked = [p for p in probes if p.family not in _OBJECTS and not isinstance(p, Part)]
        pairs = boxed_pairs(images[known_objects(images, drawn)], klass, plan.settings.seed)
        if not asked or pairs is None:
            return
        places = tuple(probe for probe in asked if probe.region is not None)
        whole = tuple(probe for probe in asked if probe.region is None)
        if places:
            laboratory.run(Trial(STAGE, klass, pairs, places, (*_FILLS, "own"), label="-place"))
        if whole:
            laboratory.run(Trial(STAGE, klass, pairs, whole, _FILLS, label="-whole"))

    executor.follow([partial(ask, klass, probes) for klass, probes in proven.items()])


def known_objects(images: pd.DataFrame, drawn: Mapping[int, object]) -> np.ndarray:
    """Which images of the half that cues are tested on tell where their object is, bool (n,)."""
    located = images["told"].to_numpy(bool) | images.index.isin(list(drawn))
    known: np.ndarray = located & (images["half"] == 1).to_numpy()
    return known


def boxed_pairs(known: pd.DataFrame, klass: int, seed: int) -> Pairs | None:
    """Pairs among images whose objects are known; None where these are too few."""
    rng = np.random.default_rng([seed, klass, _SEED])
    pairs = pairs_among_few(known, klass, RULES.boxed_pairs, rng)
    fewest = min(len(np.unique(pairs.donors)), len(np.unique(pairs.recipients)))
    return pairs if fewest >= RULES.boxed_fewest else None
