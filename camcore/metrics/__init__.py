"""Agreement and faithfulness of maps: how far two are alike, and what one owes to the model."""

from camcore.metrics.agreement import Agreement, agreement, iou_at, pearson, spearman
from camcore.metrics.concise import adcc, average_drop, coherency, complexity, increase
from camcore.metrics.erasing import area_under, probability_curve
from camcore.metrics.faithfulness import Faithfulness, faithfulness
from camcore.metrics.pointing import EnergyShare, energy_pointing, pointing_game
from camcore.metrics.sanity import UNCHANGED, Sanity, SanityStage, sanity_check

__all__ = [
    "UNCHANGED",
    "Agreement",
    "EnergyShare",
    "Faithfulness",
    "Sanity",
    "SanityStage",
    "adcc",
    "agreement",
    "area_under",
    "average_drop",
    "coherency",
    "complexity",
    "energy_pointing",
    "faithfulness",
    "increase",
    "iou_at",
    "pearson",
    "pointing_game",
    "probability_curve",
    "sanity_check",
    "spearman",
]
