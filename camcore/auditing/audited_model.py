"""The model that the settings of an audit speak of."""

from __future__ import annotations

import os

from camcore.auditing.held_columns import fixed_values
from camcore.auditing.runs.settings import Settings
from camcore.classifier import Classifier
from camcore.models.loading import load_model


def asked_model(model: str | os.PathLike[str] | Classifier) -> tuple[Classifier | None, str]:
    """The model in memory, where it is one, and what it is called in the settings.

    Examples
    --------
    >>> asked_model("cam1")
    (None, 'cam1')
    """
    if isinstance(model, (str, os.PathLike)):
        return None, os.fspath(model)
    return model, model.name


def audited_model(settings: Settings, in_memory: Classifier | None = None) -> Classifier:
    """Load the model of an audit, or take the one in memory, its other inputs held as asked for.

    Parameters
    ----------
    settings : Settings
    in_memory : Classifier, optional
        Of its options only `Settings.others` then speaks of the model.

    Raises
    ------
    InputError, ModelError
        As `camcore.load_model`.
    """
    others = fixed_values(settings.others)
    if in_memory is not None:
        return in_memory.holding(others) if others else in_memory
    return load_model(
        settings.model,
        labels=settings.class_names,
        preprocessing=settings.preprocessing,
        output=settings.output,
        output_kind=settings.output_kind,  # type: ignore[arg-type]
        input_size=settings.input_size,
        input=settings.input,
        others=others or None,
    )
