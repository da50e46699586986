"""Numbers of an audit as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

from camcore.auditing.report.words import share
from camcore.auditing.runs.findings import Finding


def points(effect: float) -> str:
    """A share as percentage points with its sign.

    Examples
    --------
    >>> points(0.62), points(-0.05), points(0.0)
    ('+62 points', '−5 points', '0 points')
    """
    whole = round(100 * effect)
    sign = "+" if whole > 0 else "−" if whole < 0 else ""
    return f"{sign}{abs(whole)} {'point' if abs(whole) == 1 else 'points'}"


def effect_of(finding: Finding) -> str:
    """The effect with its interval.

    Examples
    --------
    >>> effect_of(Finding("a--b", "a", "b", "b", "relied on", effect=0.62, interval=(0.54, 0.7)))
    '+62 points (54 to 70)'
    """
    if finding.effect is None:
        return "not measured"
    bounds = interval(finding)
    return f"{points(finding.effect)} ({bounds})" if bounds else points(finding.effect)


def interval(finding: Finding) -> str:
    """The interval of the effect in points, or nothing.

    Examples
    --------
    >>> interval(Finding("a--b", "a", "b", "b", "relied on", effect=0.1, interval=(-0.02, 0.2)))
    '−2 to 20'
    """
    if finding.interval is None:
        return ""
    low, high = (f"{round(100 * side)}".replace("-", "−") for side in finding.interval)
    return f"{low} to {high}"


def leaving(finding: Finding) -> str:
    """Shares of the class's own images that leave it without the cue, and under the control.

    Examples
    --------
    >>> taken = {"transfer": 0.98, "control": 0.35}
    >>> leaving(Finding("a--b", "a", "b", "b", "relied on", removal=taken))
    '98 % of its images leave the class without it, 35 % under the control'
    """
    taken = finding.removal
    if taken is None:
        return ""
    left, control = share(taken["transfer"]), share(taken["control"])
    return f"{left} of its images leave the class without it, {control} under the control"


def duration(seconds: float) -> str:
    """A time to wait.

    Examples
    --------
    >>> duration(3.2), duration(75), duration(4000)
    ('a few seconds', 'about 1 min', 'about 1 h 7 min')
    """
    if seconds < 10:
        return "a few seconds"
    if seconds < 55:
        return f"about {10 * round(seconds / 10) or 10} s"
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes < 60 else f"about {minutes // 60} h {minutes % 60} min"


def when(text: str) -> str:
    """A moment as a run keeps it, or as it stands where it is none.

    Examples
    --------
    >>> when("2025-11-03T09:30:00Z")
    '3 Nov 2025, 09:30 UTC'
    """
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return text
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"


def count(number: int, singular: str, plural: str = "") -> str:
    """A number with its noun.

    Examples
    --------
    >>> count(1, "image"), count(1200, "image"), count(0, "class", "classes")
    ('1 image', '1,200 images', '0 classes')
    """
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"
