"""How values show themselves in a notebook: small, without scripts, and with names escaped."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence

from markupsafe import Markup
from PIL import Image

SIDE = 240
"""Pixels of a picture's longer side."""


def picture(image: Image.Image, alt: str) -> Markup:
    """A picture as an HTML element, reduced to `SIDE`.

    Examples
    --------
    >>> str(picture(Image.new("RGB", (2, 1)), 'a "digit"'))[-24:]
    'alt="a &#34;digit&#34;">'
    """
    small = image.copy()
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "PNG", optimize=True)
    return encoded(buffer.getvalue(), alt)


def encoded(png: bytes, alt: str) -> Markup:
    """A PNG file as an HTML element."""
    address = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    return Markup('<img src="{}" alt="{}">').format(address, alt)


def row(pictures: Iterable[tuple[Markup, str]]) -> Markup:
    """Pictures beside each other, each above its caption."""
    cell = Markup('<figure style="display: inline-block; margin: 4px">{}<br>{}</figure>')
    return Markup("").join(cell.format(element, caption) for element, caption in pictures)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    """A table of texts.

    Examples
    --------
    >>> print(table(["class"], [["<b>"]]))
    <table><tr><th>class</th></tr><tr><td>&lt;b&gt;</td></tr></table>
    """
    lines = [Markup("<th>{}</th>").format(head) for head in heads]
    body = [Markup("").join(lines)]
    body += [
        Markup("").join(Markup("<td>{}</td>").format(cell) for cell in cells) for cells in rows
    ]
    return Markup("<table>{}</table>").format(
        Markup("").join(Markup("<tr>{}</tr>").format(line) for line in body)
    )


def paragraph(text: str) -> Markup:
    """A line of text."""
    return Markup("<p>{}</p>").format(text)
