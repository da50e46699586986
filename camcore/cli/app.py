"""The command line: the same words as the pages and the Python face.

Bad input costs one line on stderr and exit status 2, and leaves nothing half-written. With
``--json`` every command writes one object to stdout: its result, or its error. The exit statuses
stand in `camcore.cli.outcome`.
"""

from __future__ import annotations

import sys
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import click

import camcore
from camcore.auditing.runs.progress import StoppedError
from camcore.cli.audit import audit, compare, report
from camcore.cli.bundled import scenes, train
from camcore.cli.compare_methods import methods
from camcore.cli.localize import localize
from camcore.cli.options import (
    fit_option,
    guessed,
    model_options,
    picture_file,
    progress_bar,
    stretch_option,
)
from camcore.cli.outcome import INPUT, INTERNAL, STOPPED, Commands, Outcome, Reporter
from camcore.cli.repair import repair
from camcore.cli.retrofit import retrofit
from camcore.cli.serve import serve
from camcore.cli.terminal import say
from camcore.cli.verify import verify
from camcore.errors import CamcoreError

_IMAGE_MODEL = "cloud-detector"  # explains something on any machine, without a network


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(camcore.__version__, prog_name="camcore")
def cli() -> None:
    """See where an image classifier looks, and prove what it relies on."""


@cli.command()
def models() -> Outcome:
    """List the models that go by a name, one a line."""
    listed: list[dict[str, Any]] = []
    for bundled in camcore.BUNDLED_MODELS:
        size = "x".join(map(str, bundled.input_shape))
        say(f"{bundled.name}\t{size}\tbundled\t{bundled.title}")
        listed.append(
            {"name": bundled.name, "input_shape": bundled.input_shape, "title": bundled.title}
        )
    for entry in camcore.CATALOGUE.values():
        size = f"{entry.size}x{entry.size}x3"
        able = "CAM possible" if entry.cam else "no plain CAM"
        say(f"{entry.name}\t{size}\tImageNet, {entry.megabytes} MB\t{able}")
        shape = (entry.size, entry.size, 3)
        listed.append(
            {"name": entry.name, "input_shape": shape, "megabytes": entry.megabytes,
             "cam": entry.cam}
        )  # fmt: skip
    return Outcome({"models": listed})


_labels_option = click.option(
    "--labels",
    metavar="FILE",
    help="Class names: text, JSON, YAML or CSV; or imagenet, or numbers.",
)


@cli.command()
@click.argument("model")
@click.option("--split", metavar="L", help="Show the two networks: image to L, L to the output.")
@_labels_option
@model_options
def layers(model: str, split: str | None, **options: Any) -> Outcome:
    """List the layers of MODEL that hold a map: name, height x width x channels.

    With --split, every layer with its kind, output shape and parameters, in two tables.
    """
    loaded = camcore.load_model(model, **options)
    if split is None:
        for layer in loaded.layers:
            say(f"{layer.name}\t{layer.height}x{layer.width}x{layer.channels}")
        maps = [
            {"name": layer.name, "height": layer.height, "width": layer.width,
             "channels": layer.channels}
            for layer in loaded.layers
        ]  # fmt: skip
        return Outcome({"model": loaded.name, "layers": maps, "default": loaded.default_layer})
    networks = []
    for title, rows in zip(("image -> A", "A -> score"), loaded.parts(split), strict=True):
        parameters = sum(row.parameters for row in rows)
        say(f"{title}: {len(rows)} layers, {parameters:,} parameters")
        for row in rows:
            shape = "x".join("?" if side is None else str(side) for side in row.shape)
            beside = "\tbeside A" if row.beside else ""
            say(f"{row.name}\t{row.kind}\t{shape}\t{row.parameters:,}{beside}")
        networks.append({"title": title, "layers": [asdict(row) for row in rows]})
    return Outcome({"model": loaded.name, "split": split, "networks": networks})


