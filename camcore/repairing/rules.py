"""Every number that decides what a repair is called."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class RepairRules:
    """The rules of a repair; all were set before the first one was measured.

    Attributes
    ----------
    reached : float
        Share of the way from chance to the model's own accuracy which a new head must surely make
        where the cue tells nothing.
    cell : int
        Pictures of a class with, or without, the cue from which on they speak for themselves.
    trainable : int
        Pictures of each such cell from which on weights alone may balance them.
    suffices : float
        A cheaper way is taken where it is at most this much less accurate than the best.
    cues : int
        Most cues that are mended at once.
    copies : int
        Edited pictures made of each.
    recipients : int
        Pictures that the cue of a picture is tried on to tell how strong it is there.
    pairs : int
        Most pairs that reliance is measured on before and after.
    epochs : int
        Of fine-tuning.
    depths : tuple of float
        Shares of the layers that fine-tuning tries, from the end.
    """

    reached: float = 0.5
    cell: int = 20
    trainable: int = 10
    suffices: float = 0.02
    cues: int = 4
    copies: int = 4
    recipients: int = 4
    pairs: int = 128
    epochs: int = 20
    depths: tuple[float, ...] = (0.5, 1.0)

    def as_json(self) -> dict[str, Any]:
        """The rules as a JSON object."""
        return asdict(self) | {"depths": list(self.depths)}


RULES = RepairRules()
