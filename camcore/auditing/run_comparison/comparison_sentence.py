"""What changed from one run to another, in one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from camcore.auditing.report.words import as_noun

if TYPE_CHECKING:
    from camcore.auditing.run_comparison.run_comparison import Effect, Row

_NAMED = 2  # cues and classes that are named before the rest is counted


def in_a_sentence(rows: Iterable[Row]) -> str:
    """What b no longer relies on, what it relies on now, and what it kept.

    What is probably the same cue as a stronger one is left out, as far as that one is told.

    Parameters
    ----------
    rows : iterable of Row

    Returns
    -------
    str
    """
    proven = [row for row in rows if row.effect.relied_on and row.effect.same_as is None]
    cues = {
        "no longer relies on": [row for row in proven if row.verdict == "gone"],
        "relies less on": [row for row in proven if row.verdict == "better" and _relied_on(row.a)],
        "relies more on": [
            row for row in proven if row.verdict == "worse" and not row.effect.excused
        ],
        "now relies on": [row for row in proven if row.verdict == "new" and not row.effect.excused],
        "still relies on": [row for row in proven if _kept(row) and not row.effect.excused],
    }
    clauses = [f"{verb} {_cues(of)}" for verb, of in cues.items() if of]
    excused = [row for row in proven if row.effect.excused and _relied_on(row.b)]
    if excused:
        clauses.append(f"relies on what is, or may be, the object: {_cues(excused)}")
    if clauses:
        return f"b {'; it '.join(clauses)}."
    open_ones = [row for row in proven if row.verdict == "not tested" and _relied_on(row.a)]
    if open_ones:
        return f"b was not asked about what a relies on: {_cues(open_ones)}."
    return "No reliance was proven in b that a does not have, and none of a's is surely gone."


def _kept(row: Row) -> bool:
    return row.verdict == "unchanged" and _relied_on(row.b)


def _relied_on(effect: Effect | None) -> bool:
    return effect is not None and effect.relied_on


def _cues(rows: Sequence[Row]) -> str:
    """Each cue once with its classes, the strongest first."""
    classes: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda row: -row.effect.value):
        names = classes.setdefault(as_noun(row.effect.cue), [])
        if row.class_name not in names:
            names.append(row.class_name)
    cues = [f"{cue} for {listed(names)}" for cue, names in classes.items()]
    return listed(cues)


def listed(names: Sequence[str]) -> str:
    """Names as a list in words, the first ones only where there are many.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b", "c"]), listed(list("abcdef"))
    ('a', 'a, b and 1 other', 'a, b and 4 others')
    """
    named = list(names[:_NAMED])
    if len(names) > _NAMED:
        more = len(names) - _NAMED
        named.append(f"{more} other{'s' if more > 1 else ''}")
    return " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))
