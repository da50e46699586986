"""Held-out pictures: every group of class and cue, and what is left of the reliance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from statsmodels.stats.proportion import proportion_confint

from camcore.auditing.edits import Probe
from camcore.auditing.interventions.pairing import pairs_to_class
from camcore.auditing.interventions.trials import edit_and_control
from camcore.auditing.statistics import bootstrap_interval
from camcore.repairing.batches import AT_ONCE, Batch, any_donors
from camcore.repairing.bench import Bench, Newcomers
from camcore.repairing.result import Group, Missing
from camcore.repairing.rules import RULES

Answers = Callable[[np.ndarray], np.ndarray]
"""Pixels (n, H, W, C) -> audited class of each."""
Reliance = tuple[float, tuple[float, float]]


def check_batches(bench: Bench, half: int, copies: int, background: bool) -> list[Batch]:
    """Pictures whose cues are drawn from all classes alike, `copies` times each."""
    ids = bench.ids(half)
    probes = bench.background_probes() if background else bench.probes
    where = "background" if background else "cues"
    # What covers the whole background takes all from one donor; cues are drawn one by one.
    drawn = []
    for number in range(1 if background else len(probes)):
        rng = np.random.default_rng([bench.seed, half, number, 21])
        drawn.append(ids[any_donors(bench.klass(ids), copies, rng)])
    if background:
        drawn *= len(probes)
    return [
        Batch(
            f"{where}-{half}-{copy}",
            ids,
            tuple((probe, donors[copy]) for probe, donors in zip(probes, drawn, strict=True)),
            1000 * (copy + 1),
        )
        for copy in range(copies)
    ]


def sure_accuracy(
    right: np.ndarray, ids: np.ndarray, klass: np.ndarray
) -> tuple[float, tuple[float, float]]:
    """Mean accuracy with every class counted the same, and its 95 % interval over pictures."""
    counts = np.bincount(klass)
    share = right * (len(klass) / (counts[counts > 0].size * counts[klass]))
    mean = float(share.mean())
    low, high = bootstrap_interval(2 * share - 1, ids, seed=0, limit=1.0)
    return mean, ((low + 1) / 2, min(1.0, (high + 1) / 2))


def group_batches(bench: Bench) -> list[tuple[int, int, bool, Batch, bool]]:
    """For each finding, class and presence of its cue: the pictures that tell, edited or not."""
    ids = bench.ids(1)
    klass = bench.klass(ids)
    batches = []
    for number, bears in enumerate(bench.bears):
        bearing = bears.loc[ids].to_numpy()
        for k in range(len(bench.columns)):
            for with_cue in (True, False):
                name = f"group-{number}-{k}-{int(with_cue)}"
                natural = ids[(klass == k) & (bearing == with_cue)]
                donors = ids[bearing == with_cue]
                if len(natural) >= RULES.cell or not len(donors):
                    batches.append((number, k, with_cue, Batch(name, natural), False))
                    continue
                rng = np.random.default_rng([bench.seed, number, k, int(with_cue), 23])
                of_class = ids[klass == k]
                given = rng.choice(donors, len(of_class))
                edits = ((bench.probes[number], given),)
                batches.append((number, k, with_cue, Batch(name, of_class, edits, 77), True))
    return [group for group in batches if len(group[3])]


def group_of(
    bench: Bench, number: int, klass: int, with_cue: bool, edited: bool,
    before: np.ndarray, after: np.ndarray,
) -> Group:  # fmt: skip
    """A group from the right answers (n,) of both models."""
    low, high = proportion_confint(int(after.sum()), len(after), method="wilson")
    finding = bench.findings[number]
    return Group(
        bench.run.class_names[klass], finding.cue, with_cue, len(after),
        float(before.mean()), float(after.mean()), (float(low), float(high)), edited,
    )  # fmt: skip


def missing_cells(bench: Bench, new: Newcomers | None) -> tuple[Missing, ...]:
    """Cells of class and cue with too few pictures of their own to learn from and to measure on."""
    missing = []
    wanted = 2 * RULES.cell
    for number, bears in enumerate(bench.bears):
        for k, name in enumerate(bench.run.class_names):
            for with_cue in (True, False):
                count = int(((bench.images["klass"] == k) & (bears == with_cue)).sum())
                if new is not None:
                    count += int(((new.klass == k) & (new.bears[number] == with_cue)).sum())
                if count < wanted:
                    cue = bench.findings[number].cue
                    missing.append(Missing(name, cue, with_cue, wanted - count))
    return tuple(missing)


def reliance(bench: Bench, probe: Probe, answers: Answers, predicted: np.ndarray) -> Reliance:
    """Excess flips by the first finding's cue on held-out pairs, and their 95 % interval.

    Parameters
    ----------
    bench : Bench
    probe : Probe
        Hands on the cue.
    answers : callable
    predicted : ndarray, shape (N,)
        Answers to the held-out pictures as they are, in the order of their ids.
    """
    ids = bench.ids(1)
    klass = bench.run.class_names.index(bench.findings[0].class_name)
    images = bench.images.loc[ids].assign(predicted=predicted)
    rng = np.random.default_rng([bench.seed, 31])
    pairs = pairs_to_class(images, klass, RULES.pairs, rng)
    flips = []
    for start in range(0, len(pairs), AT_ONCE):
        chunk = slice(start, start + AT_ONCE)
        recipients, donors, controls = (
            bench.pool.images(ids_of[chunk])
            for ids_of in (pairs.recipients, pairs.donors, pairs.controls)
        )
        key = [bench.seed, klass, start, 37]
        edited, controlled = edit_and_control(probe, recipients, donors, controls, key)
        flips.append((answers(edited) == klass).astype(int) - (answers(controlled) == klass))
    values = np.concatenate(flips) if flips else np.zeros(0, int)
    interval = bootstrap_interval(values, pairs.donors, seed=bench.seed)
    return float(values.mean()) if len(values) else 0.0, interval
