"""What the pictures whose objects are known tell of a cue, where few are known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from camcore.auditing.edits import probe_named
from camcore.auditing.interventions.boxed import known_objects
from camcore.auditing.interventions.effects import Differences, differences, matching
from camcore.auditing.rules import RULES
from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.run import Run
from camcore.auditing.statistics import share_interval


def told_by_boxes(finding: Finding, trials: pd.DataFrame, klass: int, seed: int) -> Finding:
    """A finding with what trials among pictures with boxes tell, and *on the object* if proven.

    *Not the object*: the surroundings alone surely keep enough. *The object*, said of places
    only: they surely do not, and the donor's object alone surely does. Else it stays open. A
    property of the whole picture is never told to be the object's: with three objects left alone
    little of a picture may be left, so that doing little there says nothing.

    Parameters
    ----------
    finding : Finding
        Proven, of whose object nothing else tells.
    trials : DataFrame
        Of the stage ``boxed``.
    klass, seed : int
    """
    rows = matching(trials, klass=klass, probe=finding.probe)
    if rows.empty or finding.probe is None:
        return finding
    fills = {str(fill): differences(group, klass) for fill, group in rows.groupby("fill")}
    whole = fills["transfer"]
    place = probe_named(finding.probe).region is not None
    by_flips = place and whole.effect >= RULES.floor
    recipients = rows.loc[rows["fill"] == "transfer", "recipient"].to_numpy()
    shares = {
        fill: _share(paired, whole, recipients, by_flips, seed)
        for fill, paired in fills.items()
        if fill != "transfer"
    }
    low, high = shares["around"]["interval"]
    limit = RULES.on_object if place else RULES.by_object
    on_object = None
    if low >= limit:
        on_object = False
    elif place and high < limit and shares["own"]["interval"][0] >= RULES.carries:
        on_object = True
    boxed = {
        **shares,
        "donors": len(np.unique(whole.groups)),
        "recipients": len(np.unique(recipients)),
        "pairs": len(whole.flips),
    }
    if on_object is None:
        return replace(finding, boxed=boxed)
    # What the ellipse said of the middle is replaced by what the boxes say of the object.
    acts = {name: share for name, share in (finding.acts or {}).items() if name not in _BY_MIDDLE}
    return replace(
        finding,
        boxed=boxed,
        on_object=on_object,
        may_be_object=False,
        off_object=round(min(max(shares["around"]["value"], 0.0), 1.0), 6),
        acts=acts or None,
    )


_BY_MIDDLE = ("outside", "inside")


def _share(
    part: Differences, whole: Differences, recipients: np.ndarray, by_flips: bool, seed: int
) -> dict[str, Any]:
    """Share of the whole effect, with the wider of two intervals: over donors, over recipients."""
    parts, wholes = (
        (paired.flips if by_flips else paired.margins).astype(np.float64)
        for paired in (part, whole)
    )
    ends = [
        share_interval(parts, wholes, groups, seed=seed) for groups in (whole.groups, recipients)
    ]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    total = float(wholes.sum())
    value = float(parts.sum()) / total if total > 0 else 0.0
    return {"value": round(value, 6), "interval": [_finite(low), _finite(high)]}


def _finite(end: float) -> float:
    """An end of an interval as JSON may hold it."""
    return round(float(np.clip(end, -9.0, 9.0)), 6)


def in_doubt(finding: Finding) -> bool:
    """Whether boxes would tell what nothing yet tells: if a proven cue is the object."""
    return (
        finding.level == "relied on"
        and finding.on_object is None
        and finding.kind in ("object", "unknown")
        and finding.part is None
        and not finding.trace
        and finding.overlaps is None
    )


def asked_pictures(
    run: Run, images: pd.DataFrame, drawn: Iterable[int], findings: Iterable[Finding]
) -> list[dict[str, Any]]:
    """Which pictures' boxes would decide most, for each class with a finding in doubt.

    Parameters
    ----------
    run : Run
    images : DataFrame
        As for `camcore.auditing.interventions.discovery.Discovery`.
    drawn : iterable of int
        Images that have boxes already.
    findings : iterable of Finding

    Returns
    -------
    list of dict
        ``class``; ``findings``, their ids; ``pictures``, ids of images of the class and of those
        that its cue is given to, which take turns, those that the cue moves most first. A class
        that has too few pictures for boxes to tell anything is left out.
    """
    known = known_objects(images, dict.fromkeys(drawn))
    half = (images["half"] == 1).to_numpy()
    by_class: dict[str, list[Finding]] = {}
    for finding in findings:
        if in_doubt(finding):
            by_class.setdefault(finding.class_name, []).append(finding)
    asked = []
    for name, doubtful in by_class.items():
        klass = run.class_names.index(name)
        moved = _moved(run.trials("test"), klass, [str(finding.probe) for finding in doubtful])
        of_class = (images["klass"] == klass).to_numpy()
        right = (images["predicted"] == klass).to_numpy()
        donors = _next(
            images[half & of_class & right], known[half & of_class & right], moved["donor"]
        )
        others = _others(images[half & ~of_class & ~right], moved["recipient"])
        taken = known[images.index.get_indexer(others.index)]
        recipients = _next(others, taken, moved["recipient"])
        if donors is None or recipients is None:
            continue
        turns = [image for both in zip(donors, recipients, strict=False) for image in both]
        rest = [*donors[len(recipients) :], *recipients[len(donors) :]]
        ids = [finding.id for finding in doubtful]
        asked.append({"class": name, "findings": ids, "pictures": [*turns, *rest]})
    return asked


def _moved(test: pd.DataFrame, klass: int, probes: list[str]) -> dict[str, pd.Series]:
    """How far each donor's cue moves others, and each recipient is moved, as shares of the mean."""
    rows = test[(test["klass"] == klass) & test["probe"].isin(probes)]
    moved = (rows["margin_edited"] - rows["margin_controlled"]).astype(np.float64)
    share = moved / moved.groupby(rows["probe"]).transform("mean").abs()
    return {who: share.groupby(rows[who]).mean() for who in ("donor", "recipient")}


def _others(images: pd.DataFrame, moved: pd.Series) -> pd.DataFrame:
    """Images of the other classes that the cue moves most, of which there are two at least."""
    klass = images["klass"]
    means = moved.reindex(images.index).groupby(klass).mean().fillna(-np.inf)
    counts = klass.value_counts()
    able = means[counts.reindex(means.index) > 1].sort_values(ascending=False, kind="stable")
    return images[klass.isin(able.index[: RULES.boxed_classes])]


def _next(images: pd.DataFrame, known: np.ndarray, moved: pd.Series) -> list[int] | None:
    """Images to ask for, as many as are missing, or more of them where there are enough already.

    None where the images are too few for boxes to tell anything; of near-duplicates one counts.
    """
    if images["group"].nunique() < RULES.boxed_fewest:
        return None
    groups = set(images.loc[known, "group"])
    missing = RULES.boxed_fewest - len(groups)
    left = images[~images["group"].isin(groups)]
    order = moved.reindex(left.index).sort_values(
        ascending=False, kind="stable", na_position="last"
    )
    first = left.loc[order.index].drop_duplicates("group")
    turn = first.groupby("klass").cumcount().to_numpy()
    ids = first.index.to_numpy()[np.argsort(turn, kind="stable")]
    return [int(image) for image in ids[: missing if missing > 0 else RULES.boxed_fewest]]
