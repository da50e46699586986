"""Charts as SVG: drawn once, and coloured by whoever shows them."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from unicodedata import east_asian_width
from xml.etree import ElementTree

import numpy as np
from matplotlib.ticker import MaxNLocator

from camcore.drawing.overlay import enlarge, png
from camcore.drawing.theme import Theme

WIDTH = 420.0  # units of a chart; shown one to one it fits a phone
LETTER = 12  # units of the height of a letter
_WIDE, _NARROW = 1.0, 0.62  # of the height of a letter: how wide it is at most, nearly always
_SIDE = 256  # pixels at least that a longer side is stored with
_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"

Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, width, height


@dataclass(frozen=True)
class Figure:
    """A chart and what it says.

    Attributes
    ----------
    svg : str
        For an HTML page that sets ``--paper``, ``--ink``, ``--quiet``, ``--grid``, ``--own`` and
        ``--other``, the colours of `camcore.drawing.theme.Theme`.
    alt : str
        The text alternative: the same in words and numbers.
    """

    svg: str
    alt: str

    def file(self, theme: Theme) -> str:
        """The chart as an SVG file of its own, in the colours of a theme."""
        return self.svg.replace(
            "<svg ", f'<svg xmlns="http://www.w3.org/2000/svg" style="{colours(theme)}" ', 1
        )


def colours(theme: Theme) -> str:
    """The custom properties that colour a chart, as CSS declarations.

    Examples
    --------
    >>> from camcore.drawing.theme import LIGHT
    >>> colours(LIGHT).split("; ")[0]
    '--paper: #ffffff'
    """
    return "; ".join(f"--{name}: {value}" for name, value in asdict(theme).items())


class Drawing:
    """An SVG picture that grows element by element; the origin is its upper left corner.

    Colours are those of a `Theme` by name, such as ``ink``, or any that CSS knows.

    Parameters
    ----------
    height : float
        In units, of which the picture is `WIDTH` wide.

    Examples
    --------
    >>> drawing = Drawing(10)
    >>> drawing.line([(0, 0), (5, 2.5)], "ink")
    >>> drawing.svg()[-78:]
    '<path d="M0 0L5 2.5" fill="none" stroke="var(--ink)" stroke-width="1" /></svg>'
    """

    def __init__(self, height: float) -> None:
        self._root = ElementTree.Element(
            "svg",
            {
                "viewBox": f"0 0 {_number(WIDTH)} {_number(height)}",
                "width": _number(WIDTH),
                "height": _number(height),
                "font-family": _FONTS,
                "font-size": str(LETTER),
            },
        )

    def svg(self) -> str:
        """What was drawn."""
        return ElementTree.tostring(self._root, encoding="unicode")

    def line(
        self, points: Iterable[Point], colour: str, width: float = 1, *, dashed: bool = False
    ) -> None:
        """Points joined in their order."""
        self.lines([points], colour, width, {"stroke-dasharray": "4 3"} if dashed else {})

    def lines(
        self,
        lines: Iterable[Iterable[Point]],
        colour: str,
        width: float,
        more: dict[str, str] | None = None,
    ) -> None:
        """Several lines at once, with further attributes."""
        attributes = {"fill": "none", "stroke": _paint(colour), "stroke-width": _number(width)}
        self._add("path", {"d": "".join(map(_path, lines)), **attributes, **(more or {})})

    def area(self, points: Iterable[Point], colour: str) -> None:
        """The filled inside of points joined in their order."""
        self._add("path", {"d": _path(points), "fill": _paint(colour)})

    def dots(self, points: Iterable[Point], colour: str) -> None:
        """Small discs that show through each other."""
        group = self._add("g", {"fill": _paint(colour), "fill-opacity": "0.65"})
        for x, y in points:
            ElementTree.SubElement(group, "circle", cx=_number(x), cy=_number(y), r="2.4")

    def crosses(self, points: Iterable[Point], colour: str) -> None:
        """Small crosses."""
        strokes = [
            [(x - 2.2, y - 2.2 * way), (x + 2.2, y + 2.2 * way)]
            for x, y in points
            for way in (1, -1)
        ]
        self.lines(strokes, colour, 1.2)

    def ring(self, at: Point, colour: str, inside: str) -> None:
        """A disc with a rim."""
        x, y = map(_number, at)
        attributes = {"fill": _paint(inside), "stroke": _paint(colour), "stroke-width": "1.5"}
        self._add("circle", {"cx": x, "cy": y, "r": "4", **attributes})

    def text(
        self, at: Point, text: str, colour: str, anchor: str = "middle", *, upwards: bool = False
    ) -> None:
        """One line of text; `at` is the ``start``, ``middle`` or ``end`` of its base line."""
        x, y = map(_number, at)
        attributes = {"x": x, "y": y, "fill": _paint(colour), "text-anchor": anchor}
        turned = {"transform": f"rotate(-90 {x} {y})"} if upwards else {}
        self._add("text", attributes | turned).text = text

    def image(self, box: Box, pixels: np.ndarray) -> None:
        """Pixels, shape (h, w, 3) uint8, as flat cells that fill a box."""
        height, width = pixels.shape[:2]
        # Enlarged, because not every reader of SVG keeps the edges of what it enlarges itself.
        times = math.ceil(_SIDE / max(height, width))
        data = base64.b64encode(png(enlarge(pixels, times * height, times * width))).decode()
        attributes = dict(zip(("x", "y", "width", "height"), map(_number, box), strict=True))
        self._add(
            "image",
            {**attributes, "preserveAspectRatio": "none", "href": f"data:image/png;base64,{data}"},
        )

    def _add(self, tag: str, attributes: dict[str, str]) -> ElementTree.Element:
        return ElementTree.SubElement(self._root, tag, attributes)


@dataclass(frozen=True)
class Scale:
    """Where values lie along an axis of a chart.

    Attributes
    ----------
    values : pair of float
        The lowest and the highest value.
    places : pair of float
        Where they lie, in units.

    Examples
    --------
    >>> scale = Scale((0, 10), (100, 200))
    >>> scale(2.5), scale.ticks()
    (125.0, [(0.0, '0'), (5.0, '5'), (10.0, '10')])
    """

    values: tuple[float, float]
    places: tuple[float, float]

    def __call__(self, value: float) -> float:
        (low, high), (first, last) = self.values, self.places
        return first + (value - low) / (high - low) * (last - first)

    def ticks(self) -> list[tuple[float, str]]:
        """A few round values on the scale with their labels, as many as have room."""
        (low, high), (first, last) = self.values, self.places
        for most in (7, 5, 3, 2):
            values = MaxNLocator(most, steps=[1, 2, 5, 10]).tick_values(low, high)
            step = values[1] - values[0]
            decimals = max(0, -math.floor(math.log10(step) + 1e-9))
            ticks = [
                (float(value), _tick_label(value, decimals))
                for value in values
                if low <= value <= high
            ]
            if sum(width_of(label) + LETTER for _, label in ticks) <= abs(last - first):
                break
        return ticks


def wide(low: float, high: float) -> tuple[float, float]:
    """Both ends a little further out, so that nothing lies on the edge; never the same.

    Examples
    --------
    >>> wide(0, 100), wide(3, 3)
    ((-4.0, 104.0), (2.5, 3.5))
    """
    if low == high:
        return low - 0.5, high + 0.5
    room = 0.04 * (high - low)
    return low - room, high + room


def short(text: object, longest: int) -> str:
    """Text from outside in one short line, without characters that do not print.

    Examples
    --------
    >>> short("a class with a name\\nas long as a sentence", 22), short("狗\u202e dog", 22)
    ('a class with a name a…', '狗□ dog')
    """
    line = "".join(c if c.isprintable() else "□" for c in " ".join(str(text).split()))
    return line if len(line) <= longest else line[: longest - 1] + "…"


def width_of(text: str) -> float:
    """About how many units a line of text takes; rather more than less.

    Examples
    --------
    >>> round(width_of("tank")), width_of("戦車")
    (30, 24.0)
    """
    return sum(LETTER * (_WIDE if east_asian_width(c) in "WF" else _NARROW) for c in text)


def _tick_label(value: float, decimals: int) -> str:
    text = f"{value:,.{decimals}f}"
    return text.replace("-", "−") if float(text.replace(",", "")) else "0"


def _paint(colour: str) -> str:
    return f"var(--{colour})" if colour in Theme.__annotations__ else colour


def _path(points: Iterable[Point]) -> str:
    return "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in points)


def _number(value: float) -> str:
    """With one decimal where there is one; no minus before zero."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")
