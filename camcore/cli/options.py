"""What several commands take: how a model is loaded, how pictures are fitted, and their bars."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from camcore.bundled import SAMPLES
from camcore.classifier import Classifier
from camcore.errors import InputError
from camcore.pictures.levels import STRETCHES
from camcore.pictures.preprocessing import FITS, PREPROCESSINGS


class InputSize(click.ParamType[tuple[int, int]]):
    """Height and width as a person writes them.

    Examples
    --------
    >>> InputSize().convert("224x160", None, None)
    (224, 160)
    """

    name = "HxW"

    def convert(self, value: Any, param: Any, context: Any) -> tuple[int, int]:
        """Read the text, or say what is wrong with it."""
        sides = value.lower().split("x")
        if len(sides) != 2 or not all(side.isdecimal() and int(side) for side in sides):
            raise InputError(
                f"--input-size {value!r} is not height x width; write it like 224x224."
            )
        return int(sides[0]), int(sides[1])


def _by_name(context: Any, parameter: Any, values: tuple[str, ...]) -> dict[str, str]:
    """``NAME=VALUE`` texts as a dictionary."""
    named = {}
    for text in values:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise InputError(f"--other {text!r} is not NAME=VALUE; write it like --other age=40.")
        named[name.strip()] = value.strip()
    return named


def picture_file(image: str) -> str:
    """The file of a picture that is given by its path or by the name of a sample.

    Examples
    --------
    >>> Path(picture_file("digit-7")).name, picture_file("cat.jpg")
    ('digit-7.png', 'cat.jpg')
    """
    samples = {sample.name: str(sample.file) for sample in SAMPLES}
    return image if Path(image).exists() else samples.get(image, image)


_MODEL = [
    click.option(
        "--preprocess", "preprocessing", metavar="P",
        help=f"How pixels are scaled: {', '.join(PREPROCESSINGS)}.",
    ),
    click.option(
        "--output", metavar="NAME|INDEX", help="Which of several outputs is explained."
    ),
    click.option(
        "--output-kind", metavar="K",
        help="How to read an output that does not tell: logits, sigmoid, multi-label, regression.",
    ),
    click.option(
        "--input-size", metavar="HxW", type=InputSize(), help="For models that accept any size."
    ),
    click.option("--input", metavar="NAME", help="Which of several inputs takes the picture."),
    click.option(
        "--other", "others", metavar="NAME=VALUE|FILE", multiple=True, callback=_by_name,
        help="What another input is held at: a number, numbers between commas, a .npy file or a "
        "picture; 0 by default. Again for each input.",
    ),
]  # fmt: skip


def model_options(command: Any) -> Any:
    """Add the keywords of `camcore.load_model` but for the class names."""
    for option in reversed(_MODEL):
        command = option(command)
    return command


fit_option = click.option(
    "--fit", metavar="F",
    help=f"How a picture becomes the input: {', '.join(FITS)}, or written out like 'resize=256 "
    "filter=bicubic crop=224x224'; by default the model's own way, else stretch.",
)  # fmt: skip


split_option = click.option(
    "--split", metavar="NAME",
    help="Which of the folders train, val, test is taken, or `all`; by default the one called "
    "test, else val, else all.",
)  # fmt: skip


stretch_option = click.option(
    "--stretch", default="none", metavar="S", show_default=True,
    help=f"Which values of 16-bit pictures are black and white: {', '.join(STRETCHES)}.",
)  # fmt: skip


def guessed(model: Classifier) -> str:
    """The note that nobody said how a model's pixels are scaled."""
    return (
        f"note: the preprocessing of {model.name} is a guess ({model.preprocessing}); "
        "choose it with --preprocess."
    )


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, from the first time that its ``progress(done, total)`` is called."""
    bar: Any = None

    def progress(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            bar = click.progressbar(length=total, label=label, file=sys.stderr, show_pos=True)
            bar.__enter__()
        bar.update(done - bar.pos)

    try:
        yield progress
    finally:
        if bar is not None:
            bar.__exit__(None, None, None)


class StagedBar:
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

    def __enter__(self) -> StagedBar:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None
