"""The interventions of a run, class by class: discover, test, and prove what holds."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy import ndimage

from camcore.auditing.edits import (
    Probe,
    Transplant,
    global_probes,
    local_probes,
    object_probes,
    probe_named,
)
from camcore.auditing.edits.part import Part
from camcore.auditing.edits.regions import region_of_map
from camcore.auditing.executors.executor import Executor
from camcore.auditing.interventions.boxed import try_among_boxed
from camcore.auditing.interventions.budget import Sizes, sizes
from camcore.auditing.interventions.carriers import carriers_of
from camcore.auditing.interventions.discovery import Discovery
from camcore.auditing.interventions.effects import matching, swings_of
from camcore.auditing.interventions.image_pool import Pool
from camcore.auditing.interventions.laboratory import Laboratory, Pictures
from camcore.auditing.interventions.necessity import needed, removal_of
from camcore.auditing.interventions.readable_images import readable
from camcore.auditing.interventions.testing import Tested, judge, relied_on
from camcore.auditing.parts.trials import PartTrials
from camcore.auditing.rules import RULES
from camcore.auditing.runs.plan import Plan
from camcore.auditing.runs.progress import Watch
from camcore.auditing.runs.store import Store

_OBJECTS = ("object", "background")  # families that tell of the object by themselves
_BY_OBJECT = ("the object", "perhaps the object")


def intervene(store: Store, plan: Plan, executor: Executor, watch: Watch) -> None:
    """Run all trials that the budget affords; rows go to ``trials/``.

    Parameters
    ----------
    store : Store
        With the scan and the evidence complete.
    plan : Plan
    executor : Executor
        With the model at hand; makes the trials, those of several classes side by side if it can.
    watch : Watch

    Raises
    ------
    StoreError, StoppedError
    """
    files = store.read_table("files.parquet").set_index("id")
    images = readable(store, plan, files)
    pool = Pool(plan, files, images)
    general = _general_probes(pool, images)
    able, left_out = _classes(images, plan)
    afford = sizes(plan.settings.budget, len(able), len(general))
    chosen, too_many = able[: afford.classes], able[afford.classes :]
    why = "is spent on larger classes" if chosen else "is too small for any class"
    left_out += [
        _left_out(plan, images, klass, f"the budget of forward passes {why}") for klass in too_many
    ]
    total = afford.passes
    store.write_json("trials/plan.json", _plan_json(plan, chosen, left_out, afford))
    watch.begin("interventions", total=total)
    pictures = Pictures(plan, files, images, looks_for_earlier=pool.looks_for_earlier)
    laboratory = Laboratory(store, executor, watch, pictures)
    discovery = Discovery(laboratory, plan, images, afford)
    hot = _hot_regions(store, plan)
    parts = PartTrials(laboratory, plan, images)

    def search(klass: int) -> pd.DataFrame:
        probes = discovery.candidates(klass, (*general, *hot.get(klass, ())))
        return discovery.test(klass, probes) if probes else pd.DataFrame()

    flows = [partial(search, klass) for klass in chosen]
    flows += [partial(parts.test, klass) for klass in chosen]
    tests = [rows for rows in executor.follow(flows) if len(rows)]
    table = pd.concat(tests, ignore_index=True) if tests else pd.DataFrame()
    if len(table):
        proven = _prove(table, discovery, parts, plan, laboratory, images, executor)
        unknown = {k: probes for k, probes in proven.items() if not discovery.objects_known(k)}
        try_among_boxed(store, plan, executor, watch, images, unknown)
    lost = laboratory.lost | pool.lost
    store.write_json(
        "trials/lost.json", {str(image_id): lost[image_id] for image_id in sorted(lost)}
    )


def _prove(
    tests: pd.DataFrame,
    discovery: Discovery,
    parts: PartTrials,
    plan: Plan,
    laboratory: Laboratory,
    images: pd.DataFrame,
    executor: Executor,
) -> dict[int, list[Probe]]:
    """What holds on the held-out half is taken out again, moved, and kept off the object.

    Each question is put only to what the answers before leave open: what the class does not miss
    is no reliance, and what works through the object needs no other place to compare it with.
    """
    swings = swings_of(images, tests)
    proven: dict[int, list[Tested]] = {}
    proven_parts: list[Part] = []
    for result in judge(tests, plan, swings, laboratory.outlined):
        if relied_on(result, plan) and isinstance(result.probe, Part):
            proven_parts.append(result.probe)
        elif relied_on(result, plan):
            proven.setdefault(result.klass, []).append(result)

    def prove(klass: int, results: list[Tested]) -> list[Probe]:
        # All that stood for the family goes out: what suffices may be a part of what is needed.
        families = {result.probe.family for result in results}
        of_class = tests.loc[tests["klass"] == klass, "probe"].unique()
        tested = tuple(p for p in map(probe_named, of_class) if p.family in families)
        removals = discovery.necessity(klass, tested)
        results = [result for result in results if _missed(removals, result)]
        probes = tuple(result.probe for result in results)
        if not probes:
            return []
        off_object = discovery.off_object(
            klass, tuple(p for p in probes if p.family not in _OBJECTS)
        )
        in_part = discovery.in_part(klass, probes)
        discovery.where(klass, probes)
        likeness = laboratory.likeness(likeness_file(klass), klass, probes)
        repeats = (likeness["alike"] >= RULES.alike) | (likeness["stamped"] >= RULES.stamped)
        repeating = set(likeness.loc[repeats, "probe"])
        carriers = carriers_of(results, off_object, in_part, plan.rules.floor)
        open_ones = tuple(
            probe
            for probe in probes
            if carriers.get((klass, probe.name)) not in _BY_OBJECT or probe.name in repeating
        )
        on_ground = set(likeness.loc[likeness["plain"] >= RULES.plain, "probe"])
        discovery.content(klass, open_ones, on_ground)
        moved = (moved_elsewhere(plan, klass, p) for p in open_ones if p.region is not None)
        discovery.elsewhere(klass, tuple(moved))
        if any(probe.region is not None for probe in probes):
            laboratory.shift(f"trials/shift/{klass:04d}.parquet", klass)
        return list(probes)

    executor.follow([partial(parts.prove, part) for part in proven_parts])
    flows = [partial(prove, klass, results) for klass, results in proven.items()]
    missed = zip(proven, executor.follow(flows), strict=True)
    return {klass: probes for klass, probes in missed if probes}


def _missed(removals: pd.DataFrame, result: Tested) -> bool:
    """Whether the class loses enough where the cue is taken out, or no trial tells."""
    removal = removal_of(matching(removals, family=result.probe.family), result.klass)
    if removal is None:
        return True
    loss = removal.differences
    return needed(loss.effect, loss.move, result.swing) >= RULES.missed


def likeness_file(klass: int) -> str:
    """Where the likeness of a class's pictures is kept."""
    return f"trials/likeness/{klass:04d}.parquet"


