"""Forward passes on edited images, kept in parts that are complete or absent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from camcore.auditing.audited_classes import class_margins, predicted_classes
from camcore.auditing.edits import Images, Probe, objects, without_objects
from camcore.auditing.held_columns import held_at
from camcore.auditing.interventions.image_pool import Pool
from camcore.auditing.interventions.pairing import Pairs
from camcore.auditing.rules import RULES
from camcore.auditing.runs.plan import Plan
from camcore.auditing.runs.progress import Watch
from camcore.auditing.runs.store import Store
from camcore.classifier import Classifier
from camcore.cores import usable_cores
from camcore.models.finite_answers import diverged
from camcore.pictures.preprocessing import preprocess
from camcore.sources.ahead import ahead

_PASSED = 32  # images in a forward pass
_BLOCK = 512  # forward passes that a killed run may have to do again
_AHEAD = 4  # batches

FOUND = ("discovery", "refined-1", "refined-2")
TRIMMED = ("trimmed-1", "trimmed-2", "trimmed-3", "trimmed-4")
STAGES = (
    *FOUND, "beside", *TRIMMED, "test", "elsewhere", "off-object", "in-part", "necessity",
)  # fmt: skip
"""In order; up to the last of `TRIMMED` on the half of the images that cues are found on."""


@dataclass(frozen=True, eq=False)
class Trial:
    """One class, one kind of question, some probes, and the pairs that answer it.

    Attributes
    ----------
    stage : str
        One of `STAGES`.
    klass : int
        The class whose cue is in question.
    pairs : Pairs
    probes : tuple of Probe
    fills : tuple of str
        ``transfer``: the donor's cue, with its control. ``spared``: the same, but no known object
        is carried over or covered. ``ring``: the same, but only outside the middle, where no mask
        tells of objects. ``quarter``: the same, but the cue is read off a quarter of the donor.
        ``neutral``: the cue made neutral, without a control.
    """

    stage: str
    klass: int
    pairs: Pairs
    probes: tuple[Probe, ...]
    fills: tuple[str, ...] = ("transfer",)

    @property
    def passes(self) -> int:
        """Forward passes that this takes."""
        return len(self.pairs) * (1 + self.each * len(self.probes))

    @property
    def each(self) -> int:
        """Forward passes for a pair and a probe."""
        return sum(1 if fill == "neutral" else 2 for fill in self.fills)


class Laboratory:
    """Runs trials on one model.

    Parameters
    ----------
    store, plan, classifier, pool, watch
    """

    def __init__(
        self, store: Store, plan: Plan, classifier: Classifier, pool: Pool, watch: Watch
    ) -> None:
        self._store, self._plan, self._classifier = store, plan, classifier
        self._pool, self._watch = pool, watch

    def run(self, trial: Trial) -> pd.DataFrame:
        """Do what is not done yet, and return all rows; see `Run.trials`."""
        size = max(1, _BLOCK // max(1, trial.each * len(trial.pairs)))
        blocks = [trial.probes[k : k + size] for k in range(0, len(trial.probes), size)]
        names = [
            f"trials/{trial.stage}/{trial.klass:04d}-{k:03d}.parquet" for k in range(len(blocks))
        ]
        open_ones = [k for k, name in enumerate(names) if not self._store.whole(name)]
        left = len(trial.pairs) * trial.each * sum(len(blocks[k]) for k in open_ones)
        self._watch.advance(trial.passes - left)
        if open_ones:
            held = self._hold(trial)
            before = self._before(held)
            for k in open_ones:
                self._store.write_table(names[k], self._block(held, blocks[k], before))
        tables = [self._store.read_table(name) for name in names]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()

    def _hold(self, trial: Trial) -> Trial:
        """Decode the trial's images; pairs that lost one are left out."""
        pairs = trial.pairs
        there = self._pool.hold(np.concatenate([pairs.recipients, pairs.donors, pairs.controls]))
        kept = there.reshape(3, -1).all(axis=0)
        return replace(
            trial, pairs=Pairs(pairs.recipients[kept], pairs.donors[kept], pairs.controls[kept])
        )

    def _before(self, trial: Trial) -> tuple[np.ndarray, np.ndarray]:
        found = [
            self._answers(
                self._prepared(self._pool.images(trial.pairs.recipients[chunk]).pixels),
                trial,
                chunk,
            )
            for chunk in _chunks(len(trial.pairs))
        ]
        if not found:
            return np.zeros(0, np.int32), np.zeros(0, np.float32)
        return np.concatenate([one[0] for one in found]), np.concatenate([one[1] for one in found])

    def _block(
        self, trial: Trial, probes: Sequence[Probe], before: tuple[np.ndarray, np.ndarray]
    ) -> pd.DataFrame:
        tables = []
        jobs = [
            (probe, fill, chunk)
            for probe in probes
            for fill in trial.fills
            for chunk in _chunks(len(trial.pairs))
        ]
        with ThreadPoolExecutor(usable_cores(), thread_name_prefix="edit") as workers:
            edits = ahead(workers, (self._edit(trial, *job) for job in jobs), _AHEAD)
            for (probe, fill, chunk), (edited, controlled) in zip(jobs, edits, strict=True):
                after = self._answers(edited, trial, chunk)
                control = None if controlled is None else self._answers(controlled, trial, chunk)
                count = len(edited)
                self._watch.advance(count * (1 if control is None else 2))
                pairs = trial.pairs
                nothing = np.full(count, np.nan, np.float32)
                tables.append(
                    pd.DataFrame(
                        {
                            "klass": np.full(count, trial.klass, np.int32),
                            "probe": probe.name,
                            "family": probe.family,
                            "fill": fill,
                            "pair": np.arange(chunk.start, chunk.start + count, dtype=np.int32),
                            "recipient": pairs.recipients[chunk],
                            "donor": pairs.donors[chunk],
                            "control": pairs.controls[chunk],
                            "before": before[0][chunk],
                            "margin_before": before[1][chunk],
                            "edited": after[0],
                            "margin_edited": after[1],
                            "controlled": np.full(count, -1, np.int32)
                            if control is None
                            else control[0],
                            "margin_controlled": nothing if control is None else control[1],
                        }
                    )
                )
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()

    def _edit(
        self, trial: Trial, probe: Probe, fill: str, chunk: slice
    ) -> Callable[[], tuple[np.ndarray, np.ndarray | None]]:
        pairs = trial.pairs

        def make() -> tuple[np.ndarray, np.ndarray | None]:
            recipients = self._pool.images(pairs.recipients[chunk])
            donors = self._pool.images(pairs.donors[chunk])
            controls = self._pool.images(pairs.controls[chunk])
            key = trial_key(self._plan, trial.klass, chunk.start, probe)
            if fill == "neutral":
                edited = probe.neutral(recipients, donors, np.random.default_rng(key))
                return self._prepared(edited), None
            taken = donors, controls
            if fill == "spared" and probe.region is None:
                # A statistic of the whole image is not read off the object either.
                rng = np.random.default_rng(key)
                taken = without_objects(donors, rng), without_objects(controls, rng)
            if fill == "quarter":
                taken = (
                    donors.quarters(np.random.default_rng(key)),
                    controls.quarters(np.random.default_rng(key)),
                )
            edited, controlled = edit_and_control(probe, recipients, *taken, key)
            if fill in ("ring", "spared"):
                kept = middle(recipients)
                if fill == "spared":
                    kept = objects(recipients) | objects(donors)
                for changed in (edited, controlled):
                    changed[kept] = recipients.pixels[kept]
            return self._prepared(edited), self._prepared(controlled)

        return make

    def _prepared(self, pixels: np.ndarray) -> np.ndarray:
        return preprocess(pixels.astype(np.float32), self._plan.preprocessing)

    def _answers(
        self, inputs: np.ndarray, trial: Trial, chunk: slice
    ) -> tuple[np.ndarray, np.ndarray]:
        """Predicted class, and the log-odds of the trial's class.

        What a recipient's other inputs are held at stays with it, whatever its picture takes.
        """
        recipients = trial.pairs.recipients[chunk]
        parts = [slice(start, start + _PASSED) for start in range(0, len(inputs), _PASSED)]
        scores = np.concatenate(
            [self._holding(recipients[part]).scores(inputs[part])[0] for part in parts]
        )
        lost = ~np.isfinite(scores).all(axis=1)
        if lost.any():
            first = int(np.argmax(lost))
            alone = slice(first, first + 1)
            raise diverged(self._holding(recipients[alone]), inputs[alone])
        kind, classes = self._plan.output_kind, self._plan.classes
        margins = class_margins(scores, classes, kind)[:, trial.klass]
        return predicted_classes(scores, classes, kind), margins.astype(np.float32)

    def _holding(self, ids: np.ndarray) -> Classifier:
        return held_at(self._classifier, self._pool.others(ids))


