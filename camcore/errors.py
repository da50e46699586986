"""The one exception family: every message says what was given, what is wrong and what to do."""

from __future__ import annotations


class CamcoreError(Exception):
    """Base of every error that camcore raises on purpose; its text is one plain sentence or two.

    Examples
    --------
    >>> from camcore.errors import CamcoreError, ImageError
    >>> issubclass(ImageError, CamcoreError)
    True
    """


class InputError(CamcoreError, ValueError):
    """An argument, option, label or folder that cannot be used as given."""


class LabelsError(InputError):
    """Labels that stand for no class of the model, or for one that others have: a mapping helps."""


class ImageError(CamcoreError):
    """A picture that cannot be read: broken, empty, too large or no picture at all."""


class ModelError(CamcoreError):
    """A model that cannot be found, loaded or used."""


class UnsafeModelError(ModelError):
    """A model file refused unloaded: it could run code, read files or exhaust memory."""


class MethodError(CamcoreError):
    """A method that this model, layer or target does not allow, and what does work instead."""


class StoreError(CamcoreError):
    """A run folder that cannot be written, read or continued."""
