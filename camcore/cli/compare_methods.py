"""The comparison on the command line: ``methods``."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from camcore.cli.options import (
    fit_option,
    guessed,
    model_options,
    picture_file,
    progress_bar,
    stretch_option,
)
from camcore.cli.outcome import Outcome
from camcore.cli.terminal import say
from camcore.drawing.overlay import COLORMAPS
from camcore.errors import InputError
from camcore.methods import METHODS

if TYPE_CHECKING:
    from camcore.comparing import Comparison
    from camcore.comparing.identity import Identity

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
@click.option(
    "--labels", metavar="FILE", help="Class names: text, JSON, YAML, CSV; imagenet; numbers."
)
@model_options
@fit_option
@stretch_option
@click.option(
    "--sanity", is_flag=True,
    help="Also shuffle the model's weights from the top down, and say whether each map changes.",
)  # fmt: skip
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
    fit: str | None,
    stretch: str,
    sanity: bool,
    alpha: float,
    colormap: str,
    out: Path,
    **options: Any,
) -> Outcome:
    """Compare methods and layers on IMAGE, a file or the name of a sample.

    Prints the table, and whether CAM is Grad-CAM up to a factor; writes comparison.csv,
    comparison.png and comparison.svg into DIR.
    """
    import camcore
    from camcore.comparing import compare, identity

    engine = camcore.Engine()

    picture = camcore.read_image(picture_file(image), stretch=stretch)
    true = _true_boxes(box, boxes, picture.name)
    loaded = camcore.load_model(model, **options)
    places = _list(layers) or [loaded.default_layer]
    with progress_bar("comparing") as progress:
        made = compare(
            engine,
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
        say(f"note: {note}")
    for note in loaded.notes:
        say(f"note: {note}")
    if loaded.preprocessing_guessed:
        say(guessed(loaded))
    answer = ", ".join(f"{p.name} {p.probability:.3f}" for p in made.predictions)
    say(f"predictions: {answer}")
    say(as_text(made))
    target = made.targets[0]
    identities = []
    for layer in made.layers:
        equality = identity(engine, loaded, made.picture, target.index, layer.name, fit=fit)
        say(_in_words(equality, layer.name, target.name))
        identities.append({"layer": layer.name, "class": target.name, **asdict(equality)})
    checks = _sanity(engine, loaded, made, fit) if sanity else []
    for check in checks:
        say(f"{check['layer']}, {check['class']}: {check['statement']}")
    say(f"wrote {out}")
    return Outcome(
        {
            "folder": out,
            "predictions": [asdict(prediction) for prediction in made.predictions],
            "rows": made.table().to_dict("records"),
            "identities": identities,
            "sanity": checks,
        }
    )


def _in_words(equality: Identity, layer: str, target: str) -> str:
    if not equality.holds:
        return f"CAM = H*W * Grad-CAM does not hold at {layer}: {equality.reason}"
    return (
        f"CAM = {equality.height}*{equality.width} * Grad-CAM at {layer} for {target}: they "
        f"differ by {equality.largest_difference:.2g} where CAM reaches {equality.scale:.4g}; "
        f"mean(CAM) + bias = {equality.mean_plus_bias:.4f}, class score {equality.class_score:.4f}"
    )


def _sanity(engine: Any, model: Any, made: Comparison, fit: str | None) -> list[dict[str, Any]]:
    from camcore.metrics import sanity_check

    checks = []

    for row in made.rows:
        if row.explanation is not None:
            with progress_bar(f"shuffling, {METHODS[row.method].title}") as progress:
                check = sanity_check(
                    engine, model, made.picture, layer=row.layer.name, target=row.target.index,
                    method=row.method, fit=fit, progress=progress,
                )  # fmt: skip
            checks.append(
                {
                    "method": row.method,
                    "layer": row.layer.name,
                    "class": row.target.name,
                    "insensitive": check.insensitive,
                    "statement": check.statement,
                }
            )
    return checks


def as_text(comparison: Comparison) -> str:
    """The table as people read it in a terminal; reasons stand below."""
    from camcore.comparing import COLUMNS

    table = comparison.table()
    notes = [
        f"{row.method} at {row.layer}: {row.note}"
        for row in table.drop_duplicates(["method", "layer", "note"]).itertuples()
        if row.note
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
    return [item.strip() for item in (text or "").split(",") if item.strip()]


def _true_boxes(box: str | None, file: str | None, picture: str) -> list[Any]:
    if box and file:
        raise InputError("--box and --boxes were both given; give one of them.")
    if box:
        try:
            x0, y0, x1, y1 = (int(number) for number in box.split(","))
        except ValueError:
            raise InputError(
                f"--box {box!r} is not four whole numbers; write it like 30,60,90,110."
            ) from None
        return [(x0, y0, x1, y1)]
    if file:
        from camcore.localization import boxes_for

        true_boxes = list(boxes_for(Path(file), picture))
        if not true_boxes:
            raise InputError(f"{file} has no box for {picture}; its rows name other pictures.")
        return true_boxes
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