def moved_elsewhere(plan: Plan, klass: int, probe: Probe) -> Probe:
    """The same cells at another place; always the same place for the same run."""
    assert probe.region is not None
    rng = np.random.default_rng([plan.settings.seed, klass, *probe.name.encode()])
    return Transplant(probe.region.elsewhere(rng))


def _general_probes(pool: Pool, images: pd.DataFrame) -> tuple[Probe, ...]:
    """What is tried on every class: places, global properties, and objects where masks tell."""
    some = images.index.to_numpy()
    some = some[np.linspace(0, len(some) - 1, min(len(some), RULES.looked_at)).astype(int)]
    seen = pool.images(some[pool.hold(some)])
    pool.looks_for_earlier = pool.saved_twice
    return (*local_probes(), *global_probes(seen), *object_probes(seen))


def _hot_regions(store: Store, plan: Plan) -> dict[int, tuple[Probe, ...]]:
    """Where the maps of a class's strategies are hot: the evidence proposes, trials decide."""
    proposed: dict[int, list[Probe]] = {}
    table = store.read_table("evidence/strategies.parquet", ["class", "cells"])
    for klass, cells in table.itertuples(index=False):
        hot = np.frombuffer(cells, bool).reshape(plan.grid)
        if hot.any() and hot.mean() <= RULES.largest_region:
            labels, count = ndimage.label(hot, np.ones((3, 3)))
            regions = [region_of_map(labels == k, plan.frame) for k in range(1, count + 1)]
            places = [Transplant(region) for region in regions if region is not None]
            proposed.setdefault(int(klass), []).extend(places)
    known = set(local_probes())
    return {
        klass: tuple(
            p
            for p in dict.fromkeys(sorted(probes, key=lambda p: -p.area)[: RULES.hot_regions])
            if p not in known
        )
        for klass, probes in proposed.items()
    }


def _classes(images: pd.DataFrame, plan: Plan) -> tuple[list[int], list[dict[str, Any]]]:
    """Classes with enough images and somebody to give to, largest first; and the others."""
    counts = images["klass"].value_counts()
    needed = plan.rules.least_images
    by_label = plan.classes.by == "label"
    classes = range(len(plan.classes.classes)) if by_label else counts.index
    left_out = []
    able = []
    for klass in classes:
        count = int(counts.get(klass, 0))
        if count < needed:
            left_out.append(_left_out(plan, images, klass, "too few readable images"))
        elif count == len(images):
            left_out.append(_left_out(plan, images, klass, "no other class to swap with"))
        else:
            able.append(int(klass))
    return sorted(able, key=lambda klass: (-counts[klass], klass)), left_out


def _left_out(plan: Plan, images: pd.DataFrame, klass: int, why: str) -> dict[str, Any]:
    return {
        "class": plan.classes.classes[klass].name,
        "images": int((images["klass"] == klass).sum()),
        "needed": plan.rules.least_images,
        "why": why,
    }


def _plan_json(
    plan: Plan, chosen: list[int], left_out: list[dict[str, Any]], afford: Sizes
) -> dict[str, Any]:
    return {
        "classes": chosen,
        "insufficient": left_out,
        "pairs": {"discovery": afford.discovery, "test": afford.test},
        "planned_passes": afford.passes,
        "budget": plan.settings.budget,
    }
