"""Forward passes on edited images: what is tried, and how."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import ndimage

from camcore.auditing.audited_classes import class_margins, predicted_classes
from camcore.auditing.edits import Images, Probe, objects, without_objects
from camcore.auditing.edits.composition import Background
from camcore.auditing.edits.regions import Region, middle_of
from camcore.auditing.edits.trimming import TRIMS
from camcore.auditing.executors.executor import Count
from camcore.auditing.held_columns import held_at
from camcore.auditing.interventions.image_pool import Pool
from camcore.auditing.interventions.pairing import Pairs
from camcore.auditing.interventions.realism import (
    PropertyRealism,
    Realism,
    pooled,
    properties_of,
)
from camcore.auditing.rules import RULES
from camcore.auditing.runs.plan import Plan
from camcore.classifier import Classifier
from camcore.cores import usable_cores
from camcore.models.finite_answers import diverged
from camcore.pictures.preprocessing import preprocess
from camcore.sources.ahead import ahead

_PASSED = 32  # images in a forward pass
_AHEAD = 4  # batches
_REMEMBERED = 8  # sets of recipients

FOUND = ("discovery", "refined-1", "refined-2")
TRIMMED = TRIMS
STAGES = (
    *FOUND, "beside", "apart", *TRIMMED, "part-found",
    "test", "elsewhere", "off-object", "in-part", "where", "content", "part-asked", "necessity",
    "boxed",
)  # fmt: skip
"""In order; up to ``part-found`` on the half of the images that cues are found on."""


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
        ``inside``: the same, but only known objects change, or the middle, where no mask tells.
        ``around``: as ``spared``, and no object of the control is carried over either; all three
        are known. ``own``: only where the donor's object lies.
        ``shared``: the donors' median picture stands for each of them. ``broad``: the same, of
        which only the broad light and colour is left. ``flat``: the mean colour of the donor's
        region stands for it.
        ``neutral``: the cue made neutral, without a control.
    label : str
        Tells apart trials of one stage and class that differ in their pairs.
    """

    stage: str
    klass: int
    pairs: Pairs
    probes: tuple[Probe, ...]
    fills: tuple[str, ...] = ("transfer",)
    label: str = ""

    @property
    def passes(self) -> int:
        """Forward passes that this takes."""
        return len(self.pairs) * (1 + self.each * len(self.probes))

    @property
    def each(self) -> int:
        """Forward passes for a pair and a probe."""
        return sum(1 if fill == "neutral" else 2 for fill in self.fills)


@dataclass(frozen=True, eq=False)
class Block:
    """Some probes of a trial, which are tried and kept together.

    Attributes
    ----------
    trial : Trial
        With these probes alone.
    places : DataFrame or None
        Where the parts of the trial's class lie; see `Pool.know`.
    """

    trial: Trial
    places: pd.DataFrame | None


