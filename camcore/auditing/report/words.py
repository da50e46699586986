"""What a report says in sentences: the verdict, each finding, and what the words mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.run import Run
from camcore.auditing.scan.image_properties import PROPERTIES

_TITLES = {one.name: one.title for one in PROPERTIES}
_SMALL, _LARGE = 0.07, 0.25  # shares of the picture
_NAMED = 6  # classes and cues that a sentence or list names before it counts the others

LADDER = (
    (
        "associated",
        "A property of the images differs between this class and the others. That is said of the "
        "data, not of the model.",
    ),
    (
        "attended",
        "The model's class activation maps lie there, more than those of other classes. Maps show "
        "where to look; a model may ignore what its maps light up.",
    ),
    (
        "relied on",
        "On images held out for this test, handing the cue over changed predictions to the class, "
        "more than the same edit without the cue did, by more than chance and by more than the "
        "floor.",
    ),
    ("confirmed spurious", "A person has decided that the model should not rely on this."),
    ("accepted", "A person has decided that relying on this is right."),
    (
        "not detected",
        "Tested, and no effect seen that is as large as the smallest one this run could have seen.",
    ),
    ("insufficient data", "Too few images to say anything. That is not a clean result."),
)
ABOUT = {
    "relied on": "Proven by intervention on images that the cue was not found on.",
    "attended": "Seen in the maps only. No intervention of this run shows that the model uses it.",
    "associated": "Seen in the data only. Nothing here says that the model uses it.",
}
_OBJECT = "That lies on the object: it may be what it should use."
_PERHAPS = (
    "Most of that is gone where the middle of the picture, the usual place of objects, is "
    "left alone: this may be the object itself. Masks or boxes would tell."
)
_KINDS = {
    "artefact": "It is an artefact: the same from picture to picture, as nothing natural is.",
    "context": "It is context: natural content beside the object.",
    "object": "It acts through the object, or through the middle, where objects mostly are.",
    "unknown": "No trial tells whether it is an artefact, context, or a part of the object.",
}
_BESIDE = "No trial tells whether it is an artefact or context."
_TRACE = (
    "Read off a quarter of the picture alone, that does little: it may be the mere trace of "
    "something in one place, such as a bright mark, which need not be what the model uses."
)
PROVES = (
    "An audit proves that a model relies on something. Whether that is spurious is for a person "
    "to say who knows the task."
)


def verdict(run: Run) -> list[str]:
    """The verdict in plain words, the most important sentence first."""
    findings = run.findings
    proven = [one for one in findings if one.level == "relied on"]
    told = [*_in_short(_apart(proven)), *_relied_on(proven)]
    if not told and run.summary["not_detected"]["smallest_effect"] is None:
        told.append("Nothing is proven, because no intervention was made.")
    elif not told:
        told.append(
            "Nothing that was tried moves the model, neither beside the middle of the pictures nor "
            "in it."
        )
    same = sum(len(one.joined) for one in proven)
    if same:
        told.append(
            f"{same} further finding{' is' if same == 1 else 's are'} told as the same cause."
        )
    told += asks(run)
    weaker = len(findings) - len(proven)
    if weaker:
        more = " more" if proven else ""
        hints = f"one{more} cue" if weaker == 1 else f"{weaker}{more} cues"
        uses = "it" if weaker == 1 else "them"
        told.append(
            f"The maps or the data point at {hints}; nothing shows that the model uses {uses}."
        )
    return told


def says(run: Run, finding: Finding) -> list[str]:
    """One finding in sentences, each by what it rests on."""
    name = finding.class_name
    told = []
    if finding.effect is not None and finding.interval is not None:
        effect, low, high = (round(100 * one) for one in (finding.effect, *finding.interval))
        told.append(
            f"Taken from an image of {name}, the cue turned {effect} more of every "
            f"100 images of other classes into {name} than the same edit with another image of "
            f"their own class did (95 % interval {low} to {high}; {finding.pairs} held-out pairs)."
        )
    told += _of_its_kind(finding)
    if finding.accuracy is not None:
        told.append(
            f"With the cue {share(finding.accuracy['with'])} of the images of {name} are "
            f"recognised, without it {share(finding.accuracy['without'])}."
        )
    if finding.removal is not None and not finding.removal.get("agree", True):
        told.append(
            "Taking the cue out in two ways did not give the same answer, so whether the class "
            "needs it stays open."
        )
    if finding.boxed is not None:
        told.append(_by_boxes(finding, finding.boxed))
    elif finding.on_object is not None:
        told.append(
            "It lies on the object."
            if finding.on_object
            else "It does not lie on the object, as far as masks or boxes tell."
        )
    if _remark(finding) in (_PERHAPS, _TRACE):
        told.append(_remark(finding))
    if _size(finding):
        told.append(_size(finding).strip())
    if finding.attended is not None:
        told.append(
            f"The maps of {name} lie in the outlined region more than those of other classes "
            f"(adjusted {p_value(finding.attended)})."
        )
    if finding.auc is not None:
        told.append(
            f"In these images, {title_of(finding)} tells {name} from the other classes with an "
            f"AUC of {finding.auc:.2f} (0.5 is chance, 1 is always; adjusted "
            f"{p_value(finding.auc_q)})."
        )
    if finding.response is not None:
        signed = f"{finding.response:+.2f}".replace("-", "−")
        told.append(
            f"Within {name}, its correlation with the log-odds of {name} is {signed} (Spearman)."
        )
    if finding.level != "relied on":
        told.append("Whether the model uses it was not shown.")
    same = next((one for one in run.findings if one.id == finding.overlaps), None)
    if same is not None:
        told.append(f"Its region is mostly that of “{same.cue}”: probably the same cue.")
    return told


def _of_its_kind(finding: Finding) -> list[str]:
    """What kind of thing the cue is, and whether it acts by being there."""
    name = finding.class_name
    told = []
    if finding.kind == "unknown" and _decided(finding):
        told.append(_BESIDE)
    elif finding.kind is not None:
        told.append(_KINDS[finding.kind])
    if finding.presence == "without":
        told.append(
            f"Taking away what is there is enough: {name} is recognised by what its pictures lack."
        )
    if finding.taken_from is not None:
        told.append(
            f"Nearly only pictures of {finding.taken_from} are moved: they may lose a cue of their "
            "own."
        )
    return told


def share(value: float) -> str:
    """A share of images in percent.

    Examples
    --------
    >>> share(0.125), share(0.004), share(0.996), share(1.0)
    ('12 %', '0.4 %', '99.6 %', '100 %')
    """
    near_an_end = 0 < value < 0.01 or 0.99 < value < 1
    return f"{100 * value:.1f} %" if near_an_end else f"{100 * value:.0f} %"


def when(time: str) -> str:
    """A time as runs keep it, for people.

    Examples
    --------
    >>> when("2025-11-03T09:30:00Z")
    '2025-11-03, 09:30 UTC'
    """
    day, _, clock = time.partition("T")
    return f"{day}, {clock[:5]} UTC" if clock else time


def p_value(value: float | None) -> str:
    """A p-value as people write it.

    Examples
    --------
    >>> p_value(0.0004), p_value(0.0123), p_value(1.0), p_value(None)
    ('p < 0.001', 'p = 0.012', 'p = 1.000', 'p unknown')
    """
    if value is None:
        return "p unknown"
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def in_short(cue: str) -> str:
    """A cue without its size.

    Examples
    --------
    >>> in_short("upper centre, 5% of the image")
    'upper centre'
    """
    return cue.partition(", ")[0]


def as_noun(cue: str) -> str:
    """A cue as a sentence names it: without its size, and with an article.

    Examples
    --------
    >>> as_noun("upper centre, 5% of the image"), as_noun("a part at any place")
    ('the upper centre', 'a part at any place')
    """
    short = in_short(cue)
    return short if short.startswith("a ") else f"the {short}"


def title_of(finding: Finding) -> str:
    """The property of a finding in words."""
    return _TITLES.get(finding.property or "", finding.property or "")


def asked_for(run: Run, finding: Finding) -> dict[str, Any] | None:
    """What is asked about a finding: the pictures whose boxes would decide; None for nothing."""
    return next(
        (own for own in run.summary.get("asked", ()) if finding.id in own["findings"]), None
    )


def asks(run: Run) -> list[str]:
    """What would settle what is in doubt."""
    asked = run.summary.get("asked", ())
    if not asked:
        return []
    pictures = len({image for own in asked for image in own["pictures"]})
    names = [own["class"] for own in asked]
    listed = _listed(names) if len(names) <= _NAMED else f"{len(names)} classes"
    return [
        f"Boxes around the object in {pictures} pictures would tell, for {listed}, whether this is "
        "the object; asked.csv names them, those that decide most first."
    ]


def _by_boxes(finding: Finding, boxed: dict[str, Any]) -> str:
    """What pictures with boxes tell of a cue."""
    around = boxed["around"]
    low, high = (share(min(max(end, 0.0), 1.0)) for end in around["interval"])
    drawn = f"{boxed['donors']} pictures of {finding.class_name} and {boxed['recipients']} others"
    if finding.on_object is None:
        return (
            f"Boxes around the object in {drawn} leave it open whether it is the object: {low} to "
            f"{high} of what it does is left with all objects left alone (95 % interval)."
        )
    where = "It lies on the object" if finding.on_object else "It does not lie on the object"
    left = share(min(max(around["value"], 0.0), 1.0))
    return (
        f"{where}, as boxes in {drawn} tell: with all objects left alone, {left} of what it does "
        f"is left (95 % interval {low} to {high}; {boxed['pairs']} pairs)."
    )


def _decided(finding: Finding) -> bool:
    """Whether boxes have told what nothing else did: if the cue is the object."""
    return finding.boxed is not None and finding.on_object is not None


def _apart(proven: Sequence[Finding]) -> list[Finding]:
    """All but those that are told as one cause with a finding that boxes decide."""
    decided = {one.id for one in proven if _decided(one)}
    return [one for one in proven if one.overlaps not in decided]


def _in_short(proven: Sequence[Finding]) -> list[str]:
    """What comes before the first cue, where that is the object or may be."""
    if proven and all(one.on_object for one in proven):
        return ["No reliance was proven on anything but the object."]
    if proven and all(one.on_object or one.may_be_object for one in proven):
        return [
            "Nothing moves the model beside the middle of the pictures; what moves it there may be "
            "the object."
        ]
    return []


def _relied_on(proven: Sequence[Finding]) -> list[str]:
    """Each cue once: what nothing excuses first, then by what speaks for it."""
    told: list[str] = []
    for remark in ("", _OBJECT, _PERHAPS, _TRACE):
        own = [one for one in proven if one.overlaps is None and _remark(one) == remark]
        cues = _by_cue(own)
        if cues and not told:
            told.append(_relies(*cues.pop(0)))
        if cues:
            told.append(_also(cues))
        if own and remark:
            told[-1] += f" {remark}"
    return told


def _relies(cue: str, findings: Sequence[Finding]) -> str:
    """The first cue by its kind, the classes that it speaks for, and how strongly, in full."""
    first = findings[0]
    name = "that class" if len(findings) == 1 else "the class it is taken from"
    named = _cue(cue, first)
    if first.kind in ("artefact", "context"):
        kind = "an artefact" if first.kind == "artefact" else "context"
        beginning = f"The model relies on {kind}, {named}, for {_classes(findings)}"
    elif first.kind == "unknown" and first.family == "part":
        beginning = f"Something at no fixed place moves the model, {named} for {_classes(findings)}"
    elif first.kind == "unknown" and not _decided(first):
        beginning = (
            f"Something moves the model and may be the object, {named} for {_classes(findings)}"
        )
    else:
        beginning = f"The model relies on {named} for {_classes(findings)}"
    return f"{beginning}: {_done(findings, name)}{_size(first)}"


def _cue(cue: str, finding: Finding) -> str:
    return f"the lack of the {cue}" if finding.presence == "without" else f"the {cue}"


def _done(findings: Sequence[Finding], name: str) -> str:
    """What giving the cue does: flips, or where hardly any answer flips, moves."""
    first = findings[0]
    if _flips(first) or first.move is None or not first.swing:
        return (
            f"given to images of other classes, it turns {_effects(findings)} more of every 100 "
            f"into {name} than the control does."
        )
    return (
        f"given to images of other classes, it moves the log-odds of {name} by "
        f"{first.move['value']:+.1f}, {share(first.move['value'] / first.swing)} of what lies "
        "between the classes, although it turns few answers."
    )


def _flips(finding: Finding) -> bool:
    return finding.interval is None or finding.interval[0] > 0


def _also(cues: Sequence[tuple[str, list[Finding]]]) -> str:
    """Further cues in one sentence."""
    named = [
        f"{_cue(cue, findings[0])} for {_classes(findings)} ({_effects(findings)} more of 100)"
        for cue, findings in cues[:_NAMED]
    ]
    if len(cues) > _NAMED:
        named.append(f"{len(cues) - _NAMED} further cues, listed below")
    return f"It also relies on {_listed(named)}."


def _remark(finding: Finding) -> str:
    """What speaks for the object, or for a trace, rather than for a shortcut."""
    if finding.on_object:
        return _OBJECT
    if finding.may_be_object:
        return _PERHAPS
    return _TRACE if finding.trace else ""


def _effects(findings: Sequence[Finding]) -> str:
    effects = sorted(round(100 * (one.effect or 0.0)) for one in findings)
    return f"{effects[0]} to {effects[-1]}" if effects[0] < effects[-1] else f"{effects[0]}"


def _size(finding: Finding) -> str:
    """What the area of a place says, where it is not known whether the object lies there."""
    if finding.level != "relied on" or finding.excused():
        return ""
    if finding.area is None or finding.region is None:
        return ""
    if finding.area <= _SMALL:
        return f" It takes up {share(finding.area)} of the picture: little, as a shortcut would."
    if finding.area >= _LARGE and finding.on_object is None:
        return (
            f" It takes up {share(finding.area)} of the picture, enough to carry the object over: "
            "this need not be a shortcut."
        )
    return ""


def _by_cue(findings: Sequence[Finding]) -> list[tuple[str, list[Finding]]]:
    groups: dict[tuple[Any, ...], list[Finding]] = {}
    for one in findings:
        groups.setdefault((one.cue, one.kind, one.presence), []).append(one)
    return [(cue, own) for (cue, _, _), own in groups.items()]


def _classes(findings: Sequence[Finding]) -> str:
    names = [one.class_name for one in findings]
    if len(names) == 1:
        return f"the class {names[0]}"
    if len(names) > _NAMED:
        return f"{len(names)} classes: {', '.join(names[:_NAMED])} and others"
    return f"the classes {_listed(names)}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
