"""Weakly supervised localisation: boxes from maps, measured against true boxes from files."""

from camcore.localization.boxes import Box, TrueBox, best_iou, iou
from camcore.localization.localize import localize
from camcore.localization.reading import Boxes, boxes_for, read_boxes
from camcore.localization.result import Localization, Located

__all__ = [
    "Box",
    "Boxes",
    "Localization",
    "Located",
    "TrueBox",
    "best_iou",
    "boxes_for",
    "iou",
    "localize",
    "read_boxes",
]
