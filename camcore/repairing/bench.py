"""The pictures of a run on the bench: split, grouped by class and cue, edited, and measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from camcore.auditing.edits import Images, Probe, object_probes
from camcore.auditing.interventions.image_pool import Pool
from camcore.auditing.interventions.pairing import halves
from camcore.auditing.interventions.replay import pool_of
from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.progress import Watch
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.store import Store
from camcore.auditing.scan.rows import light_rows
from camcore.errors import CamcoreError, InputError
from camcore.pictures.model_view import decode
from camcore.pictures.preprocessing import preprocess
from camcore.repairing.batches import Batch
from camcore.repairing.rules import RULES
from camcore.repairing.strength import cue_strength, present
from camcore.repairing.target import columns_of, tested_probes, widened
from camcore.sources.source import read_source

if TYPE_CHECKING:
    from camcore.models.keras.last_layer import LastLayer

_FEWEST = 10


@dataclass(frozen=True, eq=False)
class Newcomers:
    """New pictures as the model sees them, their classes, and which are kept to measure on."""

    pixels: np.ndarray
    klass: np.ndarray
    held: np.ndarray
    bears: tuple[np.ndarray, ...]


class Bench:
    """A run's pictures and what a network makes of them.

    Parameters
    ----------
    run : Run
    findings : tuple of Finding
        What is to be mended.
    store : Store
        Keeps what has been computed.
    watch : Watch

    Attributes
    ----------
    images : DataFrame
        Readable pictures with a label, index id, with ``klass``, ``half`` (0 learns, 1 is held
        out) and ``inner`` (of those that learn: 0 fits, 1 chooses).
    tested, probes : tuple of Probe
        What each finding was proven with, and what hands on all of its cue.
    bears : tuple of Series of bool
        Whether each picture bears the cue of each finding, by id.
    """

    def __init__(self, run: Run, findings: Sequence[Finding], store: Store, watch: Watch) -> None:
        self.run, self.plan, self.findings = run, run.plan, tuple(findings)
        self.store, self.watch = store, watch
        self.columns = columns_of(run)
        self.seed = self.plan.settings.seed
        rows = light_rows(run.store)
        rows = rows[(rows["error"] == "") & (rows["klass"] >= 0)]
        self.pool: Pool = pool_of(run)
        rows = rows[self.pool.hold(rows.index.to_numpy())].copy()
        rows["half"] = halves(rows, self.seed + 1)
        rows["inner"] = 0
        learning = rows["half"] == 0
        rows.loc[learning, "inner"] = halves(rows[learning], self.seed + 2)
        self.images = rows
        counts = rows[rows["half"] == 1]["klass"].value_counts()
        for klass, name in enumerate(run.class_names):
            if counts.get(klass, 0) < _FEWEST:
                raise InputError(
                    f"class {name!r} has {counts.get(klass, 0)} readable pictures in the half that "
                    f"is held out, and a repair needs {_FEWEST} of each; add some and audit again."
                )
        self.tested = tested_probes(findings)
        self.probes = tuple(map(widened, self.tested))
        self.bears: tuple[pd.Series, ...] = ()

    @property
    def has_masks(self) -> bool:
        """Whether most pictures tell where their object is."""
        return bool(self.pool.images(self.images.index.to_numpy()).with_mask.mean() > 0.5)

    def ids(self, half: int) -> np.ndarray:
        """Ids of the pictures that learn (0), or that are held out (1)."""
        ids: np.ndarray = self.images.index[self.images["half"] == half].to_numpy()
        return ids

    def klass(self, ids: np.ndarray) -> np.ndarray:
        """Audited class of each picture."""
        classes: np.ndarray = self.images.loc[ids, "klass"].to_numpy()
        return classes

    def inputs(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels as the network takes them."""
        return preprocess(pixels.astype(np.float32), self.plan.preprocessing)

    def background_probes(self) -> tuple[Probe, ...]:
        """All but the object goes over; what lies over the whole picture, after it."""
        seen = self.pool.images(self.ids(0))
        swaps = [probe for probe in object_probes(seen) if probe.family == "background"]
        over_all = [
            probe for probe in self.probes if probe.everywhere and probe.family != "background"
        ]
        return (*swaps, *over_all)

    def tell_cues(self, network: LastLayer) -> None:
        """Learn which pictures bear each cue."""
        bears = []
        self.watch.begin("cues", len(self.findings) * len(self.images))
        for number, finding in enumerate(self.findings):
            name = f"cues/{number:02d}.parquet"
            if not self.store.whole(name):
                strength = self._strength(number, self.pool.images(self.images.index), network)
                table = pd.DataFrame({"id": self.images.index, "strength": strength})
                self.store.write_table(name, table)
            else:
                self.watch.advance(len(self.images))
            strength = (
                self.store.read_table(name).set_index("id")["strength"].loc[self.images.index]
            )
            of_class = (self.images["klass"] == self._klass_of(finding)).to_numpy()
            bears.append(pd.Series(present(strength.to_numpy(), of_class), self.images.index))
        self.bears = tuple(bears)

    def _klass_of(self, finding: Finding) -> int:
        return self.run.class_names.index(finding.class_name)

    def _strength(self, number: int, donors: Images, network: LastLayer) -> np.ndarray:
        klass = self._klass_of(self.findings[number])
        others = self.ids(0)[self.klass(self.ids(0)) != klass]
        rng = np.random.default_rng([self.seed, number, 9])
        recipients = self.pool.images(
            rng.choice(others, min(len(others), RULES.recipients), replace=False)
        )
        strengths = []
        for start in range(0, len(donors), 16):
            part = donors.take(slice(start, start + 16))
            strengths.append(
                cue_strength(
                    self.probes[number],
                    part,
                    recipients,
                    lambda pixels: self.margins(network, pixels, klass),
                    self.seed,
                )
            )
            self.watch.advance(len(part))
        return np.concatenate(strengths)

    def margins(self, network: LastLayer, pixels: np.ndarray, klass: int) -> np.ndarray:
        """Log-odds of an audited class against the others."""
        scores = network.features(self.inputs(pixels)) @ network.weights + network.bias
        of_class = scores[:, self.columns[klass]]
        others = np.delete(scores, self.columns[klass], axis=1)
        top = others.max(axis=1)
        margins: np.ndarray = of_class - top - np.log(np.exp(others - top[:, None]).sum(axis=1))
        return margins

    def features(self, network: LastLayer, name: str, batch: Batch) -> np.ndarray:
        """Features of a batch under a network that goes by a name, kept part by part."""
        rows = []
        for number, start in enumerate(range(0, len(batch), 64)):
            part = f"features/{name}/{batch.name}/{number:05d}.parquet"
            if not self.store.whole(part):
                rows_here = Batch(
                    batch.name,
                    batch.ids[start : start + 64],
                    tuple((probe, given[start : start + 64]) for probe, given in batch.edits),
                    batch.seed + number,
                )
                made = network.features(self.inputs(next(rows_here.pixels(self.pool))))
                table = pd.DataFrame(made, columns=[str(k) for k in range(made.shape[1])])
                self.store.write_table(part, table)
            rows.append(self.store.read_table(part).to_numpy(np.float32))
            self.watch.advance(len(rows[-1]))
        return np.concatenate(rows)

    def newcomers(self, folder: Path, network: LastLayer) -> Newcomers:
        """New pictures; a third of each class, with and without the cue, is kept to measure on.

        Raises
        ------
        InputError
            If none of them belongs to a class of the run.
        """
        source = read_source(str(folder), unpack_to=self.store.folder / "unpacked", split="all")
        known = self.plan.klass_of_label
        settings = self.plan.settings
        pixels, klass = [], []
        for path, label in source.files[["path", "label"]].itertuples(index=False):
            if label not in known:
                continue
            try:
                seen = decode(
                    source.root / path,
                    self.plan.input_shape,
                    self.plan.fit,
                    stretch=settings.stretch,
                ).seen
            except CamcoreError:
                continue
            pixels.append(seen)
            klass.append(known[label])
        if not pixels:
            raise InputError(
                f"{folder} holds no readable picture of {', '.join(self.run.class_names)}; give "
                "folders that are named like the classes of the run."
            )
        images, classes = Images(np.stack(pixels)), np.array(klass)
        bears = []
        for number, finding in enumerate(self.findings):
            of_class = self._klass_of(finding)
            everything = np.concatenate(
                [
                    self._strength(number, images, network),
                    self.store.read_table(f"cues/{number:02d}.parquet")["strength"].to_numpy(),
                ]
            )
            shares_class = np.concatenate([classes, self.images["klass"].to_numpy()]) == of_class
            bears.append(present(everything, shares_class)[: len(images)])
        rng = np.random.default_rng([self.seed, 13])
        held = np.zeros(len(images), bool)
        cells = pd.Series(list(zip(classes.tolist(), bears[0].tolist(), strict=True)))
        for _, places in cells.groupby(cells).groups.items():
            order = rng.permutation(np.asarray(places))
            held[order[: len(order) // 3]] = True
        return Newcomers(images.pixels, classes, held, tuple(bears))
