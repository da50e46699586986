"""Making data and models on the command line: ``scenes``, ``train`` and ``retrofit``."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from camcore.bundled.networks import NETWORKS
from camcore.fitting import PREPROCESSINGS
from camcore.options import stretch_option


class _Bar:
    """One progress bar a stage on stderr, with the time left and `words` behind it."""

    def __init__(self) -> None:
        self.words = ""
        self._label = ""
        self._bar: Any = None

    def __call__(self, label: str, done: int, total: int) -> None:
        if label != self._label:
            self._end()
            self._label = label
            self._bar = click.progressbar(
                length=total,
                label=label,
                file=sys.stderr,
                item_show_func=lambda _: self.words,
                show_pos=True,
            )
            self._bar.__enter__()
        self._bar.update(done - self._bar.pos)

    def say(self, words: str) -> None:
        """Show other words; a line of their own where a bar cannot move."""
        self.words = words
        if not sys.stderr.isatty():
            click.echo(words, err=True)
        elif self._bar is not None:
            self._bar.render_progress()

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None


@click.command()
@click.option(
    "--kind", default="laboratory", type=click.Choice(["laboratory", "field", "fair"]),
    show_default=True,
    help="Tank under sun only, tank under cloud only, or sky and tank independent.",
)  # fmt: skip
@click.option("--count", default=200, show_default=True, type=click.IntRange(2, 1_000_000))
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0))
@click.option("--size", default=128, show_default=True, type=click.IntRange(32, 1024))
@click.option("--out", required=True, metavar="DIR", type=click.Path(path_type=Path))
def scenes(kind: str, count: int, seed: int, size: int, out: Path) -> None:
    """Render forest scenes with and without a camouflaged tank, masks beside them."""
    from camcore.bundled.scenes import write_scenes

    with click.progressbar(length=count, label="rendering", file=sys.stderr) as bar:
        write_scenes(kind, count, seed, out, size=size, progress=lambda: bar.update(1))
    click.echo(f"wrote {count} scenes to {out}")


@click.command()
@click.argument("name", type=click.Choice([*NETWORKS]))
@click.option("--mnist", metavar="FILE", help="mnist.npz; fetched by keras.datasets otherwise.")
@click.option("--epochs", type=click.IntRange(1), help="Fewer or more than the published run.")
@click.option("--out", required=True, metavar="FILE", type=click.Path(path_type=Path))
def train(name: str, mnist: str | None, epochs: int | None, out: Path) -> None:
    """Train one of the bundled networks and write it as a .keras file."""
    from camcore.bundled.training import train as run
    from camcore.models.loading import import_keras

    import_keras()
    with _Bar() as bar:

        def progress(epoch: int, total: int, logs: Mapping[str, float]) -> None:
            bar.say(
                f"epoch {epoch}/{total}  loss {logs['loss']:.4f}  "
                f"validation accuracy {logs['val_accuracy']:.4f}"
            )

        made = run(name, out, mnist=mnist, epochs=epochs, progress=progress, watch=bar)
    for split, accuracy in made.accuracy.items():
        click.echo(f"accuracy, {split}: {accuracy:.4f}")
    click.echo(f"wrote {made.file}")


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
def retrofit(backbone: str, data: str, out: Path, **options: Any) -> None:
    """Make BACKBONE, a name or a file, ready for class activation maps of your own classes.

    All behind one layer is replaced by global average pooling and a dense layer, which learns the
    class folders in FOLDER. FILE, a .keras file, takes raw pixels.
    """
    from camcore.retrofitting import retrofit as run

    with _Bar() as bar:
        made = run(
            backbone,
            data,
            out,
            progress=lambda done, total: bar("features", done, total),
            **options,
        )
    for note in made.notes:
        click.echo(f"note: {note}")
    click.echo(f"images: {made.images}, classes: {', '.join(made.classes)}")
    click.echo(f"maps: {made.layer}")
    click.echo(f"accuracy, training: {made.train_accuracy:.4f}")
    where = f" on {made.validated_on}" if made.validated_on else ""
    click.echo(f"accuracy, validation{where}: {made.validation_accuracy:.4f}")
    use = shlex.join(["--model", str(made.file), "--labels", str(made.labels)])
    click.echo(f"wrote {made.file}; use it with {use}")
