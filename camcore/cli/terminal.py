"""What reaches a terminal: text, and no orders to it."""

from __future__ import annotations

import unicodedata

import click


def say(text: str, err: bool = False) -> None:
    """Write a line; names of classes, layers and files in it come from outside.

    Parameters
    ----------
    text : str
    err : bool
        Whether to write to the standard error.
    """
    click.echo(harmless(text), err=err)


def harmless(text: str) -> str:
    """Text with ``?`` for what would move the cursor, change colours or turn the writing around.

    Examples
    --------
    >>> harmless("cat \\x1b[31m\\u202edog\\n")
    'cat ?[31m?dog\\n'
    """
    return "".join(c if c in "\n\t" or _prints(c) else "?" for c in text)


def _prints(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"
