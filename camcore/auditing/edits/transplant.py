"""Local probes: a region of the donor is put into the recipient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from camcore.auditing.edits.images import Images
from camcore.auditing.edits.imputation import impute
from camcore.auditing.edits.probe import Probe
from camcore.auditing.edits.regions import Region


@dataclass(frozen=True)
class Transplant(Probe):
    """The pixels of one region.

    A transfer copies them from the donor, bit for bit; `neutral` fills the region by noisy linear
    imputation from the pixels around it.

    Examples
    --------
    >>> from camcore.auditing.edits.regions import NAMED
    >>> probe = Transplant(NAMED["top 1/3"])
    >>> probe.name, probe.family, probe.cue
    ('top 1/3', 'sky/top-band', 'top band')
    >>> black = Images(np.zeros((1, 30, 30, 1), np.uint8))
    >>> white = Images(np.full((1, 30, 30, 1), 255, np.uint8))
    >>> float(probe.transfer(black, white, np.random.default_rng(0)).mean())
    85.0
    """

    where: Region

    @property
    def region(self) -> Region:
        return self.where

    @property
    def name(self) -> str:
        return self.where.name

    @property
    def family(self) -> str:
        return self.where.family

    @property
    def cue(self) -> str:
        return self.where.words

    @property
    def area(self) -> float:
        return self.where.area

    def transfer(self, recipients: Images, donors: Images, rng: np.random.Generator) -> np.ndarray:
        edited = recipients.pixels.copy()
        for down, across in self.where.boxes(*edited.shape[1:3]):
            edited[:, down, across] = donors.pixels[:, down, across]
        return edited

    def neutral(
        self, recipients: Images, reference: Images, rng: np.random.Generator
    ) -> np.ndarray:
        return impute(recipients.pixels, self.where.mask(*recipients.pixels.shape[1:3]), rng)
