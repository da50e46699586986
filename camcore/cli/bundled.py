"""Making data and models on the command line: ``scenes`` and ``train``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from camcore.cli.options import StagedBar
from camcore.cli.outcome import Outcome
from camcore.cli.terminal import say
from camcore.making.networks import NETWORKS


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
def scenes(kind: str, count: int, seed: int, size: int, out: Path) -> Outcome:
    """Render forest scenes with and without a camouflaged tank, masks beside them."""
    from camcore.making.scenes import write_scenes

    with click.progressbar(length=count, label="rendering", file=sys.stderr) as bar:
        write_scenes(kind, count, seed, out, size=size, progress=lambda: bar.update(1))
    say(f"wrote {count} scenes to {out}")
    return Outcome({"folder": out, "kind": kind, "scenes": count})


@click.command()
@click.argument("name", type=click.Choice([*NETWORKS]))
@click.option("--mnist", metavar="FILE", help="mnist.npz; fetched by keras.datasets otherwise.")
@click.option("--epochs", type=click.IntRange(1), help="Fewer or more than the published run.")
@click.option("--out", required=True, metavar="FILE", type=click.Path(path_type=Path))
def train(name: str, mnist: str | None, epochs: int | None, out: Path) -> Outcome:
    """Train one of the bundled networks and write it as a .keras file."""
    from camcore.making.training import train as run
    from camcore.models.keras.loading import import_keras

    import_keras()
    with StagedBar() as bar:

        def progress(epoch: int, total: int, logs: Mapping[str, float]) -> None:
            bar.say(
                f"epoch {epoch}/{total}  loss {logs['loss']:.4f}  "
                f"validation accuracy {logs['val_accuracy']:.4f}"
            )

        made = run(name, out, mnist=mnist, epochs=epochs, progress=progress, watch=bar)
    for split, accuracy in made.accuracy.items():
        say(f"accuracy, {split}: {accuracy:.4f}")
    say(f"wrote {made.file}")
    return Outcome({"file": made.file, "accuracy": made.accuracy, "sha256": made.sha256})
