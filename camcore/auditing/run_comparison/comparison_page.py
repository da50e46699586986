"""A comparison as files: one page of HTML, and a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from camcore.auditing.report.album import Album
from camcore.auditing.report.rendering import rendered
from camcore.auditing.run_comparison.before_after import BeforeAfter, before_after
from camcore.auditing.run_comparison.run_comparison import Comparison
from camcore.auditing.runs.run import Run
from camcore.csv_cells import without_formulas

_ROOM = 2_000_000  # characters of pictures
_TEMPLATE = Path(__file__).parent / "comparison.html.jinja"


def comparison_page(comparison: Comparison, a: Run, b: Run) -> str:
    """The comparison as one file of HTML, without scripts, to send or to print.

    Parameters
    ----------
    comparison : Comparison
    a, b : Run
        The runs that it compares; their pictures are shown, as far as they are still there.
    """
    album = Album(_ROOM)
    strips = [_pictured(strip, album) for strip in before_after(comparison, a, b)]
    return rendered(_TEMPLATE, comparison=comparison, strips=strips)


def comparison_csv(comparison: Comparison) -> str:
    """The comparison as a table: a row for each cue that was tried."""
    table = without_formulas(comparison.as_table())
    text: str = table.to_csv(index=False, lineterminator="\n")
    return text


def write_comparison(folder: Path, comparison: Comparison, a: Run, b: Run) -> tuple[Path, Path]:
    """Write comparison.html and comparison.csv into a folder, which is made if there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    page, table = folder / "comparison.html", folder / "comparison.csv"
    page.write_text(comparison_page(comparison, a, b), encoding="utf-8")
    table.write_text(comparison_csv(comparison), encoding="utf-8")
    return page, table


def _pictured(strip: BeforeAfter, album: Album) -> dict[str, Any]:
    tiles = [
        (tile, album.pixels(tile.pixels, tile.alt, "swap") if tile.pixels is not None else None)
        for tile in strip.tiles
    ]
    return {"caption": strip.caption, "tiles": tiles, "problem": strip.problem}