@cli.command()
@click.argument("image")
@click.option("--model", default=_IMAGE_MODEL, metavar="NAME|FILE", show_default=True)
@click.option("--layer", metavar="L", help="Default: the last layer that holds a map.")
@click.option("--class", "target", metavar="NAME|INDEX", help="Default: the predicted class.")
@click.option(
    "--method", default="grad-cam", metavar="M", show_default=True,
    help=f"One of {', '.join(camcore.METHODS)}.",
)  # fmt: skip
@_labels_option
@model_options
@fit_option
@stretch_option
@click.option(
    "--scaling", metavar="S",
    help=f"How the map becomes 0-1: {', '.join(camcore.SCALINGS)}; the method's own by default.",
)  # fmt: skip
@click.option(
    "--of", default="score", show_default=True, type=click.Choice(["score", "probability"]),
    help="Explain the class score before softmax, or the class probability.",
)  # fmt: skip
@click.option("--alpha", default=0.4, metavar="A", show_default=True, help="0 to 1.")
@click.option(
    "--colormap", default="viridis", metavar="C", show_default=True,
    help=f"One of {', '.join(camcore.COLORMAPS)}.",
)  # fmt: skip
@click.option("--out", required=True, metavar="DIR", type=click.Path(path_type=Path))
def explain(
    image: str,
    model: str,
    layer: str | None,
    target: str | None,
    method: str,
    fit: str | None,
    stretch: str,
    scaling: str | None,
    of: Any,
    alpha: float,
    colormap: str,
    out: Path,
    **options: Any,
) -> Outcome:
    """Show where a model looks in IMAGE, a file or the name of a sample, for one class.

    Writes original.png, heatmap.png, overlay.png, heatmap.npy, raw.npy and explanation.json
    into DIR.
    """
    picture = camcore.read_image(picture_file(image), stretch=stretch)
    loaded = camcore.load_model(model, **options)
    with progress_bar("forward passes") as progress:
        explanation = camcore.explain(
            loaded, picture, target=target, layer=layer, method=method, fit=fit, scaling=scaling,
            of=of, progress=progress,
        )  # fmt: skip
    explanation.save(out, alpha, colormap)
    for note in picture.notes:
        say(f"note: {note}")
    for note in explanation.notes:
        say(f"note: {note}")
    if loaded.preprocessing_guessed:
        say(guessed(loaded))
    answer = ", ".join(
        f"{p.name.removesuffix(', higher')} {p.probability:.3f}" for p in explanation.predictions
    )
    say(f"predictions: {answer}")
    say(explanation.statement)
    say(f"wrote {out}")
    return Outcome({"folder": out, "explanation": explanation.to_json()})


for command in (
    methods,
    localize,
    audit,
    report,
    compare,
    scenes,
    train,
    retrofit,
    repair,
    verify,
    serve,
):
    cli.add_command(command)


def main() -> NoReturn:
    """Run the command line; every refusal is one line on stderr and exit status 2."""
    reporter = Reporter(sys.argv[1:], cli.commands)
    try:
        with reporter.listening():
            outcome = cli.main(prog_name="camcore", standalone_mode=False)
    except CamcoreError as error:
        _say_refusal(str(error))
        status = STOPPED if error.code == StoppedError.code else INPUT
        reporter.refuse(status, error.code, error.problem, error.advice)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except (click.Abort, KeyboardInterrupt):
        say("stopped", err=True)
        reporter.refuse(STOPPED, StoppedError.code, "stopped from the keyboard")
    except click.ClickException as error:
        _say_refusal(error.format_message())
        reporter.refuse(INPUT, "usage", error.format_message())
    except BrokenPipeError:  # the reader of a list went away, as `head` does
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        problem = f"{error.filename or 'file'}: {error.strerror or error}"
        _say_refusal(problem)
        reporter.refuse(INPUT, "file", problem)
    except Exception as error:
        traceback.print_exc()
        reporter.refuse(INTERNAL, "internal", f"{type(error).__name__}: {error}")
    if isinstance(outcome, Outcome):
        reporter.end(outcome)
    sys.exit(outcome or 0)  # of --help and --version, which make nothing


def _say_refusal(message: str) -> None:
    say(f"camcore: {' '.join(message.split())}", err=True)
