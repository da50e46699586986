"""What the search for cues has turned up while an audit still runs: leads, not findings."""

from __future__ import annotations

from dataclasses import dataclass

from camcore.auditing.edits import probe_named
from camcore.auditing.interventions.effects import effects_of, rank
from camcore.auditing.runs.run import Run


@dataclass(frozen=True)
class Lead:
    """The probe that does most for a class on the half of the images that cues are sought on.

    Attributes
    ----------
    class_name, cue : str
    effect : float
        Excess flips, 0 to 1; nothing has been tested on the other half yet.
    pairs : int
    """

    class_name: str
    cue: str
    effect: float
    pairs: int


def leads(run: Run) -> list[Lead]:
    """The strongest lead of each class that was looked into so far, strongest first.

    Parameters
    ----------
    run : Run
        That may still be at work.

    Returns
    -------
    list of Lead
        Without classes where nothing reaches the floor of what matters.
    """
    rows = run.trials("discovery")
    strongest: list[Lead] = []
    for klass, of_class in rows.groupby("klass") if len(rows) else ():
        effects = effects_of(of_class, int(klass))
        name = max(effects, key=lambda probe: rank(effects[probe]))
        if effects[name].effect >= run.plan.rules.floor:
            strongest.append(
                Lead(
                    run.class_names[int(klass)],
                    probe_named(name).cue,
                    effects[name].effect,
                    len(effects[name].flips),
                )
            )
    return sorted(strongest, key=lambda lead: -lead.effect)
