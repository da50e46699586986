"""Trials of parts that move: found on one half of the images, tested and taken out on the other."""

from __future__ import annotations

import numpy as np
import pandas as pd

from camcore.auditing.edits.part import Part, Way
from camcore.auditing.interventions.effects import Differences, differences
from camcore.auditing.interventions.laboratory import Laboratory
from camcore.auditing.interventions.pairing import Pairs
from camcore.auditing.interventions.trials import Trial
from camcore.auditing.rules import Rules
from camcore.auditing.runs.plan import Plan

FOUND, ASKED = "part-found", "part-asked"
"""Stages: candidates on the discovery half; what else is asked of a proven part."""

_FEWEST = 12  # givers and takers
_LABEL = "-part"


class PartTrials:
    """Looks for parts of a class and puts the most promising one to the test.

    A class costs at most some 1150 forward passes: 208 images at two layers to find parts and
    place them, 16 pairs for each of at most eight candidates, 64 pairs for the test, and, where
    that proves reliance, 32 pairs for three controls and 48 images that lose the part.

    Parameters
    ----------
    laboratory, plan
    images : DataFrame
        As for `camcore.auditing.interventions.stages.Discovery`.
    """

    def __init__(
        self,
        laboratory: Laboratory,
        plan: Plan,
        images: pd.DataFrame,
    ) -> None:
        self._laboratory, self._plan, self._images = laboratory, plan, images

    def test(self, klass: int) -> pd.DataFrame:
        """The most promising part on the half that it was not found on; no rows without one."""
        placed = self._laboratory.place_parts(klass, self._chosen(klass))
        tried: list[tuple[Part, Differences, float]] = []
        for number, rows in placed.groupby("number"):
            probe = Part(klass, int(number))
            pairs = self._pairs(probe, rows, 0, self._plan.rules.parts_pairs[0])
            if len(pairs) < _FEWEST:
                continue
            trial = Trial(FOUND, klass, pairs, (probe,), label=f"-{number}")
            moved = differences(self._laboratory.run(trial), klass)
            tried.append((probe, moved, float(rows["alike"].iloc[0])))
        best = best_part(tried, self._plan.rules)
        if best is None:
            return pd.DataFrame()
        pairs = self._pairs(
            best, placed[placed["number"] == best.number], 1, self._plan.rules.parts_pairs[1]
        )
        if len(pairs) < _FEWEST:
            return pd.DataFrame()
        return self._laboratory.run(Trial("test", klass, pairs, (best,), label=_LABEL))

    def prove(self, probe: Part) -> None:
        """Put a part elsewhere, take only what donors share of it, and paint it over."""
        klass = probe.klass
        placed = self._laboratory.place_parts(klass, self._chosen(klass))
        rows = placed[placed["number"] == probe.number]
        self._laboratory.keep_detail(klass, rows)
        way_pairs = self._pairs(probe, rows, 1, self._plan.rules.parts_pairs[2])
        ways: tuple[Way, ...] = ("another place", "from beside", "shared")
        probes = tuple(probe.done(way) for way in ways)
        self._laboratory.run(Trial(ASKED, klass, way_pairs, probes))
        tested = self._pairs(probe, rows, 1, self._plan.rules.parts_pairs[1])
        marked = self._images["told"]
        if marked.loc[tested.donors].mean() >= self._plan.rules.objects_known:
            trial = Trial("off-object", klass, tested, (probe,), ("spared",), label=_LABEL)
            self._laboratory.run(trial)
        of_class = self._images["klass"].loc[rows["id"]].to_numpy() == klass
        recognised = self._images["predicted"].loc[rows["id"]].to_numpy() == klass
        showing = self._showing(rows[of_class], self._plan.rules.parts_taken)
        ids = rows.loc[of_class & recognised & rows["id"].isin(showing).to_numpy(), "id"].to_numpy()
        pairs = Pairs(ids, ids, ids)  # nothing comes from another image
        fills = ("transfer", "neutral")
        painted = probe.done("painted over")
        self._laboratory.run(Trial("necessity", klass, pairs, (painted,), fills, label=_LABEL))

    def _chosen(self, klass: int) -> pd.DataFrame:
        """Images to place parts in: recognised ones of the class, and the others in turn."""
        rng = np.random.default_rng([self._plan.settings.seed, klass, 11])
        tables = []
        for half in (0, 1):
            images = self._images[self._images["half"] == half]
            recognised = images[(images["klass"] == klass) & (images["predicted"] == klass)]
            others = images[(images["klass"] != klass) & (images["predicted"] != klass)]
            for table, count in (
                (recognised, self._plan.rules.parts_own[half]),
                (others, self._plan.rules.parts_others[half]),
            ):
                mixed = table.iloc[rng.permutation(len(table))].drop_duplicates("group")
                # Two of a class at a time, so that every recipient has a control.
                turn = mixed.groupby("klass").cumcount() // 2
                tables.append(mixed.iloc[np.argsort(turn.to_numpy(), kind="stable")[:count]])
        return pd.concat(tables)

    def _pairs(self, probe: Part, rows: pd.DataFrame, half: int, count: int) -> Pairs:
        """Donors that show the part, recipients of other classes, controls of the recipients' own.

        The control is one of the images of its class that have most of the same component.
        """
        images = self._images.loc[rows["id"]]
        rows = rows[(images["half"] == half).to_numpy()]
        of_class = (self._images["klass"].loc[rows["id"]] == probe.klass).to_numpy()
        donors = self._showing(rows[of_class], count)
        others = self._images.loc[rows.loc[~of_class, "id"]]
        presence = rows[~of_class].set_index("id")["presence"]
        rng = np.random.default_rng([self._plan.settings.seed, probe.klass, probe.number, half])
        recipients = rng.permutation(others.index.to_numpy())
        triples = []
        for recipient in recipients[:count]:
            alike = others[others["klass"] == others.at[recipient, "klass"]]
            alike = alike[alike["group"] != others.at[recipient, "group"]]
            if len(alike):
                strongest = presence.loc[alike.index].nlargest(max(1, len(alike) // 2)).index
                triples.append((recipient, rng.choice(strongest.to_numpy())))
        if len(donors) < _FEWEST or not triples:
            return Pairs(*np.zeros((3, 0), np.int64))
        taken, controls = np.array(triples, np.int64).T
        given = np.resize(rng.permutation(donors), len(taken))
        return Pairs(taken, given, controls)

    def _showing(self, rows: pd.DataFrame, count: int) -> np.ndarray:
        """Ids of the images that show a part, those with most of it first."""
        kept = max(_FEWEST, round(self._plan.rules.parts_showing * len(rows)))
        ids: np.ndarray = rows.nlargest(min(kept, count), "presence")["id"].to_numpy(np.int64)
        return ids


def best_part(trials: list[tuple[Part, Differences, float]], rules: Rules) -> Part | None:
    """The part to test: of those that move the class's log-odds, what recurs comes first.

    Parameters
    ----------
    trials : list of (Part, Differences, float)
        With what each moves on the discovery half, and how alike its crops are.
    rules : Rules
    """
    moving = [trial for trial in trials if trial[1].strength >= rules.parts_strength]
    recurring = [trial for trial in moving if trial[2] >= rules.parts_alike]
    best = max(recurring or moving, key=lambda trial: trial[1].margins.mean(), default=None)
    return None if best is None else best[0]
