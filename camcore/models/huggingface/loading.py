"""Hugging Face folders as classifiers, where the extra for them is installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from camcore.errors import InputError

if TYPE_CHECKING:
    from camcore.models.quarantine.admission import AdmittedModel
    from camcore.models.torch.classifier import TorchClassifier


def load_huggingface(
    admitted: AdmittedModel,
    name: str,
    preprocessing: str | None,
    names: Sequence[str] | None,
    options: dict[str, Any],
) -> TorchClassifier:
    """A network from a folder that the quarantine has let in.

    Raises
    ------
    ModelError
        If transformers cannot load it, or it has nothing to explain.
    InputError
        If an option does not fit.
    """
    # Late: both bring PyTorch with them.
    from camcore.models.huggingface.folder import read_folder
    from camcore.models.huggingface.preprocessor import read_preprocessor
    from camcore.models.torch.classifier import TorchClassifier

    if options["input"] is not None or options["others"]:
        raise InputError(f"{name} takes one picture only; leave out what its inputs are given.")
    model = read_folder(admitted.path, name)
    preparation = read_preprocessor(admitted.path, model.size, model.channels)
    size = options["input_size"] or preparation.size
    classifier = TorchClassifier(
        model.module,
        name=name,
        preprocessing=preprocessing or preparation.preprocessing,
        fit=preparation.fit if size == preparation.size else None,
        class_names=names or model.class_names,
        output=options["output"],
        output_kind=options["output_kind"] or model.output_kind,
        input_size=size,
    )
    if preparation.note:
        classifier.notes = (*classifier.notes, preparation.note)
    return classifier