def _chunks(count: int) -> list[slice]:
    return [
        slice(start, min(start + RULES.edited_at_once, count))
        for start in range(0, count, RULES.edited_at_once)
    ]


def edit_and_control(
    probe: Probe, recipients: Images, donors: Images, controls: Images, key: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """The recipients with the donors' cue, and with the controls', uint8 (N, H, W, C) each.

    Both draw the same random numbers, and the probe makes alike what else could tell them apart.
    """
    donors, controls = probe.alike(donors, controls)
    edited = probe.transfer(recipients, donors, np.random.default_rng(key))
    return edited, probe.transfer(recipients, controls, np.random.default_rng(key))


def middle(images: Images) -> np.ndarray:
    """The middle of each image, where objects mostly are: an ellipse, bool (N, H, W)."""
    down, across = (
        (2 * np.arange(side) + 1 - side) / (RULES.middle * side)
        for side in images.pixels.shape[1:3]
    )
    inside = np.add.outer(down**2, across**2) <= 1
    return np.broadcast_to(inside, images.pixels.shape[:3])


def trial_key(plan: Plan, klass: int, start: int, probe: Probe) -> list[int]:
    """Seed of what an edit draws at random: the same for the batch that begins at a pair."""
    return [plan.settings.seed, klass, start, *probe.name.encode()]
