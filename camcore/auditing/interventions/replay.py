"""Before and after: the interventions of a finding, made again to be looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from camcore.auditing.edits import probe_named
from camcore.auditing.interventions.image_pool import Pool
from camcore.auditing.interventions.trials import edit_and_control, trial_key
from camcore.auditing.parts.placing import parts_file
from camcore.auditing.rules import RULES
from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.plan import Plan
from camcore.auditing.runs.run import Run
from camcore.errors import ImageError


@dataclass(frozen=True, eq=False)
class Swap:
    """One recipient before and after it took a cue, and its control.

    Attributes
    ----------
    recipient_id, donor_id, control_id : int
    recipient, donor, edited, controlled : ndarray, uint8, shape (H, W, C)
        What the model sees: before, the donor of the class, the recipient with the donor's cue,
        and with the same cue of another image of its own class.
    before, after, after_control : str
        Predicted classes.
    margin_before, margin_edited, margin_controlled : float
        Log-odds of the finding's class.
    """

    recipient_id: int
    donor_id: int
    control_id: int
    recipient: np.ndarray
    donor: np.ndarray
    edited: np.ndarray
    controlled: np.ndarray
    before: str
    after: str
    after_control: str
    margin_before: float
    margin_edited: float
    margin_controlled: float


def pool_of(run: Run) -> Pool:
    """Pictures of a run for `swaps`, kept from one finding to the next."""
    files = run.store.read_table("files.parquet").set_index("id")
    pool = Pool(Plan(run.record), files, run.images)
    for klass in range(len(run.class_names)):
        if run.store.whole(parts_file(klass)):
            pool.know(klass, run.store.read_table(parts_file(klass)))
    return pool


def swaps(run: Run, finding: Finding, pool: Pool, count: int = 6) -> tuple[Swap, ...]:
    """Make the most telling interventions of a finding again, exactly as they were tested.

    Parameters
    ----------
    run : Run
    finding : Finding
        One that is *relied on*; others have no intervention to show.
    pool : Pool
        Of `pool_of`; findings of a class were tested on the same pairs, so that several share it.
    count : int
        Most swaps.

    Returns
    -------
    tuple of Swap
        Flips to the class that the control did not make come first, by the size of the move.

    Raises
    ------
    ImageError
        If a picture has gone or changed since.
    """
    if finding.probe is None:
        return ()
    plan = Plan(run.record)
    klass = run.class_names.index(finding.class_name)
    rows = run.trials("test")
    rows = rows[(rows["klass"] == klass) & (rows["probe"] == finding.probe)].set_index("pair")
    others = (rows["before"] != klass) & (rows["controlled"] != klass)
    flipped = others & (rows["edited"] == klass)
    moved = rows["margin_edited"] - rows["margin_controlled"]
    ranked = rows.assign(flipped=flipped, moved=moved)
    ranked = ranked.sort_values(["flipped", "moved"], ascending=False).head(count)
    if ranked.empty:
        return ()
    probe, pixels = probe_named(finding.probe), {}
    # The same batches as in the trial: what is drawn at random is drawn in its order.
    starts = sorted({pair // RULES.edited_at_once * RULES.edited_at_once for pair in ranked.index})
    batches = [rows.loc[start : start + RULES.edited_at_once - 1] for start in starts]
    columns = ["recipient", "donor", "control"]
    needed = np.unique(np.concatenate([batch[columns].to_numpy().ravel() for batch in batches]))
    there = pool.hold(needed)
    if not there.all():
        raise ImageError(pool.lost[int(needed[~there][0])])
    for start, batch in zip(starts, batches, strict=True):
        ids = [batch[who].to_numpy() for who in columns]
        recipients, donors, controls = (pool.images(image_ids) for image_ids in ids)
        key = trial_key(plan, klass, start, probe)
        edited, controlled = edit_and_control(probe, recipients, donors, controls, key)
        for place, pair in enumerate(batch.index):
            pixels[pair] = (
                recipients.pixels[place], donors.pixels[place], edited[place], controlled[place]
            )  # fmt: skip
    names = (*run.class_names, "another class")
    return tuple(
        Swap(
            int(row["recipient"]),
            int(row["donor"]),
            int(row["control"]),
            *pixels[pair],
            names[int(row["before"])],
            names[int(row["edited"])],
            names[int(row["controlled"])],
            float(row["margin_before"]),
            float(row["margin_edited"]),
            float(row["margin_controlled"]),
        )
        for pair, row in ranked.iterrows()
    )
