"""Trials of a run: asked for here, made on a bench, kept in parts that are complete or absent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pandas as pd

from camcore.auditing.edits import Probe
from camcore.auditing.edits.part import Part
from camcore.auditing.edits.regions import Region, region_named
from camcore.auditing.executors.executor import Count, Executor, Item, Result
from camcore.auditing.interventions.image_pool import Pool
from camcore.auditing.interventions.likeness_table import likeness_table
from camcore.auditing.interventions.map_shift import shift_table
from camcore.auditing.interventions.stamped_places import (
    outlined,
    stamped_file,
    stamped_places,
)
from camcore.auditing.interventions.trials import Bench, Block, Trial
from camcore.auditing.parts.placing import detail_file, detail_of, parts_file, place_parts
from camcore.auditing.runs.plan import Plan
from camcore.auditing.runs.progress import Watch
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.store import Store
from camcore.classifier import Classifier
from camcore.localization.boxes import Box

_BLOCK = 512  # forward passes that a killed run may have to do again


@dataclass(frozen=True, eq=False)
class Pictures:
    """The pictures of the interventions of a run; with a model, a bench for them.

    Attributes
    ----------
    plan : Plan
    files, images, drawn
        As for `Pool`.
    looks_for_earlier : bool
        As of `Pool`.
    """

    plan: Plan
    files: pd.DataFrame
    images: pd.DataFrame
    drawn: Mapping[int, Sequence[Box]] = field(default_factory=dict)
    looks_for_earlier: bool = True

    def __call__(self, classifier: Classifier) -> _Equipped:
        pool = Pool(self.plan, self.files, self.images, self.drawn)
        pool.looks_for_earlier = self.looks_for_earlier
        return _Equipped(self, classifier, pool, Bench(self.plan, classifier, pool))


@dataclass(frozen=True, eq=False)
class _Equipped:
    """What tasks share: a model, its pictures, and the bench."""

    pictures: Pictures
    classifier: Classifier
    pool: Pool
    bench: Bench


class Laboratory:
    """Has trials made, and keeps what they say.

    What was asked before is read, and not made again.

    Parameters
    ----------
    store : Store
    executor : Executor
    watch : Watch
    pictures : Pictures

    Attributes
    ----------
    lost : dict
        Id -> why an image cannot be read any more.
    """

    def __init__(self, store: Store, executor: Executor, watch: Watch, pictures: Pictures) -> None:
        self._store, self._executor, self._watch = store, executor, watch
        self._pictures = pictures
        self._places: dict[int, pd.DataFrame] = {}
        self.lost: dict[int, str] = {}

    def run(self, trial: Trial) -> pd.DataFrame:
        """Do what is not done yet, and return all rows; see `Run.trials`."""
        size = max(1, _BLOCK // max(1, trial.each * len(trial.pairs)))
        blocks = [trial.probes[k : k + size] for k in range(0, len(trial.probes), size)]
        names = [
            f"trials/{trial.stage}/{trial.klass:04d}{trial.label}-{k:03d}.parquet"
            for k in range(len(blocks))
        ]
        open_ones = [k for k, name in enumerate(names) if not self._store.whole(name)]
        left = len(trial.pairs) * trial.each * sum(len(blocks[k]) for k in open_ones)
        self._watch.advance(trial.passes - left)
        of_parts = any(isinstance(probe, Part) for probe in trial.probes)
        places = self._places[trial.klass] if of_parts else None
        self._keep(
            [names[k] for k in open_ones],
            _rows,
            (Block(replace(trial, probes=blocks[k]), places) for k in open_ones),
        )
        tables = [self._store.read_table(name) for name in names]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()

    def place_parts(self, klass: int, images: pd.DataFrame) -> pd.DataFrame:
        """Where the parts of a class lie in some images, which its trials then know.

        See `camcore.auditing.parts.placing.place_parts`; kept as `parts_file`.
        """
        name = parts_file(klass)
        if not self._store.whole(name):
            maps = Run(self._store.folder).maps(images.index.to_numpy())
            self._keep([name], _places, [(klass, images, np.maximum(np.nan_to_num(maps), 0))])
        self._places[klass] = self._store.read_table(name)
        return self._places[klass]

    def keep_detail(self, klass: int, rows: pd.DataFrame) -> None:
        """Keep `detail_of` a part of a class, as `detail_file`."""
        if self._store.read_json(detail_file(klass)) is None:
            for _, detail in self._made(_detail, [(klass, rows)]):
                self._store.write_json(detail_file(klass), {"detail": round(detail, 6)})

    def likeness(self, name: str, klass: int, probes: Sequence[Probe]) -> pd.DataFrame:
        """`likeness_table`, kept under a name."""
        if not self._store.whole(name):
            self._keep([name], _likeness, [(klass, probes)])
        return self._store.read_table(name)

    def stamped(self, klass: int, images: pd.DataFrame) -> tuple[Region, ...]:
        """`stamped_places` of a class in some images, kept as `stamped_file`."""
        name = stamped_file(klass)
        if self._store.read_json(name) is None:
            for _, places in self._made(_stamped, [(klass, images)]):
                self._store.write_json(name, {"places": [place.name for place in places]})
        kept = self._store.read_json(name) or {"places": []}
        return tuple(map(region_named, kept["places"]))

    @property
    def outlined(self) -> frozenset[tuple[int, str]]:
        """See `camcore.auditing.interventions.stamped_places.outlined`."""
        return outlined(self._store)

    def shift(self, name: str, klass: int) -> None:
        """Keep `shift_table` under a name."""
        if not self._store.whole(name):
            self._keep([name], _shift, [klass])

    def _keep(
        self,
        names: Sequence[str],
        task: Callable[[_Equipped, Item, Count], pd.DataFrame],
        items: Iterable[Item],
    ) -> None:
        """Have a table made of each item, and write it under its name."""
        for place, table in self._made(task, items):
            self._store.write_table(names[place], table)

    def _made(
        self, task: Callable[[_Equipped, Item, Count], Result], items: Iterable[Item]
    ) -> Iterator[tuple[int, Result]]:
        made = self._executor.map(
            self._pictures, partial(_with_lost, task), items, self._watch.advance
        )
        for place, (result, lost) in made:
            self.lost |= lost
            yield place, result


def _with_lost(
    task: Callable[[_Equipped, Item, Count], Result],
    equipped: _Equipped,
    item: Item,
    count: Count,
) -> tuple[Result, dict[int, str]]:
    return task(equipped, item, count), dict(equipped.pool.lost)


def _rows(equipped: _Equipped, block: Block, count: Count) -> pd.DataFrame:
    return equipped.bench.rows(block, count)


def _places(
    equipped: _Equipped, asked: tuple[int, pd.DataFrame, np.ndarray], _: Count
) -> pd.DataFrame:
    plan, classifier = equipped.pictures.plan, equipped.classifier
    return place_parts(*asked, equipped.pool, plan, classifier)


def _detail(equipped: _Equipped, asked: tuple[int, pd.DataFrame], _: Count) -> float:
    return detail_of(*asked, equipped.pictures.images, equipped.pool)


def _likeness(equipped: _Equipped, asked: tuple[int, Sequence[Probe]], _: Count) -> pd.DataFrame:
    return likeness_table(*asked, equipped.pictures.images, equipped.pool)


def _stamped(equipped: _Equipped, asked: tuple[int, pd.DataFrame], _: Count) -> tuple[Region, ...]:
    return stamped_places(*asked, equipped.pool)


def _shift(equipped: _Equipped, klass: int, _: Count) -> pd.DataFrame:
    pictures, pool = equipped.pictures, equipped.pool
    return shift_table(klass, pictures.images, pool, pictures.plan, equipped.classifier)
