"""The one exception family: every message says what was given, what is wrong and what to do."""

from __future__ import annotations

from typing import ClassVar


class CamcoreError(Exception):
    """Base of every error that camcore raises on purpose; its text is one plain sentence or two.

    Parameters
    ----------
    problem : str
        What was given and what is wrong, and what to do where that is the same everywhere.
    advice : str
        What to do on the command line, where a page has a form for it; it ends the text.

    Attributes
    ----------
    code : str
        What kind of error it is, for programs.
    problem, advice : str

    Examples
    --------
    >>> error = LabelsError("no label is a class of the model", "give --labels MAP.")
    >>> print(error.code, error, error.problem, sep=" | ")
    labels | no label is a class of the model; give --labels MAP. | no label is a class of the model
    """

    code: ClassVar[str] = "error"

    def __init__(self, problem: str = "", advice: str = "") -> None:
        super().__init__(f"{problem}; {advice}" if advice else problem)
        self.problem = problem
        self.advice = advice


class InputError(CamcoreError, ValueError):
    """An argument, option, label or folder that cannot be used as given."""

    code = "input"


class LabelsError(InputError):
    """Labels that stand for no class of the model, or for one that others have: a mapping helps."""

    code = "labels"


class ImageError(CamcoreError):
    """A picture that cannot be read: broken, empty, too large or no picture at all."""

    code = "image"


class ModelError(CamcoreError):
    """A model that cannot be found, loaded or used."""

    code = "model"


class UnsafeModelError(ModelError):
    """A model file refused unloaded: it could run code, read files or exhaust memory."""

    code = "unsafe-model"


class MethodError(CamcoreError):
    """A method that this model, layer or target does not allow, and what does work instead."""

    code = "method"


class StoreError(CamcoreError):
    """A run folder that cannot be written, read or continued."""

    code = "store"


class ClusterError(CamcoreError):
    """A cluster that cannot be reached, or whose workers cannot do what an audit asks."""

    code = "cluster"
