"""Localisation on the command line: ``localize``."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from camcore.cli.options import (
    fit_option,
    model_options,
    progress_bar,
    split_option,
    stretch_option,
)
from camcore.cli.outcome import Outcome
from camcore.cli.terminal import say
from camcore.methods import METHODS

if TYPE_CHECKING:
    from camcore.localization import Localization


@click.command()
@click.argument("folder")
@click.option(
    "--boxes", required=True, metavar="FILE",
    help="CSV path,label,x0,y0,x1,y1 or path,label,box; Pascal VOC XML, or a folder of them; "
    "COCO JSON.",
)  # fmt: skip
@click.option("--model", required=True, metavar="NAME|FILE")
@click.option("--layer", metavar="L", help="Default: the last layer that holds a map.")
@click.option(
    "--method", default="grad-cam", metavar="M", show_default=True,
    help=f"One of {', '.join(METHODS)}.",
)  # fmt: skip
@click.option(
    "--threshold", default=0.2, metavar="T", show_default=True,
    help="Share of the maximum from which on a map counts as the object.",
)  # fmt: skip
@click.option(
    "--labels", metavar="MAP",
    help="JSON or CSV that says which classes of the model each label means.",
)  # fmt: skip
@click.option(
    "--class-names", metavar="FILE", help="The model's class names: text, JSON, YAML or CSV."
)
@model_options
@fit_option
@split_option
@stretch_option
@click.option(
    "--out", default="localization.csv", metavar="FILE", show_default=True,
    type=click.Path(path_type=Path),
)  # fmt: skip
def localize(
    folder: str,
    boxes: str,
    model: str,
    labels: str | None,
    class_names: str | None,
    preprocessing: str | None,
    output: str | None,
    output_kind: Any,
    input_size: tuple[int, int] | None,
    input: str | None,
    others: dict[str, str],
    out: Path,
    **options: Any,
) -> Outcome:
    """Measure how well maps localise the objects in FOLDER, by true boxes.

    The predicted class's map is cut at a share of its maximum, and the box of its largest part
    compared with the true boxes. Writes a row for each picture into a CSV.
    """
    import camcore
    from camcore.localization.localize import localize as run
    from camcore.localization.reading import read_boxes
    from camcore.sources.matching import read_mapping

    if out.is_dir():
        raise camcore.InputError(f"--out {out} is a folder; name the CSV file to write.")
    true = read_boxes(boxes)  # before the model, which takes longer
    loaded = camcore.load_model(
        model,
        labels=class_names,
        preprocessing=preprocessing,
        output=output,
        output_kind=output_kind,
        input_size=input_size,
        input=input,
        others=others,
    )
    mapping = read_mapping(labels, loaded.class_names) if labels else None
    with progress_bar("localising") as progress:
        localization = run(
            camcore.Engine(), loaded, folder, true, mapping=mapping, progress=progress, **options
        )
    _write(localization, out)
    for line in as_text(localization):
        say(line)
    say(f"wrote {out}")
    return Outcome(
        {
            "file": out,
            "pictures": len(localization.rows),
            "judged": localization.judged,
            "top1": localization.top1,
            "accuracy": localization.accuracy,
            "known": localization.known,
            "mean_iou": localization.mean_iou,
            "without_evidence": localization.without_evidence,
            "notes": localization.notes,
        }
    )


def as_text(localization: Localization) -> list[str]:
    """The figures as people read them in a terminal.

    Examples
    --------
    >>> from camcore.localization import Localization
    >>> for line in as_text(Localization((), "cam1", "conv5", "cam", 0.2, ("1 box is empty",))):
    ...     print(line)
    note: 1 box is empty
    pictures: 0 judged, 0 that could not be
    """
    judged = [row for row in localization.rows if row.iou is not None]
    bad = [row for row in localization.rows if row.iou is None]
    lines = [f"note: {note}" for note in localization.notes]
    lines += [f"note: {row.path!r} could not be judged: {row.note}" for row in bad[:5]]
    lines.append(f"pictures: {len(judged):,} judged, {len(bad):,} that could not be")
    if not judged:
        return lines
    lines += _shares(localization) or ["Top-1 and localisation accuracy: not known without labels"]
    words = f"mean IoU: {localization.mean_iou:.3f} over {len(judged):,}"
    if localization.without_evidence:
        words += (
            f", of which {localization.without_evidence:,} without positive evidence count as 0"
        )
    return [*lines, words]


def _shares(localization: Localization) -> list[str]:
    from camcore.localization.result import ENOUGH

    named = (
        ("Top-1", localization.top1),
        (f"localisation accuracy (class right, IoU >= {ENOUGH})", localization.accuracy),
        (f"with the true class known (IoU >= {ENOUGH})", localization.known),
    )
    return [
        f"{name}: {share:.1%}, {share * localization.judged:,.0f} of {localization.judged:,}"
        for name, share in named
        if share is not None
    ]


def _write(localization: Localization, out: Path) -> None:
    """The whole table, or nothing."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".localization-", dir=out.parent) as part:
        file = Path(part) / "table.csv"
        file.write_text(localization.csv(), encoding="utf-8")
        os.replace(file, out)
