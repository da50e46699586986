"""Class names: read from a file, and found again from what a person types."""

from __future__ import annotations

import difflib
import operator
import os
import stat
import unicodedata
from collections.abc import Sequence

import numpy as np

from camcore.classifier import Classifier
from camcore.errors import InputError
from camcore.git_lfs import is_lfs_pointer, lfs_refusal
from camcore.models.label_files import parse_labels
from camcore.text_encoding import decode_text

MAX_BYTES = 8 * 1024**2
_SUGGESTIONS = 3
# What is not seen in a name: a byte order mark inside, a zero-width space, the end of a DOS file.
_UNSEEN = {0xFEFF: None, 0x200B: None, 0x1A: None, 0xA0: " "}


def read_labels(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Read class names, in the order of the class indices.

    Parameters
    ----------
    path : path
        Text in UTF-8, UTF-16, UTF-32 or Windows-1252, one name a line, or ``0 cat``, ``0: cat``,
        ``cat 0``; JSON or a Python value: a list, ``{"0": "cat"}``,
        ``{"0": ["n02123045", "tabby"]}``, ``{"cat": 0}``, or an object that holds one of them as
        ``id2label``, ``classes``, ``categories`` and the like; YAML; CSV: ``index,name`` with or
        without a header, or one column of names; or a label map of TensorFlow's, ``.pbtxt``.
        Indices count from 0 or from 1.

    Returns
    -------
    tuple of str
        ``names[index]``.

    Raises
    ------
    InputError
        The file is missing, too large, no text, empty, or its indices repeat or leave gaps.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "names.json"
    ...     _ = file.write_text('{"1": "dog", "0": "cat"}')
    ...     read_labels(file)
    ('cat', 'dog')
    """
    return read_label_file(path)[0]


def read_label_file(path: str | os.PathLike[str]) -> tuple[tuple[str, ...], str]:
    """Class names as by `read_labels`, and a note where the encoding was a guess, else "".

    Raises
    ------
    InputError
        As `read_labels`.
    """
    path = os.fsdecode(path)
    name = "".join(c if c.isprintable() else "?" for c in os.path.basename(path) or path)
    text, guessed = _text(path, name)
    if not text.strip():
        raise InputError(f"{name} is empty; a label file holds one class name a line.")
    labels = parse_labels(text, name)
    for index, label in enumerate(labels):
        if not label:
            raise InputError(f"{name}: class {index} has no name; give every class one.")
    note = (
        f"{name} is not UTF-8 and was read as Windows-1252; save it as UTF-8 if letters look wrong"
    )
    return tuple(labels), note if guessed else ""


def match_label(names: Sequence[str], wanted: str | int) -> int:
    """Find the class that a person means, by index or by name.

    Parameters
    ----------
    names : sequence of str
        ``names[index]``.
    wanted : str or int
        An index from 0, also as text; or a name, where case, spaces, ``_`` and ``-`` do not
        matter. A name wins over an index where a class is called by a number.

    Returns
    -------
    int
        0 <= index < len(names).

    Raises
    ------
    InputError
        No such index or name (close names are suggested), or several classes of that name.

    Examples
    --------
    >>> match_label(("Egyptian_cat", "tiger shark"), "Tiger-Shark")
    1
    >>> match_label(("Egyptian_cat", "tiger shark"), 0)
    0
    """
    if not isinstance(wanted, str):
        if isinstance(wanted, bool) or not hasattr(wanted, "__index__"):
            kind = type(wanted).__name__
            raise InputError(f"A class is given by name or index, not as {kind}.")
        return _checked_index(operator.index(wanted), len(names))
    key = label_key(wanted)
    matches = [index for index, name in enumerate(names) if label_key(name) == key]
    if len(matches) > 1:
        exact = [index for index in matches if names[index] == wanted.strip()]
        if len(exact) == 1:
            return exact[0]
        listed = " and ".join(str(index) for index in matches)
        raise InputError(f"Several classes are called {wanted!r}: give the index, {listed}.")
    if matches:
        return matches[0]
    try:
        index = int(wanted)
    except ValueError:
        pass
    else:
        return _checked_index(index, len(names))
    keys = {label_key(name): name for name in names}
    close = difflib.get_close_matches(key, keys, n=_SUGGESTIONS)
    close += [k for k in keys if key and key in k and k not in close]
    hint = ", ".join(repr(keys[k]) for k in close[:_SUGGESTIONS])
    advice = f"did you mean {hint}?" if hint else f"give a name or an index, 0 to {len(names) - 1}."
    raise InputError(f"No class is called {wanted!r}; {advice}")


def label_key(name: str) -> str:
    """What two spellings of one name have in common.

    Case, spaces, ``_`` and ``-`` do not matter, nor how an accent is written (Unicode's composed
    and decomposed forms).

    Examples
    --------
    >>> label_key("Caf\u00e9_au-lait") == label_key("cafe\u0301 AU lait")
    True
    """
    plain = unicodedata.normalize("NFC", name).replace("_", " ").replace("-", " ")
    return unicodedata.normalize("NFC", " ".join(plain.split()).casefold())


def _checked_index(index: int, count: int) -> int:
    if not 0 <= index < count:
        raise InputError(f"There is no class {index}: the {count} classes are 0 to {count - 1}.")
    return index


def _text(path: str, name: str) -> tuple[str, bool]:
    """The text, and whether its encoding was a guess."""
    try:
        # Looked at before it is opened: opening a FIFO would wait for a writer.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise InputError(f"{name} is not a file; give a text, JSON or CSV file of names.")
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name} cannot be read ({why}); check the path.") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{name} is larger than {MAX_BYTES // 1024**2} MB; is it a label file?")
    if is_lfs_pointer(data):
        raise InputError(lfs_refusal(name))
    decoded = decode_text(data)
    if decoded is None or _is_binary(decoded[0]):
        raise InputError(f"{name} is a binary file; give a text, JSON or CSV file of names.")
    text, guessed = decoded
    return text.translate(_UNSEEN), guessed


def _is_binary(text: str) -> bool:
    """Whether text holds control characters that no name and no end of a line has."""
    return any(character in text for character in "\0\1\2\3\4\x80\x81\x8d\x8f\x90\x9d")


def resolve_target(classifier: Classifier, target: int | str | None, scores: np.ndarray) -> int:
    """The column that a target means: a class index, a class name, or the predicted class.

    Parameters
    ----------
    target : int, str or None
        None is the predicted class.
    scores : ndarray, shape (C,)

    Raises
    ------
    InputError
        If the index is out of range or the name is unknown or ambiguous.
    """
    if target is None:
        if classifier.output_kind == "regression":
            return 0  # what raises the first output
        return int(np.argmax(scores))
    return match_label(classifier.class_names, target)
