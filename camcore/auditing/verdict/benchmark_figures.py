"""How well this audit was measured to do, on networks whose cues were planted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from camcore._version import __version__

_FOUND = 0.9  # of the networks that rely on a cue: less is a blind spot
_NAMED = 6


@dataclass(frozen=True)
class Measured:
    """What ``benchmarks.truth`` found when its figures were last kept.

    Attributes
    ----------
    date : str
        ISO 8601.
    cases : int
        Networks, each audited on its own data set.
    footnote : str
        Detection and false-alarm rates in one sentence.
    recall : dict of str to tuple of int
        Planted cue -> networks that relied on it and were caught, and networks that relied on it.
    version : str
        Of this package, whose rules were measured.
    """

    date: str
    cases: int
    footnote: str
    recall: dict[str, tuple[int, int]]
    version: str

    @property
    def base(self) -> str:
        """What the figures were measured on, and whether by the rules in force, as a sentence.

        Examples
        --------
        >>> Measured("2026-01-01", 9, "", {}, "0.0.1").base
        'Measured on 9 small networks of rendered scenes and digits, 2026-01-01, with the rules of
        version 0.0.1; those of this version are not measured yet.'
        """
        begun = (
            f"Measured on {self.cases} small networks of rendered scenes and digits, {self.date}"
        )
        if self.version == __version__:
            return f"{begun}."
        return (
            f"{begun}, with the rules of version {self.version}; those of this version are not "
            "measured yet."
        )

    @property
    def blind_spots(self) -> str:
        """The cues about which silence says least, as a sentence; "" if there are none.

        Examples
        --------
        >>> Measured("2026-01-01", 9, "", {"blur": (4, 8), "frame": (5, 5)}, "1").blind_spots
        'In the benchmark of this tool it caught 4 of 8 networks that relied on blur: silence about
        such cues says least.'
        """
        missed = [
            (caught / relied, f"{caught} of {relied} networks that relied on {cue}")
            for cue, (caught, relied) in self.recall.items()
            if caught < _FOUND * relied
        ]
        if not missed:
            return ""
        words = [words for _, words in sorted(missed)[:_NAMED]]
        listed = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
        return (
            f"In the benchmark of this tool it caught {listed}: silence about such cues says least."
        )


@cache
def measured() -> Measured:
    """The figures that come with this version.

    Examples
    --------
    >>> measured().footnote.startswith("This tool's measured detection and false-alarm rates")
    True
    """
    text = files("camcore.auditing.verdict").joinpath("measured.json").read_text("utf-8")
    held = json.loads(text)
    recall = {cue: (caught, relied) for cue, (caught, relied) in held["recall"].items()}
    return Measured(
        held["date"], held["cases"], held["footnote"], recall, held["versions"]["camcore"]
    )
