"""A comparison as a value: one row for each method, layer and class, as table and as figure."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import matplotlib
import pandas as pd
from markupsafe import Markup

from camcore.classifier import Layer
from camcore.comparing.columns import COLUMNS
from camcore.csv_cells import without_formulas
from camcore.drawing import notebook
from camcore.explanation import Explanation, Prediction
from camcore.localization import Box
from camcore.methods import METHODS
from camcore.pictures.picture import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 150
_SCREEN = 72


@dataclass(frozen=True, eq=False)
class Row:
    """One method at one layer for one class.

    Attributes
    ----------
    method : str
        Key of the method in `camcore.METHODS`.
    layer : Layer
    target : Prediction
    explanation : Explanation or None
        None where there is no map.
    reason : str
        Why there is none.
    numbers : mapping of str to float
        By the names of `COLUMNS`; what could not be measured is not in it.
    """

    method: str
    layer: Layer
    target: Prediction
    explanation: Explanation | None = None
    reason: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)

    @property
    def note(self) -> str:
        """What a reader of the numbers has to know: why there is no map, or no evidence."""
        if self.explanation is None:
            return self.reason
        return self.explanation.statement if self.explanation.evidence == "none" else ""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Maps of one picture side by side.

    Attributes
    ----------
    picture : Picture
    methods : tuple of str
    layers : tuple of Layer
    targets : tuple of Prediction
    rows : tuple of Row
        Method by method, within it layer by layer, within it class by class.
    boxes : tuple of (x0, y0, x1, y1)
        Where the object truly is, in source pixels, ends exclusive.
    predictions : tuple of Prediction
        The model's answer, most probable class first.
    model : str
    made : mapping of str to str
        What the whole comparison was made from and how.
    """

    picture: Picture
    methods: tuple[str, ...]
    layers: tuple[Layer, ...]
    targets: tuple[Prediction, ...]
    rows: tuple[Row, ...]
    boxes: tuple[Box, ...]
    predictions: tuple[Prediction, ...]
    model: str
    made: Mapping[str, str]

    def row(self, method: str, layer: str, target: int) -> Row:
        """The row of a method, a layer's name and a class index."""
        key = (method, layer, target)
        return next(
            row for row in self.rows if (row.method, row.layer.name, row.target.index) == key
        )

    def table(self) -> pd.DataFrame:
        """One row for each method, layer and class; numbers that no row has are left out."""
        known = {name for row in self.rows for name in row.numbers}
        return pd.DataFrame(
            [
                {
                    "method": METHODS[row.method].title,
                    "layer": row.layer.name,
                    "class": row.target.name,
                    "evidence": row.explanation.evidence if row.explanation else "",
                    **{
                        name: row.numbers.get(name, float("nan"))
                        for name in COLUMNS
                        if name in known
                    },
                    "note": row.note,
                }
                for row in self.rows
            ]
        )

    def csv(self) -> str:
        """The table as CSV, numbers in full."""
        text: str = without_formulas(self.table()).to_csv(index=False)
        return text

    def figure(self, alpha: float = 0.4, colormap: str = "viridis") -> Figure:
        """Methods x layers (x classes) with one colour bar; cells without a map say why.

        Raises
        ------
        InputError
            For an alpha outside 0..1 or an unknown colour map.
        """
        from camcore.comparing.figure import draw

        return draw(self, alpha, colormap)

    def png(self, alpha: float = 0.4, colormap: str = "viridis") -> bytes:
        """The figure as a PNG file whose text chunks say how it was made."""
        buffer = io.BytesIO()
        made = {**self.made, "Alpha": f"{alpha:g}", "Colour map": colormap}
        self.figure(alpha, colormap).savefig(buffer, format="png", dpi=_DPI, metadata=made)
        return buffer.getvalue()

    def _repr_html_(self) -> str:
        """Figure and table, in a notebook."""
        alt = f"{', '.join(METHODS[name].title for name in self.methods)} on {self.picture.name}"
        numbers = Markup(
            self.table().to_html(index=False, float_format="%.3g", na_rep="", border=0)
        )
        return str(notebook.encoded(self._repr_png_(), alt) + numbers)

    def _repr_png_(self) -> bytes:
        """The figure at the resolution of a screen."""
        buffer = io.BytesIO()
        self.figure().savefig(buffer, format="png", dpi=_SCREEN, metadata=dict(self.made))
        return buffer.getvalue()

    def svg(self, alpha: float = 0.4, colormap: str = "viridis") -> bytes:
        """The figure as an SVG file whose description says how it was made."""
        buffer = io.BytesIO()
        made = {**self.made, "Alpha": f"{alpha:g}", "Colour map": colormap}
        about = {
            "Title": f"{self.model}: {self.picture.name}",
            "Description": "\n".join(f"{key}: {value}" for key, value in made.items()),
            "Date": None,
        }
        with matplotlib.rc_context({"svg.hashsalt": "camcore"}):  # the same figure, the same file
            self.figure(alpha, colormap).savefig(buffer, format="svg", dpi=_DPI, metadata=about)
        return buffer.getvalue()
