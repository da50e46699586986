"""The comparison on the command line: ``methods``."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from camcore.comparing.columns import COLUMNS
from camcore.comparing.comparison import Comparison
from camcore.errors import InputError
from camcore.methods import METHODS
from camcore.options import fit_option, model_options, progress_bar
from camcore.render import COLORMAPS

_DEFAULT_MODEL = "cloud-detector"


@click.command()
@click.argument("image")
@click.option("--model", default=_DEFAULT_MODEL, metavar="NAME|FILE", show_default=True)
@click.option(
    "--methods", metavar="A,B", help=f"Default: all that are quick. Of {', '.join(METHODS)}."
)
@click.option("--layers", metavar="A,B", help="Default: the last layer that holds a map.")
@click.option(
    "--class", "targets", multiple=True, metavar="NAME|INDEX",
    help="Default: the predicted class; give it again for another.",
)  # fmt: skip
@click.option("--box", metavar="X0,Y0,X1,Y1", help="Where the object is, in pixels.")
@click.option("--boxes", metavar="FILE", help="The same from CSV, Pascal VOC XML or COCO JSON.")
@click.option("--labels", metavar="FILE", help="Class names: text, JSON or CSV.")
@model_options
@fit_option
@click.option("--alpha", default=0.4, metavar="A", show_default=True, help="0 to 1.")
@click.option(
    "--colormap", default="viridis", metavar="C", show_default=True,
    help=f"One of {', '.join(COLORMAPS)}.",
)  # fmt: skip
@click.option("--out", required=True, metavar="DIR", type=click.Path(path_type=Path))
def methods(
    image: str,
    model: str,
    methods: str | None,
    layers: str | None,
    targets: Sequence[str],
    box: str | None,
    boxes: str | None,
    fit: str,
    alpha: float,
    colormap: str,
    out: Path,
    **options: Any,
) -> None:
    """Compare methods and layers on IMAGE, a file or the name of a sample.

    Prints the table and writes comparison.csv, comparison.png and comparison.svg into DIR.
    """
    import camcore
    from camcore.comparing.compare import compare

    samples = {own.name: str(own.file) for own in camcore.SAMPLES}
    picture = camcore.read_image(image if Path(image).exists() else samples.get(image, image))
    true = _true_boxes(box, boxes, picture.name)
    loaded = camcore.load_model(model, **options)
    places = _list(layers) or [loaded.default_layer]
    with progress_bar("comparing") as progress:
        made = compare(
            camcore.Engine(),
            loaded,
            picture,
            methods=_list(methods) or _quick(loaded, places),
            layers=places,
            targets=targets or (None,),
            fit=fit,
            boxes=true,
            progress=progress,
        )
    _write(made, out, alpha, colormap)
    for note in picture.notes:
        click.echo(f"note: {note}")
    answer = ", ".join(f"{p.name} {p.probability:.3f}" for p in made.predictions)
    click.echo(f"predictions: {answer}")
    click.echo(as_text(made))
    click.echo(f"wrote {out}")


def as_text(comparison: Comparison) -> str:
    """The table as people read it in a terminal; reasons stand below."""
    table = comparison.table()
    notes = [
        f"{own.method} at {own.layer}: {own.note}"
        for own in table.drop_duplicates(["method", "layer", "note"]).itertuples()
        if own.note
    ]
    table = table[table["evidence"] != ""].drop(columns=["note", "evidence"])
    for name in COLUMNS.keys() & set(table.columns):
        table[name] = [
            "" if value != value else format(value, COLUMNS[name].format) for value in table[name]
        ]
    return "\n".join([table.to_string(index=False), *notes])


def _quick(model: Any, places: Sequence[str]) -> list[str]:
    layers = [layer for layer in model.layers if layer.name in places]
    return [
        method.name
        for method in METHODS.values()
        if not any(method.costly(layer, model.input_shape) for layer in layers)
    ]


def _list(text: str | None) -> list[str]:
    return [word.strip() for word in (text or "").split(",") if word.strip()]


def _true_boxes(box: str | None, file: str | None, picture: str) -> list[Any]:
    if box and file:
        raise InputError("--box and --boxes were both given; give one of them.")
    if box:
        try:
            x0, y0, x1, y1 = (int(word) for word in box.split(","))
        except ValueError:
            raise InputError(
                f"--box {box!r} is not four whole numbers; write it like 30,60,90,110."
            ) from None
        return [(x0, y0, x1, y1)]
    if file:
        from camcore.localization import boxes_for

        found = list(boxes_for(Path(file), picture))
        if not found:
            raise InputError(f"{file} has no box for {picture}; its rows name other pictures.")
        return found
    return []


def _write(comparison: Comparison, out: Path, alpha: float, colormap: str) -> None:
    """All three files, or none of them."""
    content = {
        "comparison.csv": comparison.csv().encode(),
        "comparison.png": comparison.png(alpha, colormap),
        "comparison.svg": comparison.svg(alpha, colormap),
    }
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".comparison-", dir=out) as part:
        for name, data in content.items():
            (Path(part) / name).write_bytes(data)
        for name in content:
            os.replace(Path(part) / name, out / name)