class Bench:
    """Makes trials on one model; it reads the picture files, and writes nothing.

    Parameters
    ----------
    plan, classifier, pool
    """

    def __init__(self, plan: Plan, classifier: Classifier, pool: Pool) -> None:
        self._plan, self._classifier, self._pool = plan, classifier, pool
        self._real: tuple[Realism, Realism] | None = None
        self._unedited: dict[tuple[int, bytes], tuple[np.ndarray, np.ndarray]] = {}

    def rows(self, block: Block, count: Count) -> pd.DataFrame:
        """The rows of a block, as of `Run.trials`; `count` gets the forward passes made."""
        if block.places is not None:
            self._pool.know(block.trial.klass, block.places)
        self._look_at_real_ones()
        trial = self._hold(block.trial)
        return self._edited_rows(trial, self._before(trial), count)

    def _look_at_real_ones(self) -> None:
        """Features and properties of some real pictures, which edited ones are held against."""
        if self._real is not None:
            return
        chosen = self._pool.sample(RULES.real_pictures, self._plan.settings.seed)
        features, properties = [], []
        for start in range(0, len(chosen), RULES.edited_at_once):
            part = chosen[start : start + RULES.edited_at_once]
            part = part[self._pool.hold(part)]
            pixels = self._pool.images(part).pixels
            features.append(self._seen(self._prepared(pixels), part)[1])
            properties.append(properties_of(pixels))
        self._real = Realism(np.concatenate(features)), PropertyRealism(np.concatenate(properties))

    def _hold(self, trial: Trial) -> Trial:
        """Decode the trial's images; pairs that lost one are left out."""
        pairs = trial.pairs
        there = self._pool.hold(np.concatenate([pairs.recipients, pairs.donors, pairs.controls]))
        kept = there.reshape(3, -1).all(axis=0)
        return replace(
            trial, pairs=Pairs(pairs.recipients[kept], pairs.donors[kept], pairs.controls[kept])
        )

    def _before(self, trial: Trial) -> tuple[np.ndarray, np.ndarray]:
        """Answers to the recipients as they are; many trials in a row ask for the same."""
        key = trial.klass, trial.pairs.recipients.tobytes()
        if key not in self._unedited:
            if len(self._unedited) >= _REMEMBERED:
                self._unedited.pop(next(iter(self._unedited)))
            self._unedited[key] = self._answers_before(trial)
        return self._unedited[key]

    def _answers_before(self, trial: Trial) -> tuple[np.ndarray, np.ndarray]:
        chunks = [
            self._answers(
                self._prepared(self._pool.images(trial.pairs.recipients[chunk]).pixels),
                trial,
                chunk,
            )
            for chunk in _chunks(len(trial.pairs))
        ]
        if not chunks:
            return np.zeros(0, np.int32), np.zeros(0, np.float32)
        answers, margins, _ = zip(*chunks, strict=True)
        return np.concatenate(answers), np.concatenate(margins)

    def _edited_rows(
        self, trial: Trial, before: tuple[np.ndarray, np.ndarray], counted: Count
    ) -> pd.DataFrame:
        tables = []
        jobs = [
            (probe, fill, chunk)
            for probe in trial.probes
            for fill in trial.fills
            for chunk in _chunks(len(trial.pairs))
        ]
        with ThreadPoolExecutor(usable_cores(), thread_name_prefix="edit") as workers:
            edits = ahead(workers, (self._edit(trial, *job) for job in jobs), _AHEAD)
            for (probe, fill, chunk), (edited, controlled) in zip(jobs, edits, strict=True):
                after = self._answers(edited.inputs, trial, chunk)
                control = self._answers(controlled.inputs, trial, chunk) if controlled else None
                count = len(edited.inputs)
                counted(count * (1 if control is None else 2), 0)
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
                            "realism": np.minimum(after[2], edited.realism),
                            "imposed": nothing if edited.imposed is None else edited.imposed,
                            "controlled": np.full(count, -1, np.int32)
                            if control is None
                            else control[0],
                            "margin_controlled": nothing if control is None else control[1],
                            "realism_controlled": nothing
                            if control is None or controlled is None
                            else np.minimum(control[2], controlled.realism),
                        }
                    )
                )
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()

    def _edit(
        self, trial: Trial, probe: Probe, fill: str, chunk: slice
    ) -> Callable[[], tuple[_Edited, _Edited | None]]:
        pairs = trial.pairs

        def make() -> tuple[_Edited, _Edited | None]:
            recipients = self._pool.images(pairs.recipients[chunk])
            donors = self._pool.images(pairs.donors[chunk])
            controls = self._pool.images(pairs.controls[chunk])
            key = trial_key(self._plan, trial.klass, chunk.start, probe)
            if fill == "neutral":
                edited = probe.neutral(recipients, donors, np.random.default_rng(key))
                return self._judged(edited, probe, trial), None
            taken = donors, controls
            if fill in ("spared", "around") and probe.region is None:
                # A statistic of the whole image is not read off the object either.
                rng = np.random.default_rng(key)
                emptied = Background().alike(*taken) if fill == "around" else taken
                taken = without_objects(emptied[0], rng), without_objects(emptied[1], rng)
            if fill == "quarter":
                taken = (
                    donors.quarters(np.random.default_rng(key)),
                    controls.quarters(np.random.default_rng(key)),
                )
            if fill in ("shared", "broad"):
                taken = shared_content(donors), shared_content(controls)
            if fill == "broad":
                taken = broadened(taken[0]), broadened(taken[1])
            if fill == "flat" and probe.region is not None:
                taken = flattened(donors, probe.region), flattened(controls, probe.region)
            edited, controlled = edit_and_control(probe, recipients, *taken, key)
            if fill in ("ring", "spared", "inside", "around", "own"):
                kept = _kept(fill, recipients, donors, controls)
                for changed in (edited, controlled):
                    changed[kept] = recipients.pixels[kept]
            imposed = None
            if trial.stage == "test" and fill == "transfer":
                imposed = probe.imposed(recipients, donors, edited)
            return (
                self._judged(edited, probe, trial, imposed),
                self._judged(controlled, probe, trial),
            )

        return make

    def _judged(
        self, pixels: np.ndarray, probe: Probe, trial: Trial, imposed: np.ndarray | None = None
    ) -> _Edited:
        """Inputs, and how real the pictures are, where a property is imposed; NaN else.

        Content of a real picture put into another is new as a whole, whenever a cue goes with one
        class: to ask for a picture like it would silence the very cues that are looked for.
        """
        realism = np.full(len(pixels), np.inf if probe.everywhere else np.nan, np.float32)
        if probe.everywhere and trial.stage not in (*FOUND, *TRIMMED, "beside", "apart"):
            assert self._real is not None
            realism = self._real[1].of(properties_of(pixels))
        return _Edited(self._prepared(pixels), realism, imposed)

    def _prepared(self, pixels: np.ndarray) -> np.ndarray:
        return preprocess(pixels.astype(np.float32), self._plan.preprocessing)

    def _seen(self, inputs: np.ndarray, recipients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Class scores, and the pooled activations of the audited layer.

        What a recipient's other inputs are held at stays with it, whatever its picture takes.
        """
        scores, features = [], []
        for start in range(0, len(inputs), _PASSED):
            part = slice(start, start + _PASSED)
            holding = self._holding(recipients[part])
            forward = holding.forward(inputs[part], self._plan.layer)
            lost = ~np.isfinite(forward.scores).all(axis=1)
            if lost.any():
                first = start + int(np.argmax(lost))
                alone = slice(first, first + 1)
                raise diverged(self._holding(recipients[alone]), inputs[alone])
            scores.append(forward.scores)
            features.append(pooled(forward.activations))
        return np.concatenate(scores), np.concatenate(features)

    def _answers(
        self, inputs: np.ndarray, trial: Trial, chunk: slice
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Predicted class, log-odds of the trial's class, and how real the features are."""
        assert self._real is not None
        scores, features = self._seen(inputs, trial.pairs.recipients[chunk])
        kind, classes = self._plan.output_kind, self._plan.classes
        margins = class_margins(scores, classes, kind)[:, trial.klass]
        return (
            predicted_classes(scores, classes, kind),
            margins.astype(np.float32),
            self._real[0].of(features),
        )

    def _holding(self, ids: np.ndarray) -> Classifier:
        return held_at(self._classifier, self._pool.others(ids))


@dataclass(frozen=True, eq=False)
class _Edited:
    """Edited pictures as the model takes them, how real they are, and what was imposed of a cue."""

    inputs: np.ndarray
    realism: np.ndarray
    imposed: np.ndarray | None


def _kept(fill: str, recipients: Images, donors: Images, controls: Images) -> np.ndarray:
    """Pixels that a fill leaves as they were, bool (N, H, W)."""
    if fill == "ring":
        return middle(recipients)
    if fill in ("spared", "around"):
        known: np.ndarray = objects(recipients) | objects(donors)
        return known | objects(controls) if fill == "around" else known
    if fill == "own":
        beside: np.ndarray = ~objects(donors)
        return beside
    inside = np.where(recipients.with_mask[:, None, None], objects(recipients), middle(recipients))
    outside: np.ndarray = ~inside
    return outside


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
    return edited, probe.control(recipients, donors, controls, np.random.default_rng(key))


def shared_content(images: Images) -> Images:
    """Images that all show what they share: their median, pixel by pixel.

    Examples
    --------
    >>> images = Images(np.array([9, 9, 200], np.uint8).reshape(3, 1, 1, 1))
    >>> shared_content(images).pixels.ravel().tolist()
    [9, 9, 9]
    """
    median = np.median(images.pixels, axis=0).astype(np.uint8)
    return replace(images, pixels=np.broadcast_to(median, images.pixels.shape))


def broadened(images: Images) -> Images:
    """Images of which only the broad light and colour is left, without any line or edge.

    Examples
    --------
    >>> line = np.zeros((1, 32, 32, 1), np.uint8)
    >>> line[:, :, 16] = 200
    >>> int(broadened(Images(line)).pixels.max())
    20
    """
    spread = RULES.broad * min(images.pixels.shape[1:3])
    smooth = ndimage.gaussian_filter(images.pixels.astype(np.float32), (0, spread, spread, 0))
    return replace(images, pixels=np.rint(smooth).astype(np.uint8))


def flattened(images: Images, region: Region) -> Images:
    """Images whose region is one colour, its mean, in each of its separate rectangles.

    Examples
    --------
    >>> images = Images(np.array([0, 100], np.uint8).reshape(1, 1, 2, 1))
    >>> flattened(images, Region(1, 1, ((0, 0),))).pixels.ravel().tolist()
    [50, 50]
    """
    pixels = images.pixels.copy()
    for down, across in region.boxes(*pixels.shape[1:3]):
        rectangle = pixels[:, down, across]
        if rectangle.size:  # narrower than a pixel in small images
            mean = rectangle.mean(axis=(1, 2), keepdims=True)
            pixels[:, down, across] = np.rint(mean).astype(np.uint8)
    return replace(images, pixels=pixels)


def middle(images: Images) -> np.ndarray:
    """The middle of each image, where objects mostly are: an ellipse, bool (N, H, W)."""
    height, width = images.pixels.shape[1:3]
    return np.broadcast_to(middle_of(height, width), images.pixels.shape[:3])


def trial_key(plan: Plan, klass: int, start: int, probe: Probe) -> list[int]:
    """Seed of what an edit draws at random: the same for the batch that begins at a pair."""
    return [plan.settings.seed, klass, start, *probe.name.encode()]
