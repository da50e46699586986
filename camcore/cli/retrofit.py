"""``retrofit`` on the command line."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from camcore.cli.options import StagedBar, stretch_option
from camcore.cli.outcome import Outcome
from camcore.cli.terminal import say
from camcore.pictures.preprocessing import PREPROCESSINGS


@click.command()
@click.argument("backbone")
@click.option("--data", required=True, metavar="FOLDER", help="A folder with one for each class.")
@click.option("--layer", metavar="L", help="Default: the last layer that holds a map.")
@click.option(
    "--preprocess", "preprocessing", metavar="P",
    help=f"How the backbone expects pixels to be scaled: {', '.join(PREPROCESSINGS)}.",
)  # fmt: skip
@click.option(
    "--split", metavar="NAME",
    help="Which of the folders train, val, test is learnt, or `all`; by default the one called "
    "train, and accuracy is measured on val or test where there is one.",
)  # fmt: skip
@stretch_option
@click.option(
    "--validation", default=0.2, show_default=True, metavar="SHARE",
    help="Share of the pictures held out to measure accuracy on, 0.05 to 0.5.",
)  # fmt: skip
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0))
@click.option("--out", required=True, metavar="FILE", type=click.Path(path_type=Path))
def retrofit(backbone: str, data: str, out: Path, **options: Any) -> Outcome:
    """Make BACKBONE, a name or a file, ready for class activation maps of your own classes.

    All behind one layer is replaced by global average pooling and a dense layer, which learns the
    class folders in FOLDER. FILE, a .keras file, takes raw pixels.
    """
    from camcore.retrofitting import retrofit as run

    with StagedBar() as bar:
        made = run(
            backbone,
            data,
            out,
            progress=lambda done, total: bar("features", done, total),
            **options,
        )
    for note in made.notes:
        say(f"note: {note}")
    say(f"images: {made.images}, classes: {', '.join(made.classes)}")
    say(f"maps: {made.layer}")
    say(f"accuracy, training: {made.train_accuracy:.4f}")
    where = f" on {made.validated_on}" if made.validated_on else ""
    say(f"accuracy, validation{where}: {made.validation_accuracy:.4f}")
    use = shlex.join(["--model", str(made.file), "--labels", str(made.labels)])
    say(f"wrote {made.file}; use it with {use}")
    audit = shlex.join([data, "--model", str(made.file), "--class-names", str(made.labels)])
    say(f"next: python -m camcore audit {audit} --out RUN")
    return Outcome(asdict(made))
