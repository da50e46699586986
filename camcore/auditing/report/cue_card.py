"""One cue on one card: what it does in a sentence, and the picture that convinces."""

from __future__ import annotations

from dataclasses import dataclass

from camcore.auditing.figures import Tile, swap_strip
from camcore.auditing.interventions.image_pool import Pool
from camcore.auditing.interventions.replay import swaps
from camcore.auditing.report.words import in_short, share
from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.run import Run

_NAMED = 2  # classes that a sentence names


@dataclass(frozen=True)
class Flips:
    """Held-out images of other classes that a cue turned into its class.

    Attributes
    ----------
    tested : int
        Those that were not taken for the class before.
    flipped, controlled : int
        Taken for it with the cue, and under the control.
    classes : tuple of str
        The classes that they belong to by what the model said before, sorted by number.
    """

    tested: int
    flipped: int
    controlled: int
    classes: tuple[str, ...]


def flips_of(run: Run, finding: Finding) -> Flips | None:
    """The flips of a finding; None where no intervention tested it."""
    if finding.probe is None:
        return None
    trials = run.trials("test")
    if not len(trials):
        return None
    klass = run.class_names.index(finding.class_name)
    rows = trials[
        (trials["klass"] == klass)
        & (trials["probe"] == finding.probe)
        & (trials["before"] != klass)
    ]
    if not len(rows):
        return None
    before = rows["before"].value_counts().index
    return Flips(
        len(rows),
        int((rows["edited"] == klass).sum()),
        int((rows["controlled"] == klass).sum()),
        tuple(run.class_names[klass] if klass >= 0 else "" for klass in before),
    )


def sentence_of(run: Run, finding: Finding) -> str:
    """What the cue does, in one sentence; "" where no intervention tested it."""
    flips = flips_of(run, finding)
    return "" if flips is None else told(finding, flips)


def told(finding: Finding, flips: Flips) -> str:
    """The sentence of a cue and its flips.

    Examples
    --------
    >>> sky = Finding("a", "tank", "sky", "sky, 19% of the image", "relied on", region={"box": []})
    >>> told(sky, Flips(100, 100, 2, ("forest",)))
    'Sky pasted in: 100 of 100 images of forest become tank; under the control 2.'
    """
    cue = in_short(finding.cue)
    cue = cue[:1].upper() + cue[1:]
    if finding.presence == "without":
        done = "taken away"
    elif finding.region is None and finding.part is None:
        done = f"taken over from images of {finding.class_name}"
    else:
        done = "pasted in"
    named = len(flips.classes) <= _NAMED and all(flips.classes)
    others = f"images of {' and '.join(flips.classes)}" if named else "images of other classes"
    become = "becomes" if flips.flipped == 1 else "become"
    turns_few = finding.interval is not None and finding.interval[0] <= 0
    if turns_few and finding.move is not None and finding.swing:
        moved = share(max(finding.move["value"] / finding.swing, 0.0))
        return (
            f"{cue} {done}: {others} move {moved} of the way to {finding.class_name}, though only "
            f"{flips.flipped} of {flips.tested} {become} it; under the control {flips.controlled}."
        )
    return (
        f"{cue} {done}: {flips.flipped} of {flips.tested} {others} {become} {finding.class_name}; "
        f"under the control {flips.controlled}."
    )


def triple_of(run: Run, finding: Finding, pool: Pool) -> tuple[Tile, ...]:
    """One image before, with the cue, and under the control; nothing where there is no pair.

    Raises
    ------
    camcore.CamcoreError
        If a picture has gone or changed since.
    """
    strips = swaps(run, finding, pool, 1)
    if not strips:
        return ()
    before, _, edited, control = swap_strip(strips[0], finding.class_name)
    return before, edited, control
