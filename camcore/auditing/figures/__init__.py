"""The figures of an audit, for its report and its page; each comes with a text that says the same.

Charts are SVG in the colours of the page that shows them; pictures and overlays are arrays.
"""

from camcore.auditing.figures.charts import class_distribution, effect_plot, response_curve
from camcore.auditing.figures.drawing import Figure, colours
from camcore.auditing.figures.maps import mean_maps
from camcore.auditing.figures.tiles import Tile, gallery, signed, swap_strip
from camcore.drawing.theme import DARK, LIGHT

__all__ = [
    "DARK",
    "LIGHT",
    "Figure",
    "Tile",
    "class_distribution",
    "colours",
    "effect_plot",
    "gallery",
    "mean_maps",
    "response_curve",
    "signed",
    "swap_strip",
]
