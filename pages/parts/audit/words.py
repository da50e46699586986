"""Numbers of an audit as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

from babel.dates import format_datetime

from camcore.auditing.report.words import share
from camcore.auditing.runs.findings import Finding
from pages.languages.catalogues import ENGLISH, ngettext, spoken
from pages.languages.catalogues import gettext as _
from pages.languages.numbers import whole


def points(effect: float) -> str:
    """A share as percentage points with its sign.

    Examples
    --------
    >>> points(0.62), points(-0.05), points(0.0)
    ('+62 points', '−5 points', '0 points')
    """
    whole_points = round(100 * effect)
    number = f"{whole_points:+d}".replace("-", "−") if whole_points else "0"
    return ngettext("{count} point", "{count} points", abs(whole_points), count=number)


def effect_of(finding: Finding) -> str:
    """The effect with its interval.

    Examples
    --------
    >>> effect_of(Finding("a--b", "a", "b", "b", "relied on", effect=0.62, interval=(0.54, 0.7)))
    '+62 points (54 to 70)'
    """
    if finding.effect is None:
        return _("not measured")
    bounds = interval(finding)
    if not bounds:
        return points(finding.effect)
    return _("{points} ({bounds})", points=points(finding.effect), bounds=bounds)


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
    return _("{low} to {high}", low=low, high=high)


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
    return _(
        "{left} of its images leave the class without it, {control} under the control",
        left=left,
        control=control,
    )


def duration(seconds: float) -> str:
    """A time to wait.

    Examples
    --------
    >>> duration(3.2), duration(75), duration(4000)
    ('a few seconds', 'about 1 min', 'about 1 h 7 min')
    """
    if seconds < 10:
        return span(seconds)
    return _("about {time}", time=span(seconds))


def span(seconds: float) -> str:
    """The same without saying that it is no more than about that.

    Examples
    --------
    >>> span(3.2), span(32), span(4000)
    ('a few seconds', '30 s', '1 h 7 min')
    """
    if seconds < 10:
        return _("a few seconds")
    if seconds < 55:
        return f"{10 * round(seconds / 10) or 10} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return _("{minutes} min", minutes=minutes)
    return _("{hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)


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
    form = "d MMM yyyy, HH:mm" if spoken() == ENGLISH else "medium"
    return f"{format_datetime(moment, form, locale=spoken())} UTC"


def images(number: int) -> str:
    """A number of images of a data set.

    Examples
    --------
    >>> images(1), images(1200)
    ('1 image', '1,200 images')
    """
    return ngettext("{count} image", "{count} images", number, count=whole(number))


def pictures(number: int) -> str:
    """A number of pictures that are given."""
    return ngettext("{count} picture", "{count} pictures", number, count=whole(number))


def files(number: int) -> str:
    """A number of files."""
    return ngettext("{count} file", "{count} files", number, count=whole(number))


def classes(number: int) -> str:
    """A number of classes."""
    return ngettext("{count} class", "{count} classes", number, count=whole(number))
